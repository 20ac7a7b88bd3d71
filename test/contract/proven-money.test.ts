/**
 * Whatever counters that lie write into their records, in whatever order: merchants get no more than the faces of coupons
 * that were proven, at each counter once, and no sponsor pays past its part of the budget.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileRules } from '#gateway/ledger/decide/rules.js';
import type { CouponSerial, DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import { sha256 } from '#protocol/node/crypto.js';
import { openMemoryLedger } from '#simulator/doubles/memory-ledger.js';
import {
  abandoned,
  Counter,
  charging,
  claimed,
  claimOp,
  commitOne,
  greet,
  LEASE_MS,
  MORNING,
  notCharged,
  refunded,
  settled,
  signedBy,
  testCampaign,
  unknown,
} from './ledger-fixture.js';

/** Each with the coupons that the claims below give them. */
const HOLDERS = { ann: [0, 4, 7], ben: [1, 5], cem: [2] } as const;
const NAMES = ['ann', 'ben', 'cem'] as const;
const MERCHANT_OF: Readonly<Record<string, string>> = { d1: 'm1', d2: 'm1', d3: 'm2' };
const DEVICES = Object.keys(MERCHANT_OF);
const SALES = ['a', 'b', 'c', 'd'];
const faceOf = (serial: number): number => (serial === 7 ? 8_000 : serial >= 4 ? 4_000 : 2_000);

const money = fc.constantFrom(0, 1, 2_000, 10_000, 22_000, 30_000, 99_999_999);
const lie = fc.record(
  {
    amountFen: money,
    netFen: money,
    faceFen: money,
    serial: fc.constantFrom(0, 3, 5, 7, 4_000),
    merchant: fc.constantFrom('m1', 'm2', 'm9'),
    at: fc.constantFrom(null, { earliest: 0, latest: 0 }, { earliest: MORNING + 9e8, latest: MORNING + 9e8 }),
  },
  { requiredKeys: [] },
);
const step = fc.record({
  at: fc.nat(2),
  what: fc.constantFrom(
    'asked',
    'shown',
    'shown',
    'forged',
    'claimed',
    'settled',
    'refund',
    'part',
    'ended',
    'unknown',
  ),
  who: fc.constantFrom(...NAMES),
  sale: fc.constantFrom(...SALES),
  serial: fc.constantFrom(0, 1, 2, 3, 4, 5, 7),
  amountFen: fc.constantFrom(5_000, 10_000, 20_000, 30_000),
  showing: fc.integer({ min: 1, max: 4 }),
  back: money,
  lie: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: lie }),
});

const campaignOf = (refund: string, conflictAccount: string) =>
  testCampaign({
    refund,
    offline: { ...testCampaign().offline, maxCoupons: 20, maxFaceFen: 100_000, maxPerHolder: 9, conflictAccount },
  });

