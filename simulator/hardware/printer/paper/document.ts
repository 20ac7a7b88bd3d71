/**
 * What came out of the printer: pieces of paper. All lengths are dots (203 to the inch, 8 to the millimetre), x from
 * the left end of the printable line, y from the top of the piece.
 */

/** One bit a dot, rows of whole bytes, the leftmost dot in the highest bit. */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  readonly rows: Uint8Array;
}

export type Align = 'left' | 'centre' | 'right';

/** One printed character, where it really stands (alignment and margins are already in its x). */
export interface TextCell {
  readonly kind: 'text';
  readonly text: string;
  readonly x: number;
  readonly width: number;
  readonly height: number;
  /** Magnification, 1 to 8. */
  readonly across: number;
  readonly down: number;
  readonly font: 'A' | 'B';
  /** A Chinese character: a square cell of 24 dots instead of 12. */
  readonly wide: boolean;
  readonly bold: boolean;
  /** Thickness in dots. */
  readonly underline: 0 | 1 | 2;
  readonly inverse: boolean;
}

/** Dots put into a line of text by `ESC *`. */
export interface BitsCell {
  readonly kind: 'bits';
  readonly x: number;
  readonly width: number;
  readonly height: number;
  readonly bits: Bitmap;
}

export type Cell = TextCell | BitsCell;

export interface LineItem {
  readonly kind: 'line';
  readonly y: number;
  /** Of the tallest cell; 0 for an empty line. */
  readonly height: number;
  /** How far the paper moved. */
  readonly advance: number;
  readonly align: Align;
  /** In the order in which they were sent. */
  readonly cells: readonly Cell[];
  /** The line was full and broke by itself: the sender counted columns wrongly. */
  readonly wrapped: boolean;
  /** Some cells stand on top of others. */
  readonly overprinted: boolean;
}

export type QrLevel = 'L' | 'M' | 'Q' | 'H';

/** A QR symbol that the printer drew by itself. */
export interface QrItem {
  readonly kind: 'qr';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly model: 1 | 2;
  /** Dots a module. */
  readonly size: number;
  readonly level: QrLevel;
  readonly data: Uint8Array;
  readonly text: string;
}

export interface ImageItem {
  readonly kind: 'image';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly bits: Bitmap;
}

export interface FeedItem {
  readonly kind: 'feed';
  readonly y: number;
  readonly dots: number;
}

export type Item = LineItem | QrItem | ImageItem | FeedItem;

export interface Pulse {
  readonly pin: 2 | 5;
  readonly onMs: number;
  readonly offMs: number;
}

export interface Cut {
  readonly mode: 'full' | 'partial';
  /** Fed past the blade before the cut; undefined: cut where the paper stood, through what is still inside. */
  readonly feedDots: number | undefined;
}

/** What made this piece of paper end. `open`: nothing did, it still hangs out of the printer. */
export type End = 'cut' | 'form-feed' | 'torn' | 'paper-out' | 'power-off' | 'open';

export interface PaperDocument {
  readonly items: readonly Item[];
  /** Printable width and length. */
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  /** Begun on an earlier piece, as after a change of paper in mid-receipt. */
  readonly continued: boolean;
  readonly end: End;
  readonly cut: Cut | undefined;
  readonly pulses: readonly Pulse[];
  /** Characters that wait in the printer for a line end, and are not on the paper. */
  readonly unprinted: string;
}

/** Bytes that did nothing, or not what they should. */
export interface Unknown {
  /** Counted from the first byte since power-on. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly why:
    | 'unknown'
    | 'truncated'
    | 'unsupported'
    | 'bad-parameter'
    | 'misplaced'
    | 'too-long'
    | 'no-such-character';
}

export const inkAt = (bits: Bitmap, x: number, y: number): boolean =>
  x >= 0 &&
  y >= 0 &&
  x < bits.width &&
  y < bits.height &&
  (((bits.rows[y * Math.ceil(bits.width / 8) + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1) === 1;

export const isLine = (item: Item): item is LineItem => item.kind === 'line';
export const isText = (cell: Cell): cell is TextCell => cell.kind === 'text';

/** The characters of a line as they were sent, gaps left out. */
export const sentText = (line: LineItem): string =>
  line.cells
    .filter(isText)
    .map((cell) => cell.text)
    .join('');

/** A line of nothing but dashes across most of the paper. */
export const isRule = (line: LineItem): boolean => /^[-─━=]{8,}$/.test(sentText(line));

/** Bytes as people read them in manuals: `1B 40`. */
export const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ');
