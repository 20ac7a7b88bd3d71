/**
 * The gateway's composition root: opens the ledger, builds the adapters from the configuration, starts the loop, then
 * listens.
 */
import { mkdirSync, statfs } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { parseCampaign } from '#protocol/campaign/load.js';
import type { Campaign } from '#protocol/campaign/schema.js';
import { maskWithin } from '#protocol/codes/mask.js';
import { isOpen } from '#protocol/config/open-connection.js';
import type { Problem } from '#protocol/config/yaml-file.js';
import { addressFault } from '#protocol/faults/address-fault.js';
import { ConfigError, LedgerError } from '#protocol/faults/errors.js';
import type { DeviceId } from '#protocol/kernel/ids.js';
import type { WallMs } from '#protocol/kernel/time.js';
import { logBudget } from '#protocol/log-budget.js';
import { encode } from '#protocol/messages/index.js';
import { hmacSha256, sha256 } from '#protocol/node/crypto.js';
import { SQLITE_DOUBTS, sqliteDoubt } from '#protocol/sqlite-version.js';
import { createMetrics, type Metrics } from './adapters/metrics.js';
import { systemClock } from './adapters/system-clock.js';
import { watchedClock } from './adapters/watched-clock.js';
import { type ClosingStep, closeInOrder } from './app/closing.js';
import { DeviceRegister } from './app/device-register.js';
import { createGatewayLoop, type GatewayLoop, type LoopEvents } from './app/gateway-loop.js';
import { LOOK_AT_DISK_MS, Uploads } from './app/uploads.js';
import { readCampaign } from './config/campaign-document.js';
import type { GatewayConfig } from './config/config.js';
import { bundleTooLong, campaignWarnings, ofCertificate } from './config/config-findings.js';
import type { ClockFault } from './core/clock-watch.js';
import { createIssuer } from './core/issuer.js';
import { paymentCodes } from './core/payment-codes.js';
import { claimServices } from './http/claim-services.js';
import { httpServer } from './http/http-server.js';
import type { PaceLimits } from './ledger/decide/pace.js';
import { compileDocument, compileRules, type EarlierRules } from './ledger/decide/rules.js';
import { openSqlite, sqliteVersion } from './ledger/store/sqlite.js';
import { openSqliteLedger } from './ledger/store/sqlite-ledger.js';
import { aedesBroker } from './mqtt/aedes-broker.js';
import type { Clock } from './ports/clock.js';
import type { Ledger } from './ports/ledger.js';
import { type Certificate, readCertificate } from './secrets/certificates.js';
import { identityHash, keyFindings, keyMark } from './secrets/identity-key.js';
import { operatorTokenFile } from './secrets/operator-token-file.js';
import { issuerSigner, operatorToken } from './secrets/secrets.js';
import { threadVerifier } from './signatures/thread-verifier.js';

export interface RunningGateway {
  readonly mqttPort: number;
  readonly httpPort: number;
  /** The issuer's public keys by number, which devices trust. */
  readonly issuerKeys: ReadonlyMap<number, Uint8Array>;
  readonly ledger: Ledger;
  readonly loop: GatewayLoop;
  /** Replaces the device list; devices that are no longer in it are disconnected. */
  takeDevices(devices: GatewayConfig['devices']): void;
  /** Accepts nothing more, finishes the queue and closes everything. False if a part hung and was abandoned. */
  stop(): Promise<boolean>;
}

export interface GatewaySurroundings {
  readonly logger: Logger;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** A person vouches for the clock, whatever the ledger holds. */
  readonly trustClock?: boolean;
  /** For tests: how long a handshake, and then a CONNECT, may take. */
  readonly handshakeTimeoutMs?: number;
}

/**
 * The ledger holds payment codes and presentations, and the keys are here too: no other user of this machine may read them.
 */
const OWN_FOLDER_MODE = 0o700;

