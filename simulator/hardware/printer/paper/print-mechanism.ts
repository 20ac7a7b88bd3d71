/**
 * The mechanism: a line buffer in which characters wait, and the paper onto which the line goes. Everything here works
 * on a draft, a copy that `feed` made for itself.
 *
 * A character never reaches the paper by itself. It waits in the line buffer until a line end, a full line, a feed or a
 * cut; that is why a printer that lost power in mid-line prints nothing of that line, ever.
 */

import { DOTS_PER_COLUMN, printableDots, type VirtualPrinterProfile } from '../profile.js';
import type {
  Align,
  Bitmap,
  Cell,
  Cut,
  End,
  Item,
  PaperDocument,
  Pulse,
  QrItem,
  QrLevel,
  TextCell,
} from './document.js';
import { isText } from './document.js';
import { qrSide } from './qr.js';

/** Epson: 1/6 inch, 30 dots of 203 to the inch with Hanzi of 24. */
export const LINE_SPACING = 30;
const FONT = { A: { width: DOTS_PER_COLUMN, height: 24 }, B: { width: 9, height: 17 } } as const;
const HANZI = 24;
/** Epson: a tab every eight characters of font A. */
const TAB = 8 * DOTS_PER_COLUMN;
/** A line longer than this many cells has stopped being a line (`ESC $ 0 0` and a character, for ever). */
const CELLS_MAX = 4096;

export interface Settings {
  font: 'A' | 'B';
  bold: boolean;
  underline: 0 | 1 | 2;
  hanziUnderline: 0 | 1 | 2;
  inverse: boolean;
  across: number;
  down: number;
  hanziAcross: number;
  hanziDown: number;
  align: Align;
  chinese: boolean;
  codePage: number;
  country: number;
  lineSpacing: number;
  /** Dots on the right of every single-byte character. */
  spacing: number;
  hanziSpacing: { left: number; right: number };
  margin: number;
  area: number;
  /** undefined: every eight columns. */
  tabs: readonly number[] | undefined;
  qr: { model: 1 | 2; size: number; level: QrLevel; data: Uint8Array };
  /** Stored by `GS ( L`, waiting to be printed. */
  graphic: Bitmap | undefined;
}

/** After power-on and `ESC @`. Chinese models begin in Chinese mode, which most senders rely on; only Japanese ones don't. */
export const initialSettings = (profile: VirtualPrinterProfile): Settings => ({
  font: 'A',
  bold: false,
  underline: 0,
  hanziUnderline: 0,
  inverse: false,
  across: 1,
  down: 1,
  hanziAcross: 1,
  hanziDown: 1,
  align: 'left',
  chinese: profile.startsInChinese ?? true,
  codePage: 0,
  country: 0,
  lineSpacing: LINE_SPACING,
  spacing: 0,
  hanziSpacing: { left: 0, right: 0 },
  margin: 0,
  area: printableDots(profile),
  tabs: undefined,
  qr: { model: 2, size: 3, level: 'L', data: new Uint8Array(0) },
  graphic: undefined,
});

export interface PrintMechanism {
  readonly profile: VirtualPrinterProfile;
  settings: Settings;
  /** The line buffer: cells, and where the next one goes, in dots from the left margin. */
  cells: Cell[];
  x: number;
  /** The piece of paper that hangs out. */
  items: Item[];
  y: number;
  continued: boolean;
  pulses: Pulse[];
}

export const newPrintMechanism = (profile: VirtualPrinterProfile): PrintMechanism => ({
  profile,
  settings: initialSettings(profile),
  cells: [],
  x: 0,
  items: [],
  y: 0,
  continued: false,
  pulses: [],
});

export const draftOf = (print: PrintMechanism): PrintMechanism => ({
  ...print,
  settings: { ...print.settings },
  cells: [...print.cells],
  items: [...print.items],
  pulses: [...print.pulses],
});

/** The margin and the area never let a line leave the paper. */
const areaOf = ({ settings, profile }: PrintMechanism): number =>
  Math.max(DOTS_PER_COLUMN, Math.min(settings.area, printableDots(profile) - settings.margin));

export const isLineStart = (print: PrintMechanism): boolean => print.cells.length === 0;

export function putCharacter(print: PrintMechanism, text: string, wide: boolean): void {
  const { settings } = print;
  const across = wide ? settings.hanziAcross : settings.across;
  const down = wide ? settings.hanziDown : settings.down;
  const before = wide ? settings.hanziSpacing.left * across : 0;
  const after = (wide ? settings.hanziSpacing.right : settings.spacing) * across;
  const width = (wide ? HANZI : FONT[settings.font].width) * across;
  makeRoom(print, before + width);
  const cell: TextCell = {
    kind: 'text',
    text,
    x: print.x + before,
    width,
    height: (wide ? HANZI : FONT[settings.font].height) * down,
    across,
    down,
    font: settings.font,
    wide,
    bold: settings.bold,
    underline: wide ? settings.hanziUnderline : settings.underline,
    inverse: settings.inverse,
  };
  print.cells.push(cell);
  print.x += before + width + after;
}

