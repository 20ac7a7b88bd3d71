/**
 * ESC/POS for Chinese printers, as a receiptline command object derived from `commands.generic`.
 *
 * It differs where the original prints wrongly (box characters print as 晻晻 in Chinese mode, four-byte codes shift the line)
 * or wastes time: it sends styles, areas and positions when they change instead of before every run, which halves a
 * receipt's time at 9600 Bd. One object renders one document, because it tracks the printer's current style.
 */
import { type BaseCommand, commands, type Printer, type QRCode } from 'receiptline';
import { type Charset, holds } from './charsets.js';
import type { PrinterModel } from './printer.js';

export interface EscposCommands extends BaseCommand {
  /** Number of characters missing from this printer's font, printed as □ so far. */
  replaced(): number;
}

const ESC = '\x1b';
const FS = '\x1c';
const GS = '\x1d';
/** GB2312 A1F5. */
const REPLACEMENT = '□';
/** Underline, emphasis, inversion and size off, and Hanzi underline too. */
const PLAIN = `${ESC}-\x00${FS}-\x00${ESC}E\x00${GS}B\x00${GS}!\x00`;
/** A raster symbol costs dots² / 8 bytes; 4 dots a module give 2.2 kB for a receipt's code, which still scans well. */
const RASTER_QR_CELL_MAX = 4;
/** `GS V 66 n` and `ESC J n` carry one byte. */
const FEED_MAX = 255;

export function escposCommands(model: PrinterModel): EscposCommands {
  const generic = commands.generic;
  let replaced = 0;
  let style = '';
  let told = { area: '', align: -1 };
  /** The column of the next run, if it differs from the end of the last one. */
  let position = 0;
  let moved = false;

  const move = (): string => {
    if (!moved) return '';
    moved = false;
    return `${ESC}$${word(Math.round(position * generic.charWidth))}`;
  };
  /** Emits a style only when it changes: receiptline requests "plain" before every run. */
  const wanted: string[] = [];
  const restyle = (): string => {
    const next = wanted.join('');
    if (next === style) return '';
    style = next;
    return PLAIN + next;
  };
  const want = (command: string): string => {
    wanted.push(command);
    return '';
  };
  const encoded = (text: string): string => {
    let out = '';
    for (const character of text) {
      const known = lookUp(character, model.charset);
      if (known === undefined || character === REPLACEMENT) replaced += 1;
      out += known ?? lookUp(REPLACEMENT, 'gb2312');
    }
    // FS & before every run with Hanzi instead of once: a printer that missed a byte recovers with the next run.
    return /[\x80-\xff]/.test(out) ? `${FS}&${out}` : out;
  };

  return {
    ...generic,
    replaced: () => replaced,
    /** ESC @ resets everything; the essential settings follow explicitly, because clones differ in what ESC @ resets. */
    open(printer: Printer) {
      generic.open.call(this, printer);
      return `${ESC}@${ESC}2${ESC} \x00${FS}S\x00\x00${PLAIN}${FS}&`;
    },
    /** No GS r at the end: its answer would look like the answer to a driver's query. */
    close: () => feedAndCut(model),
    cut: () => feedAndCut(model),
    area(left: number, width: number, right: number) {
      const area = generic.area.call(this, left, width, right);
      if (area === told.area) return '';
      told = { ...told, area };
      return area;
    },
    align(align: number) {
      if (align === told.align) return '';
      told = { ...told, align };
      return `${ESC}a${String.fromCharCode(align)}`;
    },
    /** `ESC $` only: cheap firmware lacks `ESC \`, so relative moves are summed here. */
    absolute(column: number) {
      moved = moved || column !== position;
      position = column;
      return '';
    },
    relative(columns: number) {
      moved = moved || columns !== 0;
      position += columns;
      return '';
    },
    normal() {
      wanted.length = 0;
      return '';
    },
    ul: () => want(`${ESC}-\x02${FS}-\x02`),
    em: () => want(`${ESC}E\x01`),
    iv: () => want(`${GS}B\x01`),
    wh: (size: number) => want(generic.wh(size)),
    text(text: string) {
      const run = restyle() + move() + encoded(text);
      position = Number.NaN; // the position behind the text is unknown: the next column must be absolute
      return run;
    },
    lf() {
      position = 0;
      moved = false;
      return '\n';
    },
    hr(width: number) {
      return restyle() + '-'.repeat(width);
    },
    vr: (widths: readonly number[]) => ruled(widths, ' ', '|', restyle()),
    vrstart: (widths: readonly number[]) => ruled(widths, '-', '+', restyle()),
    vrstop: (widths: readonly number[]) => ruled(widths, '-', '+', restyle()),
    vrhr: (_above: readonly number[], below: readonly number[]) => ruled(below, '-', '+', restyle()),
    vrlf: () => '\n',
    qrcode(symbol: QRCode, encoding) {
      if (symbol.data.length === 0) return '';
      switch (model.qr) {
        case 'native':
          return nativeQr(symbol) + quietZone(symbol.cell);
        case 'raster': {
          const cell = Math.min(symbol.cell, RASTER_QR_CELL_MAX);
          return generic.qrcode.call(this, { ...symbol, cell }, encoding) + quietZone(cell);
        }
      }
    },
  };
}

