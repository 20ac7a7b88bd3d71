/**
 * One sale, from the amount that the till hands over to its receipt, and its refund.
 *
 *   opening -> opened -> authorising -> charging -> settled -> refunding -> refunded
 *                 |           |            |-> not-charged        |-> settled (refund not made)
 *                 |-> abandoning -> abandoned
 *
 * Rules. A record is durable before the effect that it permits: `opened` before the till hears of the sale, `charging`
 * before the charge command, `settled` before receipt, voice and the till's answer. Charged net if and only if the coupon
 * is consumed: `settled` redeems, every other end releases. No coupon is never a dead end: a refusal that the customer
 * can't mend sends the sale on at full price at once; one that they can mend (an old code, another wallet's) waits.
 */
import type { ReasonCode } from '#protocol/faults/reasons.js';
import type { CouponSerial, DeviceId, MerchantId, OrderNo, ReceiptNo, SaleId } from '#protocol/ids.js';
import { type Step, unreachable } from '#protocol/machine.js';
import type { AuthoriseAnswer } from '#protocol/messages/down.js';
import { type Fen, subtractFen, ZERO_FEN } from '#protocol/money.js';
import type { CardSlip, JournalledCoupon, JournalRecord, RecordOf } from '#protocol/records/record.js';
import { type Instant, later, type MonoMs } from '#protocol/time.js';
import { AUTHORISE_TIMEOUT_MS, OPENED_IDLE_MS } from './limits.js';
import {
  type Movement,
  type MovementEffect,
  type MovementInput,
  movementWakeAt,
  permit,
  resume,
  stepMovement,
} from './movement.js';

/** What never changes about a sale. */
export interface SaleFacts {
  readonly sale: SaleId;
  readonly order: OrderNo;
  readonly amountFen: Fen;
  readonly device: DeviceId;
  readonly merchant: MerchantId;
}

/** What the customer showed, once the scanned text has been classified. */
export type Shown =
  | { readonly kind: 'opaque'; readonly code: string }
  | { readonly kind: 'verifiable'; readonly code: string }
  | { readonly kind: 'other'; readonly reason: ReasonCode };

export type Shortfall = { readonly faceFen: Fen; readonly missingFen: Fen } | null;

/** What is charged, and why so much. */
export interface Charge {
  readonly netFen: Fen;
  readonly coupon: JournalledCoupon | null;
  readonly reason: ReasonCode | null;
  readonly next: Shortfall;
  readonly readerMark: string | null;
}

export interface Settlement {
  readonly charge: Charge;
  readonly slip: CardSlip;
  readonly receipt: ReceiptNo;
  /** Wall time as journalled, for the receipt; null where no clock was trusted. */
  readonly settledAt: JournalRecord['at'];
}

export type Sale =
  | { readonly at: 'opening'; readonly facts: SaleFacts }
  | {
      readonly at: 'opened';
      readonly facts: SaleFacts;
      readonly reason: ReasonCode | null;
      readonly next: Shortfall;
      readonly idleAt: MonoMs;
    }
  | {
      readonly at: 'authorising';
      readonly facts: SaleFacts;
      readonly shown: Shown & { kind: 'opaque' | 'verifiable' };
      readonly sentAt: MonoMs;
      readonly until: MonoMs;
    }
  | {
      readonly at: 'charging';
      readonly facts: SaleFacts;
      readonly charge: Charge;
      readonly movement: Movement;
      readonly settledAt: JournalRecord['at'];
    }
  | { readonly at: 'abandoning'; readonly facts: SaleFacts; readonly why: RecordOf<'abandoned'>['why'] }
  | { readonly at: 'abandoned'; readonly facts: SaleFacts; readonly why: RecordOf<'abandoned'>['why'] }
  | {
      readonly at: 'not-charged';
      readonly facts: SaleFacts;
      readonly charge: Charge;
      readonly outcome: RecordOf<'not-charged'>['outcome'];
      readonly code: string;
    }
  | {
      readonly at: 'settled';
      readonly facts: SaleFacts;
      readonly settlement: Settlement;
      readonly refundFailed: string | null;
    }
  | {
      readonly at: 'refunding';
      readonly facts: SaleFacts;
      readonly settlement: Settlement;
      readonly refund: SaleId;
      readonly readerMark: string | null;
      readonly movement: Movement;
      readonly refundedAt: JournalRecord['at'];
    }
  | {
      readonly at: 'refunded';
      readonly facts: SaleFacts;
      readonly settlement: Settlement;
      readonly refund: SaleId;
      readonly receipt: ReceiptNo;
      readonly refundedAt: JournalRecord['at'];
    };

