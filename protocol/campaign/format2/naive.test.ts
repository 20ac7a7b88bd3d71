/**
 * A second quote, written from the words of the rules and by brute force: every set of coupons is tried, every second of an
 * uncertain clock is looked at. It shares no code with `quote.ts`; both must answer alike.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CampaignId, MerchantId } from '../../kernel/ids.js';
import { fen } from '../../kernel/money.js';
import { wallMs } from '../../kernel/time.js';
import { exampleCampaign } from '../example-campaign.js';
import type { AskV2, HeldCoupon } from './ask.js';
import { compileV2 } from './compiled.js';
import type { Hours } from './parts.js';
import { quoteV2 } from './quote.js';
import type { CampaignV2, TierV2 } from './schema.js';
import { upgradeCampaign } from './upgrade.js';

const HOUR = 3_600_000;
const NAMES = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const local = (text: string): number => Date.parse(`${text}:00+08:00`);
const minutes = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));

// ---------------------------------------------------------------- the naive quote

function isOpen({ opening }: CampaignV2, hours: readonly Hours[], at: number): boolean {
  const shown = new Date(at + 8 * HOUR);
  const minute = shown.getUTCHours() * 60 + shown.getUTCMinutes();
  return [0, 1].some((daysAgo) => {
    const date = new Date(shown.getTime() - daysAgo * 24 * HOUR);
    const day = date.toISOString().slice(0, 10);
    const name = NAMES[date.getUTCDay()];
    if (day < opening.firstDay || day > opening.lastDay) return false;
    return hours.some(({ weekdays, opens, closes }) => {
      if (weekdays !== 'daily' && !weekdays.some((weekday) => weekday === name)) return false;
      const from = minutes(opens);
      const to = minutes(closes) > from ? minutes(closes) : minutes(closes) + 1_440;
      const now = minute + daysAgo * 1_440;
      return now >= from && now < to;
    });
  });
}

function isSurelyOpen(campaign: CampaignV2, hours: readonly Hours[], ask: AskV2): boolean {
  if (typeof ask.at !== 'object') return ask.at === 'any-time';
  for (let at: number = ask.at.earliest; at < ask.at.latest; at += 1_000)
    if (!isOpen(campaign, hours, at)) return false;
  return isOpen(campaign, hours, ask.at.latest);
}

function saving(tier: TierV2, coupon: HeldCoupon, ask: AskV2): number {
  const counted = ask.amountFen - ask.excludedFen;
  if (tier.thresholdFen !== null && counted < tier.thresholdFen) return 0;
  let off = 0;
  if (tier.benefit.kind === 'fixed') off = tier.benefit.faceFen;
  if (tier.benefit.kind === 'random') off = coupon.drawnFen ?? 0;
  if (tier.benefit.kind === 'percent') {
    off = (counted * tier.benefit.percentOff - ((counted * tier.benefit.percentOff) % 100)) / 100;
    if (off > tier.benefit.capFen) off = tier.benefit.capFen;
  }
  if (tier.benefit.kind === 'per-full') {
    for (let rest = counted; rest >= tier.benefit.everyFen; rest -= tier.benefit.everyFen) off += tier.benefit.offFen;
    if (off > tier.benefit.capFen) off = tier.benefit.capFen;
  }
  const isTooMuch = (value: number): boolean => value > counted || (!tier.fullDeduction && value >= ask.amountFen);
  if (!isTooMuch(off)) return off;
  if (tier.thresholdFen !== null) return 0;
  while (off > 0 && isTooMuch(off)) off -= 1;
  return off;
}

interface Seen {
  readonly campaign: CampaignV2;
  readonly ask: AskV2;
}
const tierOf = ({ campaign }: Seen, { tier }: HeldCoupon) => campaign.tiers.find(({ id }) => id === tier);
const who = (where: CampaignV2['merchants'], { merchant }: AskV2): boolean =>
  merchant === undefined ||
  (where.who === 'ids'
    ? where.ids.includes(merchant.id)
    : !where.except.includes(merchant.id) && (where.who === 'all' || where.categories.includes(merchant.category)));

function whyNotAlone(seen: Seen, coupon: HeldCoupon): string | null {
  const { campaign, ask } = seen;
  const tier = tierOf(seen, coupon);
  if (campaign.freeze.campaign) return 'campaign-stopped';
  if (!isSurelyOpen(campaign, campaign.opening.hours, ask)) {
    if (typeof ask.at !== 'object') return 'no-trusted-time';
    if (ask.at.latest < local(`${campaign.opening.firstDay}T00:00`)) return 'before-campaign';
    let end = local(`${campaign.opening.lastDay}T00:00`) + 48 * HOUR;
    while (!isOpen(campaign, campaign.opening.hours, end)) end -= 60_000;
    return ask.at.earliest >= end + 60_000 ? 'after-campaign' : 'outside-hours';
  }
  if (!who(campaign.merchants, ask)) return 'merchant-not-listed';
  if (tier === undefined) return 'other-campaign';
  if (campaign.freeze.tiers.includes(coupon.tier)) return 'coupon-frozen';
  if (coupon.endsAt !== null && typeof ask.at === 'object' && ask.at.latest > coupon.endsAt) return 'grant-expired';
  if (!tier.modes.includes(ask.mode)) return 'mode-not-allowed';
  if (!who(tier.where, ask)) return 'coupon-not-here';
  if (tier.hours !== null && !isSurelyOpen(campaign, tier.hours, ask)) return 'outside-hours';
  if (ask.code !== undefined && !tier.codes.includes(ask.code)) return 'code-kind-not-taken';
  if (tier.wallets !== 'any' && !tier.wallets.includes(ask.wallet ?? '')) return 'other-wallet';
  if (tier.issuerBins !== null) {
    if (ask.issuerBin === undefined) return 'issuer-unknown';
    if (!tier.issuerBins.includes(ask.issuerBin.slice(0, 6))) return 'card-of-another-bank';
  }
  if (ask.offline === true && !campaign.offline.permitted) return 'offline-not-permitted';
  if (ask.offline === true && campaign.offline.permitted && !campaign.offline.tiers.includes(tier.id))
    return 'needs-the-line';
  if (tier.benefit.kind === 'random' && coupon.drawnFen === null) return 'needs-the-line';
  return null;
}

function whyNotTogether(seen: Seen, set: readonly HeldCoupon[]): string | null {
  const { campaign, ask } = seen;
  let off = 0;
  let needed = 0;
  for (const coupon of set) {
    const tier = tierOf(seen, coupon);
    if (tier === undefined || saving(tier, coupon, ask) === 0) return 'below-threshold';
    off += saving(tier, coupon, ask);
    needed += tier.thresholdFen ?? 0;
  }
  const counted = ask.amountFen - ask.excludedFen;
  const mayTakeAll = set.every((coupon) => tierOf(seen, coupon)?.fullDeduction === true);
  if (needed > counted || off > counted || (off >= ask.amountFen && !mayTakeAll)) return 'below-threshold';
  const known = ask.counters?.find((entry) => entry.campaign === campaign.id);
  for (const coupon of set) {
    const tier = tierOf(seen, coupon);
    if (tier === undefined) continue;
    const { perDay, perPersonPerDay, perPersonPerMerchant } = tier.limits;
    const limits = [perDay, perPersonPerDay, perPersonPerMerchant].filter((limit) => limit !== null);
    if (limits.length === 0 && tier.issue.how === 'claim') continue;
    const used = known?.tiers.find((entry) => entry.tier === tier.id);
    if (used === undefined) return 'needs-the-line';
    const now = set.filter((other) => other.tier === coupon.tier).length;
    if (used.personToday + now > (perPersonPerDay ?? 1e9)) return 'person-day-limit';
    if (used.personAtMerchant + now > (perPersonPerMerchant ?? 1e9)) return 'person-shop-limit';
    if (used.today + now > (perDay ?? 1e9)) return 'coupon-day-limit';
    if (tier.issue.how === 'no-claim' && used.today + now > tier.issue.quantityPerDay) return 'coupon-day-limit';
  }
  if (campaign.merchantCouponsPerDay !== null) {
    if (known === undefined) return 'needs-the-line';
    if (known.merchantCouponsToday + set.length > campaign.merchantCouponsPerDay) return 'merchant-day-limit';
  }
  const { perDayFen, perMerchantFen, byCategory } = campaign.budget;
  const ofCategory = byCategory.filter(({ category }) => category === ask.merchant?.category);
  if (perDayFen !== null || perMerchantFen !== null || ofCategory.length > 0) {
    if (known === undefined) return 'needs-the-line';
    if (known.spentTodayFen + off > (perDayFen ?? 1e12)) return 'day-budget-spent';
    if (known.spentByMerchantFen + off > (perMerchantFen ?? 1e12)) return 'merchant-budget-spent';
    for (const entry of ofCategory) if (known.spentByCategoryFen + off > entry.fen) return 'category-budget-spent';
  }
  if (campaign.plateCapFen !== null && ask.mode === 'plate') {
    if ((ask.plateSpentTodayFen ?? 0) + ask.amountFen - off > campaign.plateCapFen) return 'plate-cap';
  }
  return null;
}

/** The most that comes off, and why each coupon can't come off by itself; for campaigns that take the largest saving. */
function naive(campaigns: readonly CampaignV2[], ask: AskV2) {
  const alone = ask.coupons.map((coupon) => {
    const campaign = campaigns.find(({ id }) => id === coupon.campaign);
    return campaign === undefined ? 'other-campaign' : whyNotAlone({ campaign, ask }, coupon);
  });
  let most = 0;
  for (let bits = 1; bits < 2 ** ask.coupons.length; bits++) {
    const set = ask.coupons.filter((_coupon, at) => Math.floor(bits / 2 ** at) % 2 === 1);
    const campaign = campaigns.find(({ id }) => set.every((coupon) => coupon.campaign === id));
    if (campaign === undefined || set.length > campaign.couponsPerPayment) continue;
    const seen = { campaign, ask };
    if (set.some((coupon) => alone[ask.coupons.indexOf(coupon)] !== null) || whyNotTogether(seen, set) !== null)
      continue;
    const off = set.reduce((sum, coupon) => {
      const tier = tierOf(seen, coupon);
      return sum + (tier === undefined ? 0 : saving(tier, coupon, ask));
    }, 0);
    if (off > most) most = off;
  }
  const whyNot = ask.coupons.map((coupon, at) => {
    const campaign = campaigns.find(({ id }) => id === coupon.campaign);
    return alone[at] ?? (campaign === undefined ? 'other-campaign' : whyNotTogether({ campaign, ask }, [coupon]));
  });
  return { most, whyNot };
}

