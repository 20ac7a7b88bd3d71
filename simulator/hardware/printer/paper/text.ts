/**
 * A piece of paper as lines of text for a terminal. Every word stands in the columns in which it stands on paper: a
 * Chinese character takes two. Where the terminal draws characters narrower than the printer (“quotes”, double-wide
 * digits), the word keeps its place among the others by blanks around it, and is never torn apart by blanks within.
 */

import { DOTS_PER_COLUMN } from '../profile.js';
import { drawn } from './bitmaps.js';
import { type Bitmap, type Item, inkAt, isText, type LineItem, type PaperDocument, type TextCell } from './document.js';
import { LINE_SPACING } from './print-mechanism.js';
import { qrModules } from './qr.js';

export interface TextOptions {
  /** Black on white, bold, underlined and inverted as printed, through ANSI sequences. */
  readonly ansi?: boolean | undefined;
  /** Draw the paper's edges. Off: the bare lines. */
  readonly box?: boolean | undefined;
}

/** With the box and no escape sequences, where nothing else is said. */
export function paperText(document: PaperDocument, options: TextOptions = {}): string {
  const { ansi = false, box = true } = options;
  const rows = rowsOf(document, ansi);
  if (!box) return `${rows.map((row) => row.text.trimEnd()).join('\n')}\n`;
  // Reduced, not spread: without a cutter, a day's receipts are one piece of more rows than a function takes arguments.
  const width = rows.reduce((widest, row) => Math.max(widest, row.columns), document.columns);
  const ink = ansi ? '\x1b[30;107m' : '';
  const off = ansi ? '\x1b[0m' : '';
  const edge = (left: string, line: string, right: string): string =>
    `${ink}${left}${line.repeat(width + 2)}${right}${off}`;
  const inside = (row: Row): string =>
    `${ink}│ ${row.text}${ink}${' '.repeat(Math.max(0, width - row.columns))} │${off}`;
  const end = document.end === 'cut' ? edge('└', '─', '┘') : edge('╵', '╌', '╵');
  return `${[edge(document.continued ? '╷' : '┌', document.continued ? '╌' : '─', document.continued ? '╷' : '┐'), ...rows.map(inside), end, ...remarks(document)].join('\n')}\n`;
}

/** Each printed line as one would type it off the paper: for tests, JSON and logs. */
export const linesOfText = (document: PaperDocument): string[] =>
  document.items.flatMap((item) => (item.kind === 'line' ? [typed(item)] : []));

/** What happened that no picture of the paper shows. */
function remarks(document: PaperDocument): string[] {
  const said: string[] = [];
  for (const { pin, onMs } of document.pulses) said.push(`  drawer opened (pin ${pin}, ${onMs} ms)`);
  if (document.end === 'paper-out') said.push('  the paper ended here');
  if (document.end === 'power-off') said.push('  the power went here');
  if (document.end === 'open') said.push('  not cut');
  if (document.unprinted !== '') said.push(`  still in the printer, not on paper: ${document.unprinted}`);
  return said;
}

interface Row {
  readonly text: string;
  /** Columns it takes in a terminal. */
  readonly columns: number;
}
const EMPTY: Row = { text: '', columns: 0 };

function rowsOf(document: PaperDocument, ansi: boolean): Row[] {
  const rows: Row[] = [];
  for (let at = 0; at < document.items.length; at += 1) {
    const item = document.items[at];
    if (item === undefined) break;
    switch (item.kind) {
      case 'line': {
        const stripes = stripesFrom(document.items, at);
        const last = stripes.at(-1);
        if (last === undefined) {
          rows.push(...bitsRows(item, document), lineRow(item, ansi, document.columns));
          break;
        }
        rows.push(...pictureRows(asOnePicture(stripes), 0, document));
        for (let i = 0; i < Math.round((last.advance - last.height) / LINE_SPACING); i += 1) rows.push(EMPTY);
        at += stripes.length - 1;
        break;
      }
      case 'feed':
        for (let i = 0; i < Math.round(item.dots / LINE_SPACING); i += 1) rows.push(EMPTY);
        break;
      case 'image':
        rows.push(...pictureRows(item.bits, item.x, document));
        break;
      case 'qr': {
        const modules = qrModules(item.data, item.level);
        const centre = (item.x + item.width / 2) / DOTS_PER_COLUMN;
        if (modules === undefined || modules.size > document.columns) rows.push(whole(`[QR ${item.text}]`));
        else
          rows.push(...halfBlocks(modules.size, modules.size, (x, y) => modules.dark(x, y), centre, document.columns));
        break;
      }
    }
  }
  return rows;
}

