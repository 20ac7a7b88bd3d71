/** The agent as a process of its own, stopped in the middle of everything (SIGSTOP): its socket stays open and says nothing. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { Browser, CHROMIUM } from './chromium.js';

let agent: ChildProcess | undefined;
let browser: Browser | undefined;
const folder = mkdtempSync(join(tmpdir(), 'frozen-'));

afterEach(async () => {
  await browser?.close();
  const ended = new Promise((resolve) => agent?.once('exit', resolve));
  agent?.kill('SIGCONT');
  agent?.kill('SIGKILL');
  await ended;
  rmSync(folder, { recursive: true, force: true });
});

/** Starts it, and says where it listens. */
async function start(): Promise<number> {
  const file = join(folder, 'device.yaml');
  const gateway = '{url: "mqtt://127.0.0.1:1"}';
  writeFileSync(
    file,
    `{device: plate-001, merchant: yh-01, campaign: youhao-2023, data: data, gateway: ${gateway}, till: {http: {port: 0}}}`,
  );
  const child = spawn(process.execPath, ['bin/codeplate.js', 'device', '--config', file, '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  agent = child;
  for await (const line of createInterface({ input: child.stdout })) {
    const { httpPort } = JSON.parse(line) as { readonly httpPort: number };
    return httpPort;
  }
  throw new Error('the agent said nothing');
}

describe.skipIf(CHROMIUM === undefined)('a screen whose agent is frozen', () => {
  it('is covered after 12 s without a beat, and is back when the agent is', async () => {
    const port = await start();
    const screen = Browser.start(CHROMIUM ?? '');
    browser = screen;
    const page = await screen.page();
    await page.go(`http://127.0.0.1:${port}/`);
    await page.until(`document.getElementById('tiles').children.length > 0`);
    agent?.kill('SIGSTOP');
    const covered = `!document.getElementById('cover').hidden`;
    await page.until(covered);
    expect(await page.value('document.body.innerText')).toContain('程序无应答，请勿收款');
    agent?.kill('SIGCONT');
    await page.until(`!(${covered}) && document.getElementById('tiles').children.length > 0`);
  });
});
