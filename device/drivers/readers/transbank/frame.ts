/**
 * Transbank frames: STX data ETX LRC, and the single bytes ACK and NAK between them.
 *
 * A pure feed, byte by byte, because the LRC itself may be 02, 03, 06 or 15 and only its position identifies it.
 */
import { joinBytes, latin1Bytes, latin1Text, NO_BYTES } from '../../bytes.js';

export const ACK = 0x06;
export const NAK = 0x15;
const STX = 0x02;
const ETX = 0x03;

/** The longest answer, a sale with its printed voucher, is far shorter; a longer frame has lost its ETX. */
export const MAX_FRAME_BYTES = 2_048;

export interface Framing {
  readonly at: 'idle' | 'data' | 'lrc';
  readonly data: Uint8Array;
}

export const IDLE: Framing = { at: 'idle', data: NO_BYTES };

export type Framed =
  | { readonly kind: 'ack' }
  | { readonly kind: 'nak' }
  | { readonly kind: 'frame'; readonly fields: readonly string[] }
  | { readonly kind: 'fault'; readonly fault: 'LRC' | 'TOO_LONG' };

export function encodeFrame(data: string): Uint8Array {
  const bytes = latin1Bytes(data);
  return joinBytes([STX], bytes, [ETX, lrc(bytes)]);
}

export function feed(framing: Framing, chunk: Uint8Array): { framing: Framing; framed: Framed[] } {
  const framed: Framed[] = [];
  let { at, data } = framing;
  for (const byte of chunk) {
    switch (at) {
      case 'idle':
        if (byte === STX) at = 'data';
        else if (byte === ACK) framed.push({ kind: 'ack' });
        else if (byte === NAK) framed.push({ kind: 'nak' });
        break;
      case 'data':
        if (byte === ETX) at = 'lrc';
        else if (data.length < MAX_FRAME_BYTES) data = joinBytes(data, [byte]);
        else {
          framed.push({ kind: 'fault', fault: 'TOO_LONG' });
          at = 'idle';
          data = NO_BYTES;
        }
        break;
      case 'lrc':
        if (byte === lrc(data)) framed.push({ kind: 'frame', fields: latin1Text(data).split('|') });
        else framed.push({ kind: 'fault', fault: 'LRC' });
        at = 'idle';
        data = NO_BYTES;
        break;
    }
  }
  return { framing: { at, data }, framed };
}

/** Xor of data and ETX. */
const lrc = (data: Uint8Array): number => data.reduce((xor, byte) => xor ^ byte, ETX);
