/** What must agree in a format-2 document where money is concerned: benefits, budget, sponsors, settlement. */
import { parseDay } from '../calendar.js';
import { across, type Check, problem, usedTwice } from '../load.js';
import { campaignV2Schema, type TierV2, worthFen } from './schema.js';

const { shape } = campaignV2Schema;
const WHOLE_BASIS_POINTS = 10_000;

export const MONEY_CHECKS: readonly Check[] = [
  across({ tiers: shape.tiers }, ({ tiers }) => tiers.flatMap(badBenefit)),
  across({ tiers: shape.tiers, couponsPerPayment: shape.couponsPerPayment }, ({ tiers, couponsPerPayment }) => {
    if (couponsPerPayment === 1) return [];
    return tiers.flatMap(({ benefit, thresholdFen }, index) => {
      if (thresholdFen === null)
        return [problem(['tiers', index, 'thresholdFen'], null, 'a threshold, since several coupons share a payment')];
      if (benefit.kind === 'fixed' || benefit.kind === 'random') return [];
      return [
        problem(['tiers', index, 'benefit', 'kind'], benefit.kind, '"fixed" or "random" with couponsPerPayment > 1'),
      ];
    });
  }),
  across(
    { tiers: shape.tiers, rounds: shape.rounds, budget: shape.budget, opening: shape.opening },
    ({ tiers, rounds, budget, opening }) => {
      const days = Math.max(1, parseDay(opening.lastDay) - parseDay(opening.firstDay) + 1);
      const claimed = rounds.flatMap(({ claims, quantities }) =>
        quantities.map(({ tier, quantity }) => {
          const known = tiers.find(({ id }) => id === tier);
          return (
            (known === undefined ? 0 : worthFen(known.benefit)) * quantity * (claims.by === 'draw' ? 1 : claims.days)
          );
        }),
      );
      const unclaimed = tiers.map(({ issue, benefit }) =>
        issue.how === 'no-claim' ? worthFen(benefit) * issue.quantityPerDay * days : 0,
      );
      const total = [...claimed, ...unclaimed].reduce((sum, worth) => sum + worth, 0);
      if (total <= budget.wholeFen) return [];
      const allowed = `at least what all coupons can be worth together, ${total}`;
      return [problem(['budget', 'wholeFen'], budget.wholeFen, allowed)];
    },
  ),
  across({ budget: shape.budget }, ({ budget }) => {
    const { wholeFen, perDayFen, perMerchantFen, byCategory } = budget;
    const parts = { perDayFen, perMerchantFen };
    return [
      ...Object.entries(parts).flatMap(([part, value]) =>
        value === null || value <= wholeFen
          ? []
          : [problem(['budget', part], value, `at most the whole budget, ${wholeFen}`)],
      ),
      ...byCategory.flatMap(({ fen }, index) =>
        fen <= wholeFen
          ? []
          : [problem(['budget', 'byCategory', index, 'fen'], fen, `at most the whole budget, ${wholeFen}`)],
      ),
      ...usedTwice(byCategory, 'budget.byCategory', 'category'),
    ];
  }),
  across({ budget: shape.budget, merchants: shape.merchants }, ({ budget, merchants }) => {
    if (merchants.who !== 'categories') return [];
    return budget.byCategory.flatMap(({ category }, index) =>
      merchants.categories.includes(category)
        ? []
        : [problem(['budget', 'byCategory', index, 'category'], category, 'a category that takes part')],
    );
  }),
  across({ sponsors: shape.sponsors }, ({ sponsors }) => usedTwice(sponsors, 'sponsors', 'id')),
  across({ sponsors: shape.sponsors, tiers: shape.tiers }, ({ sponsors, tiers }) => [
    ...tiers.flatMap((tier, index) =>
      payers(tier).flatMap((sponsor, place) => {
        const path = ['tiers', index, 'paidBy', tier.paidBy.kind, place, 'sponsor'];
        if (!sponsors.some(({ id }) => id === sponsor))
          return [problem(path, sponsor, `a sponsor of the campaign: ${sponsors.map(({ id }) => id).join(', ')}`)];
        return payers(tier).indexOf(sponsor) === place ? [] : [problem(path, sponsor, 'each sponsor once')];
      }),
    ),
    ...sponsors.flatMap(({ id }, index) =>
      tiers.some((tier) => payers(tier).includes(id))
        ? []
        : [problem(['sponsors', index, 'id'], id, 'a sponsor that pays for some tier')],
    ),
  ]),
  across({ tiers: shape.tiers }, ({ tiers }) =>
    tiers.flatMap(({ paidBy }, index) => {
      if (paidBy.kind === 'shares') {
        const sum = paidBy.shares.reduce((total, { basisPoints }) => total + basisPoints, paidBy.merchantBasisPoints);
        if (sum === WHOLE_BASIS_POINTS) return [];
        const allowed = `shares that add up to ${WHOLE_BASIS_POINTS} with the merchant's own`;
        return [problem(['tiers', index, 'paidBy', 'shares'], sum, allowed)];
      }
      const last = paidBy.order.length - 1;
      return paidBy.order.flatMap(({ ceilingFen }, place) => {
        if ((ceilingFen === null) === (place === last)) return [];
        const allowed = place === last ? 'null: the last pays what is left' : 'a ceiling, or the next never pays';
        return [problem(['tiers', index, 'paidBy', 'order', place, 'ceilingFen'], ceilingFen, allowed)];
      });
    }),
  ),
  across({ deduction: shape.deduction, settlement: shape.settlement }, ({ deduction, settlement }) =>
    deduction === 'ours' && settlement.mode === 'network'
      ? [
          problem(
            ['settlement', 'mode'],
            'network',
            '"payout" where the deduction is ours: the network knows no coupon',
          ),
        ]
      : [],
  ),
  across({ tiers: shape.tiers, offline: shape.offline }, ({ tiers, offline }) => {
    if (!offline.permitted) return [];
    const taken = tiers.filter(({ id }) => offline.tiers.includes(id)).map(({ benefit }) => worthFen(benefit));
    const smallest = Math.min(...taken);
    if (taken.length === 0 || offline.maxFaceFen >= smallest) return [];
    return [problem(['offline', 'maxFaceFen'], offline.maxFaceFen, `at least the smallest coupon, ${smallest}`)];
  }),
];

