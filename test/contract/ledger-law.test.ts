/**
 * Whatever counters and claimants send, true or not: the ledger in memory, the one on SQLite and two gateways that take turns
 * on one file, so that each forgets and reads again, decide alike, and the book adds up.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openSqliteLedger } from '#gateway/ledger/store/sqlite-ledger.js';
import type { Ledger, Op, Reconciliation } from '#gateway/ports/ledger.js';
import type { Verdict } from '#gateway/ports/verifier.js';
import { openMemoryLedger } from '#simulator/doubles/memory-ledger.js';
import {
  abandoned,
  asked,
  Counter,
  charging,
  claimOp,
  commit,
  greet,
  holderId,
  MORNING,
  notCharged,
  refunded,
  settled,
  signedBy,
  testRules,
  unknown,
} from './ledger-fixture.js';

const COUNTERS = ['d1', 'd2', 'd3'];
const PEOPLE = ['ann', 'ben', 'cem'];
const SALES = ['a', 'b', 'c', 'd', 'e'];
const person = fc.constantFrom(...PEOPLE);
const sale = fc.constantFrom(...SALES);
const serial = fc.constantFrom(0, 1, 4, 7, 4_000);
const counterAt = fc.nat(2);
const amount = fc.constantFrom(5_000, 10_000, 30_000);

type Step =
  | { readonly kind: 'claim'; readonly who: string; readonly phone: string }
  | {
      readonly kind: 'ask';
      readonly at: number;
      readonly sale: string;
      readonly who: string;
      readonly amountFen: number;
      readonly verified: number | null;
    }
  /** Asked (for a second holder, too), charged and settled; offline where a number of a presentation is given. */
  | {
      readonly kind: 'sell';
      readonly at: number;
      readonly sale: string;
      readonly who: number;
      readonly next: number | null;
      readonly largest: boolean;
      readonly offline: number | null;
      readonly settles: boolean;
    }
  | { readonly kind: 'send'; readonly at: number; readonly records: readonly Said[] };
interface Said {
  readonly what: 'charging' | 'offline' | 'settled' | 'ended' | 'unknown' | 'refunded';
  readonly sale: string;
  readonly serial: number | null;
  readonly who: string;
  readonly amountFen: number;
  readonly odd: number;
}

const said: fc.Arbitrary<Said> = fc.record({
  what: fc.constantFrom('charging', 'offline', 'settled', 'settled', 'ended', 'unknown', 'refunded'),
  sale,
  serial: fc.option(serial, { freq: 6 }),
  who: person,
  amountFen: amount,
  odd: fc.constantFrom(0, 0, 0, 1, 2, 3),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('claim' as const), who: person, phone: person }),
  fc.record({
    kind: fc.constant('ask' as const),
    at: counterAt,
    sale,
    who: person,
    amountFen: amount,
    verified: fc.option(fc.nat(4)),
  }),
  fc.record({
    kind: fc.constant('sell' as const),
    at: counterAt,
    sale,
    who: fc.constantFrom(0, 0, 1, 2),
    next: fc.option(fc.nat(2), { freq: 2 }),
    largest: fc.boolean(),
    offline: fc.option(fc.nat(2)),
    settles: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('send' as const),
    at: counterAt,
    records: fc.array(said, { minLength: 1, maxLength: 4 }),
  }),
);

function record({ what, sale: name, serial: of, amountFen, odd, who }: Said): Readonly<Record<string, unknown>> {
  const facts = { sale: name, amountFen, serial: of, merchant: odd === 1 ? 'elsewhere' : 'm1' };
  switch (what) {
    case 'charging':
      return { ...charging(facts), ...(odd === 2 && { netFen: 0 }) };
    case 'offline':
      return charging({ ...facts, serial: of ?? 0, presentation: `CP1:${who}${odd}` });
    case 'settled':
      return { ...settled(facts), ...(odd === 2 && { faceFen: 90_000_000 }) };
    case 'ended':
      return odd === 0 ? notCharged(name) : abandoned(name);
    case 'unknown':
      return unknown(name);
    case 'refunded':
      return refunded(name, odd * 5_000);
  }
}

/** Whose showing it is, of which coupons: `odd` 3 is forged. */
const verdicts: [string, Verdict][] = PEOPLE.flatMap((who, at) =>
  [0, 1, 2, 3].map((odd): [string, Verdict] => [
    `CP1:${who}${odd}`,
    odd === 3 ? { ok: false, reason: 'presentation-forged' } : signedBy(who, [at, 4 + at, 7], odd),
  ]),
);

/** The coupons of each of `PEOPLE`, the largest last: they claim first, one after another. */
const COUPONS = [
  [0, 4, 7],
  [1, 5],
  [2, 6],
] as const;

