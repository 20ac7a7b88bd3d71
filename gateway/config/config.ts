/**
 * The gateway's configuration: one YAML file, parsed once at the start.
 *
 * It reports all problems at once, each with its path, the value found and the values allowed. An invalid configuration
 * prevents the start.
 */
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { openConnectionProblem } from '#protocol/config/open-connection.js';
import { type Problem, readYaml, shownValue, valueAt } from '#protocol/config/yaml-file.js';
import { branded } from '#protocol/kernel/branded.js';
import { DEVICE_ID, type DeviceId, MERCHANT_ID, type MerchantId } from '#protocol/kernel/ids.js';
import { err, ok, type Result } from '#protocol/kernel/result.js';
import { DEFAULT_PACE } from '../ledger/decide/pace.js';

/** A thousand devices are some 100 KiB. */
const MAX_CONFIG_CHARS = 8 * 1024 * 1024;
const HOST = '127.0.0.1';
/** The IANA port of MQTT without TLS, and its alternative port for HTTP. */
const MQTT_PORT = 1883;
const HTTP_PORT = 8080;
const NAME = 'up to 32 of a-z, 0-9 and -, in quotes if it is all digits';

const text = (allowed: string, max = 200) => z.string({ error: allowed }).min(1, allowed).max(max, allowed);
const port = z.int({ error: 'a port, 0 to 65535 (0: any free one)' }).min(0).max(65_535);
const host = text('an address to listen on, such as 127.0.0.1 or 0.0.0.0').default(HOST);
/** A guessable password protects nothing; `codeplate init` writes at least 12 characters. */
const secret = text('at least 8 characters, in quotes').min(8, 'at least 8 characters, in quotes');

/** It is sent in an HTTP header, which keeps neither Chinese nor leading or trailing spaces. */
const TOKEN = 'at least 8 ASCII characters, no space at the ends';
const token = text(TOKEN).regex(/^[!-~][ -~]{6,}[!-~]$/, TOKEN);

const device = z.strictObject({
  id: branded<DeviceId>(z.string({ error: NAME }).regex(DEVICE_ID, NAME)),
  password: secret,
  /** The merchant where the bank installed the device: sales for another merchant get no coupon. */
  merchant: branded<MerchantId>(z.string({ error: NAME }).regex(MERCHANT_ID, NAME)).optional(),
});

const pem = text('the path of a PEM file');
/** With `ca`, only devices with a certificate signed by it are admitted, each under the certificate's name. */
const tls = z.strictObject({ cert: pem, key: pem, ca: pem.optional() });
const webTls = z.strictObject({ cert: pem, key: pem });

/** Addresses shared by many clients, exempt from the connection limit per address. */
const proxies = z
  .array(z.union([z.ipv4(), z.ipv6()], { error: 'an IP address' }), { error: 'a list of IP addresses' })
  .max(64, 'at most 64')
  .default([]);

const CREDENTIAL = 'the name of a credential: up to 64 of a-z, A-Z, 0-9, ., _ and -';
/** Outside the data folder, because that gets backed up. */
const identityKey = z
  .strictObject({
    file: text('the path of a file that the gateway makes at its first start').optional(),
    credential: text(CREDENTIAL)
      .regex(/^[\w.-]{1,64}$/, CREDENTIAL)
      .optional(),
  })
  .refine(({ file, credential }) => (file === undefined) !== (credential === undefined), 'either file or credential');

/** A person has confirmed it: plain connections from anywhere are accepted at this address. */
const insecure = z.boolean({ error: 'true or false' }).default(false);

const perTime = (allowed: number) => z.int({ error: 'a number, 1 to 1000000' }).min(1).max(1_000_000).default(allowed);
/** Limits of online coupons for one counter and for one merchant. */
const coupons = z
  .strictObject({
    devicePerHour: perTime(DEFAULT_PACE.device.perHour),
    devicePerDay: perTime(DEFAULT_PACE.device.perDay),
    merchantPerHour: perTime(DEFAULT_PACE.merchant.perHour),
    merchantPerDay: perTime(DEFAULT_PACE.merchant.perDay),
  })
  .prefault({});

const WALLET_KEY = 'the public key of a wallet server: 33 bytes in base64url';
const claims = z.strictObject({
  /** How claimants prove their identity: a one-time code to their phone, or a statement of their wallet's server. */
  identity: z.enum(['sms', 'wallet'], { error: 'sms or wallet' }),
  /** A file that receives the codes instead of a phone. */
  smsFile: text('the path of a file, for trying out').optional(),
  walletKeys: z
    .array(z.string({ error: WALLET_KEY }).regex(/^[A-Za-z0-9_-]{44}$/, WALLET_KEY), { error: 'a list of public keys' })
    .min(1, 'at least one')
    .max(16, 'at most 16')
    .optional(),
  perAddressPerMinute: z.int({ error: 'a number, 10 to 1000000' }).min(10).max(1_000_000).default(1_200),
});

