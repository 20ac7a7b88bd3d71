/**
 * Encodes text for a voice module.
 *
 * The counter's sentences use a few dozen characters, whose GB2312 codes stand here. A sentence with any other character is
 * sent as UTF-16BE, which the modules read as well.
 */
import { MAX_TEXT_BYTES, type VoiceModel } from './frame.js';

export interface EncodedText {
  readonly encoding: keyof VoiceModel['encodings'];
  readonly bytes: Uint8Array;
}

/** GB 2312-1980, EUC-CN form: the words of words.ts, and the punctuation at which a sentence may be split. */
export const GB2312: ReadonlyMap<string, number> = new Map([
  ['零', 0xc1e3],
  ['一', 0xd2bb],
  ['二', 0xb6fe],
  ['三', 0xc8fd],
  ['四', 0xcbc4],
  ['五', 0xcee5],
  ['六', 0xc1f9],
  ['七', 0xc6df],
  ['八', 0xb0cb],
  ['九', 0xbec5],
  ['十', 0xcaae],
  ['百', 0xb0d9],
  ['千', 0xc7a7],
  ['万', 0xcdf2],
  ['亿', 0xd2da],
  ['元', 0xd4aa],
  ['角', 0xbdc7],
  ['分', 0xb7d6],
  ['收', 0xcad5],
  ['款', 0xbfee],
  ['已', 0xd2d1],
  ['优', 0xd3c5],
  ['惠', 0xbbdd],
  ['退', 0xcdcb],
  ['，', 0xa3ac],
  ['。', 0xa1a3],
  ['、', 0xa1a2],
  ['！', 0xa3a1],
  ['；', 0xa3bb],
  ['：', 0xa3ba],
]);

const PRINTABLE_ASCII = /^[\x20-\x7e]$/;
const CONTROL = /\p{Cc}/gu;
/** Punctuation at which a pause sounds natural. */
const BREATH = /[，。、！；：,.!;: ]/;

/** One piece per frame, in order, each short enough; split after punctuation where possible. */
export function encodeText(text: string): readonly EncodedText[] {
  const chars = Array.from(text.replace(CONTROL, ' ').trim());
  const encoding = chars.every((char) => PRINTABLE_ASCII.test(char) || GB2312.has(char)) ? 'gbk' : 'utf16be';
  const pieces: EncodedText[] = [];
  let rest = chars.map((char) => ({ char, bytes: encodeChar(char, encoding) }));
  while (rest.length > 0) {
    const length = pieceLength(rest);
    pieces.push({ encoding, bytes: Uint8Array.from(rest.slice(0, length).flatMap((one) => one.bytes)) });
    rest = rest.slice(length);
  }
  return pieces;
}

function pieceLength(rest: readonly { readonly char: string; readonly bytes: readonly number[] }[]): number {
  let size = 0;
  let fits = 0;
  let breath = 0;
  for (const { char, bytes } of rest) {
    size += bytes.length;
    if (size > MAX_TEXT_BYTES) return breath > 0 ? breath : fits;
    fits++;
    if (BREATH.test(char)) breath = fits;
  }
  return fits;
}

function encodeChar(char: string, encoding: EncodedText['encoding']): readonly number[] {
  if (encoding === 'utf16be') {
    return Array.from({ length: char.length }, (_, at) => char.charCodeAt(at)).flatMap((unit) => [
      unit >> 8,
      unit & 0xff,
    ]);
  }
  const code = GB2312.get(char);
  return code === undefined ? [char.charCodeAt(0)] : [code >> 8, code & 0xff];
}
