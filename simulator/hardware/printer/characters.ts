/**
 * Bytes to characters, as the font of a Chinese receipt printer has them. Chinese goes through the platform's own
 * gb18030 decoder, so that the encoder's library is not its own judge.
 */
import type { PrinterCharset } from './profile.js';

/** `ESC t n`, after Epson's table; upper half of each page. */
const PC437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';
const PC858 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈ€ÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0';
const PC850 = PC858.replace('€', 'ı');
/** Written out: Node 20 decodes windows-1252 as Latin-1, without its 27 characters from 80 to 9F. */
const WPC1252 = `€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ${Array.from({ length: 96 }, (_, i) => String.fromCharCode(0xa0 + i)).join('')}`;
const PC866 = new TextDecoder('ibm866').decode(Uint8Array.from({ length: 128 }, (_, i) => 128 + i));
const CODE_PAGES: Readonly<Record<number, string>> = {
  0: PC437,
  2: PC850,
  16: WPC1252,
  17: PC866,
  19: PC858,
};

/** `ESC R n`: twelve places of ASCII that differ by country. */
const PLACES = [0x23, 0x24, 0x40, 0x5b, 0x5c, 0x5d, 0x5e, 0x60, 0x7b, 0x7c, 0x7d, 0x7e];
const COUNTRIES: readonly string[] = [
  '#$@[\\]^`{|}~',
  '#$à°ç§^`éùè¨',
  '#$§ÄÖÜ^`äöüß',
  '£$@[\\]^`{|}~',
  '#$@ÆØÅ^`æøå~',
  '#¤ÉÄÖÅÜéäöåü',
  '#$@°\\é^ùàòèì',
  '₧$@¡Ñ¿^`¨ñ}~',
  '#$@[¥]^`{|}~',
  '#¤ÉÆØÅÜéæøåü',
  '#$ÉÆØÅÜéæøåü',
  '#$á¡Ñ¿é`íñóú',
  '#$á¡Ñ¿éüíñóú',
  '#$@[₩]^`{|}~',
  '#$ŽŠĐĆČžšđćč',
  '#¥@[\\]^`{|}~',
];

export const isCodePage = (n: number): boolean => n in CODE_PAGES;
export const isCountry = (n: number): boolean => n < COUNTRIES.length;

/** A byte from 0x20 up, outside Chinese mode. */
export function singleByte(byte: number, codePage: number, country: number): string {
  if (byte >= 0x80) return CODE_PAGES[codePage]?.[byte - 0x80] ?? ' ';
  const place = PLACES.indexOf(byte);
  return place < 0 ? String.fromCharCode(byte) : (COUNTRIES[country]?.[place] ?? String.fromCharCode(byte));
}

export interface Reading {
  /** Bytes consumed. */
  readonly took: number;
  /** A blank where the font has nothing. */
  readonly text: string;
  readonly wide: boolean;
  readonly known: boolean;
}

const between = (byte: number, low: number, high: number): boolean => byte >= low && byte <= high;
const decoder = new TextDecoder('gb18030');

/**
 * The character that starts with `bytes[at]` (0x80 or above), in Chinese mode. A byte that can't start one takes a
 * blank of a single column, and the next is read afresh: that is how four bytes of GB18030 become " 0 6" on a printer
 * that only knows two. undefined: more bytes must come first.
 */
export function chinese(bytes: Uint8Array, at: number, charset: PrinterCharset): Reading | undefined {
  const stray: Reading = { took: 1, text: ' ', wide: false, known: false };
  const lead = bytes[at] ?? 0;
  const leads = charset === 'gb2312' ? between(lead, 0xa1, 0xfe) : between(lead, 0x81, 0xfe);
  if (!leads) return stray;
  const trail = bytes[at + 1];
  if (trail === undefined) return undefined;
  if (charset === 'gb18030' && between(trail, 0x30, 0x39)) return fourBytes(bytes, at);
  const trails = charset === 'gb2312' ? between(trail, 0xa1, 0xfe) : between(trail, 0x40, 0xfe) && trail !== 0x7f;
  if (!trails) return stray;
  const text = decoder.decode(bytes.subarray(at, at + 2));
  const known = hasGlyph(text) && (charset !== 'gb2312' || inGb2312(lead, trail));
  return { took: 2, text: known ? text : '　', wide: true, known };
}

function fourBytes(bytes: Uint8Array, at: number): Reading | undefined {
  const [third, fourth] = [bytes[at + 2], bytes[at + 3]];
  const stray: Reading = { took: 1, text: ' ', wide: false, known: false };
  if (third === undefined) return undefined;
  if (!between(third, 0x81, 0xfe)) return stray;
  if (fourth === undefined) return undefined;
  if (!between(fourth, 0x30, 0x39)) return stray;
  const text = decoder.decode(bytes.subarray(at, at + 4));
  const known = hasGlyph(text);
  return { took: 4, text: known ? text : '　', wide: true, known };
}

/** Neither "not a character" nor one of the private use areas, for which no font has a picture. */
const hasGlyph = (text: string): boolean => !/[\ufffd\ue000-\uf8ff]/u.test(text) && [...text].length === 1;

/** GB/T 2312-1980: rows and cells with a character, as [row, first, last] in bytes with the high bit set. */
const GB2312: readonly (readonly [number, number, number])[] = [
  [0xa1, 0xa1, 0xfe],
  [0xa2, 0xb1, 0xe2],
  [0xa2, 0xe5, 0xee],
  [0xa2, 0xf1, 0xfc],
  [0xa3, 0xa1, 0xfe],
  [0xa4, 0xa1, 0xf3],
  [0xa5, 0xa1, 0xf6],
  [0xa6, 0xa1, 0xb8],
  [0xa6, 0xc1, 0xd8],
  [0xa7, 0xa1, 0xc1],
  [0xa7, 0xd1, 0xf1],
  [0xa8, 0xa1, 0xba],
  [0xa8, 0xc5, 0xe9],
  [0xa9, 0xa4, 0xef],
];

function inGb2312(lead: number, trail: number): boolean {
  // Level 1 ends with five empty cells, D7FA to D7FE.
  if (between(lead, 0xb0, 0xf7)) return lead !== 0xd7 || trail <= 0xf9;
  return GB2312.some(([row, first, last]) => row === lead && between(trail, first, last));
}