const fileSchema = z.strictObject({
  campaign: text('the path of a campaign document'),
  data: text('a folder that the gateway may write to'),
  mqtt: z.strictObject({ host, port: port.default(MQTT_PORT), tls: tls.optional(), insecure, proxies }).prefault({}),
  http: z
    .strictObject({
      host,
      port: port.default(HTTP_PORT),
      operatorToken: token.optional(),
      tls: webTls.optional(),
      insecure,
      proxies,
      trustedProxies: proxies,
    })
    .prefault({}),
  coupons,
  /** Without it the gateway accepts no claims. */
  claims: claims.optional(),
  identityKey: identityKey.optional(),
  /** Number of the issuer's key, by which devices find it. */
  keyId: z.int({ error: 'a number, 0 to 255' }).min(0).max(255).default(1),
  leaseSeconds: z.int({ error: 'seconds, 10 to 600' }).min(10).max(600).default(120),
  devices: z.array(device, { error: 'a list of devices, [] for none' }).default([]),
  log: z.enum(['debug', 'info', 'warn', 'error'], { error: 'one of debug, info, warn, error' }).default('info'),
});

export type GatewayConfig = z.infer<typeof fileSchema>;

/** `source` is the file's path; relative paths in it are relative to its folder. */
export function parseGatewayConfig(yaml: string, source: string): Result<GatewayConfig, readonly Problem[]> {
  const read = readYaml(yaml, { source, maxChars: MAX_CONFIG_CHARS });
  if (!read.ok) return read;
  if (!('devices' in read.value) && ['device', 'scanner', 'reader', 'till'].some((key) => key in read.value)) {
    const allowed = 'a gateway.yaml; this looks like a device.yaml, for `codeplate device --config`';
    return err([{ path: '', value: source, allowed }]);
  }
  return checkGatewayConfig(read.value, dirname(resolve(source)));
}

/** For a configuration built by a program. `folder`: the base of relative paths. */
export function checkGatewayConfig(data: object, folder: string): Result<GatewayConfig, readonly Problem[]> {
  const parsed = fileSchema.safeParse(data);
  const problems = [
    ...(parsed.success ? [] : parsed.error.issues.flatMap((issue) => problemsOf(issue, data))),
    ...crossChecks(data),
  ];
  if (!parsed.success || problems.length > 0) return err(problems);
  const config = parsed.data;
  const from = (file: string): string => resolve(folder, file);
  const pair = ({ cert, key }: z.infer<typeof webTls>) => ({ cert: from(cert), key: from(key) });
  const { mqtt, http } = config;
  const { ca } = mqtt.tls ?? {};
  return ok({
    ...config,
    mqtt: { ...mqtt, ...(mqtt.tls && { tls: { ...pair(mqtt.tls), ...(ca !== undefined && { ca: from(ca) }) } }) },
    http: { ...http, ...(http.tls && { tls: pair(http.tls) }) },
    ...(config.claims?.smsFile !== undefined && {
      claims: { ...config.claims, smsFile: from(config.claims.smsFile) },
    }),
    campaign: from(config.campaign),
    data: from(config.data),
    ...(config.identityKey?.file !== undefined && { identityKey: { file: from(config.identityKey.file) } }),
  });
}

/** Checks across values. They read the raw data, so that one bad value doesn't hide other problems. */
function crossChecks(data: object): Problem[] {
  const problems: Problem[] = [];
  const devices = valueAt(data, ['devices']);
  const seen = new Set<string>();
  for (const [at, entry] of (Array.isArray(devices) ? devices : []).entries()) {
    const id = valueAt(entry, ['id']);
    if (typeof id !== 'string') continue;
    if (seen.has(id))
      problems.push({
        path: `devices[${at}].id`,
        value: shownValue(data, ['devices', at, 'id']),
        allowed: 'an id of its own',
      });
    seen.add(id);
  }
  const identity = valueAt(data, ['claims', 'identity']);
  for (const [way, key] of [
    ['sms', 'smsFile'],
    ['wallet', 'walletKeys'],
  ] as const) {
    const isThere = valueAt(data, ['claims', key]) !== undefined;
    if (isThere === (identity === way)) continue;
    const allowed = isThere ? `only with claims.identity ${way}` : `needed with claims.identity ${way}`;
    problems.push({ path: `claims.${key}`, value: isThere ? 'given' : 'missing', allowed });
  }
  const listening = (name: string, fallback: number) => ({
    host: valueAt(data, [name, 'host']) ?? HOST,
    port: valueAt(data, [name, 'port']) ?? fallback,
  });
  for (const name of ['mqtt', 'http']) {
    const host = valueAt(data, [name, 'host']) ?? HOST;
    const problem =
      typeof host === 'string'
        ? openConnectionProblem({
            path: `${name}.host`,
            value: shownValue(data, [name, 'host']),
            host,
            hasTls: valueAt(data, [name, 'tls']) !== undefined,
            isInsecure: valueAt(data, [name, 'insecure']) === true,
            remedy: `${name}.tls`,
          })
        : undefined;
    if (problem !== undefined) problems.push(problem);
  }
  const mqtt = listening('mqtt', MQTT_PORT);
  const http = listening('http', HTTP_PORT);
  const meet = mqtt.host === http.host || [mqtt.host, http.host].some((host) => host === '0.0.0.0' || host === '::');
  // Port zero is any free one, and two of those differ.
  if (meet && mqtt.port === http.port && http.port !== 0) {
    problems.push({ path: 'http.port', value: `${http.port}`, allowed: 'a port of its own; mqtt.port is this one' });
  }
  return problems;
}

