import fc from 'fast-check';
import { expect, it } from 'vitest';
import { wallMs } from '#protocol/kernel/time.js';
import {
  BYTES,
  fullBudget,
  isGreedy,
  LOW_BYTES,
  NONE_BYTES,
  RECORDS,
  refilled,
  roomOf,
  spent,
  type UploadBudget,
  uploadRefusal,
} from './upload-budget.js';

const DAY = 86_400_000;
const START = wallMs(1_700_000_000_000);
const full = fullBudget(START);
const after = (
  budget: UploadBudget,
  ...uploads: readonly (readonly [records: number, bytes: number])[]
): UploadBudget => uploads.reduce((left, [records, bytes]) => spent(left, { records, bytes }) ?? left, budget);

it('10,000 redemptions of a week offline pass in one go, and again after their answer was lost', () => {
  const backlog = { records: 30_000, bytes: 30_000 * 900 };
  const once = spent(full, backlog);
  expect(once === undefined ? undefined : spent(once, backlog)).toBeDefined();
});

it('a busy shop never feels it, whatever it did the days before', () => {
  let budget = full;
  for (let day = 0; day < 30; day += 1) {
    budget = refilled(budget, wallMs(START + day * DAY));
    const left = spent(budget, { records: 4_000, bytes: 4_000 * 1_200 });
    expect(left).toBeDefined();
    budget = left ?? budget;
  }
});

const emptied = after(full, [RECORDS.full, 1]);

it.each([
  ['a fresh device with room', full, 500, 'enough', undefined],
  ['one that has used its records up', emptied, 1, 'enough', 'TOO_MANY_REQUESTS'],
  ['its question about a sale', emptied, 0, 'enough', undefined],
  ['one that has used its bytes up', after(full, [0, BYTES.full]), 0, 'enough', 'TOO_MANY_REQUESTS'],
  ['one with a day’s worth, on a disk with little room', after(full, [2_000, 2_000_000]), 500, 'low', undefined],
  ['one with more than that', after(full, [7_000, 7_000_000]), 500, 'low', 'LEDGER_DISK_FULL'],
  ['its question about a sale meanwhile', after(full, [7_000, 7_000_000]), 0, 'low', undefined],
  ['anybody on a disk without room', full, 1, 'none', 'LEDGER_DISK_FULL'],
  ['also with a question', full, 0, 'none', 'LEDGER_DISK_FULL'],
] as const)('%s', (_, budget, records, room, expected) => {
  expect(uploadRefusal(budget, { records, bytes: 500 }, room)).toBe(expected);
});

it.each([
  [NONE_BYTES - 1, 'none'],
  [NONE_BYTES, 'low'],
  [LOW_BYTES - 1, 'low'],
  [LOW_BYTES, 'enough'],
] as const)('%d free bytes are %s', (free, room) => expect(roomOf(free)).toBe(room));

it('over any time a device gets no more through than the bucket and its days', () => {
  const step = fc.record({
    after: fc.integer({ min: -DAY, max: DAY }),
    records: fc.integer({ min: 0, max: 20_000 }),
    bytes: fc.integer({ min: 0, max: 30_000_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let [now, forward, records, bytes] = [Number(START), 0, 0, 0];
      let budget = full;
      for (const { after: passed, ...upload } of steps) {
        now += passed;
        forward += Math.max(0, passed);
        budget = refilled(budget, wallMs(now));
        const left = spent(budget, upload);
        if (left === undefined) continue;
        budget = left;
        records += upload.records;
        bytes += upload.bytes;
        expect(isGreedy(budget)).toBe(
          budget.records < RECORDS.full - RECORDS.aDay || budget.bytes < BYTES.full - BYTES.aDay,
        );
      }
      expect(records).toBeLessThanOrEqual(RECORDS.full + (forward / DAY) * RECORDS.aDay + 1);
      expect(bytes).toBeLessThanOrEqual(BYTES.full + (forward / DAY) * BYTES.aDay + 1);
    }),
  );
});

it.each([
  [RECORDS.aDay, 0, false],
  [RECORDS.aDay + 1, 0, true],
  [0, BYTES.aDay, false],
  [0, BYTES.aDay + 1, true],
])('%i records and %i bytes are more than a day’s worth: %s', (records, bytes, greedy) => {
  expect(isGreedy(after(full, [records, bytes]))).toBe(greedy);
});

it('the last 128 MiB of a disk stay free', () => {
  expect([NONE_BYTES, LOW_BYTES]).toEqual([134_217_728, 1_073_741_824]);
});
