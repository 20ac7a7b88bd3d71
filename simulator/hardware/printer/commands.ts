/**
 * The command table, after Epson's public ESC/POS command reference (standard mode). A command is its name, how many
 * parameter bytes follow, and what it does. What a command refuses is said with a reason and never stops the printer.
 */

import { isCodePage, isCountry } from './characters.js';
import { columnBitmap, enlarged, rasterBitmap } from './paper/bitmaps.js';
import type { Align, Cut, Pulse } from './paper/document.js';
import {
  feedBack,
  feedDots,
  initialSettings,
  isLineStart,
  LINE_SPACING,
  moveTo,
  type PrintMechanism,
  printLine,
  putBits,
  putImage,
  tab,
  takePaper,
} from './paper/print-mechanism.js';
import { at, digit, long, type PrinterEvent, type Refusal, word } from './parameters.js';
import { graphics, symbol } from './pictures.js';
import { DOTS_PER_COLUMN } from './profile.js';

export interface Command {
  /** Parameter bytes; a function where they say so themselves: given what has come, how many are needed at least. */
  readonly takes: number | ((parameters: Uint8Array) => number);
  run(print: PrintMechanism, parameters: Uint8Array, emit: (event: PrinterEvent) => void): Refusal | undefined;
}

const on = (n: number): boolean => (n & 1) === 1;

const nothing: Command['run'] = () => undefined;
const unsupported: Command['run'] = () => 'unsupported';
const bytes16 = (p: Uint8Array): number => (p.length < 2 ? 2 : 2 + word(p, 0));
const bytes32 = (p: Uint8Array): number => (p.length < 4 ? 4 : 4 + long(p, 0));
/** Ended by a NUL, `most` bytes at the longest. */
const untilNul =
  (most: number) =>
  (p: Uint8Array): number => {
    const end = p.indexOf(0);
    return end >= 0 ? end + 1 : Math.min(most, p.length + 1);
  };

/** Grows with what has come: each character says how wide it is. */
function userCharacters(p: Uint8Array): number {
  if (p.length < 3) return 3;
  const [down, first, last] = [at(p, 0), at(p, 1), at(p, 2)];
  let needed = 3;
  for (let code = first; code <= last; code += 1) {
    if (p.length <= needed) return needed + 1;
    needed += 1 + down * at(p, needed);
  }
  return needed;
}

function storedPictures(p: Uint8Array): number {
  if (p.length === 0) return 1;
  let needed = 1;
  for (let picture = 0; picture < at(p, 0); picture += 1) {
    if (p.length < needed + 4) return needed + 4;
    needed += 4 + word(p, needed) * word(p, needed + 2) * 8;
  }
  return needed;
}

const setting = (takes: number, set: (print: PrintMechanism, p: Uint8Array) => Refusal | undefined): Command => ({
  takes,
  run: set,
});
const flag = (set: (settings: PrintMechanism['settings'], on: boolean) => void): Command =>
  setting(1, ({ settings }, p) => {
    set(settings, on(at(p, 0)));
    return undefined;
  });

const ALIGNS: readonly Align[] = ['left', 'centre', 'right'];
const underline = (n: number): 0 | 1 | 2 | undefined => {
  const thickness = digit(n);
  return thickness === 0 || thickness === 1 || thickness === 2 ? thickness : undefined;
};

const lineFeed: Command = {
  takes: 0,
  run(print, _, emit) {
    printLine(print);
    emit({ kind: 'paper-moved' });
    return undefined;
  },
};

const feed =
  (by: (print: PrintMechanism, n: number) => void): Command['run'] =>
  (print, p, emit) => {
    by(print, at(p, 0));
    emit({ kind: 'paper-moved' });
    return undefined;
  };

const pulse = (
  print: PrintMechanism,
  pin: number,
  onMs: number,
  offMs: number,
  emit: (event: PrinterEvent) => void,
) => {
  if (pin !== 0 && pin !== 1) return 'bad-parameter';
  const made: Pulse = { pin: pin === 0 ? 2 : 5, onMs, offMs };
  print.pulses.push(made);
  emit({ kind: 'pulse', pulse: made });
  return undefined;
};

function cut(print: PrintMechanism, made: Cut, emit: (event: PrinterEvent) => void): Refusal | undefined {
  if (!print.profile.cutter) return 'unsupported';
  if (print.cells.length > 0) printLine(print);
  if (made.feedDots !== undefined) feedDots(print, made.feedDots);
  emit({ kind: 'document', document: takePaper(print, 'cut', made) });
  return undefined;
}

