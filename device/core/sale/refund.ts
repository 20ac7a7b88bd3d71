/** The refund of a settled sale: the amount paid goes back through the reader, under a reference of its own. */
import type { Step } from '#protocol/kernel/machine.js';
import type { Instant } from '#protocol/kernel/time.js';
import { permit, stepReaderTransaction } from './reader-transaction.js';
import { receiptNo, type Sale, type SaleEffect, type SaleInput } from './sale-state.js';
import { readerEffect, transactionInput } from './sale-transaction.js';

type SaleStep = Step<Sale, SaleEffect>;

export function startRefund(
  sale: Sale & { at: 'settled' },
  input: SaleInput & { kind: 'refund' },
  at: Instant,
): SaleStep {
  const { facts, settlement } = sale;
  const { refund, readerMark } = input;
  return {
    state: { at: 'refunding', facts, settlement, refund, readerMark, transaction: permit(null), refundedAt: null },
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

export function stepRefunding(sale: Sale & { at: 'refunding' }, input: SaleInput, at: Instant): SaleStep {
  const word = transactionInput(input, sale.refund);
  if (word === undefined) return { state: sale, effects: [] };
  const { facts, settlement, refund } = sale;
  const { netFen } = settlement.charge;
  const receipt = receiptNo(facts.device, refund);
  const step = stepReaderTransaction(sale.transaction, word, at);
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
            outcome.kind === 'approved'
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
        return readerEffect(effect, refund, netFen, sale.readerMark);
    }
  });
  if (step.state === sale.transaction && effects.length === 0) return { state: sale, effects };
  if (step.state.at !== 'closed') return { state: { ...sale, transaction: step.state, refundedAt }, effects };
  const { outcome } = step.state;
  if (outcome.kind === 'not-charged')
    return {
      state: {
        at: 'settled',
        facts,
        settlement,
        refundFailed: { outcome: outcome.outcome, code: outcome.code },
      },
      effects,
    };
  const { slip } = outcome;
  return {
    state: { at: 'refunded', facts, settlement, refund, slip, receipt, refundedAt },
    effects: [
      ...effects,
      { kind: 'receipt', facts, settlement, of: 'refund', receipt, slip, when: refundedAt },
      { kind: 'announce', facts, settlement, of: 'refund' },
    ],
  };
}
