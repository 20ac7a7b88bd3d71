/** A person claims by hand and shows codes, against a real gateway as `codeplate init` configures it. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { parseGatewayConfig } from '#gateway/config/config.js';
import { type RunningGateway, startGateway } from '#gateway/main.js';
import { UsageError } from '../usage.js';
import { command as init } from './init.js';
import { command } from './wallet.js';

let folder: string;
let gateway: RunningGateway;
const shop = (name: string): string => path.join(folder, 'shop', name);

/** What it prints. */
async function says(...args: readonly string[]): Promise<string> {
  const written: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  try {
    await command()
      .exitOverride()
      .parseAsync(['node', 'wallet', ...args]);
  } finally {
    write.mockRestore();
  }
  return written.join('');
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'codeplate-wallet-'));
  const silent = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  await init().parseAsync(['node', 'init', path.join(folder, 'shop'), '--today']);
  silent.mockRestore();
  const file = shop('gateway.yaml');
  const config = parseGatewayConfig(readFileSync(file, 'utf8'), file);
  if (!config.ok) throw new Error(JSON.stringify(config.fault));
  const { mqtt, http } = config.value;
  const free = { ...config.value, mqtt: { ...mqtt, port: 0 }, http: { ...http, port: 0 } };
  gateway = await startGateway(free, { logger: pino({ level: 'silent' }) });
});
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

const claim = (...more: readonly string[]) => {
  const at = ['--file', shop('phone.json'), '--gateway', `http://127.0.0.1:${gateway.httpPort}`];
  return says('claim', ...at, '--sms-file', shop('sms-outbox.jsonl'), ...more);
};

it('claims with the code that was sent, keeps the phone to its owner, and shows codes', async () => {
  expect(await claim('--tiers', 'yuan-20,yuan-40')).toMatch(/^yuan-20: coupon \d+\nyuan-40: coupon \d+\n/);
  expect(statSync(shop('phone.json')).mode & 0o077).toBe(0);
  expect(statSync(shop('sms-outbox.jsonl')).mode & 0o077).toBe(0);
  expect(await says('code', '--file', shop('phone.json'))).toMatch(/^62\d{17}\n$/);
  const first = await says('code', '--coupon', '--file', shop('phone.json'));
  expect(first).toMatch(/^CP1:[A-Z2-7]{300}\n$/);
  expect(await says('code', '--coupon', '--file', shop('phone.json'))).not.toBe(first);
  expect(await claim('--tiers', 'yuan-20', '--json')).toMatch(/"reason":"already-claimed"/);
});

it('says what to do where it has no coupons, no gateway or no file', async () => {
  await expect(says('code', '--file', shop('nobody.json'))).rejects.toThrow(UsageError);
  await expect(
    says('claim', '--file', shop('other.json'), '--tiers', 'a', '--gateway', 'http://127.0.0.1:1'),
  ).rejects.toThrow(/No gateway answers .* --gateway/);
});

it('says in the gateway’s words why it refused a claim outright', async () => {
  const wrong = shop('wrong-sms.jsonl');
  writeFileSync(wrong, `${JSON.stringify({ phone: '13900139000', text: '00000000' })}\n`);
  await expect(
    claim('--tiers', 'yuan-20', '--file', shop('third.json'), '--phone', '13900139000', '--sms-file', wrong),
  ).rejects.toThrow(/^The claim failed: [A-Z_]+: [^{}]+ \(HTTP 403\)$/);
});