/** The public key that `startGateway` will sign with; created in the data folder if there is none yet. */
export function issuerKeyOf(config: GatewayConfig): Uint8Array {
  mkdirSync(config.data, { recursive: true, mode: OWN_FOLDER_MODE });
  return issuerSigner(join(config.data, 'issuer-key.pem')).publicKey;
}

/** The operator token: the configuration's, or one created in the data folder. */
export function operatorTokenOf(config: GatewayConfig): string {
  mkdirSync(config.data, { recursive: true, mode: OWN_FOLDER_MODE });
  return config.http.operatorToken ?? operatorToken(operatorTokenFile(config.data));
}

export async function startGateway(
  config: GatewayConfig,
  { logger, clock: ownClock = systemClock(), handshakeTimeoutMs, trustClock = false }: GatewaySurroundings,
): Promise<RunningGateway> {
  const campaign = readCampaign(config.campaign);
  const now = new Date(ownClock.now());
  const warn = ({ code, path, allowed }: Problem): void =>
    logger.warn({ code, path, what: allowed }, 'configuration warning');
  const warnings: Problem[] = [];
  const pairOf = (side: 'mqtt' | 'http'): Certificate | undefined => {
    const { tls } = config[side];
    return tls && readCertificate(tls, { now, warn: (fault) => warnings.push(ofCertificate(`${side}.tls`, fault)) });
  };
  const [tls, webTls] = [pairOf('mqtt'), pairOf('http')];
  warnings.push(...campaignWarnings(campaign, config.devices, ownClock.now()), ...keyFindings(config).warnings);
  mkdirSync(config.data, { recursive: true, mode: OWN_FOLDER_MODE });
  const signer = issuerSigner(join(config.data, 'issuer-key.pem'));
  const hash = identityHash(config);
  const token = operatorTokenOf(config);
  const codes = paymentCodes(hash, hmacSha256);
  const claims = claimServices(config, campaign, hash);
  const register = new DeviceRegister(config.devices);
  let earlier: readonly EarlierRules[] = [];
  const rules = compileRules({
    campaign,
    sha256,
    pace: paceOf(config),
    leaseMs: config.leaseSeconds * 1000,
    merchantOf: (device) => register.merchantOf(device),
    isEnrolled: (device) => register.has(device),
    earlier: () => earlier,
  });
  const issuer = createIssuer(rules, signer, config.keyId);
  const tooLong = bundleTooLong(encode(issuer.bundle(ownClock.now())));
  if (tooLong !== undefined) throw new ConfigError('CAMPAIGN_INVALID', { detail: `${config.campaign}: ${tooLong}` });
  const metrics = createMetrics();
  const ledger = await openSqliteLedger(join(config.data, 'ledger.db'), rules, {
    open: openSqlite,
    keyMark: keyMark(hash),
  });
  const version = await sqliteVersion();
  const doubt = sqliteDoubt(version);
  const newest = trustClock ? undefined : await newestCommit(ledger);
  earlier = await earlierRules(ledger, campaign, ownClock.now());
  const events = loopEvents(logger, metrics, ownClock);
  const clock = watchedClock(ownClock, { newest, changed: (fault, off) => clockChanged(fault, off) });
  const verifier = threadVerifier({ campaign: campaign.id, issuerKeys: issuer.issuerKeys });
  const isDevice = (device: DeviceId, password: Uint8Array): boolean => register.admits(device, password);
  const broker = aedesBroker({
    ...config.mqtt,
    tls,
    isDevice,
    isListed: (device) => register.has(device),
    ...(handshakeTimeoutMs !== undefined && { connectTimeoutMs: handshakeTimeoutMs }),
  });
  const uploads = new Uploads(events.alert);
  const stopDisk = watchDisk(config.data, ownClock, (free) => uploads.freeBytesAre(free));
  const diskFault = (): string | undefined => (uploads.room === 'none' ? 'LEDGER_DISK_FULL' : undefined);
  const loop = createGatewayLoop({
    ledger,
    broker,
    verifier,
    clock,
    sha256,
    bundle: () => issuer.bundle(clock.now()),
    clockFault: () => clock.fault,
    uploads,
    paymentCodes: codes,
    campaign: campaign.id,
    allowance: issuer.allowance,
    signTime: issuer.time,
    events,
  });
  metrics.watch(loop, clock, uploads);

  function clockChanged(fault: ClockFault | undefined, off: number): void {
    if (fault !== undefined)
      events.alert(fault, `this machine's clock is off by ${Math.round(off / 1_000)} s`, undefined);
    else {
      logger.info({ code: 'CLOCK_RIGHT' }, 'clock is right again');
      loop.clockIsRight();
    }
  }

  const { app: http, closeSockets } = httpServer({
    rules,
    ledger,
    loop,
    verifier,
    issuer,
    clock,
    keyedHash: hash,
    paymentCodes: codes,
    metrics,
    devices: () => register.devices,
    fault: () => loop.fault?.code ?? clock.fault ?? diskFault(),
    claimFault: () => clock.fault ?? diskFault(),
    operatorToken: token,
    tls: webTls,
    proxies: config.http.proxies,
    trustedProxies: config.http.trustedProxies,
    claims,
    ...(handshakeTimeoutMs !== undefined && { handshakeTimeoutMs }),
    refused: (code, from) => events.rejected(code, undefined, from),
    cutOff: (device) => broker.cutOff(device),
    alert: (code, what) => events.alert(code, what, undefined),
  });

  function takeDevices(devices: GatewayConfig['devices']): void {
    const { added, removed, changed } = register.replace(devices);
    for (const device of [...removed, ...changed]) broker.cutOff(device);
    for (const warning of campaignWarnings(campaign, devices, clock.now())) warn(warning);
    logger.info({ code: 'DEVICES_TAKEN', added, removed, changed }, 'device list reloaded');
  }

  const closeHttp = async (): Promise<void> => {
    const closed = http.close();
    closeSockets();
    await closed;
  };
  /** Together less than the 5 s that a stop may take. A commit takes some ms, on a slow disk a second. */
  const closing: readonly ClosingStep[] = [
    { name: 'http', withinMs: 1_000, close: closeHttp },
    { name: 'queue', withinMs: 1_500, close: () => called((done) => loop.stop(done)) },
    { name: 'clock', withinMs: 100, close: async () => clock.stop() },
    { name: 'disk', withinMs: 100, close: async () => stopDisk() },
    { name: 'mqtt', withinMs: 500, close: () => called((done) => broker.close(done)) },
    { name: 'verifier', withinMs: 500, close: () => called((done) => verifier.close(done)) },
    { name: 'ledger', withinMs: 1_000, close: () => called((done) => ledger.close(done)) },
  ];

  async function stop(): Promise<boolean> {
    const unfinished = await closeInOrder(closing, clock);
    if (unfinished.length === 0) logger.info({ code: 'STOPPED' }, 'gateway stopped');
    else logger.error({ code: 'STOP_UNFINISHED', unfinished }, 'gateway stopped; abandoned the parts that hung');
    return unfinished.length === 0;
  }

  try {
    const { host, port } = config.mqtt;
    await new Promise<void>((resolve, reject) => {
      loop.start((fault) => (fault === undefined ? resolve() : reject(addressFault(fault, `mqtt: ${host}:${port}`))));
    });
    const web = config.http;
    await http.listen({ host: web.host, port: web.port }).catch((error: unknown) => {
      throw addressFault(error, `http: ${web.host}:${web.port}`);
    });
  } catch (error) {
    await closeInOrder(closing, clock);
    throw error;
  }
  const address = http.server.address();
  const httpPort = typeof address === 'object' && address !== null ? address.port : config.http.port;
  const { port: mqttPort } = broker;
  const operatorTokenIn =
    config.http.operatorToken === undefined ? operatorTokenFile(config.data) : 'http.operatorToken';
  for (const [server, { host, tls: pair }] of Object.entries({ mqtt: config.mqtt, http: config.http })) {
    if (isOpen({ host, hasTls: pair !== undefined }))
      logger.warn({ code: 'LINE_INSECURE', server, host }, 'no TLS here');
  }
  if (claims === undefined)
    logger.warn({ code: 'CLAIMS_CLOSED' }, 'claims.identity is not configured: no claims are taken');
  if (doubt !== undefined) logger.warn({ code: 'SQLITE_DOUBTFUL', version, what: SQLITE_DOUBTS[doubt] }, 'SQLite');
  for (const warning of warnings) warn(warning);
  logger.info({ code: 'STARTED', campaign: campaign.id, mqttPort, httpPort, operatorTokenIn }, 'the gateway is ready');
  return { mqttPort, httpPort, issuerKeys: issuer.issuerKeys, ledger, loop, takeDevices, stop };
}

