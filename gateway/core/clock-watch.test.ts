import fc from 'fast-check';
import { expect, it } from 'vitest';
import { monoMs, wallMs } from '#protocol/kernel/time.js';
import { ANCHOR_MS, type ClockState, clockFault, initialClockState, LEAP_MS, readClock } from './clock-watch.js';

const NINE = Date.UTC(2026, 10, 29, 9);
const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];
const at = (wall: number, mono: number) => ({ wall: wallMs(wall), mono: monoMs(mono) });

/** Each check: the monotonic time since the start, and how far off the wall clock is. */
const watched = (newest: number | undefined, looks: readonly (readonly [after: number, off: number])[]) => {
  let state: ClockState = initialClockState(
    at(NINE + (looks[0]?.[1] ?? 0), 0),
    newest === undefined ? undefined : wallMs(newest),
  );
  return looks.map(([after, off]) => {
    const reading = readClock(state, at(NINE + after + off, after));
    state = reading.state;
    return [clockFault(state) ?? 'right', reading.now - NINE - after];
  });
};

it.each([
  [
    'a day on which nothing happens',
    undefined,
    [
      [0, 0],
      [HOUR, 0],
      [DAY, 0],
    ],
    [
      ['right', 0],
      ['right', 0],
      ['right', 0],
    ],
  ],
  [
    'a clock that NTP slews',
    undefined,
    [
      [0, 0],
      [HOUR, 1_800],
      [2 * HOUR, 3_600],
    ],
    [
      ['right', 0],
      ['right', 1_800],
      ['right', 3_600],
    ],
  ],
  [
    'three minutes forward, and back',
    undefined,
    [
      [0, 0],
      [SECOND, 3 * MINUTE],
      [MINUTE, 3 * MINUTE],
      [2 * MINUTE, 0],
    ],
    [
      ['right', 0],
      ['CLOCK_LEAPT', 0],
      ['CLOCK_LEAPT', 0],
      ['right', 0],
    ],
  ],
  [
    'ten years forward',
    undefined,
    [
      [0, 0],
      [SECOND, 3_650 * DAY],
    ],
    [
      ['right', 0],
      ['CLOCK_LEAPT', 0],
    ],
  ],
  [
    'three days back',
    undefined,
    [
      [0, 0],
      [SECOND, -3 * DAY],
      [DAY, -3 * DAY],
    ],
    [
      ['right', 0],
      ['CLOCK_LEAPT', 0],
      ['CLOCK_LEAPT', 0],
    ],
  ],
  [
    'a leap in many small ones',
    undefined,
    [
      [0, 0],
      [SECOND, 9_000],
      [2 * SECOND, 18_000],
      [3 * SECOND, 27_000],
    ],
    [
      ['right', 0],
      ['right', 9_000],
      ['CLOCK_LEAPT', 0],
      ['CLOCK_LEAPT', 0],
    ],
  ],
  [
    'a start an hour after the newest commit',
    NINE - HOUR,
    [
      [0, 0],
      [SECOND, 0],
    ],
    [
      ['right', 0],
      ['right', 0],
    ],
  ],
  ['a start in the same second', NINE + 2_000, [[0, 0]], [['right', 0]]],
  [
    'a start ten years before the newest commit, then put right',
    NINE - HOUR,
    [
      [0, -3_650 * DAY],
      [MINUTE, -3_650 * DAY],
      [HOUR, 0],
    ],
    [
      ['CLOCK_BEHIND_LEDGER', -HOUR],
      ['CLOCK_BEHIND_LEDGER', -HOUR],
      ['right', 0],
    ],
  ],
] as const)('%s', (_, newest, looks, expected) => {
  expect(watched(newest, looks)).toEqual(expected);
});

const looks = fc.array(
  fc.record({
    after: fc.integer({ min: 0, max: 2 * HOUR }),
    leap: fc.oneof(fc.constant(0), fc.integer({ min: -DAY, max: DAY }), fc.integer({ min: -12_000, max: 12_000 })),
  }),
  { maxLength: 40 },
);

