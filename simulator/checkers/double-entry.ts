import type { Checker } from './books.js';

/** Whatever is booked sums to zero; what sponsors bear, refunds and conflicts included, never passes the budget. */
export const doubleEntry: Checker = {
  name: 'double entry',
  promise: 'every posting set sums to zero, and the budget is never exceeded',
  watch(books) {
    const { budgetFen } = books.campaign.campaign;
    let bornFen = 0;
    let looked = 0;
    return {
      seen(event) {
        // The ledger's own list, since a set may get into it by a way that no change tells of.
        if (event.kind !== 'booked') return undefined;
        for (; looked < books.postings.length; looked++) {
          const set = books.postings[looked];
          if (set === undefined) break;
          let sum = 0;
          for (const { account, fen } of set.legs) {
            sum += fen;
            if (account.startsWith('sponsor:') || account === 'conflict:sponsor') bornFen -= fen;
          }
          if (sum !== 0) return `posting set ${set.id} of ${set.sale} sums to ${sum}`;
        }
        return bornFen > budgetFen ? `sponsors bear ${bornFen} fen of a budget of ${budgetFen}` : undefined;
      },
      atQuiet() {
        // Where some counters lie, the auditor of `honest-money.ts` compares account by account.
        if (books.street.liars.size > 0) return undefined;
        const merchants = new Map<string, number>();
        for (const { legs } of books.postings)
          for (const { account, fen } of legs)
            if (account.startsWith('merchant:')) merchants.set(account, (merchants.get(account) ?? 0) + fen);
        const due = new Map<string, number>();
        for (const sale of books.ledger.sales.values()) {
          if (sale.state !== 'settled' || sale.serial === null || sale.merchant === null) continue;
          // In suspense, with no merchant: `once per coupon` says whether the counter deserves that.
          if (sale.booking === 'disputed') continue;
          const account = `merchant:${sale.merchant}`;
          due.set(account, (due.get(account) ?? 0) + sale.faceFen);
        }
        for (const [account, fen] of due) {
          const kept = refundedFaces(books.ledger.sales.values(), account);
          const has = merchants.get(account) ?? 0;
          // What a refund leaves with the merchant differs by the campaign's rule; it is between nothing and the face.
          if (has < fen || has > fen + kept) return `${account} has ${has} fen, and took ${fen} fen of coupons off`;
        }
        return undefined;
      },
    };
  },
};

function refundedFaces(
  sales: Iterable<{ readonly state: string; readonly merchant: string | null; readonly faceFen: number }>,
  account: string,
): number {
  let sum = 0;
  for (const sale of sales)
    if (sale.state === 'refunded' && `merchant:${sale.merchant}` === account) sum += sale.faceFen;
  return sum;
}
