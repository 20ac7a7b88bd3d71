import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exampleCampaign } from '#protocol/campaign/example-campaign.js';
import { refundOutcome } from '#protocol/campaign/rules/refund.js';
import type { Campaign } from '#protocol/campaign/schema.js';
import type { DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import type { Leg } from '../book/book.js';
import {
  conflictAccount,
  conflictLegs,
  disputedLegs,
  redemptionLegs,
  refundLegs,
  sponsorLegs,
  sumOf,
} from './postings.js';

const SHOP = 'shop-1' as MerchantId;
const DEVICE = 'd1' as DeviceId;

const shared = (...shares: readonly number[]): Campaign => ({
  ...exampleCampaign(),
  sponsors: shares.map((shareBasisPoints, at) => ({ id: `s${at}`, name: `s${at}`, shareBasisPoints })),
});
const balances = (legs: readonly Leg[]): Readonly<Record<string, number>> => {
  const sums: Record<string, number> = {};
  for (const { account, fen: amount } of legs) sums[account] = (sums[account] ?? 0) + amount;
  return sums;
};

describe('a redemption', () => {
  it.each([
    ['one sponsor', shared(10_000), 4_000, { 'sponsor:s0': -4_000, 'merchant:shop-1': 4_000 }],
    [
      'district and bank, 70 to 30',
      shared(7_000, 3_000),
      2_000,
      { 'sponsor:s0': -1_400, 'sponsor:s1': -600, 'merchant:shop-1': 2_000 },
    ],
    [
      'three thirds of 20 yuan: the last sponsor has the odd fen',
      shared(3_333, 3_333, 3_334),
      2_000,
      { 'sponsor:s0': -666, 'sponsor:s1': -666, 'sponsor:s2': -668, 'merchant:shop-1': 2_000 },
    ],
    ['a share too small for a fen', shared(1, 9_999), 2_000, { 'sponsor:s1': -2_000, 'merchant:shop-1': 2_000 }],
  ])('of %s', (_what, campaign, face, expected) => {
    expect(balances(redemptionLegs(campaign, SHOP, fen(face), fen(face)))).toEqual(expected);
  });

  it.each([
    ['more than the face', 99_999_999, 2_000],
    ['less than it', 1_500, 1_500],
  ])('of which a counter says that it took %s (%i fen) pays the merchant %i fen', (_what, taken, paid) => {
    expect(balances(redemptionLegs(shared(10_000), SHOP, fen(2_000), fen(taken)))).toEqual({
      'sponsor:s0': -paid,
      'merchant:shop-1': paid,
    });
  });
});

describe('a double spend', () => {
  const conflict = (account: Campaign['offline']['conflictAccount'], committedFen: number) => {
    const campaign = exampleCampaign();
    const offline = { ...campaign.offline, conflictAccount: account };
    return conflictAccount({ campaign: { ...campaign, offline }, merchant: SHOP, borne: fen(4_000), committedFen });
  };
  it.each([
    ['bank', 0, 'conflict:bank'],
    ['merchant', 0, 'conflict:merchant:shop-1'],
    ['sponsor', 136_000, 'conflict:sponsor'],
    ['sponsor', 136_001, 'conflict:beyond-budget'],
  ] as const)('is borne by the %s where %i fen are committed: %s', (account, committed, expected) => {
    expect(conflict(account, committed)).toBe(expected);
  });
  it('moves nothing where nothing was taken off', () => {
    expect(conflictLegs(SHOP, fen(0), 'conflict:bank')).toEqual([]);
  });
});

describe('whatever the shares, the face and what comes back', () => {
  const uneven = fc
    .array(fc.integer({ min: 1, max: 2_400 }), { maxLength: 4 })
    .map((parts) => [...parts, 10_000 - parts.reduce((sum, part) => sum + part, 0)]);
  const even = fc.constantFrom(
    [5_000, 5_000],
    [3_333, 3_333, 3_334],
    [2_500, 2_500, 2_500, 2_500],
    Array(5).fill(2_000),
  );
  const shares = fc.oneof(uneven, even).map((parts) => shared(...parts));
  // A face and the amount paid belong to one sale: 99,999,999 fen at most together.
  const amount = fc.integer({ min: 1, max: 49_999_999 }).map(fen);
  const small = fc.integer({ min: 1, max: 50 }).map(fen);
  const money = fc.oneof(amount, small);
  const rule = fc.constantFrom('stays-used', 'restored-if-full', 'restored-next-day', 'pro-rata' as const);

  it('every set sums to zero, and each sponsor bears its share to the fen', () => {
    fc.assert(
      fc.property(shares, money, money, (campaign, face, taken) => {
        expect(sumOf(redemptionLegs(campaign, SHOP, face, taken))).toBe(0);
        for (const legs of [redemptionLegs(campaign, SHOP, face, taken), conflictLegs(SHOP, face, 'conflict:bank')]) {
          expect(sumOf(legs)).toBe(0);
          expect(balances(legs)[`merchant:${SHOP}`] ?? 0).toBeLessThanOrEqual(face);
        }
        const disputed = disputedLegs(DEVICE, taken);
        expect([sumOf(disputed), balances(disputed)['disputed:d1']]).toEqual([0, taken]);
        const legs = sponsorLegs(campaign, -face);
        expect(sumOf(legs)).toBe(-face);
        campaign.sponsors.forEach(({ shareBasisPoints }, at) => {
          const exact = (-face * shareBasisPoints) / 10_000;
          expect(Math.abs((legs[at]?.fen ?? 0) - exact)).toBeLessThan(campaign.sponsors.length);
        });
      }),
    );
  });

  it('a refund gives nobody more than was taken, and leaves nobody with less than nothing', () => {
    fc.assert(
      fc.property(shares, money, money, fc.integer({ min: 1, max: 100 }), rule, fc.boolean(), (...drawn) => {
        const [campaign, face, netFen, percent, refund, usableAgain] = drawn;
        const refundedNetFen = fen(Math.max(1, Math.floor((netFen * percent) / 100)));
        const redeemed = redemptionLegs(campaign, SHOP, face, face);
        const outcome = refundOutcome(refund, { netFen, faceFen: face, refundedNetFen, usableAgain });
        const back = refundLegs({ campaign, merchant: SHOP, redeemed, taken: face, outcome });
        expect(sumOf(back)).toBe(0);
        const after = balances([...redeemed, ...back]);
        expect(after[`merchant:${SHOP}`] ?? 0).toBeGreaterThanOrEqual(0);
        for (const { id } of campaign.sponsors) expect(after[`sponsor:${id}`] ?? 0).toBeLessThanOrEqual(0);
        if (refundedNetFen === netFen) expect(after[`merchant:${SHOP}`] ?? 0).toBe(0);
      }),
      { numRuns: 2_000 },
    );
  });
});
