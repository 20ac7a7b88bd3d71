/** The interface of a customer display driver: a pure encoder, because these displays never answer. */
import type { Fen } from '#protocol/kernel/money.js';
import type { Examples } from '../transcript.js';

export type Showing =
  | { readonly kind: 'clear' }
  | { readonly kind: 'amount'; readonly fen: Fen; readonly lamp: 'off' | 'price' | 'total' | 'received' | 'change' };

export interface DisplayDriver {
  readonly name: string;
  readonly baudRate: number;
  /** Bytes to send when the port opens. */
  readonly greeting: Uint8Array;
  encode(showing: Showing): Uint8Array;
  readonly examples: Examples<DisplayExample>;
}

/** Bytes as a text, one character each. */
export interface DisplayExample {
  readonly showing: Showing;
  readonly bytes: string;
}
