import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import youhao from '../../campaigns/youhao-2023.json' with { type: 'json' };

const folder = mkdtempSync(join(tmpdir(), 'codeplate-campaign-'));
afterAll(() => rmSync(folder, { recursive: true }));

const bin = fileURLToPath(new URL('../codeplate.js', import.meta.url));
const codeplate = (...args: string[]) =>
  promisify(execFile)(process.execPath, [bin, ...args], { cwd: folder }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
  );

function written(name: string, document: unknown): string {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(document));
  return file;
}

describe('codeplate campaign', () => {
  it('upgrades the reference campaign into a document that it then finds no problem in', async () => {
    const upgraded = await codeplate('campaign', 'upgrade', 'youhao-2023', '--out', 'v2.json', '--merchants', 'm.csv');
    expect(upgraded).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(folder, 'm.csv'), 'utf8')).toMatch(
      /^id,name,category\nyh-01,伊春华宇石油有限公司,限上企业\n/,
    );
    const checked = await codeplate('campaign', 'check', 'v2.json', '--merchants', 'm.csv', '--json');
    expect(checked).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(checked.stdout)).toEqual({
      ok: true,
      format: 2,
      id: 'youhao-2023',
      version: 1,
      needs: ['format-2'],
      runs: false,
      problems: [],
    });
    const quoted = await codeplate('quote', '--campaign', 'v2.json', '--fen', '25990', '--holds', '20');
    expect(quoted).toMatchObject({ code: 1, stderr: expect.stringMatching(/^CAMPAIGN_FORMAT_UNSUPPORTED: /) });
    expect(await codeplate('campaign', 'upgrade', 'v2.json')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/of format 2 already/),
    });
  });

  it('quotes over several campaigns, and says of each coupon why not', async () => {
    const { stdout } = await codeplate('campaign', 'upgrade', 'youhao-2023');
    const first = JSON.parse(stdout);
    const percent = { kind: 'percent', percentOff: 20, capFen: 5_000 };
    const tiers = first.tiers.map((tier: object) => ({ ...tier, benefit: percent }));
    written('first.json', first);
    written('second.json', { ...first, id: 'second', tiers, budget: { ...first.budget, wholeFen: 50_000_000 } });
    const holds = 'youhao-2023:yuan-40,second:yuan-40,youhao-2023:yuan-80';
    const quoted = await codeplate(
      'campaign',
      'quote',
      'first.json',
      'second.json',
      '--fen',
      '25990',
      '--holds',
      holds,
      '--json',
    );
    expect(quoted).toMatchObject({ code: 0, stderr: '' });
    // 20 percent of 259.90 is 51.98, capped at 50.
    expect(JSON.parse(quoted.stdout)).toEqual({
      savingFen: 5_000,
      netFen: 20_990,
      reason: null,
      next: { savingFen: 8_000, missingFen: 4_010 },
      coupons: [
        { campaign: 'youhao-2023', tier: 'yuan-40', savingFen: 4_000, reason: 'another-coupon-chosen' },
        { campaign: 'second', tier: 'yuan-40', savingFen: 5_000, reason: null },
        { campaign: 'youhao-2023', tier: 'yuan-80', savingFen: 0, reason: 'below-threshold' },
      ],
    });
  });

  it('lists every problem of either format at once, and exits with 1', async () => {
    const one = written('one.json', { ...youhao, version: 0, couponsPerPayment: 2 });
    const told = await codeplate('campaign', 'check', one);
    expect(told).toMatchObject({ code: 1, stdout: '' });
    expect(told.stderr).toMatch(/^CAMPAIGN_INVALID: .* has 2 problems:\n {2}version: .*\n {2}couponsPerPayment: /);
    const two = written('two.json', { format: 2, id: 'UPPER' });
    const json = await codeplate('campaign', 'check', two, '--json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, problems: expect.any(Array) });
    expect(JSON.parse(json.stdout).problems.length).toBeGreaterThan(15);
  });

  it('says what is wrong with a list of merchants', async () => {
    const file = join(folder, 'bad.csv');
    writeFileSync(file, 'id,name,category\nshop-1,鑫亿家,超市\nshop-1,鑫亿家,超市\nSHOP,x,y\n');
    await codeplate('campaign', 'upgrade', 'youhao-2023', '--out', 'v3.json');
    const told = await codeplate('campaign', 'check', 'v3.json', '--merchants', file);
    expect(told.code).toBe(2);
    expect(told.stderr).toMatch(/line 3: shop-1 stands above already\n {2}line 4: id: 1 to 32/);
  });
});
