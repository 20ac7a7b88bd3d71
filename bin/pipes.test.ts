import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const codeplate = fileURLToPath(new URL('codeplate.js', import.meta.url));

it('leaves quietly when whoever reads its output has seen enough', async () => {
  // A seed's story is far longer than a pipe holds, so something is written after the reader has gone.
  const child = spawn(process.execPath, [codeplate, 'replay', '12', '--profile', 'calm']);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(errors).toBe('');
  expect(code).toBe(141);
}, 60_000);

/** Linux's file on a disk that is always full. */
describe.skipIf(process.platform !== 'linux')('where the disk under what it prints is full', () => {
  let full = -1;
  let folder = '';
  beforeAll(() => {
    full = openSync('/dev/full', 'w');
    folder = mkdtempSync(join(tmpdir(), 'codeplate-full-'));
  });
  afterAll(() => {
    closeSync(full);
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['quote', '--campaign', 'youhao-2023', '--fen', '25990', '--holds', '40'],
    ['simulate', '--list'],
  ])('codeplate %s says so in one line, and that it failed', (...args) => {
    const { status, stderr } = spawnSync(process.execPath, [codeplate, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', full, 'pipe'],
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^OUTPUT_UNWRITABLE: .*ENOSPC.* Write it to a place with room\.\n$/);
  });

  it('a counter goes on: sales are worth more than its log', async () => {
    const config = join(folder, 'device.yaml');
    const least =
      'device: p1\nmerchant: yh-01\ncampaign: youhao-2023\ndata: data\ngateway: { url: "mqtt://127.0.0.1:1" }\n';
    writeFileSync(config, `${least}till: { http: { port: 0 } }\n`);
    const child = spawn(process.execPath, [codeplate, 'device', '--config', config, '--json'], {
      stdio: ['ignore', 'pipe', full],
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const ready = await new Promise<string>((resolve) => child.stdout?.once('data', (text) => resolve(String(text))));
    const { httpPort } = JSON.parse(ready) as { readonly httpPort: number };
    const health = await fetch(`http://127.0.0.1:${httpPort}/v1/health`, { headers: { connection: 'close' } });
    expect(health.status).toBe(200);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});