/** Single control codes. */
export const CONTROLS: Readonly<Record<number, Command>> = {
  // NUL is padding. CR does nothing unless a switch inside the printer says so. CAN means something in page mode only.
  0: { takes: 0, run: nothing },
  13: { takes: 0, run: nothing },
  24: { takes: 0, run: nothing },
  9: { takes: 0, run: (print) => (tab(print) ? undefined : 'bad-parameter') },
  10: lineFeed,
  12: {
    takes: 0,
    run(print, _, emit) {
      if (print.cells.length > 0) printLine(print);
      emit({ kind: 'document', document: takePaper(print, 'form-feed') });
      return undefined;
    },
  },
};

/** Keyed by what is written after the control code. */
const ESC: Readonly<Record<string, Command>> = {
  '@': setting(0, (print) => {
    print.settings = initialSettings(print.profile);
    print.cells = [];
    print.x = 0;
    return undefined;
  }),
  '!': setting(1, ({ settings }, p) => {
    const n = at(p, 0);
    settings.font = on(n) ? 'B' : 'A';
    settings.bold = (n & 0x08) !== 0;
    settings.down = (n & 0x10) !== 0 ? 2 : 1;
    settings.across = (n & 0x20) !== 0 ? 2 : 1;
    settings.underline = (n & 0x80) !== 0 ? 1 : 0;
    return undefined;
  }),
  ' ': setting(1, ({ settings }, p) => {
    settings.spacing = at(p, 0);
    return undefined;
  }),
  $: setting(2, (print, p) => (moveTo(print, word(p, 0)) ? undefined : 'bad-parameter')),
  '\\': setting(2, (print, p) => {
    const by = word(p, 0);
    return moveTo(print, print.x + (by < 0x8000 ? by : by - 0x10000)) ? undefined : 'bad-parameter';
  }),
  '*': {
    takes: (p) => (p.length < 3 ? 3 : 3 + word(p, 1) * (at(p, 0) >= 32 ? 3 : 1)),
    run(print, p) {
      const mode = at(p, 0);
      // 0, 32: single density across (two dots a column); 0, 1: eight dots down, each three dots high.
      if (![0, 1, 32, 33].includes(mode)) return 'bad-parameter';
      const tall = mode >= 32;
      const bits = columnBitmap(word(p, 1), tall ? 3 : 1, p.subarray(3));
      putBits(print, enlarged(bits, mode === 0 || mode === 32 ? 2 : 1, tall ? 1 : 3));
      return undefined;
    },
  },
  '-': setting(1, ({ settings }, p) => {
    const thickness = underline(at(p, 0));
    if (thickness === undefined) return 'bad-parameter';
    settings.underline = thickness;
    return undefined;
  }),
  '2': setting(0, ({ settings }) => {
    settings.lineSpacing = LINE_SPACING;
    return undefined;
  }),
  '3': setting(1, ({ settings }, p) => {
    settings.lineSpacing = at(p, 0);
    return undefined;
  }),
  D: {
    takes: untilNul(33),
    run({ settings }, p) {
      const stops = Array.from(p).filter((n) => n > 0);
      settings.tabs = stops.map((n) => n * DOTS_PER_COLUMN);
      return undefined;
    },
  },
  E: flag((settings, yes) => {
    settings.bold = yes;
  }),
  G: flag((settings, yes) => {
    settings.bold = yes;
  }),
  J: { takes: 1, run: feed(feedDots) },
  K: { takes: 1, run: feed(feedBack) },
  e: { takes: 1, run: feed((print, n) => feedBack(print, n * print.settings.lineSpacing)) },
  // Cuts of older models, of which many clones know no other: one point, or three, left standing.
  i: { takes: 0, run: (print, _, emit) => cut(print, { mode: 'partial', feedDots: undefined }, emit) },
  m: { takes: 0, run: (print, _, emit) => cut(print, { mode: 'partial', feedDots: undefined }, emit) },
  M: setting(1, ({ settings }, p) => {
    const font = digit(at(p, 0));
    if (font > 1) return 'bad-parameter';
    settings.font = font === 1 ? 'B' : 'A';
    return undefined;
  }),
  R: setting(1, ({ settings }, p) => {
    if (!isCountry(at(p, 0))) return 'bad-parameter';
    settings.country = at(p, 0);
    return undefined;
  }),
  a: setting(1, (print, p) => {
    const align = ALIGNS[digit(at(p, 0))];
    if (align === undefined) return 'bad-parameter';
    // The manual: at the beginning of a line only. In the middle of one it would move what was already put.
    if (!isLineStart(print)) return 'misplaced';
    print.settings.align = align;
    return undefined;
  }),
  d: {
    takes: 1,
    run: feed((print, n) => {
      if (n === 0 && !isLineStart(print)) printLine(print, { advance: 0 });
      for (let i = 0; i < n; i += 1) printLine(print);
    }),
  },
  p: {
    takes: 3,
    // Both times in units of 2 ms.
    run: (print, p, emit) => pulse(print, digit(at(p, 0)), at(p, 1) * 2, at(p, 2) * 2, emit),
  },
  t: setting(1, ({ settings }, p) => {
    if (!isCodePage(at(p, 0))) return 'unsupported';
    settings.codePage = at(p, 0);
    return undefined;
  }),
  // No effect that a picture could show: panel buttons, paper sensors, print speed, one-way printing, device select.
  '=': { takes: 1, run: nothing },
  // Heating of 58 mm panel printers: dots at once, time, pause. Nearly every driver for them begins so.
  '7': { takes: 3, run: nothing },
  // User-defined characters: y, first, last, then for each its width and y bytes a column. Drawn only where `ESC %` selects them.
  '&': { takes: userCharacters, run: nothing },
  '?': { takes: 1, run: nothing },
  U: { takes: 1, run: nothing },
  c3: { takes: 1, run: nothing },
  c4: { takes: 1, run: nothing },
  c5: { takes: 1, run: nothing },
  // Known, so that their parameters don't print as text; not drawn. S with L would be page mode.
  '{': { takes: 1, run: (_, p) => (on(at(p, 0)) ? 'unsupported' : undefined) },
  V: { takes: 1, run: (_, p) => (digit(at(p, 0)) === 0 ? undefined : 'unsupported') },
  r: { takes: 1, run: (_, p) => (digit(at(p, 0)) === 0 ? undefined : 'unsupported') },
  '%': { takes: 1, run: (_, p) => (on(at(p, 0)) ? 'unsupported' : undefined) },
  S: { takes: 0, run: nothing },
  L: { takes: 0, run: unsupported },
  T: { takes: 1, run: unsupported },
  W: { takes: 8, run: unsupported },
};