function sell(counter: Counter, one: Extract<Step, { readonly kind: 'sell' }>): Op[] {
  const [who = '', coupons = []] = [PEOPLE[one.who], COUPONS[one.who]];
  const serial = (one.largest ? coupons.at(-1) : coupons[0]) ?? 0;
  const facts = { sale: one.sale, amountFen: 30_000, serial };
  const told = { ...facts, ...(one.offline !== null && { presentation: `CP1:${who}${one.offline}` }) };
  const second = one.next === null ? [] : [counter.asks(one.sale, PEOPLE[one.next] ?? '', 30_000)];
  const asks = one.offline === null ? [counter.asks(one.sale, who, 30_000), ...second] : [];
  return [...asks, counter.sends([charging(told), ...(one.settles ? [settled(facts)] : [])], verdicts)];
}

function opsOf(steps: readonly Step[]): readonly Op[] {
  const counters = COUNTERS.map((name) => new Counter(name));
  const claims = PEOPLE.map((who) => claimOp(who, ['s20', 's40', 's80']));
  const others = steps.flatMap((one): Op[] => {
    if (one.kind === 'claim') return [claimOp(one.who, ['s20', 's40', 's80'], { phone: one.phone })];
    const counter = counters[one.at];
    if (counter === undefined) return [];
    if (one.kind === 'sell') return sell(counter, one);
    if (one.kind === 'send') return [counter.sends(one.records.map(record), verdicts)];
    const { verified, who } = one;
    const shown = {
      kind: 'verified',
      holder: holderId(who),
      nonce: verified ?? 0,
      evidence: `CP1:${who}${verified}`,
    } as const;
    return [counter.asks(one.sale, who, one.amountFen, verified === null ? {} : { presented: shown })];
  });
  return [...claims, ...others];
}

const refund = fc.constantFrom('stays-used', 'restored-if-full', 'restored-next-day', 'pro-rata');
const conflict = fc.constantFrom('sponsor', 'bank', 'merchant');
const close = (ledger: Ledger): Promise<void> => new Promise((closed) => ledger.close(closed));

it('decides alike whatever it is made of, and adds up', async () => {
  let kept = 0;
  await fc.assert(
    fc.asyncProperty(
      refund,
      conflict,
      fc.boolean(),
      fc.array(step, { minLength: 5, maxLength: 60 }),
      fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 20 })), { minLength: 40, maxLength: 40 }),
      async (...drawn) => {
        const [refundRule, conflictAccount, looksBack, steps, sizes] = drawn;
        const offline = { ...testRules().campaign.offline, conflictAccount, maxPerHolder: 3 };
        const splitGuard = looksBack ? { minutes: 30, maxPayments: 2 } : null;
        const rules = testRules({ refund: refundRule, offline, splitGuard });
        const folder = mkdtempSync(join(tmpdir(), 'codeplate-law-'));
        const memory = openMemoryLedger(rules);
        let alone = await openSqliteLedger(join(folder, 'one.db'), rules);
        const left: Ledger[] = [];
        const turns = [
          await openSqliteLedger(join(folder, 'two.db'), rules),
          await openSqliteLedger(join(folder, 'two.db'), rules),
        ];
        for (const ledger of [memory, alone, turns[0] as Ledger])
          await greet(ledger, ...COUNTERS.map((name) => new Counter(name)));
        const ops = [...opsOf(steps)];
        for (const [at, size] of sizes.entries()) {
          const [batch, now] = [ops.splice(0, size), MORNING + at * 20_000];
          if (batch.length === 0) break;
          const expected = await commit(memory, batch, now);
          expect(await commit(alone, batch, now)).toEqual(expected);
          expect(await commit(turns[at % 2] as Ledger, batch, now)).toEqual(expected);
          if (at % 9 !== 8) continue;
          // As after a crash: nobody has closed it.
          left.push(alone);
          alone = await openSqliteLedger(join(folder, 'one.db'), rules);
        }
        const sums = (ledger: Ledger) => asked<Reconciliation>((done) => ledger.reconciliation(done));
        const all = await Promise.all([memory, alone, ...turns].map(sums));
        for (const one of all) expect(one).toEqual(all[0]);
        kept += all[0]?.redeemed ?? 0;
        const { postingsFen = 1, accounts = {} } = all[0] ?? {};
        expect(postingsFen).toBe(0);
        const of = (name: RegExp) =>
          Object.entries(accounts).reduce((sum, [account, fen]) => sum + (name.test(account) ? fen : 0), 0);
        expect(-of(/^(sponsor:|conflict:sponsor$)/)).toBeLessThanOrEqual(rules.campaign.budgetFen);
        expect(-of(/^sponsor:/)).toBeLessThanOrEqual(memory.book.totals.claimedFen);
        for (const ledger of [alone, ...turns, ...left]) {
          expect(await asked((done) => ledger.auditIntact(done))).toBe(true);
          await close(ledger);
        }
        rmSync(folder, { recursive: true, force: true });
      },
    ),
    { numRuns: 60 },
  );
  // Lies alone would hold no law about money to anything.
  expect(kept).toBeGreaterThan(0);
}, 120_000);
