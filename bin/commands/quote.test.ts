import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import youhao from '../../campaigns/youhao-2023.json' with { type: 'json' };
import { UsageError } from '../usage.js';
import { command } from './quote.js';

const folder = mkdtempSync(join(tmpdir(), 'codeplate-quote-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
});

interface Asked {
  readonly campaign?: string;
  readonly fen?: string;
  readonly holds?: string;
  readonly more?: readonly string[];
}

async function run({ campaign = 'youhao-2023', fen = '25990', holds = '20,40,80', more = [] }: Asked): Promise<string> {
  let printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    printed += String(chunk);
    return true;
  });
  await command()
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parseAsync(['--campaign', campaign, '--fen', fen, '--holds', holds, ...more], { from: 'user' });
  return printed;
}

const json = async (asked: Asked): Promise<unknown> =>
  JSON.parse(await run({ ...asked, more: [...(asked.more ?? []), '--json'] }));

describe('codeplate quote', () => {
  it('prints exactly the documented object', async () => {
    expect(await run({ more: ['--json'] })).toBe(
      '{"coupon":{"faceFen":4000,"thresholdFen":20000},"discountFen":4000,"netFen":21990,"reason":null,"next":{"faceFen":8000,"missingFen":4010}}\n',
    );
    expect(await run({ fen: '9999', holds: '20', more: ['--json'] })).toBe(
      '{"coupon":null,"discountFen":0,"netFen":9999,"reason":"below-threshold","next":{"faceFen":2000,"missingFen":1}}\n',
    );
  });

  it('applies the hours only to a time that was given', async () => {
    const at = (time: string) => json({ more: ['--at', time] });
    expect(await at('2023-03-28T12:00:00+08:00')).toMatchObject({ discountFen: 4_000, reason: null });
    expect(await at('2023-03-28T21:59:59')).toMatchObject({ discountFen: 4_000, reason: null });
    expect(await at('2023-03-28T14:00:00Z')).toMatchObject({ discountFen: 0, reason: 'outside-hours', next: null });
    expect(await at('2023-03-26T12:00')).toMatchObject({ reason: 'before-campaign' });
    expect(await at('2024-03-26T12:00')).toMatchObject({ reason: 'after-campaign' });
  });

  it('takes faces and ids of tiers for what is held, and nothing for none', async () => {
    expect(await json({ fen: '30000', holds: ' 20.00 , yuan-80' })).toMatchObject({ discountFen: 8_000, next: null });
    expect(await json({ holds: '' })).toMatchObject({ netFen: 25_990, reason: 'no-coupon-held', next: null });
  });

  it('speaks Chinese first, then English, without --json', async () => {
    const printed = await run({ fen: '9450', holds: '20' });
    expect(printed).toMatch(
      /未达到消费券门槛，再买5\.50元可减20元\n +Below the threshold: 5\.50 yuan more takes 20 yuan off/,
    );
  });

  it.each([
    ['nothing to pay', { fen: '0' }, /AMOUNT_NOT_POSITIVE.*from 1 to 99999999/],
    ['less than nothing', { fen: '-5' }, /AMOUNT_NOT_POSITIVE/],
    ['yuan for fen', { fen: '259.90' }, /AMOUNT_NOT_A_WHOLE_NUMBER.*5100/],
    ['an amount past 2^53', { fen: '9007199254740993' }, /AMOUNT_NOT_A_WHOLE_NUMBER/],
    ['more than a reader takes', { fen: '100000000' }, /AMOUNT_TOO_LARGE/],
    ['a coupon that there is not', { holds: '20,50' }, /"50" is no coupon of youhao-2023\. It has 20, 40, 80 yuan/],
    ['a comma too many', { holds: '20,' }, /"" is no coupon/],
    ['a time that is none', { more: ['--at', 'noon'] }, /--at "noon" is no time.*Asia\/Shanghai/],
    ['a campaign that there is not', { campaign: 'nowhere-2023' }, /neither a file nor a shipped.*youhao-2023/],
    ['a file that there is not', { campaign: './nowhere.json' }, /CAMPAIGN_UNREADABLE/],
    ['a folder', { campaign: tmpdir() }, /CAMPAIGN_UNREADABLE/],
    ['a file without end', { campaign: '/dev/zero' }, /CAMPAIGN_UNREADABLE.*more than/],
  ] as const)('refuses %s and says what to write instead', async (_what, asked, message) => {
    const refused = run(asked);
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(message);
  });

  it('refuses a mode that there is not', async () => {
    await expect(run({ more: ['--mode', 'shout'] })).rejects.toThrow(/customer-code, plate/);
  });

  it('lists every problem of a bad campaign', async () => {
    const campaign = join(folder, 'bad.json');
    writeFileSync(campaign, JSON.stringify({ ...youhao, version: 0, choice: 'smallest', sponsors: [] }));
    await expect(run({ campaign })).rejects.toThrow(
      /has 3 problems:\n {2}version: [^\n]*\n {2}choice: [^\n]*\n {2}sponsors/,
    );
    writeFileSync(campaign, Buffer.from([0x7b, 0xc4, 0xe3]));
    await expect(run({ campaign })).rejects.toThrow(/CAMPAIGN_UNREADABLE/);
  });

  it('takes a campaign file of another city as it is', async () => {
    const campaign = join(folder, 'elsewhere.json');
    const tiers = youhao.tiers.map((tier) => ({ ...tier, modes: ['customer-code'] }));
    writeFileSync(campaign, JSON.stringify({ ...youhao, id: 'elsewhere', tiers }));
    expect(await json({ campaign, more: ['--mode', 'plate'] })).toMatchObject({
      reason: 'mode-not-allowed',
      next: null,
    });
  });
});

describe('the built command', () => {
  const codeplate = promisify(execFile).bind(null, process.execPath);
  it('finds shipped campaigns from any folder, and leaves with 2 on wrong use', async () => {
    const program = fileURLToPath(new URL('../codeplate.js', import.meta.url));
    const args = [program, 'quote', '--campaign', 'youhao-2023', '--fen', '30000', '--holds'];
    const { stdout } = await codeplate([...args, '80', '--json'], { cwd: folder });
    expect(JSON.parse(String(stdout))).toMatchObject({ netFen: 22_000 });
    await expect(codeplate([...args, '81'], { cwd: folder })).rejects.toMatchObject({ code: 2, stdout: '' });
  });
});
