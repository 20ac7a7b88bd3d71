/** `codeplate gateway`: the real gateway, until it is told to stop. */
import { isDeepStrictEqual } from 'node:util';
import { Worker } from 'node:worker_threads';
import { Command } from 'commander';
import type { GatewayConfig } from '#gateway/config/config.js';
import { checkConfigFile, readConfigFile } from '../files/config-file.js';
import { dataFolder } from '../files/write-place.js';
import { EXIT_FAILED, printJson } from '../usage.js';
import { beatForWatchdog } from '../watchdog.js';

const EXAMPLES = `
Examples:
  $ codeplate init shop                (writes gateway.yaml, device.yaml and all that they need)
  $ codeplate gateway --config shop/gateway.yaml
  $ codeplate gateway --config shop/gateway.yaml --check    (only read it, and say what is wrong)
  $ curl -s http://127.0.0.1:8080/healthz
  $ curl -s -H "Authorization: Bearer $(cat shop/data/operator-token)" http://127.0.0.1:8080/v1/reconciliation

SIGINT or SIGTERM stops it after what is waiting has been committed. SIGHUP takes the devices of its configuration as they
are now: new ones are let in, and who is gone or has another password is cut off. All else there needs a restart.
Logs are JSON lines on standard error.`;

/** With the parts' own times this stays below the 5 s that a stop may take. */
const LINGER_MS = 400;

interface Options {
  readonly config: string;
  readonly check?: boolean;
  readonly json?: boolean;
  readonly trustClock?: boolean;
}

export function command(): Command {
  return new Command('gateway')
    .description('Run the gateway of one campaign: MQTT for devices, HTTP for claims and operators, the ledger.')
    .requiredOption('-c, --config <file>', 'its configuration, YAML')
    .option('--check', 'start nothing: tell everything that is wrong with the configuration and what it names')
    .option('--trust-clock', "this machine's clock is right, also where the ledger has later commits")
    .option('--json', 'print one JSON object with the ports once it is ready')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run({ config: file, check, json, trustClock }: Options): Promise<void> {
  // From here on, since a start takes a second or more, and the signal ends whoever doesn't wait for it.
  let isAskedEarly = false;
  let takeDevices = (): void => {
    isAskedEarly = true;
  };
  process.on('SIGHUP', () => takeDevices());
  const { parseGatewayConfig } = await import('#gateway/config/config.js');
  if (check === true) {
    const { gatewayFindings } = await import('#gateway/config/config-findings.js');
    const further = (config: GatewayConfig) => gatewayFindings(config, new Date());
    return checkConfigFile(file, parseGatewayConfig, { json: json === true, further });
  }
  const config = readConfigFile(file, parseGatewayConfig);
  const [{ loggerTo }, { startGateway }, { base64url }] = await Promise.all([
    import('../log.js'),
    import('#gateway/main.js'),
    import('#protocol/codes/bit-text.js'),
  ]);
  const logger = loggerTo(config.log, 'msg');
  dataFolder(config.data, { tried: true });
  const gateway = await startGateway(config, { logger, trustClock: trustClock === true });
  const { mqttPort, httpPort } = gateway;
  const issuerKeys = Object.fromEntries([...gateway.issuerKeys].map(([id, key]) => [id, base64url.encode(key)]));
  if (json === true) printJson({ mqttPort, httpPort, issuerKeys });
  else process.stdout.write(readyText(mqttPort, httpPort, issuerKeys));

  const endBeat = beatForWatchdog();
  let isStopping = false;
  const stop = (): void => {
    if (isStopping) return;
    isStopping = true;
    endBeat();
    void gateway.stop().then((isWhole) => {
      if (!isWhole) process.exit(EXIT_FAILED);
      // Nothing is left to wait for; a handle that a library forgot must not keep the process.
      setTimeout(() => process.exit(), LINGER_MS).unref();
    });
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const takeNow = (now: GatewayConfig): void => {
    if (isStopping) return;
    gateway.takeDevices(now.devices);
    const others = otherChanges(config, now);
    if (others.length > 0) logger.warn({ code: 'RESTART_NEEDED', others }, 'these are still as they were at the start');
  };
  const notTaken = (error: unknown): void => {
    const what = error instanceof Error ? error.message : String(error);
    logger.error({ code: 'DEVICES_NOT_TAKEN', what }, 'the devices stay those of before');
  };
  // One after the other, so that the newest list is the one that stays.
  let reading: Promise<void> = Promise.resolve();
  takeDevices = () => {
    reading = reading.then(async () => {
      if (!isStopping) takeNow(await readAside(file));
    });
    reading = reading.catch(notTaken);
  };
  if (isAskedEarly) takeDevices();
}

/** In a thread of its own. Rejects with what is wrong with it. */
function readAside(file: string): Promise<GatewayConfig> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('../config-worker.js', import.meta.url), { workerData: file });
    thread.once('message', (read: { readonly config?: GatewayConfig; readonly problem?: string }) => {
      if (read.config === undefined) reject(new Error(read.problem));
      else resolve(read.config);
    });
    thread.once('error', reject);
    thread.once('exit', () => reject(new Error('the thread that reads the configuration ended without an answer')));
  });
}

const otherChanges = (then: GatewayConfig, now: GatewayConfig): readonly string[] =>
  Object.entries(now).flatMap(([key, value]) =>
    key === 'devices' || isDeepStrictEqual(value, Reflect.get(then, key)) ? [] : [key],
  );

const readyText = (mqttPort: number, httpPort: number, keys: Readonly<Record<string, string>>): string =>
  [
    `The gateway is ready: devices on MQTT port ${mqttPort}, phones and operators on HTTP port ${httpPort}.`,
    ...Object.entries(keys).map(([id, key]) => `issuerKeys of a device.yaml: "${id}": "${key}"`),
    '',
  ].join('\n');
