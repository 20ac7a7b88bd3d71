/**
 * The device's configuration: one YAML file for the counter's identity, its peripherals and its gateway.
 *
 * It is parsed once at the start. All problems are reported at once, each with its path, the value found and the values
 * allowed. An invalid configuration prevents the start: half a counter is worse than a message.
 */

import { dirname, isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { presentationMode } from '#protocol/campaign/schema.js';
import { base64url } from '#protocol/codes/bit-text.js';
import { PUBLIC_KEY_BYTES } from '#protocol/codes/presentation.js';
import { openConnectionProblem } from '#protocol/config/open-connection.js';
import { isVisible } from '#protocol/config/visible.js';
import { type Problem, readYaml, shownValue, valueAt } from '#protocol/config/yaml-file.js';
import { branded } from '#protocol/kernel/branded.js';
import {
  CAMPAIGN_ID,
  type CampaignId,
  DEVICE_ID,
  type DeviceId,
  MERCHANT_ID,
  type MerchantId,
} from '#protocol/kernel/ids.js';
import { err, ok, type Result } from '#protocol/kernel/result.js';
import { DISPLAYS } from '../drivers/displays/index.js';
import { PRINTER_MODELS } from '../drivers/printers/models/index.js';
import { READERS } from '../drivers/readers/index.js';
import { SCANNERS } from '../drivers/scanners/index.js';
import type { ScannerDriver, ScannerOptions } from '../drivers/scanners/scanner.js';
import { VOICES } from '../drivers/voices/index.js';
import { nearest } from './nearest.js';

/** A configuration is some 60 lines; a log file given by mistake is not worth parsing. */
const MAX_CONFIG_CHARS = 256 * 1024;

const BAUD_RATES = [1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600] as const;

const oneOf = <const Names extends readonly [string, ...string[]]>(names: Names) =>
  z.enum(names, { error: `one of ${names.join(', ')}` });

function namesOf<Name extends string>(table: Readonly<Record<Name, unknown>>): [Name, ...Name[]] {
  const isName = (key: string): key is Name => Object.hasOwn(table, key);
  const [first, ...rest] = Object.keys(table).filter(isName);
  if (first === undefined) throw new Error('a driver table is empty');
  return [first, ...rest];
}

const text = (allowed: string, max = 200) => z.string({ error: allowed }).min(1, allowed).max(max, allowed);
/** Visible text: it prints something, and no character reorders or hides the text around it. */
const seen = (allowed: string, max: number) =>
  text(allowed, max).refine(
    (name) => isVisible(name) && !/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(name),
    allowed,
  );
const named = <Id extends string>(pattern: RegExp, allowed: string) =>
  branded<Id>(z.string({ error: allowed }).regex(pattern, allowed));

const NAME = 'up to 32 of a-z, 0-9 and -, in quotes if it is all digits';
const DAY_BEGINS = 'a time of day in quotes, "00:00" to "23:59"';
const PORT_PATH = 'the path of a serial port, such as /dev/serial/by-id/usb-...-port0';

const baud = z
  .int({ error: `one of ${BAUD_RATES.join(', ')}` })
  .refine((rate) => BAUD_RATES.some((known) => known === rate), `one of ${BAUD_RATES.join(', ')}`)
  .optional();

const port = <Driver extends z.ZodType>(driver: Driver) => ({ path: text(PORT_PATH), driver, baud });

const PASSWORD = 'the password that belongs to it, at least 8 characters, in quotes';

const gatewaySchema = z.strictObject({
  url: z
    .string({ error: 'mqtt://host:port or mqtts://host:port' })
    .regex(/^mqtts?:\/\/[^\s/@]+$/, 'mqtt://host:port or mqtts://host:port, without name, password or path'),
  username: text('the name that the gateway knows this device by').optional(),
  /** The gateway accepts no shorter one. */
  password: text(PASSWORD).min(8, PASSWORD).optional(),
  /** A person has confirmed that the connection has no TLS. */
  insecure: z.boolean({ error: 'true or false' }).optional(),
  /** The gateway's public signing keys by number: offline the device trusts what they signed. */
  issuerKeys: z
    .record(z.string(), text('a P-256 public key, 33 bytes in base64url'))
    .transform((keys, context) => {
      const decoded = new Map<number, Uint8Array>();
      for (const [number, key] of Object.entries(keys)) {
        if (!/^\d{1,3}$/.test(number) || Number(number) > 255)
          context.addIssue({ code: 'custom', message: 'a key number, 0 to 255, in quotes', path: [number] });
        const bytes = base64url.decode(key);
        if (bytes.ok && bytes.value.length === PUBLIC_KEY_BYTES) decoded.set(Number(number), bytes.value);
        else context.addIssue({ code: 'custom', message: 'a P-256 public key, 33 bytes in base64url', path: [number] });
      }
      return decoded;
    })
    .optional(),
  /** Without `ca`, the certificate authorities of the system. */
  tls: z
    .strictObject({
      ca: text('path of a PEM file').optional(),
      cert: text('path of a PEM file').optional(),
      key: text('path of a PEM file').optional(),
    })
    .optional(),
});

const fileSchema = z.strictObject({
  device: named<DeviceId>(DEVICE_ID, NAME),
  merchant: named<MerchantId>(MERCHANT_ID, NAME),
  campaign: named<CampaignId>(CAMPAIGN_ID, NAME),
  /** Printed on receipts until the campaign's own list has arrived. */
  merchantName: seen(
    'the name on the shop front, of characters that can be seen, without control characters',
    80,
  ).default('商户'),
  language: oneOf(['zh', 'en']).default('zh'),
  mode: presentationMode.default('customer-code'),
  data: text('a folder that the agent may write to'),
  gateway: gatewaySchema,
  scanner: z
    .strictObject({
      ...port(oneOf(namesOf(SCANNERS))),
      suffix: oneOf(['cr', 'crlf', 'lf', 'tab', 'none']).default('cr'),
      aim: z.boolean({ error: 'true or false' }).default(false),
    })
    .optional(),
  reader: z.strictObject(port(oneOf(namesOf(READERS)))).optional(),
  printer: z
    .strictObject({
      ...port(oneOf(['escpos']).default('escpos')),
      model: oneOf(namesOf(PRINTER_MODELS)),
    })
    .optional(),
  voice: z.strictObject(port(oneOf(namesOf(VOICES)))).optional(),
  display: z.strictObject(port(oneOf(namesOf(DISPLAYS)))).optional(),
  till: z
    .strictObject({
      http: z
        .strictObject({ port: z.int({ error: 'a port, 0 to 65535 (0: any free one)' }).min(0).max(65_535) })
        .optional(),
      ecr: z.strictObject({ path: text(PORT_PATH), baud }).optional(),
      /** Tills restart at 1 every day; `forever` is for tills whose numbers never repeat. */
      orders: oneOf(['daily', 'forever']).default('daily'),
      /** The end of one business day: an hour at which the shop is closed. */
      dayBegins: z
        .string({ error: DAY_BEGINS })
        .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, DAY_BEGINS)
        .default('04:00'),
    })
    .prefault({}),
  log: oneOf(['debug', 'info', 'warn', 'error']).default('info'),
});