// ---------------------------------------------------------------- documents and asks

const amounts = fc.constantFrom(1, 99, 100, 500, 999, 1_000, 1_500, 2_000, 2_001, 3_000, 5_000, 10_000);
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 2 });
const spans: fc.Arbitrary<Hours[]> = fc.constantFrom<Hours[]>(
  [{ weekdays: 'daily', opens: '09:00', closes: '22:00' }],
  [{ weekdays: ['fri', 'sat'], opens: '18:00', closes: '02:00' }],
  [
    { weekdays: 'daily', opens: '00:00', closes: '12:00' },
    { weekdays: ['mon', 'sun'], opens: '12:00', closes: '24:00' },
  ],
);
const places = fc.constantFrom<CampaignV2['merchants']>(
  { who: 'all', except: [] },
  { who: 'all', except: ['shop-2' as MerchantId] },
  { who: 'categories', categories: ['餐饮'], except: [] },
  { who: 'ids', ids: ['shop-1' as MerchantId, 'shop-2' as MerchantId] },
);
const mostly = <T>(usual: T, other: fc.Arbitrary<T>) => fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, other);

const model = upgradeCampaign(exampleCampaign()).campaign;
const [modelTier] = model.tiers;
if (modelTier === undefined) throw new Error('the example has tiers');

