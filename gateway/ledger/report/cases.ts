/**
 * Derives the cases that need a person from the book. Nothing is stored when a case arises, so nothing can be forgotten. An
 * act closes it; a device's record that contradicts the act opens it again.
 *
 * | case | is |
 * |---|---|
 * | `fork:<device>` | the device's journal and ours disagree, and it is stopped |
 * | `sale:<device>:<sale>`, disputed | nothing proves that the counter was entitled to the coupon |
 * | `sale:<device>:<sale>`, conflict | another sale used the coupon before |
 * | `sale:<device>:<sale>`, stuck | a coupon is held for a charge without a known outcome for a day, or for ever |
 * | `rrn:<reference>` | two sales name one card payment, or the acquirer knows it with another amount, merchant or device |
 */
import { DAY_MS } from '#protocol/campaign/calendar.js';
import type { DeviceId, MerchantId, OrderNo, SaleId } from '#protocol/kernel/ids.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { Act, ActRow, Confirmation, PaymentVerdict } from '../book/acts.js';
import { VERDICTS } from '../book/acts.js';
import type { Decision, DeviceChain, Evidence, Ruling, SaleEntry } from '../book/book.js';
import { fits, isAssigned, isDisowned, isOfItsOwner } from './card-payments.js';

/** An online device reports a charge's outcome within minutes; an offline one may take its day. */
export const STUCK_AFTER_MS = DAY_MS;

export type CaseKind = 'fork' | 'disputed' | 'conflict' | 'stuck' | 'reference';

export interface CaseSale {
  readonly device: DeviceId;
  readonly sale: SaleId;
  readonly order: OrderNo | null;
  readonly merchant: MerchantId | null;
  readonly state: SaleEntry['state'];
  readonly booking: SaleEntry['booking'];
  readonly amountFen: number;
  readonly netFen: number;
  readonly faceFen: number;
  readonly serial: number | null;
  readonly at: number;
  /** The card payment, as the counter reports its reader's slip. */
  readonly rrn: string | null;
  readonly auth: string | null;
  readonly last4: string | null;
  /** A person's ruling on the card payment's owner. */
  readonly ruling: Ruling | null;
  readonly flags: readonly string[];
  readonly decisions: readonly Decision[];
}

export interface Case {
  readonly id: string;
  readonly kind: CaseKind;
  readonly since: number;
  readonly device: DeviceId | null;
  readonly sales: readonly CaseSale[];
  /** The place where the journals diverge, by our own copy; only for a fork. */
  readonly fork: { readonly seq: number; readonly hash: string; readonly haveSeq: number } | null;
  /** The acquirer's amount, if that is the problem. */
  readonly confirmedFen: number | null;
  readonly confirmedMerchant: MerchantId | null;
  readonly confirmedDevice: DeviceId | null;
  /** Numbers in `/v1/evidence`. */
  readonly evidence: readonly number[];
  readonly acts: readonly AllowedAct[];
}

export type AllowedAct = Exclude<Act['kind'], 'confirm' | 'decide'> | `decide ${PaymentVerdict}`;

export interface CaseState {
  readonly now: WallMs;
  /** Whether the device may still connect and report. */
  isEnrolled(device: DeviceId): boolean;
}

export const forkCaseId = (device: DeviceId): string => `fork:${device}`;
export const saleCaseId = ({ device, sale }: Pick<SaleEntry, 'device' | 'sale'>): string => `sale:${device}:${sale}`;
export const referenceCaseId = (rrn: string): string => `rrn:${rrn}`;
export const isReferenceCase = (about: string): boolean => /^rrn:./.test(about);

/** The subject that a case's id names. */
export function subjectOf(
  about: string,
):
  | { readonly device: DeviceId; readonly sale: SaleId }
  | { readonly device: DeviceId; readonly sale?: undefined }
  | { readonly device?: undefined; readonly sale?: undefined } {
  const [, kind, device = '', sale = ''] = /^(sale|fork):([^:]+)(?::([^:]+))?$/.exec(about) ?? [];
  if (kind === 'sale' && sale !== '') return { device: device as DeviceId, sale: sale as SaleId };
  if (kind === 'fork' && sale === '') return { device: device as DeviceId };
  return {};
}

