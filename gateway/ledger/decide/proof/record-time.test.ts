/** The credibility of a record's time, an instant on both sides of each limit. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Interval, type WallMs, wallMs } from '#protocol/kernel/time.js';
import type { JournalRecord } from '#protocol/records/record.js';
import { CLOCKS_APART_MS, heldWhenJudged, newestWith, timeDoubts } from './record-time.js';

const NOW = wallMs(Date.UTC(2023, 2, 27, 2));
const at = (earliest: number, latest = earliest): Interval => ({ earliest: wallMs(earliest), latest: wallMs(latest) });
const record = (time: Interval | null): JournalRecord =>
  ({ kind: 'abandoned', sale: 'a', why: 'till', at: time }) as JournalRecord;

it.each<readonly [string, Interval, number | undefined, readonly string[]]>([
  ['now', at(NOW), undefined, []],
  ['a clock step ahead', at(NOW + CLOCKS_APART_MS), undefined, []],
  ['a moment further ahead', at(NOW + CLOCKS_APART_MS + 1), undefined, ['time-in-future']],
  ['perhaps ahead, perhaps not', at(NOW, NOW + 90_000), undefined, []],
  ['ten days ago, and the first', at(NOW - 864e6), undefined, []],
  ['when the newest was', at(NOW - 9), NOW - 9, []],
  ['a moment before the newest', at(NOW - 10), NOW - 9, ['time-goes-back']],
  ['perhaps before the newest, perhaps not', at(NOW - 20, NOW - 9), NOW - 9, []],
  ['the past, where the gateway’s own clock has gone back', at(NOW - 10), NOW + CLOCKS_APART_MS + 1, []],
  ['from the future, and before another from there', at(NOW + 9e9), NOW + 9e10, ['time-in-future']],
  ['the first of 1970', at(0), 0, []],
])('a record of %s', (_what, time, newestAt, doubts) => {
  expect(timeDoubts(time, { now: NOW, newestAt })).toEqual(doubts);
});

it.each<readonly [string, Interval | null, number | undefined, number | undefined]>([
  ['without a time, first', null, undefined, undefined],
  ['without a time', null, 7, 7],
  ['with a time, first', at(NOW - 9, NOW), undefined, NOW - 9],
  ['with a later time', at(NOW - 9, NOW), NOW - 10, NOW - 9],
  ['with an earlier time', at(NOW - 11, NOW), NOW - 10, NOW - 10],
  ['a clock step ahead', at(NOW + CLOCKS_APART_MS), 7, NOW + CLOCKS_APART_MS],
  ['from the future', at(NOW + CLOCKS_APART_MS + 1), 7, 7],
  ['from the future, first', at(NOW + CLOCKS_APART_MS + 1), undefined, undefined],
])('the newest time after a record %s', (_what, time, before, after) => {
  expect(newestWith(record(time), before, { now: NOW, answeredAt: undefined })).toBe(after);
});

it.each<readonly [string, Interval | null, number | undefined, number, number | undefined]>([
  ['whose clock stands', at(NOW - 60_000), NOW - 70_000, NOW - 9_000, NOW - 9_000 - CLOCKS_APART_MS],
  ['whose clock is right', at(NOW - 8_000), NOW - 70_000, NOW - 9_000, NOW - 8_000],
  ['without a clock', null, undefined, NOW - 9_000, NOW - 9_000 - CLOCKS_APART_MS],
  ['long known to be later', null, NOW - 3, NOW - 9_000, NOW - 3],
  ['of a gateway whose clock was far ahead', null, 7, NOW + 3_600_000, 7],
])('after a charge by a reservation, at a counter %s', (_what, time, before, answeredAt, after) => {
  expect(newestWith(record(time), before, { now: NOW, answeredAt })).toBe(after);
});

describe('what a counter judged', () => {
  it.each([
    ['at its record’s time', NOW, NOW, true],
    ['two seconds before it', NOW - 2_000, NOW - 2_000, true],
    ['a moment earlier', NOW - 2_001, NOW - 2_001, false],
    ['afterwards', NOW + 1, NOW + 1, false],
  ])('may have held %s', (_what, earliest, latest, held) => {
    expect(heldWhenJudged(at(NOW), (judged) => judged.earliest === earliest && judged.latest === latest)).toBe(held);
  });
  it('is an interval as wide as the record’s', () => {
    const widths: number[] = [];
    heldWhenJudged(at(NOW - 40, NOW), ({ earliest, latest }) => widths.push(latest - earliest) < 0);
    expect(widths).toEqual([40, 40]);
  });
});

it('an honest counter’s records, one after another, are never doubted', () => {
  const steps = fc.array(fc.record({ after: fc.nat(100_000), width: fc.nat(90_000) }), { maxLength: 20 });
  fc.assert(
    fc.property(steps, (list) => {
      let truth: number = NOW;
      let floor = 0;
      let newest: number | undefined;
      for (const { after, width } of list) {
        truth += after;
        // The true time lies in the interval, and earlier records are the clock's floor.
        const earliest = Math.max(floor, truth - width);
        const time = at(earliest, Math.max(truth, earliest));
        floor = earliest;
        expect(timeDoubts(time, { now: truth as WallMs, newestAt: newest })).toEqual([]);
        newest = newestWith(record(time), newest, { now: truth as WallMs, answeredAt: undefined });
      }
    }),
  );
});
