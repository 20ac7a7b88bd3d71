/**
 * Base32 and base64url (RFC 4648 sections 5, 6) without padding.
 *
 * Decoding is strict: of all texts that could encode the same bytes only one is accepted (RFC 4648 section 3.5), so
 * comparing texts is the same as comparing bytes.
 */
import { err, ok, type Result } from '../kernel/result.js';

export type BitTextFault = 'character' | 'length' | 'trailing-bits';

export interface BitText {
  encode(bytes: Uint8Array): string;
  decode(text: string): Result<Uint8Array, BitTextFault>;
}

const NO_CHARACTER = 255;
/** Every character is ASCII, so the bytes are valid UTF-8 and one call makes the text. */
const ascii = new TextDecoder();

/** `alphabet`: 32 or 64 different ASCII characters. */
function bitText(alphabet: string): BitText {
  const bitsEach = Math.log2(alphabet.length);
  const mask = alphabet.length - 1;
  const characters = Uint8Array.from(alphabet, (character) => character.charCodeAt(0));
  const values = new Uint8Array(128).fill(NO_CHARACTER);
  characters.forEach((code, value) => {
    values[code] = value;
  });

  function encode(bytes: Uint8Array): string {
    const codes = new Uint8Array(Math.ceil((bytes.length * 8) / bitsEach));
    let held = 0;
    let bits = 0;
    let written = 0;
    for (const byte of bytes) {
      held = (held << 8) | byte;
      bits += 8;
      while (bits >= bitsEach) {
        bits -= bitsEach;
        codes[written++] = characters[(held >>> bits) & mask] ?? 0;
      }
      held &= (1 << bits) - 1;
    }
    if (bits > 0) codes[written] = characters[(held << (bitsEach - bits)) & mask] ?? 0;
    return ascii.decode(codes);
  }

  function decode(text: string): Result<Uint8Array, BitTextFault> {
    const bytes = new Uint8Array(Math.floor((text.length * bitsEach) / 8));
    // An encoder never writes a last group without a whole byte.
    if (Math.ceil((bytes.length * 8) / bitsEach) !== text.length) return err('length');
    let held = 0;
    let bits = 0;
    let written = 0;
    for (let at = 0; at < text.length; at++) {
      const value = values[text.charCodeAt(at)] ?? NO_CHARACTER;
      if (value === NO_CHARACTER) return err('character');
      held = (held << bitsEach) | value;
      bits += bitsEach;
      if (bits >= 8) {
        bits -= 8;
        bytes[written++] = held >>> bits;
      }
      held &= (1 << bits) - 1;
    }
    return held === 0 ? ok(bytes) : err('trailing-bits');
  }

  return { encode, decode };
}

/** RFC 4648 section 6: upper case only, because a QR code's alphanumeric mode has no lower case. */
export const base32 = bitText('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567');
/** RFC 4648 section 5: for keys, signatures and bitmaps inside JSON. */
export const base64url = bitText('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