/** A person's decision about a sale, unless the device contradicted it afterwards. */
export function decisionOn({ decisions = [] }: SaleEntry): Decision | undefined {
  const last = decisions.at(-1);
  return last === undefined || last.contradicted === true ? undefined : last;
}

export function caseOfSale(sale: SaleEntry, { now, isEnrolled }: CaseState): CaseKind | undefined {
  if (decisionOn(sale) !== undefined) return undefined;
  switch (sale.state) {
    case 'settled':
      return sale.booking === 'disputed' || sale.booking === 'conflict' ? sale.booking : undefined;
    case 'charging':
    case 'unknown': {
      if (sale.serial === null) return undefined;
      const isLate = now - sale.at >= STUCK_AFTER_MS;
      return isLate || !isEnrolled(sale.device) ? 'stuck' : undefined;
    }
    case 'refunded':
      return isSuspended(sale) ? 'disputed' : undefined;
    case 'asked':
    case 'not-charged':
    case 'abandoned':
      return undefined;
  }
}

/**
 * A disputed sale refunded in full has nothing in suspense; one refunded in part, or beyond the amount paid, has
 * everything.
 */
function isSuspended({ booking, refunds, netFen, flags }: SaleEntry): boolean {
  if (booking !== 'disputed') return false;
  if (refunds !== undefined) return refunds.netFen !== netFen;
  return flags.includes('refund-in-part') || flags.includes('refund-beyond-paid');
}

const DECIDE = VERDICTS.map((verdict) => `decide ${verdict}` as const);

const ALLOWED = {
  fork: ['unfork', 'close'],
  disputed: [...DECIDE, 'close'],
  conflict: ['decide not-paid', 'close'],
  stuck: ['release', 'free', ...DECIDE],
  reference: ['assign', 'disown', 'close'],
} as const satisfies Record<CaseKind, readonly AllowedAct[]>;

export const allowedActs = (kind: CaseKind): readonly AllowedAct[] => ALLOWED[kind];

/**
 * The acts allowed for a sale. If its device itself reported `unknown`, they are allowed at once; only freeing the coupon
 * without anybody's confirmation (`free`) takes a day, or a device that is gone.
 */
export function actsOnSale(sale: SaleEntry, caseState: CaseState): readonly AllowedAct[] {
  const kind = caseOfSale(sale, caseState);
  if (kind !== undefined) return allowedActs(kind);
  // Proven by its customer, but without a card payment: a person may reverse it.
  if (sale.state === 'settled' && sale.booking === 'kept' && isDisowned(sale)) return ['decide not-paid'];
  const isHandedOver = sale.state === 'unknown' && sale.serial !== null && decisionOn(sale) === undefined;
  return isHandedOver ? ['release', ...DECIDE] : [];
}

export interface CaseRows {
  /** Forked devices. */
  readonly devices: readonly DeviceChain[];
  /** Candidates; sales that are no case are skipped. */
  readonly sales: readonly SaleEntry[];
  /** Sales whose card payment another sale names too, or which the acquirer knows otherwise. */
  readonly referenced: readonly SaleEntry[];
  readonly confirmations: readonly Confirmation[];
  readonly closings: readonly Pick<ActRow, 'about' | 'at'>[];
  readonly evidence: readonly {
    readonly id: number;
    readonly kind: Evidence['kind'];
    readonly about: readonly string[];
  }[];
}

/** The sales that a piece of evidence names. */
export function salesIn(detail: unknown): readonly string[] {
  const of = (value: unknown, name: string): unknown =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
  const named = [of(detail, 'sale'), of(of(detail, 'first'), 'sale'), of(of(detail, 'second'), 'sale')];
  return named.filter((name) => typeof name === 'string');
}