/** The device's own verdict on a presentation that the gateway couldn't be asked about. */
export type OfflineVerdict =
  | { readonly kind: 'taken'; readonly coupon: JournalledCoupon; readonly next: Shortfall }
  | { readonly kind: 'refused'; readonly reason: ReasonCode; readonly next: Shortfall };

export type SaleInput =
  | { readonly kind: 'journalled' }
  | { readonly kind: 'shown'; readonly shown: Shown }
  | { readonly kind: 'authorised'; readonly answer: AuthoriseAnswer; readonly readerMark: string | null }
  | { readonly kind: 'undeliverable'; readonly verdict: OfflineVerdict; readonly readerMark: string | null }
  /** The cashier: no code, charge the full price. */
  | { readonly kind: 'charge'; readonly readerMark: string | null }
  | { readonly kind: 'cancel'; readonly by: 'cashier' | 'till' }
  | { readonly kind: 'refund'; readonly refund: SaleId; readonly readerMark: string | null }
  | { readonly kind: 'reader'; readonly ref: SaleId; readonly word: MovementInput }
  | { readonly kind: 'reader-ready' }
  | { readonly kind: 'ask-again' }
  | { readonly kind: 'wake'; readonly readerMark: string | null };

export type SaleEffect =
  | { readonly kind: 'journal'; readonly record: JournalRecord }
  | { readonly kind: 'authorise'; readonly facts: SaleFacts; readonly shown: Shown & { kind: 'opaque' | 'verifiable' } }
  /** The gateway gave no answer in time: judge it here. Answered by an `undeliverable` input. */
  | {
      readonly kind: 'judge-offline';
      readonly facts: SaleFacts;
      readonly shown: Shown & { kind: 'opaque' | 'verifiable' };
    }
  | { readonly kind: 'charge'; readonly ref: SaleId; readonly netFen: Fen }
  | {
      readonly kind: 'void';
      readonly ref: SaleId;
      readonly original: SaleId;
      readonly netFen: Fen;
      readonly slip: CardSlip;
    }
  | { readonly kind: 'ask'; readonly ref: SaleId; readonly netFen: Fen; readonly mark: string | null }
  | { readonly kind: 'cancel-charge'; readonly ref: SaleId }
  | { readonly kind: 'stored'; readonly ref: SaleId }
  | {
      readonly kind: 'receipt';
      readonly facts: SaleFacts;
      readonly settlement: Settlement;
      readonly of: 'sale' | 'refund';
      readonly receipt: ReceiptNo;
      readonly when: JournalRecord['at'];
    }
  | {
      readonly kind: 'announce';
      readonly facts: SaleFacts;
      readonly settlement: Settlement;
      readonly of: 'sale' | 'refund';
    };

type SaleStep = Step<Sale, SaleEffect>;

/** Refusals that the customer can mend on the spot: the sale stays open for another code, or for the cashier's "charge". */
const MENDABLE: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'wrong-wallet-app',
  'code-unknown',
  'presentation-malformed',
  'presentation-forged',
  'presentation-stale',
  'presentation-replayed',
  'other-campaign',
  'mode-not-allowed',
  'plate-cap',
  'lease-expired',
]);

export const receiptNo = (device: DeviceId, movement: SaleId): ReceiptNo => `${device}-${movement}` as ReceiptNo;

/** A new sale. Its `opened` record must be durable before anyone is told. */
export function openSale(facts: SaleFacts, at: Instant): SaleStep {
  return {
    state: { at: 'opening', facts },
    effects: [
      {
        kind: 'journal',
        record: {
          kind: 'opened',
          sale: facts.sale,
          order: facts.order,
          amountFen: facts.amountFen,
          at: at.wall ?? null,
        },
      },
    ],
  };
}

/** Nothing more will happen to it by itself: the counter is free for the next customer. */
export const isFinal = (sale: Sale): boolean =>
  sale.at === 'settled' || sale.at === 'refunded' || sale.at === 'not-charged' || sale.at === 'abandoned';

/** In a person's hands: the counter goes on without waiting for it. */
export const isParked = (sale: Sale): boolean =>
  (sale.at === 'charging' || sale.at === 'refunding') && sale.movement.at === 'parked';

