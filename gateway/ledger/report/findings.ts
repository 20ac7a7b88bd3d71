/**
 * Finds the sales of one batch for a person to examine: each sale that became disputed or a conflict, and each new doubt.
 * It compares the sales before and after, so that no decision can forget to report one. At most one finding per sale.
 */
import type { CouponSerial, DeviceId, MerchantId, SaleId } from '#protocol/kernel/ids.js';
import type { LedgerAlert } from '../../ports/ledger.js';
import { isOf } from '../book/accounts.js';
import type { Leg, SaleEntry, SaleKey } from '../book/book.js';
import { type Doubt, isDistrusted } from '../book/doubts.js';

export type FindingKind =
  /** Nothing proves its coupon: its money is in suspense. */
  | 'disputed'
  /** Another sale used its coupon before. */
  | 'coupon-spent-twice'
  /** Another sale used its presentation before. */
  | 'showing-taken-twice'
  /** A charge that would be disputed if it settles. */
  | 'doubted'
  /** Booked as it stands, with a doubt. */
  | 'flagged';

export interface Finding {
  readonly kind: FindingKind;
  readonly device: DeviceId;
  readonly sale: SaleId;
  readonly merchant: MerchantId | null;
  readonly serial: CouponSerial | null;
  /** The doubts that are new with this batch. */
  readonly doubts: readonly Doubt[];
  /** In suspense, or borne by the conflict account; 0 for the others. */
  readonly fen: number;
}

export function findingsOf(
  sales: Iterable<SaleEntry>,
  before: (key: SaleKey) => SaleEntry | undefined,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const sale of sales) {
    const was = before(sale.key);
    const known: readonly Doubt[] = was?.flags ?? [];
    const doubts = sale.flags === known ? known : sale.flags.filter((doubt) => !known.includes(doubt));
    const isNew = sale.flags !== known && doubts.length > 0;
    const isBooked = sale.booking !== (was?.booking ?? 'none');
    const kind = kindOf(sale, { doubts: isNew ? doubts : [], isBooked });
    if (kind === undefined) continue;
    const { device, merchant, serial, legs } = sale;
    const fen = isBooked ? heldOf(legs) : 0;
    findings.push({ kind, device, sale: sale.sale, merchant, serial, doubts: isNew ? doubts : [], fen });
  }
  return findings;
}

const CODES = {
  disputed: 'SALE_DISPUTED',
  'coupon-spent-twice': 'COUPON_SPENT_TWICE',
  'showing-taken-twice': 'SHOWING_TAKEN_TWICE',
  doubted: 'SALE_DOUBTED',
  flagged: 'SALE_FLAGGED',
} as const satisfies Record<FindingKind, LedgerAlert['code']>;

export function alertOf({ kind, device, sale, serial, doubts, fen }: Finding): LedgerAlert {
  const of = serial === null ? 'no coupon' : `coupon ${serial}`;
  const money = fen > 0 ? `, ${fen} fen` : '';
  const why = doubts.length > 0 ? `: ${doubts.join(', ')}` : '';
  return { code: CODES[kind], what: `sale ${sale}, ${of}${money}${why}`, device };
}

function kindOf(
  { booking, flags }: SaleEntry,
  { doubts, isBooked }: { readonly doubts: readonly Doubt[]; readonly isBooked: boolean },
): FindingKind | undefined {
  if (isBooked && booking === 'disputed') return 'disputed';
  if (isBooked && booking === 'conflict')
    return flags.includes('coupon-already-used') ? 'coupon-spent-twice' : 'showing-taken-twice';
  if (doubts.length === 0) return undefined;
  return isDistrusted(doubts) ? 'doubted' : 'flagged';
}

const heldOf = (legs: readonly Leg[]): number =>
  legs.reduce(
    (sum, { account, fen }) => (fen > 0 && (isOf(account, 'suspense') || isOf(account, 'merchant')) ? sum + fen : sum),
    0,
  );
