/** The state of a Transbank conversation: plain data, replaced and never mutated. */
import type { SaleId } from '#protocol/kernel/ids.js';
import type { Fen } from '#protocol/kernel/money.js';
import type { MonoMs } from '#protocol/kernel/time.js';
import type { CardSlip } from '#protocol/records/record.js';
import { type Framing, IDLE } from './frame.js';

export type Request =
  | { readonly kind: 'poll' }
  | { readonly kind: 'mark' }
  | { readonly kind: 'sale'; readonly ref: SaleId; readonly netFen: Fen; readonly mark: number | null }
  | { readonly kind: 'inquire'; readonly ref: SaleId; readonly netFen: Fen; readonly mark: number | null }
  | { readonly kind: 'refund'; readonly ref: SaleId; readonly slip: CardSlip; readonly operation: number };

export interface UnderWay {
  readonly request: Request;
  readonly bytes: Uint8Array;
  readonly times: number;
  readonly acknowledged: boolean;
  readonly due: MonoMs;
}

export interface TransbankState {
  readonly link: 'down' | 'meeting' | 'ready';
  readonly awayTold: boolean;
  readonly framing: Framing;
  readonly byteDue: MonoMs | undefined;
  readonly underWay: UnderWay | undefined;
  readonly meetAt: MonoMs | undefined;
  /** The terminal's current operation number; 0 if it has no sale yet. */
  readonly mark: number | null;
  /** The newest sale or refund: its answer may come after its time is up. */
  readonly last: Extract<Request, { kind: 'sale' | 'refund' }> | undefined;
  /** The newest final answer: its ACK waits for `stored`, and its repeats get no second answer. */
  readonly final: { readonly ref: SaleId; readonly fields: string; readonly stored: boolean } | undefined;
}

export const INITIAL: TransbankState = {
  link: 'down',
  awayTold: false,
  framing: IDLE,
  byteDue: undefined,
  underWay: undefined,
  meetAt: undefined,
  mark: null,
  last: undefined,
  final: undefined,
};

export const movesMoney = (request: Request): request is Extract<Request, { kind: 'sale' | 'refund' }> =>
  request.kind === 'sale' || request.kind === 'refund';
