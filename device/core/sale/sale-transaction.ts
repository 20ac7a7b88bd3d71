/**
 * Shared by a sale's charge and its refund: the same inputs go to their reader transaction, and the same effects come out.
 */
import type { SaleId } from '#protocol/kernel/ids.js';
import { unreachable } from '#protocol/kernel/machine.js';
import type { Fen } from '#protocol/kernel/money.js';
import type { ReaderTransactionEffect, ReaderTransactionInput } from './reader-transaction.js';
import type { SaleEffect, SaleInput } from './sale-state.js';

/** The inputs of a sale that its reader transaction handles. */
export function transactionInput(input: SaleInput, ref: SaleId): ReaderTransactionInput | undefined {
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

export function readerEffect(
  effect: Exclude<ReaderTransactionEffect, { kind: 'command' | 'record-outcome' | 'record-unknown' }>,
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
