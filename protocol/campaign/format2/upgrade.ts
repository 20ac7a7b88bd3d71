/**
 * A format-1 document as a format-2 one that decides the same, with the list of merchants beside it: format 2 names
 * merchants by id, and their names and categories are the programme's. `upgrade.test.ts` holds that quotes are equal.
 */
import { fen } from '../../kernel/money.js';
import { DAY_MS, parseDay } from '../calendar.js';
import { utcText } from '../clock-text.js';
import type { Campaign, Identifier } from '../schema.js';
import { serialRanges } from '../tiers.js';
import type { MerchantEntry, Moment } from './parts.js';
import type { CampaignV2, TierV2 } from './schema.js';

export interface Upgraded {
  readonly campaign: CampaignV2;
  readonly merchants: readonly MerchantEntry[];
}

export function upgradeCampaign(campaign: Campaign): Upgraded {
  const { window, claim, offline } = campaign;
  const lastDay = dayText(parseDay(window.firstDay) + window.days - 1);
  return {
    campaign: {
      format: 2,
      id: campaign.id,
      version: campaign.version,
      name: campaign.name,
      nameEn: campaign.nameEn,
      receiptLine: campaign.receiptLine,
      ...(campaign.notes === undefined ? {} : { notes: campaign.notes }),
      timeZone: window.timeZone,
      opening: {
        firstDay: window.firstDay,
        lastDay,
        hours: [{ weekdays: 'daily', opens: window.opens, closes: window.closes }],
      },
      merchants: { who: 'ids', ids: campaign.merchants.map(({ id }) => id) },
      wallets: [],
      tiers: tiersOf(campaign),
      rounds: [
        {
          id: 'all',
          claims: { by: 'first-come', opens: claim.opens, closes: { day: lastDay, time: window.closes }, days: 1 },
          quantities: campaign.tiers.map(({ id, quantity }) => ({ tier: id, quantity })),
          life: { until: 'campaign-end' },
          unclaimed: 'lapse',
          lapsed: 'gone',
        },
      ],
      bundles: [],
      claim: {
        samePerson: claim.samePerson,
        identifiers: claim.identifiers.map((identifier) => IDENTIFIERS[identifier]),
        limits: { perTier: claim.perPersonPerTier, perWeek: null, allRounds: null, unusedAtOnce: null },
        conditions: [],
        geofence: claim.geofence,
      },
      choice: 'largest-saving',
      couponsPerPayment: campaign.couponsPerPayment,
      merchantCouponsPerDay: null,
      budget: { wholeFen: campaign.budgetFen, perDayFen: null, perMerchantFen: null, byCategory: [] },
      deduction: 'ours',
      settlement: { mode: 'payout' },
      offline: offline.permitted
        ? {
            permitted: true,
            fullPriceWithoutJournal: offline.fullPriceWithoutJournal,
            tiers: campaign.tiers.map(({ id }) => id),
            maxCoupons: offline.maxCoupons,
            maxFaceFen: fen(offline.maxFaceFen),
            maxPerHolder: offline.maxPerHolder,
            maxSyncAgeHours: offline.maxSyncAgeHours,
            conflictAccount: offline.conflictAccount,
          }
        : { permitted: false, fullPriceWithoutJournal: offline.fullPriceWithoutJournal },
      plateCapFen: campaign.plateCapFen,
      splitGuard: campaign.splitGuard,
      sponsors: campaign.sponsors.map(({ id, name }) => ({ id, name })),
      freeze: { campaign: false, tiers: [], serials: [] },
      barred: null,
    },
    merchants: campaign.merchants,
  };
}

function tiersOf(campaign: Campaign): TierV2[] {
  const serials = serialRanges(campaign);
  const shares = campaign.sponsors.map(({ id, shareBasisPoints }) => ({ sponsor: id, basisPoints: shareBasisPoints }));
  return campaign.tiers.map(({ id, faceFen, thresholdFen, modes }, index) => ({
    id,
    benefit: { kind: 'fixed', faceFen },
    thresholdFen,
    fullDeduction: false,
    issue: { how: 'claim', serials: serials.slice(index, index + 1) },
    modes,
    codes: ['payment-62', 'coupon'],
    wallets: 'any',
    issuerBins: null,
    where: { who: 'all', except: [] },
    hours: null,
    limits: { perDay: null, perPersonPerDay: null, perPersonPerMerchant: null },
    paidBy: { kind: 'shares', merchantBasisPoints: 0, shares },
    refund: { rule: campaign.refund, until: null, end: 'unchanged' },
  }));
}

type IdentifierV2 = NonNullable<CampaignV2['claim']>['identifiers'][number];
const IDENTIFIERS: Readonly<Record<Identifier, IdentifierV2>> = {
  phone: { kind: 'phone' },
  device: { kind: 'device' },
  idCard: { kind: 'document', documents: ['resident-id'] },
};

const dayText = (day: number): Moment['day'] => utcText(day * DAY_MS).slice(0, 10);
