/**
 * Text from outside on its way to paper: what may be printed at all, how wide it is, and how it is kept from being read
 * as markup. A merchant's name is data; on a receipt printer data is one byte away from being a command (`ESC p` opens
 * the cash drawer), and in a receiptline document it is one character away from being a property or a paper cut.
 */

/** What stands for a character that cannot be printed. GB2312 A1F5, so every Chinese printer has it. */
export const REPLACEMENT = '□';
/** Ends a text that was cut short. GB2312 A1AD, two columns. */
const ELLIPSIS = '…';

/** Control and format characters carry no ink: they are left out, with the line and paragraph separators. */
const WITHOUT_INK = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Variation_Selector}]/gu;
/** Marks that no letter has absorbed (they would print beside their letter), private use, unassigned, half surrogates. */
const WITHOUT_GLYPH = /[\p{M}\p{Co}\p{Cn}\p{Cs}]/gu;
/** U+3000 is a real full-width character in every Chinese font; the other spaces are not. */
const OTHER_SPACES = /[^\S\u3000]/gu;

/**
 * Printable text of one line. U+00A5 becomes the full-width ￥ (U+FFE5): in GB18030 the half-width sign is the four
 * bytes 81 30 84 36, which a two-byte printer prints as "0 6". Normalised here, since receiptline normalises too and a
 * width measured before that would be wrong.
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

/** Width in half-width columns: a Chinese printer gives 1 to U+0020..7E and 2 to everything else. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += columnsOf(character);
  return width;
}

const columnsOf = (character: string): 1 | 2 => (character >= ' ' && character <= '~' ? 1 : 2);

/** Cuts text to at most `columns`, its end marked with an ellipsis where something is missing. */
export function trimToWidth(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  return `${takeColumns(text, columns - displayWidth(ELLIPSIS))}${ELLIPSIS}`;
}

/** Breaks text into at most `maxLines` lines of `columns`; what doesn't fit is marked by an ellipsis. Never empty. */
export function wrapToWidth(text: string, columns: number, maxLines: number): readonly string[] {
  const lines: string[] = [];
  let rest = text.trim();
  while (lines.length < maxLines - 1 && displayWidth(rest) > columns) {
    const line = takeColumns(rest, columns);
    // Break at the last space where that wastes less than half a line (English names); Chinese breaks anywhere.
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
 * Printable text as receiptline markup that prints exactly as given. Its own signs go in as `\xHH`. Spaces go in as `~`,
 * since plain ones at an end are trimmed and say how to align. A leading `-` or `=` goes in as `\xHH`, since a line of
 * nothing else is a rule or a paper cut. All per the receiptline 4 grammar ("Escape", "Horizontal rule", "Cut").
 */
export function escapeMarkup(text: string): string {
  return text
    .replace(/[{}|^"~_\\`]/g, hex)
    .replace(/^[-=]/, hex)
    .replace(/ /g, '~');
}

const hex = (character: string): string => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