/** Lines of nothing but dots that touch on paper: how senders draw a picture with `ESC *`. From `at` on, as many as there are. */
function stripesFrom(items: readonly Item[], at: number): readonly LineItem[] {
  const stripes: LineItem[] = [];
  for (let next = at; next < items.length; next += 1) {
    const item = items[next];
    const last = stripes.at(-1);
    if (item === undefined) break;
    const isStripe = item.kind === 'line' && item.cells.length > 0 && item.cells.every((cell) => cell.kind === 'bits');
    if (!isStripe || (last !== undefined && item.y !== last.y + last.height)) break;
    stripes.push(item);
  }
  return stripes;
}

function asOnePicture(stripes: readonly LineItem[]): Bitmap {
  const top = stripes[0]?.y ?? 0;
  const cells = stripes.flatMap(({ y, cells: inLine }) =>
    inLine.flatMap((cell) => (cell.kind === 'bits' ? [{ bits: cell.bits, x: cell.x, y: y - top }] : [])),
  );
  const width = Math.max(0, ...cells.map(({ x, bits }) => x + bits.width));
  const height = Math.max(0, ...cells.map(({ y, bits }) => y + bits.height));
  return drawn(width, height, (x, y) =>
    cells.some(
      ({ bits, x: left, y: above }) =>
        x >= left && x < left + bits.width && y >= above && y < above + bits.height && inkAt(bits, x - left, y - above),
    ),
  );
}

const whole = (text: string): Row => ({ text, columns: [...text].reduce((sum, char) => sum + terminalWidth(char), 0) });

function lineRow(line: LineItem, ansi: boolean, columns: number): Row {
  let text = '';
  let column = 0;
  let style = '';
  for (const word of wordsOf(line)) {
    const taken = word.cells.reduce((sum, cell) => sum + columnsOf(cell), 0);
    const drawnColumns = word.cells.reduce((sum, cell) => sum + terminalWidth(cell.text), 0);
    const spare = Math.max(0, taken - drawnColumns);
    // Flush with an edge stays flush with it; anything else keeps its middle.
    const before = word.column === 0 ? 0 : word.column + taken >= columns ? spare : spare >> 1;
    // Narrow characters (font B) take more room here than on paper: words stay apart all the same.
    const apart = column > 0 && word.isApart ? 1 : 0;
    const gap = Math.max(apart, word.column - column) + before;
    for (const [at, cell] of word.cells.entries()) {
      const next = ansi ? styleOf(cell) : '';
      const blanks = at === 0 ? gap : 0;
      if (blanks > 0 || next !== style) {
        text += (style === '' ? '' : PLAIN) + ' '.repeat(blanks) + next;
        style = next;
      }
      text += cell.text;
    }
    column = Math.max(column + apart, word.column) + Math.max(taken, drawnColumns);
    if (spare > before) {
      text += (style === '' ? '' : PLAIN) + ' '.repeat(spare - before);
      style = '';
    }
  }
  return { text: style === '' ? text : text + PLAIN, columns: column };
}

interface Word {
  readonly column: number;
  /** Blanks, or a gap, stand before it. */
  readonly isApart: boolean;
  readonly cells: TextCell[];
}

/** Cells that touch, single blanks between them included: two blanks and more are a gap. */
function wordsOf(line: LineItem): Word[] {
  const words: Word[] = [];
  let word: Word | undefined;
  let blanks: TextCell[] = [];
  let end = 0;
  for (const cell of line.cells.filter(isText).sort((a, b) => a.x - b.x)) {
    const gap = cell.x - end;
    // In dots: in columns characters of font B, three quarters of one, would drift apart.
    if (Math.abs(gap) * 2 >= DOTS_PER_COLUMN || blanks.length > 1) word = undefined;
    const isApart = blanks.length > 0 || gap > 0;
    end = cell.x + cell.width;
    if (cell.text === ' ' && cell.underline === 0 && !cell.inverse) {
      if (word !== undefined) blanks.push(cell);
      continue;
    }
    if (word === undefined) {
      word = { column: Math.round(cell.x / DOTS_PER_COLUMN), isApart, cells: [] };
      words.push(word);
      blanks = [];
    }
    word.cells.push(...blanks, cell);
    blanks = [];
  }
  return words;
}