/** Where free space can't be read, the ledger's own faults have to do. */
function watchDisk(folder: string, clock: Clock, tell: (freeBytes: number) => void): () => void {
  let cancel: () => void = () => undefined;
  let isStopped = false;
  const look = (): void => {
    statfs(folder, (error, at) => {
      if (isStopped) return;
      if (error === null) tell(at.bavail * at.bsize);
      cancel = clock.wakeAfter(LOOK_AT_DISK_MS, look);
    });
  };
  look();
  return () => {
    isStopped = true;
    cancel();
  };
}

/** Publishes this document to counters; earlier ones stay for sales made under them. */
const earlierRules = (ledger: Ledger, campaign: Campaign, now: WallMs): Promise<readonly EarlierRules[]> =>
  new Promise((resolve, reject) => {
    ledger.keepDocument(campaign, now, (fault, documents) => {
      if (fault !== undefined) return reject(new LedgerError('LEDGER_CANNOT_OPEN', { detail: fault.message }));
      resolve(
        documents.flatMap(({ campaign: document, since, until }) => {
          const parsed = parseCampaign(document);
          // A document of a later version, which this version can't apply.
          return parsed.ok ? [{ rules: compileDocument(parsed.value), since, until }] : [];
        }),
      );
    });
  });

const newestCommit = (ledger: Ledger): Promise<WallMs | undefined> =>
  new Promise((resolve, reject) => {
    ledger.newestCommit((fault, at) => {
      if (fault === undefined) resolve(at);
      else reject(new LedgerError('LEDGER_UNREADABLE', { detail: fault.message }));
    });
  });

