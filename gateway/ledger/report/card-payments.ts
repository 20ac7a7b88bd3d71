/**
 * Determines the owner of a card payment.
 *
 * Coupons pay a merchant only for sales whose card payment the acquirer confirms. A counter reports only a payment's
 * reference, and a dishonest one may name another's payment, so:
 *
 * | the acquirer's file | and the sales that name it | is the payment of |
 * |---|---|---|
 * | any | a person has assigned it to one of them, and it names no other merchant or device | that one, whatever its amount |
 * | names merchant or device | one fits those and the amount | that one, whatever the others say |
 * | names neither | one fits the amount | that one |
 * | any | several fit | none: a person looks |
 *
 * Only sales that credited their merchant can claim a payment, and none that a person has disowned.
 */
import type { Confirmation } from '../book/acts.js';
import type { SaleEntry } from '../book/book.js';

export type Claimant = Pick<SaleEntry, 'key' | 'device' | 'merchant' | 'netFen' | 'reference'>;

/** The sale fits the acquirer's file. */
export const fits = (sale: Omit<Claimant, 'key'>, confirmation: Confirmation): boolean =>
  sale.netFen === confirmation.netFen && isOfItsOwner(sale, confirmation);

/** A person's ruling can't move a payment to another merchant than the acquirer's. */
export const isOfItsOwner = (
  { merchant, device }: Pick<Claimant, 'merchant' | 'device'>,
  confirmation: Pick<Confirmation, 'merchant' | 'device'>,
): boolean =>
  (confirmation.merchant === undefined || confirmation.merchant === merchant) &&
  (confirmation.device === undefined || confirmation.device === device);

/** Whether the acquirer names the owner: then no counter can take it away. */
export const isBound = ({ merchant, device }: Confirmation): boolean => merchant !== undefined || device !== undefined;

/** The payment's owner among the sales that name it; undefined: none, or undecidable. */
export function payerOf<Sale extends Claimant>(
  claimants: readonly Sale[],
  confirmation: Confirmation,
): Sale | undefined {
  const assigned = claimants.filter((sale) => isAssigned(sale) && isOfItsOwner(sale, confirmation));
  const those =
    assigned.length > 0 ? assigned : claimants.filter((sale) => !isDisowned(sale) && fits(sale, confirmation));
  return those.length === 1 ? those[0] : undefined;
}

export const isAssigned = ({ reference }: Pick<SaleEntry, 'reference'>): boolean =>
  reference?.ruling?.kind === 'assigned';
export const isDisowned = ({ reference }: Pick<SaleEntry, 'reference'>): boolean =>
  reference?.ruling?.kind === 'disowned';
