/** Translates a sale's effects for the card reader into the driver's inputs. */
import { unreachable } from '#protocol/kernel/machine.js';
import { READER_TIMEOUT_S } from '../core/limits.js';
import type { SaleEffect } from '../core/sale/sale.js';
import type { ReaderInput } from '../drivers/readers/reader.js';

type ReaderEffect = Extract<SaleEffect, { kind: 'charge' | 'void' | 'ask' | 'cancel-charge' | 'stored' }>;

export function readerInput(effect: ReaderEffect): ReaderInput {
  switch (effect.kind) {
    case 'charge':
      return { kind: 'charge', ref: effect.ref, netFen: effect.netFen, timeoutS: READER_TIMEOUT_S };
    case 'void': {
      const { ref, original, netFen, slip } = effect;
      return { kind: 'void', ref, original, netFen, slip };
    }
    case 'ask':
      return { kind: 'ask', ref: effect.ref, netFen: effect.netFen, mark: effect.mark };
    case 'cancel-charge':
      return { kind: 'cancel', ref: effect.ref };
    case 'stored':
      return { kind: 'stored', ref: effect.ref };
    default:
      return unreachable(effect);
  }
}
