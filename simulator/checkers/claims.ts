import type { Holder } from '#gateway/ledger/book/book.js';
import type { HolderId } from '#protocol/kernel/ids.js';
import type { Checker } from './books.js';

/** First come, first served, and one of each tier a person; never more than there are. */
export const claimsFair: Checker = {
  name: 'claims',
  promise:
    'nobody is given two coupons of a tier, and no tier more than it has; a refund gives back what its rule says',
  watch(books) {
    const { tiers, campaign } = books.campaign;
    const given = new Map<string, string>();
    const ofTier = new Map<string, Set<number>>();
    /** Whom each coupon was given to: its state changes often, and its holder is looked at once. */
    const holderOf = new Map<number, HolderId>();
    return {
      seen(event) {
        if (event.kind !== 'booked') return undefined;
        let faces = 0;
        for (const { serial, holder } of event.changes.coupons) {
          if (holderOf.get(serial) === holder) continue;
          holderOf.set(serial, holder);
          const tier = tiers.find(({ serials }) => serials.first <= serial && serial <= serials.last);
          if (tier === undefined) return `coupon ${serial} is of no tier`;
          const serials = ofTier.get(tier.id) ?? new Set<number>();
          ofTier.set(tier.id, serials.add(serial));
          for (const person of namesOf(books.ledger.holders.get(holder))) {
            const name = `${tier.id} ${person}`;
            const before = given.get(name);
            if (before !== undefined && before !== `${serial}`)
              return `one person has coupons ${before} and ${serial} of tier ${tier.id}`;
            given.set(name, `${serial}`);
          }
        }
        for (const tier of tiers) faces += (ofTier.get(tier.id)?.size ?? 0) * tier.faceFen;
        return faces > campaign.budgetFen ? `coupons for ${faces} fen handed out of ${campaign.budgetFen}` : undefined;
      },
      atQuiet() {
        if (campaign.refund !== 'stays-used') return undefined;
        for (const sale of books.ledger.sales.values()) {
          if (sale.state !== 'refunded' || sale.serial === null || sale.booking !== 'kept') continue;
          const coupon = books.ledger.coupon(sale.serial);
          if (coupon?.state !== 'used') return `${sale.key} was refunded, and coupon ${sale.serial} was given back`;
        }
        return undefined;
      },
    };
  },
};

/** The phone's key, and the first identity as a whole: whoever shares all three identifiers is one person by any rule. */
function namesOf(holder: Holder | undefined): readonly string[] {
  const first = holder?.identities[0];
  if (holder === undefined || first === undefined) return [];
  return [holder.id, `${first.phone} ${first.idCard} ${first.device}`];
}