export function saleWakeAt(sale: Sale): MonoMs | undefined {
  switch (sale.at) {
    case 'opened':
      return sale.idleAt;
    case 'authorising':
      return sale.until;
    case 'charging':
    case 'refunding':
      return movementWakeAt(sale.movement);
    default:
      return undefined;
  }
}

export function stepSale(sale: Sale, input: SaleInput, at: Instant): SaleStep {
  switch (sale.at) {
    case 'opening':
      if (input.kind === 'journalled')
        return stay({
          at: 'opened',
          facts: sale.facts,
          reason: null,
          next: null,
          idleAt: later(at.mono, OPENED_IDLE_MS),
        });
      return stay(sale);
    case 'opened':
      return stepOpened(sale, input, at);
    case 'authorising':
      return stepAuthorising(sale, input, at);
    case 'charging':
      return stepCharging(sale, input, at);
    case 'abandoning':
      return stay(input.kind === 'journalled' ? { at: 'abandoned', facts: sale.facts, why: sale.why } : sale);
    case 'settled':
      if (input.kind === 'refund') return startRefund(sale, input, at);
      return restate(sale, input, sale.facts.sale);
    case 'refunding':
      return stepRefunding(sale, input, at);
    case 'refunded':
      return restate(sale, input, sale.refund);
    case 'not-charged':
      return restate(sale, input, sale.facts.sale);
    case 'abandoned':
      return stay(sale);
    default:
      return unreachable(sale);
  }
}

function stepOpened(sale: Sale & { at: 'opened' }, input: SaleInput, at: Instant): SaleStep {
  switch (input.kind) {
    case 'shown': {
      if (input.shown.kind === 'other')
        return stay({ ...sale, reason: input.shown.reason, next: null, idleAt: later(at.mono, OPENED_IDLE_MS) });
      const { facts } = sale;
      return {
        state: {
          at: 'authorising',
          facts,
          shown: input.shown,
          sentAt: at.mono,
          until: later(at.mono, AUTHORISE_TIMEOUT_MS),
        },
        effects: [{ kind: 'authorise', facts, shown: input.shown }],
      };
    }
    case 'charge':
      return startCharge(
        sale.facts,
        {
          netFen: sale.facts.amountFen,
          coupon: null,
          reason: sale.reason,
          next: sale.next,
          readerMark: input.readerMark,
        },
        null,
        at,
      );
    case 'cancel':
      return abandon(sale.facts, input.by, at);
    case 'wake':
      return at.mono >= sale.idleAt ? abandon(sale.facts, 'timeout', at) : stay(sale);
    default:
      return stay(sale);
  }
}

function stepAuthorising(sale: Sale & { at: 'authorising' }, input: SaleInput, at: Instant): SaleStep {
  switch (input.kind) {
    case 'authorised': {
      const { answer } = input;
      if (answer.kind === 'refused') return refused(sale.facts, answer.reason, answer.next, input.readerMark, at);
      const coupon: JournalledCoupon = {
        serial: answer.serial,
        tier: answer.tier,
        faceFen: answer.faceFen,
        thresholdFen: answer.thresholdFen,
        by: { kind: 'reservation' },
      };
      // Counted from when the request left: the gateway started its own count later, so ours ends first.
      return startCharge(
        sale.facts,
        chargeWith(sale.facts, coupon, null, input.readerMark),
        later(sale.sentAt, answer.leaseMs),
        at,
      );
    }
    case 'undeliverable': {
      const { verdict } = input;
      if (verdict.kind === 'refused') return refused(sale.facts, verdict.reason, verdict.next, input.readerMark, at);
      return startCharge(sale.facts, chargeWith(sale.facts, verdict.coupon, verdict.next, input.readerMark), null, at);
    }
    case 'wake':
      return at.mono >= sale.until
        ? { state: sale, effects: [{ kind: 'judge-offline', facts: sale.facts, shown: sale.shown }] }
        : stay(sale);
    case 'cancel':
      return abandon(sale.facts, input.by, at);
    default:
      return stay(sale);
  }
}