it('merchants get no more than the faces of proven coupons, and the sponsors pay within their budget', async () => {
  let paidWorlds = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('stays-used', 'restored-if-full', 'restored-next-day', 'pro-rata'),
      fc.constantFrom('sponsor', 'bank', 'merchant'),
      fc.array(step, { minLength: 1, maxLength: 30 }),
      async (refund, bearer, steps) => {
        const campaign = campaignOf(refund, bearer);
        const merchantOf = (device: DeviceId) => MERCHANT_OF[device] as MerchantId | undefined;
        const ledger = openMemoryLedger(compileRules({ campaign, sha256, leaseMs: LEASE_MS, merchantOf }));
        const counters = DEVICES.map((device) => new Counter(device, MERCHANT_OF[device]));
        await greet(ledger, ...counters);
        for (const name of NAMES)
          await claimed(
            ledger,
            claimOp(
              name,
              HOLDERS[name].map((serial) => (serial === 7 ? 's80' : serial >= 4 ? 's40' : 's20')),
            ),
          );
        // The auditor's own book: which coupon was proven at which counter, by what its holder signed or the gateway answered.
        const proven = new Set<string>();
        for (const [n, one] of steps.entries()) {
          const counter = counters[one.at] ?? new Counter();
          const { sale, serial, amountFen, who } = one;
          const facts = { sale, amountFen, serial, merchant: counter.merchant };
          const send = (
            records: readonly Readonly<Record<string, unknown>>[],
            verdicts: Parameters<Counter['sends']>[1] = [],
          ) =>
            commitOne(
              ledger,
              counter.sends(
                records.map((record) => ({ ...record, ...one.lie })),
                verdicts,
              ),
              MORNING + n * 1_000,
            );
          switch (one.what) {
            case 'asked': {
              const outcome = await commitOne(ledger, counter.asks(sale, who, amountFen), MORNING + n * 1_000);
              if (outcome.kind !== 'authorised' || outcome.answer.kind !== 'reserved') break;
              const got = outcome.answer.serial;
              proven.add(`${counter.device} ${got}`);
              await send([charging({ ...facts, serial: got }), settled({ ...facts, serial: got })]);
              break;
            }
            case 'shown':
            case 'forged': {
              const code = `CP1:${who}${one.showing}`;
              const isTrue = one.what === 'shown';
              const own: readonly number[] = HOLDERS[who];
              if (isTrue) for (const of of own) proven.add(`${counter.device} ${of}`);
              const verdict = isTrue
                ? signedBy(who, own, one.showing, { shownAt: MORNING })
                : ({ ok: false, reason: 'presentation-forged' } as const);
              await send([charging({ ...facts, presentation: code }), settled(facts)], [[code, verdict]]);
              break;
            }
            case 'claimed':
              await send([charging(facts), settled(facts)]);
              break;
            case 'settled':
              await send([settled(facts)]);
              break;
            case 'refund':
              await send([refunded(sale, one.back)]);
              break;
            case 'part':
              await send([refunded(sale, 1_000, `${n}`)]);
              break;
            case 'ended':
              await send([one.back > 2_000 ? notCharged(sale) : abandoned(sale)]);
              break;
            case 'unknown':
              await send([unknown(sale)]);
              break;
          }
        }
        const sums = new Map<string, number>();
        for (const { legs } of ledger.postings) {
          expect(legs.reduce((sum, leg) => sum + leg.fen, 0)).toBe(0);
          for (const { account, fen } of legs) sums.set(account, (sums.get(account) ?? 0) + fen);
        }
        const of = (prefix: string) =>
          [...sums].filter(([account]) => account.startsWith(prefix)).reduce((sum, [, fen]) => sum + fen, 0);
        const facesFen = [...proven].reduce((sum, pair) => sum + faceOf(Number(pair.split(' ')[1])), 0);
        const merchantsFen = of('merchant:');
        if (merchantsFen > 0) paidWorlds += 1;
        expect(merchantsFen).toBeGreaterThanOrEqual(0);
        expect(merchantsFen).toBeLessThanOrEqual(facesFen);
        const handedOutFen = Object.values(HOLDERS)
          .flat()
          .reduce((sum: number, serial) => sum + faceOf(serial), 0);
        expect(-of('sponsor:')).toBeLessThanOrEqual(handedOutFen);
        expect(-of('sponsor:') - of('conflict:sponsor')).toBeLessThanOrEqual(campaign.budgetFen);
        for (const { id, shareBasisPoints } of campaign.sponsors) {
          // Rounding gives a sponsor less than a fen of each coupon.
          const partFen = (handedOutFen * shareBasisPoints) / 10_000 + 6;
          expect(-of(`sponsor:${id}`)).toBeLessThanOrEqual(partFen);
        }
        expect([...sums.keys()].filter((account) => account === 'merchant:m9')).toEqual([]);
        const used = [...ledger.book.coupons.values()].filter(({ state }) => state === 'used');
        expect(
          used.every(({ serial }: { readonly serial: CouponSerial }) =>
            DEVICES.some((device) => proven.has(`${device} ${serial}`)),
          ),
        ).toBe(true);
      },
    ),
    { numRuns: 300, seed: 20_231_127 },
  );
  // Where nobody is ever paid, nothing is shown.
  expect(paidWorlds).toBeGreaterThan(100);
});
