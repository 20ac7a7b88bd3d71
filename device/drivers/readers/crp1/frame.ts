/**
 * Frames and parses CRP/1 lines: `$` body `*` CRC CR LF. A pure feed and its inverse; fields come out decoded, in order.
 *
 * A body never contains `$` (it is escaped), so `$` always begins a line. Anything before it, such as boot messages or the
 * rest of a broken line, is dropped at once.
 */
import { crc16CcittFalse, crcHex } from '#protocol/codes/crc16.js';
import { err, ok, type Result } from '#protocol/kernel/result.js';
import { joinBytes, latin1Bytes, latin1Text, NO_BYTES } from '../../bytes.js';

/** The protocol's limit, `$` to LF. */
export const MAX_LINE_BYTES = 512;

const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;
/** `$ * | %` and everything outside 20-7E are sent as %XX of UTF-8. */
const MUST_ESCAPE = /[^\x20-\x7e]|[$*|%]/gu;
const BODY = /^[\x20-\x7e]*$/;

/** A line without its end yet. undefined: between lines. */
export interface Framing {
  readonly line: Uint8Array | undefined;
}

export const BETWEEN_LINES: Framing = { line: undefined };

export type FrameFault = 'CRC' | 'FORMAT' | 'TOO_LONG' | 'BROKEN_OFF';

export type Framed =
  | { readonly kind: 'line'; readonly body: string; readonly fields: readonly string[] }
  /** The content isn't shown: it may hold a card number. */
  | { readonly kind: 'fault'; readonly fault: FrameFault; readonly length: number };

export function encodeLine(fields: readonly string[]): Uint8Array {
  const body = fields.map((field) => field.replace(MUST_ESCAPE, escapeCharacter)).join('|');
  return latin1Bytes(`$${body}*${crcText(body)}\r\n`);
}

export function feed(framing: Framing, chunk: Uint8Array): { framing: Framing; framed: Framed[] } {
  const framed: Framed[] = [];
  // `line` holds the bytes before `from`; the chunk's bytes from there to here belong to it too.
  let line = framing.line;
  let from = 0;
  const soFar = (line: Uint8Array, end: number): Uint8Array => joinBytes(line, chunk.subarray(from, end));
  for (let at = 0; at < chunk.length; at++) {
    const byte = chunk[at];
    if (byte === DOLLAR) {
      if (line !== undefined) framed.push(fault('BROKEN_OFF', soFar(line, at)));
      line = NO_BYTES;
      from = at;
    } else if (line === undefined) {
      // Between lines: line ends, boot noise, the rest of a dropped line.
    } else if (byte === CR || byte === LF) {
      framed.push(readLine(soFar(line, at)));
      line = undefined;
    } else if (line.length + at - from >= MAX_LINE_BYTES - 2) {
      framed.push(fault('TOO_LONG', soFar(line, at)));
      line = undefined;
    }
  }
  return { framing: { line: line === undefined ? undefined : soFar(line, chunk.length) }, framed };
}

function readLine(line: Uint8Array): Framed {
  const text = latin1Text(line.subarray(1));
  const star = text.lastIndexOf('*');
  const body = text.slice(0, star);
  if (star < 0 || text.slice(star + 1) !== crcText(body)) return fault('CRC', line);
  const fields = decodeFields(body);
  return fields.ok ? { kind: 'line', body, fields: fields.value } : fault('FORMAT', line);
}

function decodeFields(body: string): Result<readonly string[], 'FORMAT'> {
  if (!BODY.test(body)) return err('FORMAT');
  try {
    return ok(body.split('|').map((field) => (field.includes('%') ? decodeURIComponent(field) : field)));
  } catch {
    return err('FORMAT');
  }
}

const crcText = (body: string): string => crcHex(crc16CcittFalse(latin1Bytes(body)));

const fault = (kind: FrameFault, line: Uint8Array): Framed => ({ kind: 'fault', fault: kind, length: line.length });

/** Not encodeURIComponent: it leaves `*` alone. */
const escapeCharacter = (char: string): string =>
  Array.from(new TextEncoder().encode(char), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