function stepCharging(sale: Sale & { at: 'charging' }, input: SaleInput, at: Instant): SaleStep {
  const word = wordFor(input, sale.facts.sale);
  if (word === undefined) return stay(sale);
  const { facts, charge } = sale;
  const step = stepMovement(sale.movement, word, at);
  let settledAt = sale.settledAt;
  const effects = step.effects.map((effect): SaleEffect => {
    switch (effect.kind) {
      case 'command':
        return { kind: 'charge', ref: facts.sale, netFen: charge.netFen };
      case 'record-outcome':
        settledAt = at.wall ?? null;
        return { kind: 'journal', record: outcomeRecord(facts, charge, effect.outcome, settledAt) };
      case 'record-unknown':
        return {
          kind: 'journal',
          record: { kind: 'unknown', sale: facts.sale, why: effect.why.slice(0, 120), at: at.wall ?? null },
        };
      default:
        return common(effect, facts.sale, charge.netFen, charge.readerMark);
    }
  });
  if (step.state.at !== 'closed') return { state: { ...sale, movement: step.state, settledAt }, effects };
  const { outcome } = step.state;
  if (outcome.kind === 'not-moved')
    return { state: { at: 'not-charged', facts, charge, outcome: outcome.outcome, code: outcome.code }, effects };
  const settlement: Settlement = {
    charge,
    slip: outcome.slip,
    receipt: receiptNo(facts.device, facts.sale),
    settledAt,
  };
  return {
    state: { at: 'settled', facts, settlement, refundFailed: null },
    effects: [
      ...effects,
      { kind: 'receipt', facts, settlement, of: 'sale', receipt: settlement.receipt, when: settledAt },
      { kind: 'announce', facts, settlement, of: 'sale' },
    ],
  };
}

function stepRefunding(sale: Sale & { at: 'refunding' }, input: SaleInput, at: Instant): SaleStep {
  const word = wordFor(input, sale.refund);
  if (word === undefined) return stay(sale);
  const { facts, settlement, refund } = sale;
  const { netFen } = settlement.charge;
  const receipt = receiptNo(facts.device, refund);
  const step = stepMovement(sale.movement, word, at);
  let refundedAt = sale.refundedAt;
  const effects = step.effects.map((effect): SaleEffect => {
    switch (effect.kind) {
      case 'command':
        return { kind: 'void', ref: refund, original: facts.sale, netFen, slip: settlement.slip };
      case 'record-outcome': {
        refundedAt = at.wall ?? null;
        const { outcome } = effect;
        return {
          kind: 'journal',
          record:
            outcome.kind === 'moved'
              ? { kind: 'refunded', refund, sale: facts.sale, netFen, receipt, card: outcome.slip, at: refundedAt }
              : {
                  kind: 'refund-failed',
                  refund,
                  sale: facts.sale,
                  outcome: outcome.outcome,
                  code: outcome.code.slice(0, 32),
                  at: refundedAt,
                },
        };
      }
      case 'record-unknown':
        return {
          kind: 'journal',
          record: {
            kind: 'refund-unknown',
            refund,
            sale: facts.sale,
            why: effect.why.slice(0, 120),
            at: at.wall ?? null,
          },
        };
      default:
        return common(effect, refund, netFen, sale.readerMark);
    }
  });
  if (step.state.at !== 'closed') return { state: { ...sale, movement: step.state, refundedAt }, effects };
  const { outcome } = step.state;
  if (outcome.kind === 'not-moved')
    return { state: { at: 'settled', facts, settlement, refundFailed: outcome.code }, effects };
  return {
    state: { at: 'refunded', facts, settlement, refund, receipt, refundedAt },
    effects: [
      ...effects,
      { kind: 'receipt', facts, settlement, of: 'refund', receipt, when: refundedAt },
      { kind: 'announce', facts, settlement, of: 'refund' },
    ],
  };
}

/** A result that comes again after everything is done: the reader missed our acknowledgement. */
function restate(sale: Sale, input: SaleInput, ref: SaleId): SaleStep {
  if (input.kind === 'reader' && input.ref === ref && input.word.kind === 'answer')
    return { state: sale, effects: [{ kind: 'stored', ref }] };
  return stay(sale);
}

function refused(
  facts: SaleFacts,
  reason: ReasonCode,
  next: Shortfall,
  readerMark: string | null,
  at: Instant,
): SaleStep {
  if (MENDABLE.has(reason)) return stay({ at: 'opened', facts, reason, next, idleAt: later(at.mono, OPENED_IDLE_MS) });
  return startCharge(facts, { netFen: facts.amountFen, coupon: null, reason, next, readerMark }, null, at);
}

const chargeWith = (
  facts: SaleFacts,
  coupon: JournalledCoupon,
  next: Shortfall,
  readerMark: string | null,
): Charge => ({
  netFen: subtractFen(facts.amountFen, coupon.faceFen),
  coupon,
  reason: null,
  next,
  readerMark,
});

