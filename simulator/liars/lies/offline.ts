/** Lies about a coupon that was taken offline: each starts from an honest sale and changes one thing of it. */
import { around, type Body, freshCoupon, type Lie, offline, type Parts, type Scene, saleRecords } from '../scene.js';

type Records = [opened: Body, charging: Body, settled: Body];

/** What is changed, in the records or in what they are made of. */
interface Change {
  readonly parts?: (scene: Scene) => Partial<Pick<Parts, 'amountFen' | 'at'>>;
  readonly charging?: (record: Body, scene: Scene) => Body;
  readonly settled?: (record: Body, scene: Scene) => Body;
  /** When the partner's phone says that it was shown. */
  readonly shownAt?: (scene: Scene) => number;
  readonly allowance?: (scene: Scene) => string | undefined;
}

const lie = (id: string, words: string, change: Change, often = 1): Lie => ({
  id,
  words,
  often,
  tell(scene) {
    const found = freshCoupon(scene);
    const allowance = change.allowance === undefined ? scene.allowance?.id : change.allowance(scene);
    if (found === undefined || allowance === undefined) return false;
    const { partner, serial, tier } = found;
    const isTrue = id === 'off-line-truth';
    if (isTrue && !scene.gang.counts(allowance, tier.faceFen, partner)) return false;
    const presentation = partner.present(change.shownAt?.(scene) ?? scene.now);
    const parts = { sale: scene.newSale(), serial, tier, by: offline(presentation, allowance) };
    const [opened, charging, settled]: Records = saleRecords(scene, { ...parts, ...change.parts?.(scene) });
    scene.write([opened, change.charging?.(charging, scene) ?? charging, change.settled?.(settled, scene) ?? settled]);
    if (isTrue) scene.gang.spend(serial);
    return true;
  },
});

const withCoupon = (record: Body, change: Body): Body => ({ ...record, coupon: { ...record.coupon, ...change } });
const fenOf = (record: Body, name: 'amountFen' | 'netFen' | 'serial'): number => record[name] ?? 0;

const HOUR_MS = 3_600_000;
const MUCH = 99_999_999;
const dearest = ({ tiers }: Scene): { readonly id: string; readonly faceFen: number; readonly thresholdFen: number } =>
  tiers.at(-1) ?? { id: 'none', faceFen: 0, thresholdFen: 0 };