/** Gaps as spaces, and nothing added to any character: what a reader of the paper would type. */
function typed(line: LineItem): string {
  let text = '';
  let column = 0;
  for (const cell of line.cells.filter(isText).sort((a, b) => a.x - b.x)) {
    const gap = Math.max(0, Math.round(cell.x / DOTS_PER_COLUMN) - column);
    text += ' '.repeat(gap) + cell.text;
    column += gap + columnsOf(cell);
  }
  return text.trimEnd();
}

const columnsOf = (cell: TextCell): number => Math.round(cell.width / DOTS_PER_COLUMN);

/** Bold, underline and inversion off, the colours left alone. */
const PLAIN = '\x1b[22;24;27m';

function styleOf(cell: TextCell): string {
  const codes = [cell.bold || cell.down > 1 ? 1 : 0, cell.underline > 0 ? 4 : 0, cell.inverse ? 7 : 0].filter(Boolean);
  return codes.length === 0 ? '' : `\x1b[${codes.join(';')}m`;
}

function bitsRows(line: LineItem, document: PaperDocument): Row[] {
  return line.cells.flatMap((cell) => (cell.kind === 'bits' ? pictureRows(cell.bits, cell.x, document) : []));
}

/** A picture made of equal squares (a QR code) is drawn square by square; anything else is made small. */
function pictureRows(bits: Bitmap, x: number, document: PaperDocument): Row[] {
  const ink = inkBox(bits);
  if (ink === undefined) return [EMPTY];
  const square = squareSize(bits, ink);
  const scale = square > 1 && ink.width / square <= document.columns ? square : DOTS_PER_COLUMN;
  const half = scale >> 1;
  const centre = (x + ink.x + ink.width / 2) / DOTS_PER_COLUMN;
  return halfBlocks(
    Math.ceil(ink.width / scale),
    Math.ceil(ink.height / scale),
    (column, row) => inkAt(bits, ink.x + column * scale + half, ink.y + row * scale + half),
    centre,
    document.columns,
  );
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function inkBox(bits: Bitmap): Box | undefined {
  let [left, top, right, bottom] = [bits.width, bits.height, -1, -1];
  for (let y = 0; y < bits.height; y += 1) {
    for (let x = 0; x < bits.width; x += 1) {
      if (!inkAt(bits, x, y)) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return right < 0 ? undefined : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/** The greatest common divisor of all places where black meets white along a row. */
function squareSize(bits: Bitmap, ink: Box): number {
  let size = 0;
  for (let y = ink.y; y < ink.y + ink.height; y += 1) {
    for (let x = 1; x < ink.width; x += 1) {
      if (inkAt(bits, ink.x + x, y) !== inkAt(bits, ink.x + x - 1, y)) size = gcd(x, size);
      if (size === 1) return 1;
    }
  }
  return size;
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** Two squares of a column in one character. */
function halfBlocks(
  width: number,
  height: number,
  dark: (x: number, y: number) => boolean,
  centre: number,
  columns: number,
): Row[] {
  const indent = Math.max(0, Math.min(Math.round(centre - width / 2), columns - width));
  const rows: Row[] = [];
  for (let y = 0; y < height; y += 2) {
    let text = ' '.repeat(indent);
    for (let x = 0; x < width; x += 1) {
      const [above, below] = [dark(x, y), y + 1 < height && dark(x, y + 1)];
      text += above ? (below ? '█' : '▀') : below ? '▄' : ' ';
    }
    rows.push({ text, columns: indent + width });
  }
  return rows;
}

/** Unicode's East Asian Width, W and F, as far as a Chinese receipt goes; "ambiguous" ones are narrow in a terminal. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1faff],
  [0x20000, 0x3fffd],
];

export function terminalWidth(character: string): 1 | 2 {
  const code = character.codePointAt(0) ?? 0;
  return WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}
