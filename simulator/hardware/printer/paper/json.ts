/** A rendering as one JSON object: what is on the paper, in words and numbers. */
import { hex, type Item, type PaperDocument } from './document.js';
import type { Rendering } from './rendering.js';
import { linesOfText } from './text.js';

export function renderingJson({ documents, unknown, leftOut }: Rendering): unknown {
  return {
    documents: documents.map(documentJson),
    unknown: unknown.map(({ offset, bytes, why }) => ({ offset, bytes: hex(bytes), why })),
    leftOut,
  };
}

export const documentJson = (document: PaperDocument) => ({
  lines: linesOfText(document),
  qr: document.items.flatMap((item) =>
    item.kind === 'qr' ? [{ data: item.text, model: item.model, size: item.size, level: item.level }] : [],
  ),
  images: document.items.flatMap((item) =>
    item.kind === 'image' ? [{ x: item.x, y: item.y, width: item.width, height: item.height }] : [],
  ),
  columns: document.columns,
  widthDots: document.width,
  heightDots: document.height,
  end: document.end,
  cut: document.cut === undefined ? null : { mode: document.cut.mode, feedDots: document.cut.feedDots ?? null },
  drawer: document.pulses,
  continued: document.continued,
  unprinted: document.unprinted,
  /** Lines that the sender got wrong. */
  wrapped: indices(document.items, 'wrapped'),
  overprinted: indices(document.items, 'overprinted'),
});

/** Positions in `lines`. */
const indices = (items: readonly Item[], flag: 'wrapped' | 'overprinted'): number[] =>
  items.filter((item) => item.kind === 'line').flatMap((line, index) => (line[flag] ? [index] : []));
