/**
 * Sanitises text from outside for receipts: printable characters, their width, and escaping for receiptline.
 *
 * A merchant's name is data. On a receipt printer data is one byte away from a command (`ESC p` opens the cash drawer), and
 * in a receiptline document it is one character away from a property or a paper cut.
 */

/** Replaces an unprintable character. GB2312 A1F5, so every Chinese printer has it. */
export const REPLACEMENT = '□';
/** Marks a truncated text. GB2312 A1AD, two columns. */
const ELLIPSIS = '…';

/** Control and format characters print nothing: they are dropped, with the line and paragraph separators. */
const WITHOUT_INK = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Variation_Selector}]/gu;
/** Combining marks without a precomposed letter (they would print beside it), private use, unassigned, lone surrogates. */
const WITHOUT_GLYPH = /[\p{M}\p{Co}\p{Cn}\p{Cs}]/gu;
/** U+3000 is a real full-width character in every Chinese font; the other spaces are not. */
const OTHER_SPACES = /[^\S\u3000]/gu;

/**
 * Printable text of one line. U+00A5 becomes the full-width ￥ (U+FFE5): in GB18030 the half-width sign is the four bytes 81
 * 30 84 36, which a two-byte printer prints as "0 6". Normalised here, because receiptline normalises too, and a width
 * measured before that would be wrong.
 */
export function printable(text: string): string {
  return text
    .replace(/[\t\r\n]+/g, ' ')
    .replace(WITHOUT_INK, '')
    .normalize('NFC')
    .replace(OTHER_SPACES, ' ')
    .replace(/\u00a5/g, '\uffe5')
    .replace(WITHOUT_GLYPH, REPLACEMENT);
}

/** Width in half-width columns: a Chinese printer uses 1 for U+0020..7E and 2 for everything else. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += columnsOf(character);
  return width;
}

const columnsOf = (character: string): 1 | 2 => (character >= ' ' && character <= '~' ? 1 : 2);

/** Truncates text to at most `columns`, with an ellipsis where something is missing. */
export function trimToWidth(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  return `${takeColumns(text, columns - displayWidth(ELLIPSIS))}${ELLIPSIS}`;
}

/** Wraps text into at most `maxLines` lines of `columns`; an ellipsis marks a truncation. Never empty. */
export function wrapToWidth(text: string, columns: number, maxLines: number): readonly string[] {
  const lines: string[] = [];
  let rest = text.trim();
  while (lines.length < maxLines - 1 && displayWidth(rest) > columns) {
    const line = takeColumns(rest, columns);
    // Break at the last space if that wastes less than half a line (English names); Chinese breaks anywhere.
    const space = line.lastIndexOf(' ');
    const cut = rest[line.length] !== ' ' && space > line.length / 2 ? space : line.length;
    lines.push(rest.slice(0, cut).trimEnd());
    rest = rest.slice(cut).trimStart();
  }
  lines.push(trimToWidth(rest, columns));
  return lines;
}

function takeColumns(text: string, columns: number): string {
  let taken = '';
  let width = 0;
  for (const character of text) {
    width += columnsOf(character);
    if (width > columns) break;
    taken += character;
  }
  return taken;
}

/**
 * Escapes printable text as receiptline markup that prints exactly as given. Its special characters become `\xHH`. Spaces
 * become `~`, because plain ones at an end are trimmed and set the alignment. A leading `-` or `=` becomes `\xHH`, because
 * a line of nothing else is a rule or a paper cut. All per the receiptline 4 grammar ("Escape", "Horizontal rule", "Cut").
 */
export function escapeMarkup(text: string): string {
  return text
    .replace(/[{}|^"~_\\`]/g, hex)
    .replace(/^[-=]/, hex)
    .replace(/ /g, '~');
}

const hex = (character: string): string => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