/** Oldest first. */
export function casesOf(rows: CaseRows, caseState: CaseState): readonly Case[] {
  const closedAt = new Map<string, number>();
  for (const { about, at } of rows.closings) {
    if (about !== null) closedAt.set(about, Math.max(at, closedAt.get(about) ?? 0));
  }
  const all = [
    ...rows.devices.flatMap((chain) => forkCase(chain, rows)),
    ...rows.sales.flatMap((sale) => saleCase(sale, rows, caseState)),
    ...referenceCases(rows),
  ];
  const open = all.filter(({ id, since }) => since > (closedAt.get(id) ?? Number.NEGATIVE_INFINITY));
  return open.sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1));
}

const NOTHING = {
  ...{ device: null, sales: [], fork: null, evidence: [] },
  ...{ confirmedFen: null, confirmedMerchant: null, confirmedDevice: null },
} as const;

function forkCase(chain: DeviceChain, { evidence }: CaseRows): Case[] {
  const { device, fork, seq, forkedAt = 0 } = chain;
  if (fork === null) return [];
  const about = evidence.filter((piece) => piece.kind === 'fork' && piece.about.includes(device));
  return [
    {
      ...NOTHING,
      id: forkCaseId(device),
      kind: 'fork',
      since: forkedAt,
      device,
      fork: { ...fork, haveSeq: seq },
      evidence: about.map(({ id }) => id),
      acts: allowedActs('fork'),
    },
  ];
}

function saleCase(sale: SaleEntry, { evidence }: CaseRows, caseState: CaseState): Case[] {
  const kind = caseOfSale(sale, caseState);
  if (kind === undefined) return [];
  const about = evidence.filter((piece) => piece.about.includes(sale.key));
  return [
    {
      ...NOTHING,
      id: saleCaseId(sale),
      kind,
      since: sale.at,
      device: sale.device,
      sales: [factsOf(sale)],
      evidence: about.map(({ id }) => id),
      acts: allowedActs(kind),
    },
  ];
}

function referenceCases({ referenced, confirmations }: CaseRows): Case[] {
  const byReference = new Map<string, SaleEntry[]>();
  for (const sale of referenced) {
    const { rrn } = sale.reference ?? {};
    if (rrn === undefined) continue;
    const others = byReference.get(rrn);
    if (others === undefined) byReference.set(rrn, [sale]);
    else others.push(sale);
  }
  const confirmed = new Map(confirmations.map((confirmation) => [confirmation.rrn, confirmation]));
  return [...byReference].flatMap(([rrn, named]) => {
    const by = confirmed.get(rrn);
    // A person's ruling is final: the assigned sale has the payment, and the disowned ones don't.
    if (named.some((sale) => isAssigned(sale) && (by === undefined || isOfItsOwner(sale, by)))) return [];
    const sales = named.filter((sale) => !isDisowned(sale));
    const differs = by !== undefined && sales.some((sale) => !fits(sale, by));
    if (sales.length < 2 && !differs) return [];
    const [first] = sales;
    return [
      {
        ...NOTHING,
        id: referenceCaseId(rrn),
        kind: 'reference' as const,
        since: Math.max(...sales.map(({ at }) => at)),
        device: sales.every(({ device }) => device === first?.device) ? (first?.device ?? null) : null,
        sales: sales.map(factsOf),
        confirmedFen: by?.netFen ?? null,
        confirmedMerchant: by?.merchant ?? null,
        confirmedDevice: by?.device ?? null,
        acts: allowedActs('reference'),
      },
    ];
  });
}

export const factsOf = (sale: SaleEntry): CaseSale => ({
  device: sale.device,
  sale: sale.sale,
  order: sale.order,
  merchant: sale.merchant,
  state: sale.state,
  booking: sale.booking,
  amountFen: sale.amountFen,
  netFen: sale.netFen,
  faceFen: sale.faceFen,
  serial: sale.serial,
  at: sale.at,
  rrn: sale.reference?.rrn ?? null,
  auth: sale.reference?.auth ?? null,
  last4: sale.reference?.last4 ?? null,
  ruling: sale.reference?.ruling ?? null,
  flags: sale.flags,
  decisions: sale.decisions ?? [],
});
