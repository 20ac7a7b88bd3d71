/**
 * A whole stream at once, and no more of it than a person could want to see: three bytes can feed a yard of paper, so a file
 * of some megabytes may ask for more than any memory holds.
 */

import { feed, listed, newInterpreter, tear } from '../interpreter.js';
import type { VirtualPrinterProfile } from '../profile.js';
import type { Item, PaperDocument, Unknown } from './document.js';

export interface Rendering {
  readonly documents: readonly PaperDocument[];
  readonly unknown: readonly Unknown[];
  /** Bytes at the end of the stream that were left out, since the paper had become too long. */
  readonly leftOut: number;
}

/** Three of the longest rolls there are: the receipts of a busy week. At 8 dots a millimetre. */
export const LONGEST_PAPER_M = 250;
const MOST_DOTS = LONGEST_PAPER_M * 8_000;
/** What the drawer has to do is not measured by length: no line, picture or piece counts for less than this. */
const LEAST_ITEM = 8;
const LEAST_PIECE = 400;
/** Of pictures and QR codes, each some ten bytes in an SVG: the codes of a thousand receipts. */
const MOST_SQUARES = 16_000_000;
/** After so many bytes, lines or pieces, whichever come first, it is looked at how long the paper is. */
const LOOK_AFTER_BYTES = 8192;
const LOOK_AFTER_MOVES = 256;

/** The last document is `open` where no cut ended it. Without `bounded` all is printed, however long. */
export function render(
  bytes: Uint8Array,
  profile: VirtualPrinterProfile,
  { bounded = false }: { readonly bounded?: boolean } = {},
): Rendering {
  const documents: PaperDocument[] = [];
  const unknown: Unknown[] = [];
  const gauge = new Gauge();
  let state = newInterpreter(profile);
  let rest = bytes;
  while (rest.length > 0 && !(bounded && gauge.isFull)) {
    const next = bounded ? rest.subarray(0, LOOK_AFTER_BYTES) : rest;
    let moves = 0;
    const fed = feed(state, next, ({ kind }) => {
      if (kind === 'paper-moved' || kind === 'document') moves += 1;
      return bounded && moves >= LOOK_AFTER_MOVES;
    });
    rest = rest.subarray(next.length - fed.rest.length);
    state = fed.state;
    for (const event of fed.events) {
      if (event.kind === 'unknown') unknown.push(event.unknown);
      if (event.kind !== 'document') continue;
      documents.push(event.document);
      gauge.end(event.document);
    }
    gauge.look(state.print.items);
  }
  const last = tear(state, 'open').document;
  if (last.items.length > 0 || last.pulses.length > 0 || last.unprinted !== '') documents.push(last);
  if (rest.length === 0 && (state.pending.length > 0 || state.skip > 0))
    unknown.push(listed(state.pending, state.offset, 'truncated'));
  return { documents, unknown, leftOut: rest.length };
}

/** How much has been printed, and how much of it is in pictures. */
class Gauge {
  #dots = 0;
  #squares = 0;
  /** Of the piece that hangs out, so many items are counted. */
  #seen = 0;

  get isFull(): boolean {
    return this.#dots >= MOST_DOTS || this.#squares >= MOST_SQUARES;
  }

  look(items: readonly Item[]): void {
    for (; this.#seen < items.length; this.#seen += 1) {
      const item = items[this.#seen];
      if (item === undefined) continue;
      this.#dots += Math.max(LEAST_ITEM, dotsOf(item));
      this.#squares += squaresOf(item);
    }
  }

  end({ items, height }: PaperDocument): void {
    this.look(items);
    this.#seen = 0;
    this.#dots += Math.max(0, LEAST_PIECE - height);
  }
}

function dotsOf(item: Item): number {
  switch (item.kind) {
    case 'line':
      return item.advance;
    case 'feed':
      return item.dots;
    default:
      return item.height;
  }
}

function squaresOf(item: Item): number {
  switch (item.kind) {
    case 'line':
      return item.cells.reduce((sum, cell) => sum + (cell.kind === 'bits' ? cell.width * cell.height : 0), 0);
    case 'qr':
      return (item.width / item.size) ** 2;
    case 'image':
      return item.width * item.height;
    case 'feed':
      return 0;
  }
}