const payers = ({ paidBy }: TierV2): readonly string[] =>
  (paidBy.kind === 'shares' ? paidBy.shares : paidBy.order).map(({ sponsor }) => sponsor);

function badBenefit({ benefit, thresholdFen, fullDeduction }: TierV2, index: number) {
  const path = ['tiers', index, 'benefit'];
  const threshold = ['tiers', index, 'thresholdFen'];
  const found = [];
  switch (benefit.kind) {
    case 'fixed':
      if (thresholdFen !== null && thresholdFen < benefit.faceFen)
        found.push(problem(threshold, thresholdFen, `at least the face, ${benefit.faceFen}, or null`));
      break;
    case 'random':
      if (benefit.minFen > benefit.maxFen)
        found.push(problem([...path, 'minFen'], benefit.minFen, `at most maxFen, ${benefit.maxFen}`));
      if (thresholdFen !== null && benefit.maxFen > thresholdFen)
        found.push(problem([...path, 'maxFen'], benefit.maxFen, `at most the threshold, ${thresholdFen}`));
      break;
    case 'per-full':
      if (benefit.offFen > benefit.everyFen)
        found.push(problem([...path, 'offFen'], benefit.offFen, `at most everyFen, ${benefit.everyFen}`));
      if (benefit.capFen < benefit.offFen)
        found.push(problem([...path, 'capFen'], benefit.capFen, `at least offFen, ${benefit.offFen}`));
      if (thresholdFen !== null && thresholdFen < benefit.everyFen)
        found.push(problem(threshold, thresholdFen, `at least everyFen, ${benefit.everyFen}, or null`));
      break;
    case 'percent':
      break;
  }
  if (fullDeduction && (benefit.kind === 'percent' || (thresholdFen !== null && thresholdFen > worthFen(benefit))))
    found.push(
      problem(['tiers', index, 'fullDeduction'], true, 'false: this benefit never takes all of an amount off'),
    );
  return found;
}
