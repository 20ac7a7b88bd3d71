import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const BIN = fileURLToPath(new URL('../codeplate.js', import.meta.url));
const LEAST = `
device: plate-001
merchant: huarun
campaign: youhao-2023
data: data
gateway: { url: "mqtt://127.0.0.1:1" }
till: { http: { port: 0 } }
`;

let folder: string;
let file: string;
const children = new Set<ChildProcess>();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'codeplate-device-'));
  file = join(folder, 'device.yaml');
});
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  children.clear();
  rmSync(folder, { recursive: true, force: true });
});

function run(...args: string[]) {
  const child = spawn(process.execPath, [BIN, 'device', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  const ended = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]);
  return { child, ended };
}

const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let seen = '';
    child.stdout?.on('data', (chunk) => {
      seen += String(chunk);
      if (seen.includes('\n')) resolve(seen);
    });
    child.once('exit', () => reject(new Error(`ended before it was ready: ${seen}`)));
  });

describe('codeplate device', () => {
  it('serves its till as soon as it says so, and closes its journal when it is told to stop', async () => {
    writeFileSync(file, LEAST);
    const { child, ended } = run('--config', file, '--json');
    const ready: unknown = JSON.parse(await firstLine(child));
    expect(ready).toEqual({ device: 'plate-001', httpPort: expect.any(Number) });
    const { httpPort } = ready as { httpPort: number };
    const health = await fetch(`http://127.0.0.1:${httpPort}/v1/health`);
    expect(await health.json()).toMatchObject({ device: 'plate-001', online: false, journal: 'ok' });
    child.kill('SIGTERM');
    const [[code], stdout, stderr] = await ended;
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain('"code":"STOPPED"');
    expect(readdirSync(join(folder, 'data'))).toContain('journal.sqlite');
    expect(readdirSync(join(folder, 'data'))).not.toContain('journal.sqlite-wal');
  });

  it('starts with a journal it cannot read, says so, and takes nothing', async () => {
    writeFileSync(file, LEAST.replace('data: data', `data: ${folder}`));
    writeFileSync(join(folder, 'journal.sqlite'), 'this is no journal at all'.repeat(100));
    const { child } = run('--config', file, '--json');
    const { httpPort } = JSON.parse(await firstLine(child)) as { httpPort: number };
    const health = await fetch(`http://127.0.0.1:${httpPort}/v1/health`);
    expect(await health.json()).toMatchObject({ journal: 'failed' });
  });

  it('tells every problem of its configuration at once and does not start', async () => {
    writeFileSync(file, LEAST.replace('plate-001', 'Plate 1').replace('mqtt:', 'http:'));
    const [[code], stdout, stderr] = await run('--config', file).ended;
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('device: "Plate 1"');
    expect(stderr).toContain('gateway.url');
  });

  it('says what to do without a configuration, and with one that is not there', async () => {
    const [[without], , usage] = await run().ended;
    expect([without, usage]).toEqual([2, expect.stringContaining('--config')]);
    const [[missing], , what] = await run('--config', join(folder, 'none.yaml')).ended;
    expect([missing, what]).toEqual([2, expect.stringContaining('codeplate init')]);
  });

  it('gives the problems as one JSON object with --check --json', async () => {
    writeFileSync(file, LEAST.replace('plate-001', 'Plate 1').replace('mqtt:', 'http:'));
    const [[code], stdout] = await run('--config', file, '--check', '--json').ended;
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      config: file,
      problems: [{ path: 'device', value: '"Plate 1"' }, { path: 'gateway.url' }],
    });
  });

  it('only reads the configuration with --check', async () => {
    writeFileSync(file, LEAST);
    const [[code], stdout] = await run('--config', file, '--check').ended;
    expect([code, stdout]).toEqual([0, `${file} is in order.\n`]);
    expect(readdirSync(folder)).toEqual(['device.yaml']);
  });
});
