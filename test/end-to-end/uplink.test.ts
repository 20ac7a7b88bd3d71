import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KIND_NAMES } from '#simulator/line-torture/kinds.js';
import { isSound, tortureUplinks } from '#simulator/line-torture/torture.js';

const YOUHAO = { file: resolve('campaigns/youhao-2023.json'), id: 'youhao-2023', merchant: 'yh-02' };

describe('the line, over real sockets', () => {
  it('comes back from every kind of trouble, and the ledger has every record once and in order', async () => {
    const seed = Math.floor(Math.random() * 1_000_000);
    // `codeplate reconnects` does a thousand.
    const report = await tortureUplinks({ cases: 3 * KIND_NAMES.length, seed, campaign: YOUHAO });
    expect(report, `seed ${seed}`).toMatchObject({
      stuck: [],
      lost: 0,
      doubled: 0,
      disordered: 0,
      differenceFen: 0,
      falseAlarms: [],
    });
    expect(isSound(report)).toBe(true);
    expect(Object.keys(report.kinds).toSorted()).toEqual([...KIND_NAMES].toSorted());
    expect(report.reconnects).toBeGreaterThan(report.cases / 2);
  });
});