it('however the wall clock jumps, the time that counts runs with the steady clock, but for a leap an hour', () => {
  fc.assert(
    fc.property(looks, (steps) => {
      let [mono, off] = [0, 0];
      let state = initialClockState(at(NINE, 0), undefined);
      let before = { now: NINE, mono: 0 };
      for (const { after, leap } of steps) {
        mono += after;
        off += leap;
        const { now, state: next } = readClock(state, at(NINE + mono + off, mono));
        state = next;
        // Between two checks: one leap from the anchor, one to it, and one for a new anchor in between.
        expect(Math.abs(now - before.now - (mono - before.mono))).toBeLessThanOrEqual(2 * LEAP_MS);
        const hours = Math.floor(mono / ANCHOR_MS) + 1;
        expect(Math.abs(now - NINE - mono)).toBeLessThanOrEqual(hours * LEAP_MS);
        before = { now, mono };
      }
    }),
  );
});

it('a clock that runs on is right, and is right again as soon as it is where it ought to be', () => {
  fc.assert(
    fc.property(looks, (steps) => {
      let mono = 0;
      let state = initialClockState(at(NINE, 0), undefined);
      for (const { after, leap } of steps) {
        mono += after;
        const wrong = readClock(state, at(NINE + mono + leap, mono));
        // Within one leap the anchor may follow the clock, so the leap is undone in between.
        state = Math.abs(leap) > LEAP_MS ? wrong.state : state;
        const right = readClock(state, at(NINE + mono, mono));
        state = right.state;
        expect([right.now, state.kind]).toEqual([NINE + mono, 'right']);
      }
    }),
  );
});

it('a time behind the newest commit is never said', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 20 * DAY }), looks, (behind, steps) => {
      let [mono, off] = [0, -behind];
      let state = initialClockState(at(NINE + off, 0), wallMs(NINE));
      for (const { after, leap } of steps) {
        mono += after;
        off += leap;
        const reading = readClock(state, at(NINE + mono + off, mono));
        if (state.kind !== 'behind') break;
        state = reading.state;
        expect(reading.now).toBeGreaterThanOrEqual(NINE - LEAP_MS);
      }
    }),
  );
});

const RIGHT_AT_NINE: ClockState = { kind: 'right', wall: wallMs(NINE), mono: monoMs(0) };
it.each<readonly [string, ClockState, number, number, ClockState['kind']]>([
  ['a leap forward, to the millisecond', RIGHT_AT_NINE, 0, LEAP_MS, 'right'],
  ['a millisecond more', RIGHT_AT_NINE, 0, LEAP_MS + 1, 'leapt'],
  ['a leap back', RIGHT_AT_NINE, 0, -LEAP_MS, 'right'],
  ['a millisecond further back', RIGHT_AT_NINE, 0, -LEAP_MS - 1, 'leapt'],
  ['behind by a leap', { ...RIGHT_AT_NINE, kind: 'behind' }, 0, -LEAP_MS, 'right'],
  ['behind by more', { ...RIGHT_AT_NINE, kind: 'behind' }, 0, -LEAP_MS - 1, 'behind'],
])('%s', (_what, state, after, off, kind) => {
  expect(readClock(state, at(NINE + after + off, after)).state.kind).toBe(kind);
});

it.each([
  [ANCHOR_MS - 1, NINE],
  [ANCHOR_MS, NINE + ANCHOR_MS + 5],
])('what is right is compared anew after an hour: %i ms', (after, wall) => {
  expect(readClock(RIGHT_AT_NINE, at(NINE + after + 5, after)).state.wall).toBe(wall);
});

it('a clock that was behind and has come is compared from there on', () => {
  const { state } = readClock({ ...RIGHT_AT_NINE, kind: 'behind' }, at(NINE + 5 * HOUR, SECOND));
  expect(state).toEqual({ kind: 'right', wall: NINE + 5 * HOUR, mono: SECOND });
});

it.each([
  [-LEAP_MS, 'right'],
  [-LEAP_MS - 1, 'behind'],
  [0, 'right'],
])('a start %i ms from the newest commit is %s', (off, kind) => {
  expect(initialClockState(at(NINE + off, 0), wallMs(NINE)).kind).toBe(kind);
});
