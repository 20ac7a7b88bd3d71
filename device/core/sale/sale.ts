/**
 * One sale, from the amount that the till hands over to its receipt, and its refund.
 *
 *   opening -> opened -> authorising -> charging -> settled -> refunding -> refunded
 *                 |           |            |-> not-charged        |-> settled (refund not made)
 *                 |-> abandoning -> abandoned
 *
 * Rules. A record is durable before the effect that it permits: `opened` before the till gets the sale, `charging` before
 * the charge command, `settled` before receipt, voice and the till's answer. Charged net if and only if the coupon is used:
 * `settled` redeems, every other end releases. No coupon is never a dead end. If the customer can't fix the refusal, the
 * sale goes on at full price at once; if they can (an old code, another wallet's), it waits.
 */
import type { ReasonCode } from '#protocol/faults/reasons.js';
import type { CouponSerial, SaleId } from '#protocol/kernel/ids.js';
import { type Step, unreachable } from '#protocol/kernel/machine.js';
import { subtractFen, ZERO_FEN } from '#protocol/kernel/money.js';
import { type Instant, later, type MonoMs } from '#protocol/kernel/time.js';
import type { JournalledCoupon, JournalRecord, RecordOf } from '#protocol/records/record.js';
import { AUTHORISE_TIMEOUT_MS, OPENED_IDLE_MS } from '../limits.js';
import { permit, type ReaderTransaction, stepReaderTransaction } from './reader-transaction.js';
import { startRefund, stepRefunding } from './refund.js';
import {
  type Charge,
  receiptNo,
  type Sale,
  type SaleEffect,
  type SaleFacts,
  type SaleInput,
  type Settlement,
  type Shortfall,
} from './sale-state.js';
import { readerEffect, transactionInput } from './sale-transaction.js';

export * from './sale-state.js';

type SaleStep = Step<Sale, SaleEffect>;

/** Refusals that the customer can fix on the spot: the sale stays open for another code, or for the cashier's "charge". */
const MENDABLE: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'wrong-wallet-app',
  'code-unknown',
  'presentation-malformed',
  'presentation-forged',
  'presentation-stale',
  'phone-clock-ahead',
  'presentation-replayed',
  'other-campaign',
  'mode-not-allowed',
  'plate-cap',
  'lease-expired',
]);

/** A new sale. Its `opened` record must be durable before anything is reported. */
export function openSale(given: SaleFacts, at: Instant): SaleStep {
  const facts = { ...given, openedAt: at.wall ?? null };
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
    case 'presented': {
      if (input.presentation.kind === 'other')
        return stay({ ...sale, reason: input.presentation.reason, next: null, idleAt: later(at.mono, OPENED_IDLE_MS) });
      const { facts } = sale;
      return {
        state: {
          at: 'authorising',
          facts,
          presentation: input.presentation,
          sentAt: at.mono,
          until: later(at.mono, AUTHORISE_TIMEOUT_MS),
        },
        effects: [{ kind: 'authorise', facts, presentation: input.presentation }],
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
      // Counted from the request's departure: the gateway's count starts later, so ours ends first.
      return startCharge(
        sale.facts,
        chargeWith(sale.facts, coupon, null, input.readerMark),
        later(sale.sentAt, answer.leaseMs),
        at,
      );
    }
    case 'offline': {
      const { verdict } = input;
      if (verdict.kind === 'refused') return refused(sale.facts, verdict.reason, verdict.next, input.readerMark, at);
      return startCharge(sale.facts, chargeWith(sale.facts, verdict.coupon, verdict.next, input.readerMark), null, at);
    }
    case 'wake':
      return at.mono >= sale.until
        ? { state: sale, effects: [{ kind: 'judge-offline', facts: sale.facts, presentation: sale.presentation }] }
        : stay(sale);
    case 'cancel':
      return abandon(sale.facts, input.by, at);
    default:
      return stay(sale);
  }
}

function stepCharging(sale: Sale & { at: 'charging' }, input: SaleInput, at: Instant): SaleStep {
  const word = transactionInput(input, sale.facts.sale);
  if (word === undefined) return stay(sale);
  const { facts, charge } = sale;
  const step = stepReaderTransaction(sale.transaction, word, at);
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
        return readerEffect(effect, facts.sale, charge.netFen, charge.readerMark);
    }
  });
  if (step.state === sale.transaction && effects.length === 0) return stay(sale);
  if (step.state.at !== 'closed') return { state: { ...sale, transaction: step.state, settledAt }, effects };
  const { outcome } = step.state;
  if (outcome.kind === 'not-charged')
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
      {
        kind: 'receipt',
        facts,
        settlement,
        of: 'sale',
        receipt: settlement.receipt,
        slip: outcome.slip,
        when: settledAt,
      },
      { kind: 'announce', facts, settlement, of: 'sale' },
    ],
  };
}

/** A repeated result after everything is done: the reader missed our acknowledgement. */
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
    state: { at: 'charging', facts, charge, transaction: permit(before), settledAt: null },
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

function abandon(facts: SaleFacts, why: RecordOf<'abandoned'>['why'], at: Instant): SaleStep {
  return {
    state: { at: 'abandoning', facts, why },
    effects: [{ kind: 'journal', record: { kind: 'abandoned', sale: facts.sale, why, at: at.wall ?? null } }],
  };
}

function outcomeRecord(
  facts: SaleFacts,
  charge: Charge,
  outcome: (ReaderTransaction & { at: 'closing' })['outcome'],
  when: JournalRecord['at'],
): JournalRecord {
  if (outcome.kind === 'not-charged')
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

const stay = (state: Sale): SaleStep => ({ state, effects: [] });