export function putBits(print: PrintMechanism, bits: Bitmap): void {
  makeRoom(print, Math.min(bits.width, areaOf(print)));
  print.cells.push({ kind: 'bits', x: print.x, width: bits.width, height: bits.height, bits });
  print.x += bits.width;
}

function makeRoom(print: PrintMechanism, width: number): void {
  const full = print.x + width > areaOf(print) || print.cells.length >= CELLS_MAX;
  if (full && print.cells.length > 0) printLine(print, { wrapped: true });
}

/** false: outside the area, and by the manual without effect. */
export function moveTo(print: PrintMechanism, x: number): boolean {
  if (x < 0 || x > areaOf(print)) return false;
  print.x = x;
  return true;
}

export function tab(print: PrintMechanism): boolean {
  const stops = print.settings.tabs ?? Array.from({ length: 32 }, (_, i) => (i + 1) * TAB);
  const next = stops.find((stop) => stop > print.x);
  return next !== undefined && moveTo(print, next);
}

/** Prints what waits and moves the paper on by the line spacing, or by what the tallest character needs. */
export function printLine(print: PrintMechanism, how: { wrapped?: boolean; advance?: number } = {}): void {
  const { settings, cells, y } = print;
  const height = Math.max(0, ...cells.map((cell) => cell.height));
  const advance = Math.max(height, how.advance ?? settings.lineSpacing);
  const shift = settings.margin + shiftFor(print, Math.max(0, print.x, ...cells.map((cell) => cell.x + cell.width)));
  print.items.push({
    kind: 'line',
    y,
    height,
    advance,
    align: settings.align,
    cells: cells.map((cell) => ({ ...cell, x: cell.x + shift })),
    wrapped: how.wrapped ?? false,
    overprinted: overprinted(cells),
  });
  print.cells = [];
  print.x = 0;
  print.y += advance;
}

/** Prints what waits, and moves the paper on by exactly so many dots (`ESC J`). */
export function feedDots(print: PrintMechanism, dots: number): void {
  if (print.cells.length > 0) printLine(print, { advance: dots });
  else if (dots > 0) {
    print.items.push({ kind: 'feed', y: print.y, dots });
    print.y += dots;
    print.x = 0;
  }
}

/** Prints what waits, and pulls the paper back, though never further than what hangs out. */
export function feedBack(print: PrintMechanism, dots: number): void {
  if (print.cells.length > 0) printLine(print, { advance: 0 });
  const back = Math.min(dots, print.y);
  if (back === 0) return;
  print.y -= back;
  print.items.push({ kind: 'feed', y: print.y, dots: -back });
}

export function putImage(print: PrintMechanism, bits: Bitmap): void {
  const x = print.settings.margin + shiftFor(print, bits.width);
  print.items.push({ kind: 'image', x, y: print.y, width: bits.width, height: bits.height, bits });
  print.y += bits.height;
}

/** false: more than a symbol can hold, or a symbol wider than the area; neither prints. */
export function putQr(print: PrintMechanism): boolean {
  const { qr } = print.settings;
  const modules = qrSide(qr.data, qr.level);
  if (modules === undefined || modules * qr.size > areaOf(print)) return false;
  const side = modules * qr.size;
  const item: QrItem = {
    kind: 'qr',
    x: print.settings.margin + shiftFor(print, side),
    y: print.y,
    width: side,
    height: side,
    ...qr,
    text: new TextDecoder().decode(qr.data),
  };
  print.items.push(item);
  print.y += side;
  return true;
}

/** Takes the paper away. What waits in the line buffer stays in the printer. */
export function takePaper(print: PrintMechanism, end: End, cut?: Cut): PaperDocument {
  const document: PaperDocument = {
    items: print.items,
    width: printableDots(print.profile),
    height: print.items.reduce((bottom, item) => Math.max(bottom, bottomOf(item)), print.y),
    columns: print.profile.columns,
    continued: print.continued,
    end,
    cut,
    pulses: print.pulses,
    unprinted: print.cells
      .filter(isText)
      .map((cell) => cell.text)
      .join(''),
  };
  print.items = [];
  print.pulses = [];
  print.y = 0;
  print.continued = end === 'paper-out';
  return document;
}

const bottomOf = (item: Item): number => item.y + (item.kind === 'feed' ? Math.max(0, item.dots) : item.height);

function shiftFor(print: PrintMechanism, used: number): number {
  const spare = Math.max(0, areaOf(print) - used);
  switch (print.settings.align) {
    case 'left':
      return 0;
    case 'centre':
      return Math.floor(spare / 2);
    case 'right':
      return spare;
  }
}

function overprinted(cells: readonly Cell[]): boolean {
  const inked = cells.filter((cell) => cell.kind === 'bits' || cell.text.trim() !== '').sort((a, b) => a.x - b.x);
  return inked.some((cell, i) => {
    const next = inked[i + 1];
    return next !== undefined && next.x < cell.x + cell.width;
  });
}