const tier = (id: string, isStacked: boolean): fc.Arbitrary<TierV2> =>
  fc
    .record({
      benefit: fc.oneof(
        amounts.map((faceFen) => ({ kind: 'fixed' as const, faceFen: fen(faceFen) })),
        amounts.map((capFen) => ({ kind: 'random' as const, minFen: fen(1), maxFen: fen(capFen) })),
        ...(isStacked
          ? []
          : [
              fc
                .record({ percentOff: fc.integer({ min: 1, max: 99 }), capFen: amounts.map(fen) })
                .map((benefit) => ({ kind: 'percent' as const, ...benefit })),
              fc
                .record({ everyFen: amounts.map(fen), offFen: amounts.map(fen), capFen: amounts.map(fen) })
                .map(({ everyFen, offFen, capFen }) => ({
                  kind: 'per-full' as const,
                  everyFen,
                  offFen: fen(Math.min(everyFen, offFen)),
                  capFen,
                })),
            ]),
      ),
      threshold: isStacked ? amounts : some(amounts),
      fullDeduction: fc.boolean(),
      where: mostly<TierV2['where']>({ who: 'all', except: [] }, places),
      hours: mostly<Hours[] | null>(null, spans),
      modes: mostly<TierV2['modes']>(['customer-code', 'plate'], fc.constant(['plate'])),
      codes: mostly<TierV2['codes']>(['payment-62', 'coupon'], fc.constant(['e-cny'])),
      wallets: mostly<TierV2['wallets']>('any', fc.constant(['ours'])),
      issuerBins: mostly<string[] | null>(null, fc.constant(['622848'])),
      limits: mostly<TierV2['limits']>(
        { perDay: null, perPersonPerDay: null, perPersonPerMerchant: null },
        fc.record({
          perDay: some(fc.constantFrom(1, 2, 3)),
          perPersonPerDay: some(fc.constantFrom(1, 2)),
          perPersonPerMerchant: some(fc.constantFrom(1, 2)),
        }),
      ),
      issue: mostly<TierV2['issue']>(
        { how: 'claim', serials: [{ first: 0, last: 9 }] },
        fc.constant({ how: 'no-claim', quantityPerDay: 2 }),
      ),
    })
    .map(({ threshold, ...rest }) => {
      const worth =
        rest.benefit.kind === 'fixed' ? rest.benefit.faceFen : rest.benefit.kind === 'random' ? rest.benefit.maxFen : 0;
      return { ...modelTier, ...rest, id, thresholdFen: threshold === null ? null : fen(Math.max(threshold, worth)) };
    });

