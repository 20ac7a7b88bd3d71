/**
 * Parses and writes merchant-presented QR codes (EMV QR Code Specification for Payment Systems, Merchant-Presented Mode).
 *
 * A code is a list of two-digit tag, two-digit length, value. Lengths count characters, not bytes; the CRC covers the UTF-8
 * bytes up to and including its own `6304`. Tag 00 comes first and 63 last; between them any order is allowed.
 */
import { err, ok, type Result } from '../kernel/result.js';
import { crc16CcittFalse, crcHex } from './crc16.js';

/** One level of tags and values; a template's value is another level. */
export interface EmvFields {
  readonly [tag: string]: string | EmvFields;
}

export type EmvFault =
  | 'emv-not-payload-format' // doesn't begin with 000201 or 000202
  | 'emv-truncated' // a length reaches beyond the end
  | 'emv-tag-or-length' // tag or length isn't two digits
  | 'emv-repeated-tag'
  | 'emv-template' // a template's value is not a list of tags
  | 'emv-crc-missing'
  | 'emv-crc';

export interface EmvCode {
  readonly fields: EmvFields;
}

/** The format indicator that we write. */
const PAYLOAD_FORMAT = '000201';
/** The format indicators that we read: Malaysia's DuitNow codes say 02, in otherwise the same form. */
const PAYLOAD_FORMATS = /^00020[12]/;
const CRC_TAG = '63';
/**
 * Longer than any QR code holds (ISO/IEC 18004: 4,296 alphanumeric characters), so that nobody can make us parse megabytes.
 */
const MAX_CHARACTERS = 4_296;

const utf8 = new TextEncoder();

/** Merchant account information of private formats (26-51), additional data (62), language (64), unreserved (80-99). */
export function isEmvTemplate(tag: string): boolean {
  const number = Number(tag);
  return (number >= 26 && number <= 51) || number === 62 || number === 64 || (number >= 80 && number <= 99);
}

export const looksLikeEmv = (text: string): boolean => PAYLOAD_FORMATS.test(text);

/** A fault comes with the `fields` parsed before it, so that a person can see how far the code was good. */
export function decodeEmv(
  text: string,
): Result<EmvCode, { readonly reason: EmvFault; readonly fields: EmvFields; readonly expectedCrc?: string }> {
  if (!looksLikeEmv(text)) return err({ reason: 'emv-not-payload-format', fields: {} });
  // Lengths count code points: a Hanzi outside the basic plane is one, though two UTF-16 units.
  const characters = Array.from(text.slice(0, MAX_CHARACTERS + 1));
  if (characters.length > MAX_CHARACTERS) return err({ reason: 'emv-truncated', fields: {} });
  const level = decodeLevel(characters, true);
  const { fields } = level;
  if (level.fault !== undefined) return err({ reason: level.fault, fields });
  const written = fields[CRC_TAG];
  const body = text.slice(0, -4);
  if (typeof written !== 'string' || written.length !== 4 || !text.endsWith(`${CRC_TAG}04${written}`)) {
    return err({ reason: 'emv-crc-missing', fields });
  }
  const expectedCrc = crcHex(crc16CcittFalse(utf8.encode(body)));
  if (written.toUpperCase() !== expectedCrc) return err({ reason: 'emv-crc', fields, expectedCrc });
  return ok({ fields });
}

/**
 * Writes 00 first, the rest by rising tag, 63 last; ignores 00 and 63 among the fields. Throws RangeError for a value over
 * 99 characters or a tag that isn't two digits: its callers build codes themselves.
 */
export function encodeEmv(fields: EmvFields): string {
  const { '00': _format, [CRC_TAG]: _crc, ...rest } = fields;
  const body = `${PAYLOAD_FORMAT}${encodeLevel(rest)}${CRC_TAG}04`;
  if (body.length + 4 > MAX_CHARACTERS) throw new RangeError('longer than a QR code can be');
  return body + crcHex(crc16CcittFalse(utf8.encode(body)));
}

interface Level {
  readonly fields: EmvFields;
  readonly fault?: EmvFault;
}

function decodeLevel(characters: readonly string[], isTop: boolean): Level {
  // No prototype, because tags from outside are keys here.
  const fields: Record<string, string | EmvFields> = Object.create(null);
  let at = 0;
  while (at < characters.length) {
    const tag = characters.slice(at, at + 2).join('');
    const length = characters.slice(at + 2, at + 4).join('');
    if (tag.length + length.length < 4) return { fields, fault: 'emv-truncated' };
    if (!/^\d\d$/.test(tag) || !/^\d\d$/.test(length)) return { fields, fault: 'emv-tag-or-length' };
    const end = at + 4 + Number(length);
    if (end > characters.length) return { fields, fault: 'emv-truncated' };
    if (tag in fields) return { fields, fault: 'emv-repeated-tag' };
    const value = characters.slice(at + 4, end);
    if (isTop && isEmvTemplate(tag)) {
      const nested = decodeLevel(value, false);
      fields[tag] = nested.fields;
      if (nested.fault !== undefined) return { fields, fault: 'emv-template' };
    } else {
      fields[tag] = value.join('');
    }
    at = end;
  }
  return { fields };
}

function encodeLevel(fields: EmvFields): string {
  let text = '';
  const byTag = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [tag, value] of byTag) {
    if (!/^\d\d$/.test(tag)) throw new RangeError(`${tag} is not a tag of two digits`);
    const content = typeof value === 'string' ? value : encodeLevel(value);
    const length = Array.from(content).length;
    if (length > 99) throw new RangeError(`tag ${tag} has ${length} characters; 99 are possible`);
    text += tag + String(length).padStart(2, '0') + content;
  }
  return text;
}