function startCharge(facts: SaleFacts, charge: Charge, before: MonoMs | null, at: Instant): SaleStep {
  const { sale, order, merchant, amountFen } = facts;
  const { netFen, coupon, reason, readerMark } = charge;
  return {
    state: { at: 'charging', facts, charge, movement: permit(before), settledAt: null },
    effects: [
      {
        kind: 'journal',
        record: {
          kind: 'charging',
          sale,
          order,
          merchant,
          amountFen,
          netFen,
          coupon,
          reason,
          readerMark,
          at: at.wall ?? null,
        },
      },
    ],
  };
}

function startRefund(sale: Sale & { at: 'settled' }, input: SaleInput & { kind: 'refund' }, at: Instant): SaleStep {
  const { facts, settlement } = sale;
  const { refund, readerMark } = input;
  return {
    state: { at: 'refunding', facts, settlement, refund, readerMark, movement: permit(null), refundedAt: null },
    effects: [
      {
        kind: 'journal',
        record: {
          kind: 'refunding',
          refund,
          sale: facts.sale,
          netFen: settlement.charge.netFen,
          readerMark,
          at: at.wall ?? null,
        },
      },
    ],
  };
}

function abandon(facts: SaleFacts, why: RecordOf<'abandoned'>['why'], at: Instant): SaleStep {
  return {
    state: { at: 'abandoning', facts, why },
    effects: [{ kind: 'journal', record: { kind: 'abandoned', sale: facts.sale, why, at: at.wall ?? null } }],
  };
}

function outcomeRecord(
  facts: SaleFacts,
  charge: Charge,
  outcome: (Movement & { at: 'closing' })['outcome'],
  when: JournalRecord['at'],
): JournalRecord {
  if (outcome.kind === 'not-moved')
    return {
      kind: 'not-charged',
      sale: facts.sale,
      outcome: outcome.outcome,
      code: outcome.code.slice(0, 32),
      at: when,
    };
  const serial: CouponSerial | null = charge.coupon?.serial ?? null;
  return {
    kind: 'settled',
    sale: facts.sale,
    order: facts.order,
    amountFen: facts.amountFen,
    netFen: charge.netFen,
    serial,
    faceFen: charge.coupon?.faceFen ?? ZERO_FEN,
    receipt: receiptNo(facts.device, facts.sale),
    card: outcome.slip,
    at: when,
  };
}

/** The inputs of a sale that are its movement's business. */
function wordFor(input: SaleInput, ref: SaleId): MovementInput | undefined {
  switch (input.kind) {
    case 'reader':
      return input.ref === ref ? input.word : undefined;
    case 'journalled':
    case 'reader-ready':
    case 'ask-again':
    case 'wake':
      return { kind: input.kind };
    case 'cancel':
      return { kind: 'cancel' };
    default:
      return undefined;
  }
}

function common(
  effect: Exclude<MovementEffect, { kind: 'command' | 'record-outcome' | 'record-unknown' }>,
  ref: SaleId,
  netFen: Fen,
  mark: string | null,
): SaleEffect {
  switch (effect.kind) {
    case 'ask':
      return { kind: 'ask', ref, netFen, mark };
    case 'cancel-command':
      return { kind: 'cancel-charge', ref };
    case 'stored':
      return { kind: 'stored', ref };
    default:
      return unreachable(effect);
  }
}

const stay = (state: Sale): SaleStep => ({ state, effects: [] });

/** Where the journal's own records leave a sale when the power comes back: see `recovery.ts`. */
export const resumeCharge = (facts: SaleFacts, charge: Charge, at: Instant): Sale => ({
  at: 'charging',
  facts,
  charge,
  movement: resume(at),
  settledAt: null,
});

/** What a receipt of this sale shows, for printing it (again): the refund's once there is one, else the sale's. */
export function receiptOf(
  sale: Sale,
  of: 'sale' | 'refund' = sale.at === 'refunded' ? 'refund' : 'sale',
): Extract<SaleEffect, { kind: 'receipt' }> | undefined {
  if (sale.at !== 'settled' && sale.at !== 'refunding' && sale.at !== 'refunded') return undefined;
  const { facts, settlement } = sale;
  if (of === 'sale')
    return { kind: 'receipt', facts, settlement, of, receipt: settlement.receipt, when: settlement.settledAt };
  return sale.at === 'refunded'
    ? { kind: 'receipt', facts, settlement, of, receipt: sale.receipt, when: sale.refundedAt }
    : undefined;
}