const campaign = (id: string): fc.Arbitrary<CampaignV2> =>
  fc.integer({ min: 1, max: 3 }).chain((couponsPerPayment) =>
    fc
      .record({
        tiers: fc.tuple(tier('a', couponsPerPayment > 1), tier('b', couponsPerPayment > 1)),
        merchants: mostly<CampaignV2['merchants']>({ who: 'all', except: [] }, places),
        hours: spans,
        merchantCouponsPerDay: mostly<number | null>(null, fc.constantFrom(1, 2)),
        budget: mostly(
          { perDayFen: null, perMerchantFen: null, byCategory: [] },
          fc.record({
            perDayFen: some(amounts.map(fen)),
            perMerchantFen: some(amounts.map(fen)),
            byCategory: fc.constantFrom([], [{ category: '餐饮', fen: fen(1_500) }]),
          }),
        ),
        plateCapFen: mostly(null, amounts.map(fen)),
        isOffline: fc.boolean(),
        isStopped: mostly(false, fc.boolean()),
        frozen: mostly<string[]>([], fc.constant(['a'])),
      })
      .map(({ tiers, hours, budget, isOffline, isStopped, frozen, ...rest }) => ({
        ...model,
        ...rest,
        id: id as CampaignId,
        couponsPerPayment,
        tiers: [...tiers],
        opening: { firstDay: '2023-03-31', lastDay: '2023-04-02', hours },
        budget: { wholeFen: fen(1_000_000), ...budget },
        offline:
          isOffline && model.offline.permitted
            ? { ...model.offline, tiers: ['a'] }
            : { permitted: false, fullPriceWithoutJournal: true },
        freeze: { campaign: isStopped, tiers: frozen, serials: [] },
      })),
  );

const times = fc
  .record({
    day: fc.integer({ min: -1, max: 4 }),
    minute: fc.oneof(fc.constantFrom(0, 120, 540, 720, 1_080, 1_320, 1_439), fc.integer({ min: 0, max: 1_439 })),
    seconds: fc.constantFrom(-1, 0, 30),
    unsure: fc.constantFrom(0, 0, 60, 120),
  })
  .map(({ day, minute, seconds, unsure }) => {
    const earliest = local('2023-03-31T00:00') + day * 24 * HOUR + minute * 60_000 + seconds * 1_000;
    return { earliest: wallMs(earliest), latest: wallMs(earliest + unsure * 1_000) };
  });