const FS: Readonly<Record<string, Command>> = {
  '&': setting(0, ({ settings }) => {
    settings.chinese = true;
    return undefined;
  }),
  '.': setting(0, ({ settings }) => {
    settings.chinese = false;
    return undefined;
  }),
  '!': setting(1, ({ settings }, p) => {
    const n = at(p, 0);
    settings.hanziAcross = (n & 0x04) !== 0 ? 2 : 1;
    settings.hanziDown = (n & 0x08) !== 0 ? 2 : 1;
    settings.hanziUnderline = (n & 0x80) !== 0 ? 1 : 0;
    return undefined;
  }),
  '-': setting(1, ({ settings }, p) => {
    const thickness = underline(at(p, 0));
    if (thickness === undefined) return 'bad-parameter';
    settings.hanziUnderline = thickness;
    return undefined;
  }),
  S: setting(2, ({ settings }, p) => {
    settings.hanziSpacing = { left: at(p, 0), right: at(p, 1) };
    return undefined;
  }),
  W: flag((settings, yes) => {
    settings.hanziAcross = yes ? 2 : 1;
    settings.hanziDown = yes ? 2 : 1;
  }),
  // Which double-byte code: 0 is the national one on a Chinese model.
  C: { takes: 1, run: (_, p) => (digit(at(p, 0)) === 0 ? undefined : 'unsupported') },
  '2': { takes: 74, run: unsupported },
  p: { takes: 2, run: unsupported },
  // Pictures for the printer's own memory: n of them, each x*8 by y*8 dots.
  q: { takes: storedPictures, run: unsupported },
};

