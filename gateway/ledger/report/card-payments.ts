/**
 * Whose a card payment is. Coupons pay a merchant only for sales whose card payment the acquirer knows, and what a counter
 * says of a payment is its reference, nothing more. A counter that lies may name the payment of another one, so:
 *
 * | the acquirer's word | and the sales that name it | is the payment of |
 * |---|---|---|
 * | any | a person has assigned it to one of them, and it names no other merchant or device | that one, whatever its amount |
 * | names merchant or device | one fits those and the amount | that one, whatever the others say |
 * | names neither | one fits the amount | that one |
 * | any | several fit | none: a person looks |
 *
 * Only sales that brought their merchant something can claim a payment, and none that a person has disowned.
 */
import type { Confirmation } from '../book/acts.js';
import type { SaleEntry } from '../book/book.js';

export type Claimant = Pick<SaleEntry, 'key' | 'device' | 'merchant' | 'netFen' | 'reference'>;

/** The sale as the acquirer knows it. */
export const fits = (sale: Omit<Claimant, 'key'>, confirmation: Confirmation): boolean =>
  sale.netFen === confirmation.netFen && isOfItsOwner(sale, confirmation);

/** No person's word moves a payment to another merchant than the acquirer's. */
export const isOfItsOwner = (
  { merchant, device }: Pick<Claimant, 'merchant' | 'device'>,
  confirmation: Pick<Confirmation, 'merchant' | 'device'>,
): boolean =>
  (confirmation.merchant === undefined || confirmation.merchant === merchant) &&
  (confirmation.device === undefined || confirmation.device === device);

/** Whether the acquirer says whose it is: no counter can take it from there. */
export const isBound = ({ merchant, device }: Confirmation): boolean => merchant !== undefined || device !== undefined;

/** The one among the sales that name this payment whose it is; undefined: none, or nobody can say. */
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
