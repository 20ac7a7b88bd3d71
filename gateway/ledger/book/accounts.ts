/**
 * The accounts of the double-entry book.
 *
 * Each account is a text, because the ledger sums by it. Only this file builds and parses that text, so that no decision
 * about money compares strings.
 *
 * | account | holds |
 * |---|---|
 * | `sponsor:<id>` | what a sponsor has paid (negative) |
 * | `merchant:<id>` | what a merchant has to get: proven coupons, and nothing else |
 * | `refund:<campaign>` | faces of coupons that stay used although their goods went back: the merchant keeps none of those |
 * | `conflict:sponsor`, `conflict:bank`, `conflict:merchant:<id>` | the bearer of an offline double spend, as the campaign names it |
 * | `conflict:beyond-budget` | what the sponsor would bear past the budget, which is never exceeded |
 * | `disputed:<device>` | suspense: what a counter says that it took off, and nothing proves; a person decides |
 * | `write-off` | what the bank bears of a sale that nothing proves, by an operator's decision (negative) |
 * | `disputed` | the other side of all suspense accounts; ledgers of release 0.1 credited merchants from it |
 */
import type { CampaignId, DeviceId, MerchantId } from '#protocol/kernel/ids.js';

export type Account =
  | `sponsor:${string}`
  | `merchant:${string}`
  | `refund:${string}`
  | 'conflict:sponsor'
  | 'conflict:bank'
  | `conflict:merchant:${string}`
  | 'conflict:beyond-budget'
  | `disputed:${string}`
  | 'write-off'
  | 'disputed';

export const account = {
  sponsor: (id: string): Account => `sponsor:${id}`,
  merchant: (id: MerchantId): Account => `merchant:${id}`,
  refund: (id: CampaignId): Account => `refund:${id}`,
  conflictOfMerchant: (id: MerchantId): Account => `conflict:merchant:${id}`,
  suspense: (id: DeviceId): Account => `disputed:${id}`,
} as const;

export type AccountOwner =
  | { readonly kind: 'sponsor' | 'merchant' | 'refund' | 'conflict-merchant' | 'suspense'; readonly id: string }
  | { readonly kind: 'conflict-sponsor' | 'conflict-bank' | 'beyond-budget' | 'write-off' | 'disputed' };

const WITH_OWNER = [
  ['sponsor:', 'sponsor'],
  ['merchant:', 'merchant'],
  ['refund:', 'refund'],
  ['conflict:merchant:', 'conflict-merchant'],
  ['disputed:', 'suspense'],
] as const satisfies readonly (readonly [string, AccountOwner['kind']])[];

const ALONE: Readonly<Record<string, AccountOwner>> = {
  'conflict:sponsor': { kind: 'conflict-sponsor' },
  'conflict:bank': { kind: 'conflict-bank' },
  'conflict:beyond-budget': { kind: 'beyond-budget' },
  'write-off': { kind: 'write-off' },
  disputed: { kind: 'disputed' },
};

/** Parses an account's text from a ledger of this release or an older one; undefined: unknown. */
export function ownerOf(text: string): AccountOwner | undefined {
  if (Object.hasOwn(ALONE, text)) return ALONE[text];
  for (const [prefix, kind] of WITH_OWNER) {
    if (text.startsWith(prefix) && text.length > prefix.length) return { kind, id: text.slice(prefix.length) };
  }
  return undefined;
}

export const isOf = (text: string, kind: AccountOwner['kind']): boolean => ownerOf(text)?.kind === kind;