const GS: Readonly<Record<string, Command>> = {
  '!': setting(1, ({ settings }, p) => {
    const n = at(p, 0);
    const [across, down] = [((n >> 4) & 7) + 1, (n & 7) + 1];
    // Epson: for all characters, Hanzi included.
    Object.assign(settings, { across, down, hanziAcross: across, hanziDown: down });
    return undefined;
  }),
  B: flag((settings, yes) => {
    settings.inverse = yes;
  }),
  L: setting(2, (print, p) => {
    if (!isLineStart(print)) return 'misplaced';
    print.settings.margin = word(p, 0);
    return undefined;
  }),
  W: setting(2, (print, p) => {
    if (!isLineStart(print)) return 'misplaced';
    print.settings.area = word(p, 0);
    return undefined;
  }),
  P: setting(2, (_, p) => (at(p, 0) % 203 === 0 && at(p, 1) % 203 === 0 ? undefined : 'unsupported')),
  V: {
    takes: (p) => (p.length === 0 || [0, 1, 0x30, 0x31].includes(at(p, 0)) ? 1 : 2),
    run(print, p, emit) {
      const m = at(p, 0);
      if ([0, 0x30].includes(m)) return cut(print, { mode: 'full', feedDots: undefined }, emit);
      if ([1, 0x31].includes(m)) return cut(print, { mode: 'partial', feedDots: undefined }, emit);
      if ([65, 97, 103].includes(m)) return cut(print, { mode: 'full', feedDots: at(p, 1) }, emit);
      if ([66, 98, 104].includes(m)) return cut(print, { mode: 'partial', feedDots: at(p, 1) }, emit);
      return 'bad-parameter';
    },
  },
  v0: {
    takes: (p) => (p.length < 5 ? 5 : 5 + word(p, 1) * word(p, 3)),
    run(print, p, emit) {
      const mode = digit(at(p, 0));
      if (mode > 3 || word(p, 1) === 0 || word(p, 3) === 0) return 'bad-parameter';
      if (!isLineStart(print)) return 'misplaced';
      const bits = rasterBitmap(word(p, 1), word(p, 3), p.subarray(5));
      putImage(print, enlarged(bits, (mode & 1) + 1, (mode >> 1) + 1));
      emit({ kind: 'paper-moved' });
      return undefined;
    },
  },
  '(L': { takes: bytes16, run: (print, p, emit) => graphics(print, p.subarray(2), emit) },
  '8L': { takes: bytes32, run: (print, p, emit) => graphics(print, p.subarray(4), emit) },
  '(k': { takes: bytes16, run: (print, p, emit) => symbol(print, p.subarray(2), emit) },
  a: {
    takes: 1,
    run(_, p, emit) {
      emit({ kind: 'asb', mask: at(p, 0) });
      return undefined;
    },
  },
  r: {
    takes: 1,
    run(_, p, emit) {
      emit({ kind: 'asked', what: 'sensor', n: digit(at(p, 0)) });
      return undefined;
    },
  },
  I: {
    takes: 1,
    run(_, p, emit) {
      emit({ kind: 'asked', what: 'identity', n: at(p, 0) });
      return undefined;
    },
  },
  // Bar codes: their data must not print as text. Nothing of ours prints one.
  k: {
    takes: (p) => {
      if (p.length === 0) return 1;
      if (at(p, 0) <= 6) return 1 + untilNul(255)(p.subarray(1));
      return p.length < 2 ? 2 : 2 + at(p, 1);
    },
    run: unsupported,
  },
  h: { takes: 1, run: nothing },
  w: { takes: 1, run: nothing },
  H: { takes: 1, run: nothing },
  f: { takes: 1, run: nothing },
  // Smoothing of enlarged characters.
  b: { takes: 1, run: nothing },
  '*': { takes: (p) => (p.length < 2 ? 2 : 2 + at(p, 0) * at(p, 1) * 8), run: unsupported },
  '/': { takes: 1, run: unsupported },
  ':': { takes: 0, run: unsupported },
  '^': { takes: 3, run: unsupported },
  $: { takes: 2, run: unsupported },
  '\\': { takes: 2, run: unsupported },
  T: { takes: 1, run: unsupported },
};

/** Real-time commands. The machine has answered them when they came in; in the buffer they only take their place. */
const DLE: Readonly<Record<string, Command>> = {
  '\x04': { takes: (p) => (p.length > 0 && [7, 8, 18].includes(at(p, 0)) ? 2 : 1), run: nothing },
  '\x05': { takes: 1, run: nothing },
  '\x14': {
    takes: (p) => (p.length === 0 || at(p, 0) === 1 || at(p, 0) === 2 ? 3 : 8),
    run(print, p, emit) {
      // Time in units of 100 ms.
      if (at(p, 0) === 1) return pulse(print, at(p, 1), at(p, 2) * 100, at(p, 2) * 100, emit);
      return 'unsupported';
    },
  },
};

/** Density of panel printers. */
const DC2: Readonly<Record<string, Command>> = { '#': { takes: 1, run: nothing } };

export const FAMILIES: Readonly<Record<number, Readonly<Record<string, Command>>>> = {
  16: DLE,
  18: DC2,
  27: ESC,
  28: FS,
  29: GS,
};

/** `GS ( X` and its like say their own length, so that even an unknown one is skipped whole. */
export const UNKNOWN_SIZED: Command = { takes: bytes16, run: () => 'unknown' };
