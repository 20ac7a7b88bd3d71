/** A counter's spent set after the publications of a gateway, across its restarts. */
import { expect, it } from 'vitest';
import type { CouponSerial } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import { parseSpent } from '#protocol/messages/index.js';
import { applySpent, isSpent, NOTHING_SPENT, type SpentSet } from '#protocol/messages/spent.js';
import { openMemoryLedger } from '#simulator/doubles/memory-ledger.js';
import { MORNING, serialOf, testRules } from '../../test/contract/ledger-fixture.js';
import type { Ledger } from '../ports/ledger.js';
import { SpentSetPublisher } from './spent-set-publisher.js';

/** Runs a publisher from its start to its end; returns the set of a counter that began with `before`. */
function heard(before: SpentSet, ledger: Ledger, startedAt: number, redeemed: readonly CouponSerial[]): SpentSet {
  let set = before;
  const board = new SpentSetPublisher({
    ledger,
    broker: {
      listen: (_events, done) => done(undefined),
      send: () => {},
      sendAll: () => {},
      publish(_topic, payload) {
        const message = parseSpent(Buffer.from(payload));
        const applied = message.ok ? applySpent(set, message.value) : undefined;
        if (applied?.ok !== true) throw new Error(payload);
        set = applied.value.set;
      },
      close: (done) => done(),
    },
    clock: { now: () => wallMs(startedAt), wakeAfter: () => () => {} },
    campaign: testRules().campaign.id,
  });
  board.load(() => board.publish());
  for (const serial of redeemed) {
    board.record({ outcomes: [], spent: [serial], restored: [], alerts: [], findings: [] });
    board.publishChange();
  }
  board.close();
  return set;
}

it('counters go on hearing what is used after an older copy of the ledger was put back', () => {
  const ledger = openMemoryLedger(testRules());
  const manyCommits = { ...ledger, spent: answering(500) };
  const before = heard(NOTHING_SPENT, manyCommits, MORNING, [0, 1, 2].map(serialOf));
  expect([0, 1, 2, 3].map((n) => isSpent(before, serialOf(n)))).toEqual([true, true, true, false]);

  const after = heard(before, { ...ledger, spent: answering(20) }, MORNING + 60_000, [serialOf(3)]);
  expect(isSpent(after, serialOf(3))).toBe(true);
  expect(after.version).toBeGreaterThan(before.version);
});

const answering =
  (commits: number): Ledger['spent'] =>
  (_now, done) =>
    done(undefined, { serials: [], commits });
