import { expect, it } from 'vitest';
import { wallMs } from '#protocol/kernel/time.js';
import type { Clock } from '../ports/clock.js';
import { type ClosingStep, closeInOrder } from './closing.js';

/** A clock that fires as soon as everything else is idle, and records each step's time limit. */
function clockOf(): { readonly clock: Clock; readonly given: number[]; readonly open: Set<() => void> } {
  const open = new Set<() => void>();
  const given: number[] = [];
  const clock: Clock = {
    now: () => wallMs(0),
    wakeAfter(after, ring) {
      given.push(after);
      open.add(ring);
      setImmediate(() => open.delete(ring) && ring());
      return () => open.delete(ring);
    },
  };
  return { clock, given, open };
}

const step = (name: string, begun: string[], close: () => Promise<void>): ClosingStep => ({
  name,
  withinMs: 500,
  close() {
    begun.push(name);
    return close();
  },
});

it('what hangs or fails is left behind and named, and what is behind it still ends in its order', async () => {
  const begun: string[] = [];
  const { clock, given, open } = clockOf();
  const unfinished = await closeInOrder(
    [
      step('door', begun, async () => undefined),
      step('queue', begun, () => new Promise(() => undefined)),
      step('broker', begun, () => Promise.reject(new Error('no'))),
      step('ledger', begun, async () => undefined),
    ],
    clock,
  );
  expect(unfinished).toEqual(['queue', 'broker']);
  expect(begun).toEqual(['door', 'queue', 'broker', 'ledger']);
  expect(given).toEqual([500, 500, 500, 500]);
  expect(open.size).toBe(0);
});
