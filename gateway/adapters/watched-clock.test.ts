import { expect, it } from 'vitest';
import { monoMs, wallMs } from '#protocol/kernel/time.js';
import type { ClockFault } from '../core/clock-watch.js';
import type { Clock } from '../ports/clock.js';
import { watchedClock } from './watched-clock.js';

/** A machine with a settable wall clock that can sleep. */
function machine() {
  const its = { wall: 1_000_000_000, ran: 0, slept: 0, known: 0, ring: (): void => undefined };
  const clock: Clock = {
    now: () => wallMs(its.wall),
    mono(exactly) {
      if (exactly) its.known = its.slept;
      return monoMs(its.ran + its.known);
    },
    wakeAfter(_, ring) {
      its.ring = ring;
      return () => {
        its.ring = () => undefined;
      };
    },
  };
  const run = (ms: number): void => {
    its.wall += ms;
    its.ran += ms;
  };
  return { its, clock, run };
}

const watch = (newest?: number) => {
  const { its, clock, run } = machine();
  const told: (ClockFault | undefined)[] = [];
  const watched = watchedClock(clock, {
    newest: newest === undefined ? undefined : wallMs(newest),
    changed: (fault) => told.push(fault),
  });
  return { its, run, told, watched };
};

it('an idle gateway notices a leap, goes on as if there were none, and is well again by itself', () => {
  const { its, run, told, watched } = watch();
  run(1_000);
  its.wall += 180_000;
  its.ring();
  expect([told, watched.fault, watched.now()]).toEqual([['CLOCK_LEAPT'], 'CLOCK_LEAPT', 1_000_001_000]);
  run(60_000);
  expect(watched.now()).toBe(1_000_061_000);
  its.wall -= 180_000;
  expect(watched.now()).toBe(1_000_061_000);
  expect([told, watched.fault]).toEqual([['CLOCK_LEAPT', undefined], undefined]);
});

it('a machine that slept for an hour has not leapt', () => {
  const { its, told, watched } = watch();
  its.wall += 3_600_000;
  its.slept += 3_600_000;
  expect([watched.now(), told]).toEqual([1_003_600_000, []]);
});

it('one that starts before its ledger’s newest commit says so at once, and stops looking when it is stopped', () => {
  const { its, told, watched } = watch(2_000_000_000);
  expect([told, watched.now()]).toEqual([['CLOCK_BEHIND_LEDGER'], 2_000_000_000]);
  watched.stop();
  its.wall = 2_000_001_000;
  its.ring();
  expect(told).toEqual(['CLOCK_BEHIND_LEDGER']);
});