function problemsOf(issue: z.core.$ZodIssue, data: object): Problem[] {
  const path = (...more: readonly PropertyKey[]): string =>
    [...issue.path, ...more]
      .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
      .join('')
      .replace(/^\./, '');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: path(key),
      value: 'unknown',
      allowed: 'no such key; is its name spelt right?',
    }));
  }
  return [
    {
      path: path(),
      value: shownValue(data, issue.path, issue.code === 'invalid_type' ? issue.expected : undefined),
      allowed: plainly(issue),
    },
  ];
}

/** Messages for faults without words in the schema. */
const plainly = (issue: z.core.$ZodIssue): string =>
  issue.code === 'invalid_type' && issue.expected === 'object' && issue.message.startsWith('Invalid input')
    ? 'names and values, indented below it'
    : issue.message.replace(/^Invalid input: /, '');

export interface ExampleOptions {
  /** Path of the campaign document as written into the file. */
  readonly campaign: string;
  readonly devices: readonly { readonly id: string; readonly password: string; readonly merchant?: string }[];
  readonly mqttPort?: number;
  readonly httpPort?: number;
}

/** The commented file that `codeplate init` writes. */
export function gatewayConfigExample({
  campaign,
  devices,
  mqttPort = MQTT_PORT,
  httpPort = HTTP_PORT,
}: ExampleOptions): string {
  const device = ({ id, password, merchant }: ExampleOptions['devices'][number]): string =>
    [
      `  - id: ${quoted(id)}`,
      `    password: ${quoted(password)}`,
      ...(merchant === undefined ? [] : [`    merchant: ${quoted(merchant)}`]),
    ].join('\n');
  return `# The gateway of one campaign. Start it with: codeplate gateway --config THIS_FILE
# Paths are relative to this file's folder.

# The campaign document: tiers, quantities, hours, merchants, rules.
campaign: ${quoted(campaign)}

# The ledger and the gateway's own keys are kept here. Back it up: it is the money.
data: data

# The key under which phone, ID-card and device numbers are hashed. Keep it out of the data folder and its backups: with both
# one finds out whose the coupons are. The gateway makes it at its first start; back it up elsewhere.
identityKey:
  file: identity-key.hex
  # credential: identity-key   # instead of a file: what systemd hands to the service (LoadCredentialEncrypted=)

# Where devices connect. 127.0.0.1 takes this machine only; 0.0.0.0 takes everybody, and needs tls.
mqtt:
  host: 127.0.0.1
  port: ${mqttPort}
  # tls:
  #   cert: gateway.pem    # this gateway's certificate, and the chain up to what devices trust
  #   key: gateway.key
  #   ca: devices-ca.pem   # with it, devices need a certificate of their own that names them
  # Only where the network itself is protected, by a tunnel or a proxy that ends TLS:
  # insecure: true
  # Proxies that many devices come through: the limit of connections of one address isn't theirs.
  # proxies: ["192.0.2.10"]

# Where phones claim, and where operators look.
http:
  host: 127.0.0.1
  port: ${httpPort}
  # What operators show for /metrics, /v1/reconciliation and all else that isn't a phone's. Without it the gateway makes
  # one, and keeps it in data/operator-token.
  # operatorToken: "a long random text"
  # tls:                   # then phones say https://
  #   cert: gateway.pem
  #   key: gateway.key
  # insecure: true
  # proxies: ["192.0.2.10"]
  # Proxies that name in X-Forwarded-For whom they ask for, and let nobody else do so: the budget spent is that address's.
  # trustedProxies: ["192.0.2.11"]

# How people are known who claim: by a one-time code to their phone (sms), or by the word of their wallet's server (wallet).
# Without this no claims are taken.
claims:
  identity: sms
  # Instead of being sent, codes are written to this file: for trying out. Whoever reads it can claim for any phone.
  smsFile: sms-outbox.jsonl
  # walletKeys: ["A2sX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKW"]   # with identity: wallet
  # perAddressPerMinute: 1200   # mobile networks put thousands of phones behind one address

# How many coupons one counter, and one merchant, may take; beyond it sales go on at full price, and an alarm is raised.
coupons:
  devicePerHour: 100
  devicePerDay: 500
  merchantPerHour: 300
  merchantPerDay: 1500

# Number of the key that signs grants and bundles; devices know the public key by it.
keyId: 1

# How long a coupon stays reserved for a sale of which nothing more is heard.
leaseSeconds: 120

# One entry a device. The id is its MQTT client id and user name. Its merchant, if given, is the only one that it sells for.
devices:${devices.length === 0 ? ' []' : ''}
${devices.map(device).join('\n')}

# debug, info, warn or error
log: info
`;
}

/** A JSON string is a YAML string. */
const quoted = (value: string): string => JSON.stringify(value);