export type DeviceConfig = z.infer<typeof fileSchema>;

/**
 * `source` is the file's path; relative paths in it are relative to its folder, so that a configuration can be moved
 * together with its data.
 */
export function parseDeviceConfig(yaml: string, source: string): Result<DeviceConfig, readonly Problem[]> {
  const read = readYaml(yaml, { source, maxChars: MAX_CONFIG_CHARS });
  if (!read.ok) return read;
  const data = read.value;
  if (!('device' in data) && ['devices', 'mqtt', 'http', 'keyId'].some((key) => key in data)) {
    const allowed = 'a device.yaml; this looks like a gateway.yaml, for `codeplate gateway --config`';
    return err([{ path: '', value: source, allowed }]);
  }
  const parsed = fileSchema.safeParse(data);
  const folder = dirname(resolve(source));
  const problems = [
    ...(parsed.success ? [] : parsed.error.issues.flatMap((issue) => problemsOf(issue, data))),
    ...crossChecks(data, folder),
  ];
  const hidden = Object.hasOwn(data, '__proto__') ? [{ path: '__proto__', value: '', allowed: 'no such key' }] : [];
  if (!parsed.success || problems.length + hidden.length > 0) return err([...problems, ...hidden]);
  return ok(withAbsolutePaths(parsed.data, folder));
}

function problemsOf(issue: z.core.$ZodIssue, data: unknown): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(fileSchema, issue.path);
    return issue.keys.map((key) => {
      const near = nearest(key, known);
      return {
        path: [...issue.path, key].join('.'),
        // It may be a secret under an unforeseen name.
        value: 'unknown',
        allowed: `no such key${near === undefined ? '' : `; did you mean ${near}?`} (known: ${known.join(', ')})`,
      };
    });
  }
  const value = valueAt(data, issue.path);
  const name =
    typeof value === 'string' && issue.code === 'invalid_value' ? nearest(value, issue.values.map(String)) : undefined;
  return [
    {
      path: issue.path.join('.'),
      value: shownValue(data, issue.path, issue.code === 'invalid_type' ? issue.expected : undefined),
      allowed: `${issue.message.startsWith('Invalid input') ? plainly(issue) : issue.message}${name === undefined ? '' : `; did you mean ${name}?`}`,
    },
  ];
}

/** Messages for faults without words in the schema. */
const plainly = (issue: z.core.$ZodIssue): string =>
  issue.code === 'invalid_type' && issue.expected === 'object'
    ? `names and values: ${keysAt(fileSchema, issue.path).join(', ')}`
    : issue.message.replace(/^Invalid input: /, '');

