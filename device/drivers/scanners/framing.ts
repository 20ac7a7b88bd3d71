/** Splits a scanner's bytes into scans: a pure feed. It knows bytes and line ends, not time or text. */
import { joinBytes, NO_BYTES } from '../bytes.js';

/**
 * The largest QR code holds 2,953 bytes (ISO/IEC 18004, version 40-L). Anything longer without an end is line noise, and
 * must not fill the memory.
 */
export const MAX_SCAN_BYTES = 4_096;

const CR = 0x0d;
const LF = 0x0a;
const TAB = 0x09;

export interface Framing {
  readonly buffer: Uint8Array;
  /** An over-long scan is being dropped up to its end. */
  readonly skipping: boolean;
}

export type Framed = { readonly kind: 'line'; readonly bytes: Uint8Array } | { readonly kind: 'too-long' };

export const EMPTY_FRAMING: Framing = { buffer: NO_BYTES, skipping: false };

export const betweenScans = (framing: Framing): boolean => framing.buffer.length === 0 && !framing.skipping;

/** CR, LF and CR LF are one end each, since an empty line is no scan. TAB ends a scan only if configured. */
export const isEnd = (byte: number, tabEnds: boolean): boolean =>
  byte === CR || byte === LF || (tabEnds && byte === TAB);

export function feed(framing: Framing, chunk: Uint8Array, tabEnds: boolean): { framing: Framing; framed: Framed[] } {
  const framed: Framed[] = [];
  let { buffer, skipping } = framing;
  let from = 0;
  for (let at = 0; at <= chunk.length; at++) {
    const byte = chunk[at];
    const ended = byte !== undefined && isEnd(byte, tabEnds);
    if (byte !== undefined && !ended) continue;
    if (!skipping) buffer = joinBytes(buffer, chunk.subarray(from, at));
    if (buffer.length > MAX_SCAN_BYTES) {
      framed.push({ kind: 'too-long' });
      buffer = NO_BYTES;
      skipping = true;
    }
    if (ended) {
      if (buffer.length > 0) framed.push({ kind: 'line', bytes: buffer });
      buffer = NO_BYTES;
      skipping = false;
    }
    from = at + 1;
  }
  return { framing: { buffer, skipping }, framed };
}