export const offlineLies: readonly Lie[] = [
  // The truth among them: without it everything that a liar says would be disputed for its neighbour's sake.
  lie('off-line-truth', 'nothing: a partner’s coupon, taken offline as it should be', {}, 3),

  lie('face-of-a-million', 'the coupon was worth a million', {
    charging: (record) => withCoupon(record, { faceFen: MUCH }),
    settled: (record) => ({ ...record, faceFen: MUCH }),
  }),
  lie('face-in-the-charge', 'the coupon was worth more, says the charge', {
    charging: (record, scene) => withCoupon({ ...record, netFen: 0 }, { faceFen: dearest(scene).faceFen + 1 }),
  }),
  lie('face-in-the-settlement', 'the coupon was worth more, says the settlement', {
    settled: (record) => ({ ...record, faceFen: fenOf(record, 'amountFen'), netFen: 0 }),
  }),
  lie('tier-above', 'the coupon was of the dearest tier', {
    charging(record, scene) {
      const { id, faceFen, thresholdFen } = dearest(scene);
      return withCoupon(
        { ...record, amountFen: 50_000, netFen: 50_000 - faceFen },
        { tier: id, faceFen, thresholdFen },
      );
    },
    settled: (record, scene) => ({
      ...record,
      amountFen: 50_000,
      netFen: 50_000 - dearest(scene).faceFen,
      faceFen: dearest(scene).faceFen,
    }),
  }),
  lie('tier-renamed', 'the coupon was of a tier that there isn’t', {
    charging: (record) => withCoupon(record, { tier: 'yuan-900' }),
  }),
  lie('threshold-lowered', 'the threshold was nothing, and the sale was small', {
    parts: ({ tiers }) => ({ amountFen: (tiers[0]?.faceFen ?? 0) + 8_000 }),
    charging: (record) => withCoupon(record, { thresholdFen: 0 }),
  }),
  lie('below-threshold', 'a sale of less than the coupon asks for', {
    parts: ({ tiers }) => ({ amountFen: (tiers[0]?.thresholdFen ?? 0) - 1 }),
  }),
  lie('one-fen-sale', 'a sale of one fen', {
    charging: (record) => ({ ...record, amountFen: 1 }),
    settled: (record) => ({ ...record, amountFen: 1 }),
  }),
  lie('net-of-a-million', 'the customer paid a million', {
    charging: (record) => ({ ...record, netFen: MUCH }),
    settled: (record) => ({ ...record, netFen: MUCH }),
  }),
  lie('net-of-nothing', 'the customer paid nothing', { settled: (record) => ({ ...record, netFen: 0 }) }),
  lie('amount-grows', 'the sale grew between charge and settlement', {
    settled: (record) => ({
      ...record,
      amountFen: fenOf(record, 'amountFen') + 100_000,
      netFen: fenOf(record, 'netFen') + 100_000,
    }),
  }),
  lie('serial-swapped', 'another coupon was settled than the one that was charged with', {
    settled: (record) => ({ ...record, serial: fenOf(record, 'serial') + 1 }),
  }),
  lie('merchant-next-door', 'the sale was at another merchant’s', {
    charging: (record, { merchants, merchant, chance }) => ({
      ...record,
      merchant: chance.any(merchants.filter((other) => other !== merchant)) ?? 'm99',
    }),
  }),
  lie('merchant-invented', 'the sale was at a merchant’s whom nobody knows', {
    charging: (record, { chance }) => ({ ...record, merchant: `evil-${chance.below(20)}` }),
  }),

  lie('no-time', 'it was at no time in particular', { parts: () => ({ at: null }) }),
  lie('in-1970', 'it was in 1970', { parts: () => ({ at: around(1_000) }) }),
  lie('next-week', 'it was five days from now', {
    parts: ({ now }) => ({ at: around(now + 120 * HOUR_MS) }),
    shownAt: ({ now }) => now + 120 * HOUR_MS,
  }),
  lie('in-an-hour', 'it was an hour from now, and was shown then', {
    parts: ({ now }) => ({ at: around(now + HOUR_MS) }),
    shownAt: ({ now }) => now + HOUR_MS,
  }),
  lie('shown-yesterday', 'it was now, with a code from 20 hours ago', { shownAt: ({ now }) => now - 20 * HOUR_MS }),
  lie('shown-five-minutes-ago', 'it was now, with a code from five minutes ago', {
    shownAt: ({ now }) => now - 5 * 60_000,
  }),
  lie('shown-tomorrow', 'it was now, with a code from tomorrow', { shownAt: ({ now }) => now + 24 * HOUR_MS }),
  lie('some-time-today', 'it was some time in a span of ten hours', {
    parts: ({ now }) => ({ at: { earliest: now - 10 * HOUR_MS, latest: now } }),
    shownAt: ({ now }) => now - 5 * HOUR_MS,
  }),
  lie('last-night', 'it was long before the device was ever heard of', {
    parts: ({ now }) => ({ at: around(now - 30 * 24 * HOUR_MS) }),
    shownAt: ({ now }) => now - 30 * 24 * HOUR_MS,
  }),

  lie('allowance-invented', 'an allowance that nobody gave permits it', { allowance: () => 'forged-allowance' }),
  lie('allowance-next-door', 'the allowance of another device permits it', {
    allowance: ({ gang, device }) => gang.allowances.findLast((given) => given.device !== device)?.allowance.id,
  }),
];