/** Checks across values. They read the raw data, so that one bad value doesn't hide other problems. */
function crossChecks(data: object, folder: string): Problem[] {
  const problems: Problem[] = [];
  const users = new Map<string, string>();
  for (const path of PORT_PATHS) {
    const value = textAt(data, path);
    if (value === undefined) continue;
    const place = resolve(folder, value);
    const other = users.get(place);
    if (other === undefined) users.set(place, path.join('.'));
    else problems.push({ path: path.join('.'), value, allowed: `a port of its own; ${other} uses this one` });
  }
  const url = textAt(data, ['gateway', 'url']);
  const isGiven = (...path: readonly string[]): boolean => valueAt(data, ['gateway', ...path]) !== undefined;
  if (isGiven('tls') && url?.startsWith('mqtt:') === true) {
    problems.push({ path: 'gateway.url', value: url, allowed: 'mqtts://host:port, since gateway.tls is given' });
  }
  const open = url === undefined ? undefined : openUrlProblem(url, valueAt(data, ['gateway', 'insecure']) === true);
  if (open !== undefined && !isGiven('tls')) problems.push(open);
  if (isGiven('tls', 'cert') !== isGiven('tls', 'key')) {
    problems.push({ path: 'gateway.tls', value: 'only one of cert and key', allowed: 'both cert and key, or neither' });
  }
  if (isGiven('password') && !isGiven('username')) {
    problems.push({ path: 'gateway.username', value: 'missing', allowed: 'a name to go with the password' });
  }
  problems.push(...unheeded(data, SCANNERS));
  return problems;
}

/** The configuration's name of each option that a scanner driver may support. */
const SCANNER_OPTIONS: Readonly<Record<keyof ScannerOptions, string>> = { suffix: 'suffix', stripAimPrefix: 'aim' };

/** An option that the driver doesn't support would have no effect. */
export function unheeded(data: object, scanners: Readonly<Record<string, Pick<ScannerDriver, 'heeds'>>>): Problem[] {
  const name = textAt(data, ['scanner', 'driver']) ?? '';
  const driver = Object.hasOwn(scanners, name) ? scanners[name] : undefined;
  if (driver === undefined) return [];
  const heeded = new Set(driver.heeds.map((option) => SCANNER_OPTIONS[option]));
  return Object.values(SCANNER_OPTIONS).flatMap((option): Problem[] =>
    heeded.has(option) || valueAt(data, ['scanner', option]) === undefined
      ? []
      : [
          {
            path: `scanner.${option}`,
            value: shownValue(data, ['scanner', option]),
            allowed: `no such option of a ${name} scanner`,
          },
        ],
  );
}

/** Without TLS anybody on the path can read name and password. */
function openUrlProblem(url: string, isInsecure: boolean): Problem | undefined {
  const host = /^mqtt:\/\/(\[[^\]]*\]|[^:/]*)/.exec(url)?.[1];
  if (host === undefined) return undefined;
  const value = JSON.stringify(url).replace(/\/\/[^/@]*@/, '//…@');
  return openConnectionProblem({
    path: 'gateway.url',
    value,
    host,
    hasTls: false,
    isInsecure,
    remedy: 'mqtts://host:port',
  });
}

/** Two drivers on one port would each receive half of the bytes. */
const PORT_PATHS = [
  ['scanner', 'path'],
  ['reader', 'path'],
  ['printer', 'path'],
  ['voice', 'path'],
  ['display', 'path'],
  ['till', 'ecr', 'path'],
] as const;

function textAt(data: unknown, path: readonly string[]): string | undefined {
  const value = valueAt(data, path);
  return typeof value === 'string' ? value : undefined;
}

function withAbsolutePaths(config: DeviceConfig, folder: string): DeviceConfig {
  const from = (path: string): string => (isAbsolute(path) ? path : resolve(folder, path));
  const { scanner, reader, printer, voice, display } = config;
  const { tls } = config.gateway;
  const { ecr } = config.till;
  return {
    ...config,
    data: from(config.data),
    gateway: {
      ...config.gateway,
      ...(tls && {
        tls: {
          ...(tls.ca !== undefined && { ca: from(tls.ca) }),
          ...(tls.cert !== undefined && { cert: from(tls.cert) }),
          ...(tls.key !== undefined && { key: from(tls.key) }),
        },
      }),
    },
    ...(scanner && { scanner: { ...scanner, path: from(scanner.path) } }),
    ...(reader && { reader: { ...reader, path: from(reader.path) } }),
    ...(printer && { printer: { ...printer, path: from(printer.path) } }),
    ...(voice && { voice: { ...voice, path: from(voice.path) } }),
    ...(display && { display: { ...display, path: from(display.path) } }),
    till: { ...config.till, ...(ecr && { ecr: { ...ecr, path: from(ecr.path) } }) },
  };
}

/** The schema's keys at a path, through its optional and defaulted parts. */
function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  let here: z.core.$ZodType | undefined = schema;
  for (const key of [...path, undefined]) {
    while (here instanceof z.ZodOptional || here instanceof z.ZodDefault || here instanceof z.ZodPrefault)
      here = here.def.innerType;
    if (!(here instanceof z.ZodObject)) return [];
    const shape: Readonly<Record<string, z.core.$ZodType>> = here.shape;
    if (key === undefined) return Object.keys(shape);
    here = shape[String(key)];
  }
  return [];
}