function paceOf({ coupons }: GatewayConfig): PaceLimits {
  const { devicePerHour, devicePerDay, merchantPerHour, merchantPerDay } = coupons;
  return {
    device: { perHour: devicePerHour, perDay: devicePerDay },
    merchant: { perHour: merchantPerHour, perDay: merchantPerDay },
  };
}

/** JavaScript and SQLite quote the input in their errors, and that may be a customer's code. */
const LONGEST_ALARM = 400;

function loopEvents(logger: Logger, metrics: Metrics, clock: Clock): Required<LoopEvents> {
  // One budget each, so that a flood of invalid input keeps no alert out of the log.
  const [refusals, alerts] = [logBudget(), logBudget()];
  return {
    committed: (operations, tookMs) => metrics.committed(operations, tookMs),
    rejected(code, device, from) {
      metrics.rejected(code);
      const unwritten = refusals.spend(code, device, clock.now());
      if (unwritten !== undefined)
        logger.warn({ code, device, ...from, ...(unwritten > 0 && { unwritten }) }, 'turned away');
    },
    found: (finding) => metrics.found(finding),
    alert(code, what, device) {
      metrics.alert(code);
      const unwritten = alerts.spend(code, device, clock.now());
      if (unwritten === undefined) return;
      const said = maskWithin(what).slice(0, LONGEST_ALARM);
      logger.error({ code, device, what: said, ...(unwritten > 0 && { unwritten }) }, 'alert');
    },
  };
}

const called = (call: (done: () => void) => void): Promise<void> => new Promise((resolve) => call(resolve));
