/**
 * CRP/1 on the line, as the reader's maker would write it: `$` body `*` CRC CR LF. Pure: bytes in, lines out. Nothing
 * here is shared with the agent's driver.
 */
import { crc16 } from '../crc16.js';

/** From `$` to LF; the manual's figure. A longer line is thrown away up to its end. */
export const MAX_LINE_BYTES = 512;
const CR = 0x0d;
const LF = 0x0a;
const DOLLAR = 0x24;

export interface CrpBuffer {
  readonly bytes: Uint8Array;
  /** In the middle of a line that was too long. */
  readonly skipping: boolean;
}
export const EMPTY: CrpBuffer = { bytes: new Uint8Array(0), skipping: false };

/** Cuts off every complete line, without CR LF and without what stands before its last `$`. */
export function cut(buffer: CrpBuffer, chunk: Uint8Array): { buffer: CrpBuffer; lines: readonly Uint8Array[] } {
  const lines: Uint8Array[] = [];
  const all = new Uint8Array(buffer.bytes.length + chunk.length);
  all.set(buffer.bytes);
  all.set(chunk, buffer.bytes.length);
  let from = 0;
  let skipping = buffer.skipping;
  for (let i = buffer.bytes.length; i < all.length; i++) {
    if (all[i] === LF && all[i - 1] === CR) {
      const whole = all.subarray(from, i - 1);
      // An overlong line ends as a line that can't be right, so that its sender is told.
      if (skipping || whole.length > MAX_LINE_BYTES) lines.push(Uint8Array.of(DOLLAR));
      else if (whole.length > 0) lines.push(whole.slice(Math.max(0, whole.lastIndexOf(DOLLAR))));
      from = i + 1;
      skipping = false;
    }
  }
  const rest = all.slice(from);
  if (rest.length <= MAX_LINE_BYTES) return { buffer: { bytes: rest, skipping }, lines };
  return { buffer: { bytes: rest.slice(-1), skipping: true }, lines };
}

export interface CrpLine {
  readonly verb: string;
  /** Two upper-case hex digits. */
  readonly seq: string;
  readonly fields: readonly string[];
  /** The exact body, for telling a repeated line from another one. */
  readonly body: string;
}

/** What a line says, or why it can't be read. `damaged`: answer `NAK|00|CRC`. `malformed`: the CRC is right, the form isn't. */
export function read(
  line: Uint8Array,
): CrpLine | { readonly verb: 'damaged' } | { readonly verb: 'malformed'; readonly seq: string } {
  const text = Buffer.from(line).toString('latin1');
  const match = /^\$([^$*]*)\*([0-9A-F]{4})$/.exec(text);
  const body = match?.[1];
  if (body === undefined || crc16(Buffer.from(body, 'latin1'), 0xffff) !== Number.parseInt(match?.[2] ?? '', 16))
    return { verb: 'damaged' };
  const [verb, seq, ...fields] = body.split('|');
  const plain = fields.map(unescapeField);
  if (verb === undefined || seq === undefined || !/^[0-9A-F]{2}$/.test(seq) || !/^[\x20-\x7e]*$/.test(body))
    return { verb: 'malformed', seq: '00' };
  if (!/^[A-Z]{3,8}$/.test(verb) || plain.includes(undefined)) return { verb: 'malformed', seq };
  return { verb, seq, fields: plain.filter((field) => field !== undefined), body };
}

/** The verb of a line that may be damaged, for faults that name it. */
export const verbOf = (line: Uint8Array): string =>
  /^\$([A-Z]+)/.exec(Buffer.from(line).toString('latin1'))?.[1] ?? '?';

export function write(verb: string, seq: string, fields: readonly string[]): Uint8Array {
  const body = [verb, seq, ...fields.map(escapeField)].join('|');
  const crc = crc16(Buffer.from(body, 'latin1'), 0xffff).toString(16).toUpperCase().padStart(4, '0');
  return new Uint8Array(Buffer.from(`$${body}*${crc}\r\n`, 'latin1'));
}

/** 01..FF and round again; 00 means none. */
export const nextSeq = (seq: string): string => {
  const n = Number.parseInt(seq, 16);
  return (n >= 0xff ? 1 : n + 1).toString(16).toUpperCase().padStart(2, '0');
};

function escapeField(field: string): string {
  if (!/[^\x20-\x7e]|[$*|%]/.test(field)) return field;
  let out = '';
  for (const byte of Buffer.from(field, 'utf8')) {
    const char = String.fromCharCode(byte);
    out +=
      byte < 0x20 || byte > 0x7e || '$*|%'.includes(char)
        ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : char;
  }
  return out;
}

function unescapeField(field: string): string | undefined {
  if (!/[%\x80-\xff]/.test(field)) return field;
  if (/%(?![0-9A-Fa-f]{2})/.test(field)) return undefined;
  const latin = field.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(latin, 'latin1'));
  } catch {
    return undefined;
  }
}
