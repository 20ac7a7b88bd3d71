import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '#simulator/processes/waiting.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
let folder: string;
let child: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'codeplate-watchdog-'));
  // In systemd's place: writes down each word.
  writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\necho "$1" >> "${join(folder, 'beats')}"\n`);
  chmodSync(join(folder, 'systemd-notify'), 0o755);
});
afterEach(async () => {
  if (child !== undefined && child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(folder, { recursive: true, force: true });
});

const beats = (): number =>
  existsSync(join(folder, 'beats')) ? readFileSync(join(folder, 'beats'), 'utf8').split('WATCHDOG=1').length - 1 : 0;

it('beats while the event loop turns, and not while it hangs', async () => {
  const yaml = `{device: plate-001, merchant: yh-02, campaign: c, data: ${join(folder, 'data')}, gateway: {url: "mqtt://127.0.0.1:1"}}`;
  writeFileSync(join(folder, 'device.yaml'), yaml);
  const { PATH } = process.env;
  const env = {
    ...process.env,
    PATH: `${folder}${delimiter}${PATH}`,
    NOTIFY_SOCKET: join(folder, 'socket'),
    WATCHDOG_USEC: '300000',
  };
  const args = [join(ROOT, 'bin/codeplate.js'), 'device', '--config', join(folder, 'device.yaml')];
  child = spawn(process.execPath, args, { env, stdio: 'ignore' });
  await until('it beats', 30_000, () => (beats() >= 3 ? true : undefined));
  // Stopped, its loop hangs as surely as in an endless computation; a beat that was under way may still arrive.
  child.kill('SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 300));
  const then = beats();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(beats()).toBe(then);
  child.kill('SIGCONT');
  await until('it beats again', 30_000, () => (beats() > then ? true : undefined));
});

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
/** Of `systemd-analyze security`: 10 is no protection at all. */
const MOST_EXPOSED = 2.0;

it.skipIf(!hasSystemd).each(['codeplate', 'codeplate-gateway'])(
  'the unit %s leaves little open (needs systemd)',
  (unit) => {
    const file = join(ROOT, 'packaging/systemd', `${unit}.service`);
    const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', file], {
      encoding: 'utf8',
    });
    const level = /Overall exposure level[^\d]*(\d+\.\d+)/.exec(stdout)?.[1];
    expect(Number(level)).toBeLessThanOrEqual(MOST_EXPOSED);
  },
);