const coupon = fc
  .record({
    campaign: fc.constantFrom('one', 'one', 'one', 'two', 'two', 'gone'),
    tier: fc.constantFrom('a', 'a', 'a', 'b', 'b', 'b', 'none'),
    endsAt: some(times.map(({ latest }) => latest)),
    drawnFen: some(amounts.map(fen)),
  })
  .map((held): HeldCoupon => ({ ...held, campaign: held.campaign as CampaignId, serial: 1 }));

const uses = fc.integer({ min: 0, max: 2 });
const counters = fc.record({
  merchantCouponsToday: uses,
  spentTodayFen: amounts.map(fen),
  spentByMerchantFen: amounts.map(fen),
  spentByCategoryFen: amounts.map(fen),
  tiers: fc
    .tuple(uses, uses, uses)
    .map(([today, personToday, personAtMerchant]) =>
      ['a', 'b'].map((id) => ({ tier: id, today, personToday, personAtMerchant })),
    ),
});

const asks: fc.Arbitrary<AskV2> = fc
  .record({
    amount: fc.oneof(amounts, fc.integer({ min: 1, max: 12_000 })),
    excluded: fc.constantFrom(0, 0, 1, 500),
    coupons: fc.array(coupon, { maxLength: 5 }),
    merchant: fc.constantFrom(
      undefined,
      { id: 'shop-1' as MerchantId, category: '餐饮' },
      { id: 'shop-2' as MerchantId, category: '汽车' },
    ),
    mode: fc.constantFrom('customer-code' as const, 'customer-code' as const, 'plate' as const),
    code: fc.constantFrom(undefined, 'payment-62', 'e-cny'),
    wallet: fc.constantFrom(undefined, 'ours', 'theirs'),
    issuerBin: fc.constantFrom(undefined, '62284801', '622700'),
    at: mostly<AskV2['at']>('any-time', fc.oneof(times, fc.constant(undefined))),
    offline: mostly(false, fc.boolean()),
    plateSpentTodayFen: amounts.map(fen),
    counters: fc.option(fc.tuple(counters, counters), { nil: undefined, freq: 5 }),
  })
  .map(({ amount, excluded, counters: known, ...rest }) => ({
    ...rest,
    amountFen: fen(amount),
    excludedFen: fen(Math.min(excluded, amount)),
    counters: known?.map((entry, at) => ({ ...entry, campaign: (at === 0 ? 'one' : 'two') as CampaignId })),
  }));

it('law: a naive quote by brute force answers alike, 1,000 asks of two campaigns', () => {
  let taken = 0;
  fc.assert(
    fc.property(
      campaign('one'),
      campaign('two'),
      fc.array(asks, { minLength: 10, maxLength: 10 }),
      (one, two, list) => {
        const compiled = [compileV2(one), compileV2(two)];
        for (const ask of list) {
          // A draw out of its bounds is no amount that the gateway drew.
          const coupons = ask.coupons.map((held) => {
            const benefit = [one, two]
              .find(({ id }) => id === held.campaign)
              ?.tiers.find(({ id }) => id === held.tier)?.benefit;
            const most = benefit?.kind === 'random' ? benefit.maxFen : 0;
            return {
              ...held,
              drawnFen: held.drawnFen === null || most === 0 ? null : fen(Math.min(held.drawnFen, most)),
            };
          });
          const asked = { ...ask, coupons };
          const quoted = quoteV2(compiled, asked);
          const { most, whyNot } = naive([one, two], asked);
          expect(quoted.savingFen).toBe(most);
          expect(quoted.netFen).toBe(ask.amountFen - most);
          for (const [at, { reason }] of quoted.each.entries()) {
            if (quoted.chosen.includes(at)) expect(reason).toBeNull();
            else expect(reason).toBe(whyNot[at] ?? 'another-coupon-chosen');
          }
          const isWholeAllowed = quoted.chosen.some((at) => {
            const held = coupons[at];
            return [one, two].some(
              ({ id, tiers }) => id === held?.campaign && tiers.some((t) => t.id === held.tier && t.fullDeduction),
            );
          });
          if (!isWholeAllowed) expect(quoted.netFen).toBeGreaterThanOrEqual(1);
          expect(quoted.reason === null).toBe(quoted.chosen.length > 0);
          if (quoted.chosen.length > 0) taken += 1;
        }
      },
    ),
    { numRuns: 100 },
  );
  // Sets of a few coupons are taken, too: a law of refusals alone would hold of a quote that refuses everything.
  expect(taken).toBeGreaterThan(50);
});
