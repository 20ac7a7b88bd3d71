/** `codeplate device`: the agent of one counter, until it is told to stop. */

import { statSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { Command } from 'commander';
import type { DeviceConfig } from '#device/config/config.js';
import { checkConfigFile, readConfigFile } from '../files/config-file.js';
import { dataFolder } from '../files/write-place.js';
import { printJson } from '../usage.js';
import { beatForWatchdog } from '../watchdog.js';

/**
 * The box shares a gigabyte with its system and a browser. Set before anything is loaded:
 * - V8 otherwise lets the young generation grow to 16 MB for a burst at the start, and keeps it: 15 MB less for an agent
 *   that does some sales a minute.
 * - Its optimizing compiler pays for itself after thousands of rounds. The start and some sales a minute never come so
 *   far: without it the agent is ready with a third less CPU time, is 12 MB smaller, and no slower at a sale. Node 24 has
 *   one more of them, half-way, which costs 2 MB.
 */
const SMALL = ['--optimize-for-size', '--semi-space-growth-factor=1', '--no-opt', '--no-maglev'];
/** Some 5,000 records. Longer journals are read at the start in half the time with the optimizing compiler at work. */
const LONG_JOURNAL_BYTES = 4 * 1024 * 1024;

const EXAMPLES = `
Examples:
  $ codeplate init shop && codeplate device --config shop/device.yaml
  $ codeplate device --config /etc/codeplate/device.yaml --check    (only read it, and say what is wrong)

Log lines are JSON on standard error. SIGTERM and SIGINT stop the agent once its journal is closed.
With --json, one object says where it listens as soon as it is ready: {"device":"plate-001","httpPort":8787}`;

export const command = (): Command =>
  new Command('device')
    .description('Run the agent of one counter.')
    .requiredOption('-c, --config <file>', 'its configuration; `codeplate init` writes one')
    .option('--check', 'start nothing: tell everything that is wrong with the configuration and what it names')
    .option('--json', 'print one JSON object when it is ready')
    .addHelpText('after', EXAMPLES)
    .action(async (options: { config: string; check?: boolean; json?: boolean }) => {
      for (const flag of SMALL) setFlagsFromString(flag);
      const { parseDeviceConfig } = await import('#device/config/config.js');
      const json = options.json === true;
      if (options.check === true) {
        const { deviceFindings } = await import('#device/config/config-findings.js');
        const further = (config: DeviceConfig) => deviceFindings(config, new Date());
        await checkConfigFile(options.config, parseDeviceConfig, { json, further });
      } else await runDevice(readConfigFile(options.config, parseDeviceConfig), json);
    });

async function runDevice(config: DeviceConfig, json: boolean): Promise<void> {
  const [{ journalFile, startDevice }, { logTo }] = await Promise.all([import('#device/main.js'), import('../log.js')]);
  const log = logTo(config.log);
  // Not tried: a counter whose card has become read-only says so and goes on at full price.
  dataFolder(config.data, { tried: false });
  if (sizeOf(journalFile(config)) > LONG_JOURNAL_BYTES) setFlagsFromString('--opt');
  const device = await startDevice(config, { log });
  setFlagsFromString('--no-opt');
  const endBeat = beatForWatchdog();
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  if (json) printJson({ device: config.device, httpPort: device.httpPort });
  else {
    const screen = device.httpPort === null ? '' : ` Screen: http://127.0.0.1:${device.httpPort}/`;
    process.stdout.write(`${config.device} is ready.${screen}\n`);
  }
  await stopped;
  endBeat();
  await device.stop();
  log('info', 'STOPPED', { device: config.device });
}

/** 0 where there is nothing to be read; what is wrong with it is found out when it is opened. */
function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}
