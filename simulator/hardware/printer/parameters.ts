/** What commands are made of: events going out, parameter bytes coming in. */
import type { PaperDocument, Pulse, Unknown } from './paper/document.js';

/** What leaves the interpreter besides paper. */
export type PrinterEvent =
  | { readonly kind: 'document'; readonly document: PaperDocument }
  /** A line, a picture or a feed has gone onto the paper. */
  | { readonly kind: 'paper-moved' }
  | { readonly kind: 'pulse'; readonly pulse: Pulse }
  /** `GS r n`, `GS I n`: questions that wait for their turn in the buffer. */
  | { readonly kind: 'asked'; readonly what: 'sensor' | 'identity'; readonly n: number }
  /** `GS a n`: which changes to report by itself from now on. */
  | { readonly kind: 'asb'; readonly mask: number }
  | { readonly kind: 'unknown'; readonly unknown: Unknown };

export type Refusal = Exclude<Unknown['why'], 'truncated' | 'no-such-character'>;

export const at = (bytes: Uint8Array, index: number): number => bytes[index] ?? 0;
export const word = (bytes: Uint8Array, index: number): number => at(bytes, index) + at(bytes, index + 1) * 256;
export const long = (bytes: Uint8Array, index: number): number => word(bytes, index) + word(bytes, index + 2) * 65_536;
/** Many parameters may be written as a number or as its digit. */
export const digit = (n: number): number => (n >= 0x30 && n <= 0x39 ? n - 0x30 : n);