const word = (n: number): string => String.fromCharCode(n & 255, (n >> 8) & 255);

const ruled = (widths: readonly number[], line: string, corner: string, style: string): string =>
  `${style}${corner}${widths.map((width) => line.repeat(width)).join(corner)}${corner}`;

/** `GS V 66 n`: feed to the blade and n dots more, then cut. Without a cutter `ESC J n` moves the paper past the tear bar. */
function feedAndCut(model: PrinterModel): string {
  const dots = String.fromCharCode(Math.max(0, Math.min(FEED_MAX, model.cutFeedDots)));
  return model.cutter ? `${GS}V\x42${dots}` : `${ESC}J${dots}`;
}

/** `GS ( k`: functions 165 model 2, 167 module size, 169 correction level, 180 store, 181 print. */
function nativeQr(symbol: QRCode): string {
  const call = (fn: number, ...parameters: readonly number[]): string =>
    `${GS}(k${word(parameters.length + 2)}1${String.fromCharCode(fn - 100, ...parameters)}`;
  const level = { l: 48, m: 49, q: 50, h: 51 }[symbol.level];
  // UTF-8 bytes, the encoding that phones expect. A receipt's own code is ASCII.
  const data = [...new TextEncoder().encode(symbol.data)];
  return (
    call(165, 50, 0) +
    call(167, Math.max(3, Math.min(8, symbol.cell))) +
    call(169, level) +
    call(180, 48, ...data) +
    call(181, 48)
  );
}

/** Quiet zone below the code, four modules (ISO/IEC 18004, 6.3.8): text right under it keeps some phones from reading it. */
const quietZone = (cell: number): string => `${ESC}J${String.fromCharCode(4 * cell)}`;

/** Characters repeat from receipt to receipt, so each is looked up once per charset. */
const LOOKED_UP: Record<Charset, Map<string, string | undefined>> = {
  gb2312: new Map(),
  gbk: new Map(),
  gb18030: new Map(),
};
/** More than all names of any campaign; a flood of rare characters must not fill the memory. */
const LOOKED_UP_MAX = 20_000;

/** One character's bytes as a binary string; undefined if this charset's font lacks it. */
function lookUp(character: string, charset: Charset): string | undefined {
  const table = LOOKED_UP[charset];
  if (table.has(character)) return table.get(character);
  if (table.size >= LOOKED_UP_MAX) table.clear();
  const binary = encode(character);
  const found = holds(
    charset,
    [...binary].map((byte) => byte.charCodeAt(0)),
  )
    ? binary
    : undefined;
  table.set(character, found);
  return found;
}

/** GB18030 by receiptline's own encoder, without its leading code page commands. */
function encode(character: string): string {
  if (/^[\ue000-\uf8ff]$/.test(character)) return ''; // private use: encodable, but with an arbitrary glyph
  const yen = character === '\u00a5' ? '\uffe5' : character;
  return commands.generic.text.call({ codepage: { gb18030: '' } }, yen, 'gb18030');
}
