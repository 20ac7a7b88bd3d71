/**
 * A piece of paper as a picture: one self-contained SVG, a unit a dot. Every character has its own x, so that columns
 * stand right whatever fonts the viewer has, and nothing in it is from outside: no script, no font, no link.
 */

import { DOTS_PER_COLUMN } from '../profile.js';
import {
  type Bitmap,
  type Item,
  inkAt,
  isRule,
  isText,
  type LineItem,
  type PaperDocument,
  type TextCell,
} from './document.js';
import { qrModules } from './qr.js';

export interface SvgOptions {
  /** What a screen reader says, and the title of the picture. */
  readonly title?: string | undefined;
  /** Width on screen in pixels of the whole picture; by default one pixel a dot. */
  readonly width?: number | undefined;
}

const INK = '#26262b';
const PAPER = '#fdfdfb';
/** White beside the printable line: 5 mm on 58 mm paper. */
const MARGIN = 40;
const TOP = 44;
/** Where the blade leaves some paper below the last line. */
const BOTTOM = 56;
/** Room around the paper for its shadow. */
const AROUND = 28;
const GAP = 24;
/** Teeth of a tear bar. */
const TOOTH = 8;

const LATIN = "'SFMono-Regular','Menlo','Consolas','DejaVu Sans Mono','Liberation Mono',monospace";
const HANZI =
  "'Noto Sans CJK SC','Noto Sans SC','Source Han Sans SC','PingFang SC','Microsoft YaHei','Hiragino Sans GB','WenQuanYi Micro Hei',sans-serif";

/** A Chinese character is as wide as it is high; those of every monospaced font named above are 0.6 of that, or nearly. */
const HANZI_PX = 23;
const LATIN_PX = 20;
const LATIN_EM = 0.6;

/** All pieces below one another. */
export function paperSvg(documents: readonly PaperDocument[], options: SvgOptions = {}): string {
  const columns = documents.reduce((widest, document) => Math.max(widest, document.width), 0);
  const width = columns + 2 * (MARGIN + AROUND);
  let y = AROUND;
  const papers: string[] = [];
  documents.forEach((document) => {
    const height = document.height + TOP + BOTTOM;
    papers.push(`<g transform="translate(${AROUND} ${y})">${paper(document, height)}</g>`);
    y += height + GAP;
  });
  const height = y - (documents.length > 0 ? GAP : 0) + AROUND;
  const shown = options.width ?? width;
  const title = options.title ?? 'Receipt';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="paper" viewBox="0 0 ${width} ${height}" width="${shown}" height="${Math.round((height * shown) / width)}" role="img" aria-label="${escaped(title)}">`,
    `<title>${escaped(title)}</title>`,
    '<defs>',
    `<linearGradient id="sheen"><stop offset="0" stop-color="#000" stop-opacity=".05"/><stop offset=".06" stop-color="#000" stop-opacity="0"/><stop offset=".9" stop-color="#000" stop-opacity="0"/><stop offset="1" stop-color="#000" stop-opacity=".06"/></linearGradient>`,
    `<linearGradient id="curl" gradientUnits="userSpaceOnUse" x1="0" y1="0" x2="0" y2="40"><stop offset="0" stop-color="#000" stop-opacity=".06"/><stop offset="1" stop-color="#000" stop-opacity="0"/></linearGradient>`,
    `<filter id="shadow" x="-10%" y="-5%" width="120%" height="110%">${shadow(8, 7, 0.2, 'far')}${shadow(1, 1, 0.28, 'near')}<feMerge><feMergeNode in="far"/><feMergeNode in="near"/><feMergeNode in="SourceGraphic"/></feMerge></filter>`,
    '</defs>',
    `<style>.paper text{fill:${INK};white-space:pre}.paper .l{font:${LATIN_PX}px ${LATIN}}.paper .h{font:${HANZI_PX}px ${HANZI}}.paper .b{font-weight:700}.paper .i{fill:${PAPER}}</style>`,
    ...papers,
    '</svg>',
    '',
  ].join('\n');
}

/** Not feDropShadow: librsvg before 2.55 knows none, and draws nothing at all of what has one, not even the paper. */
const shadow = (blur: number, below: number, opacity: number, name: string): string =>
  `<feGaussianBlur in="SourceAlpha" stdDeviation="${blur}"/><feOffset dy="${below}" result="${name}-shape"/><feFlood flood-color="#101020" flood-opacity="${opacity}"/><feComposite in2="${name}-shape" operator="in" result="${name}"/>`;

function paper(document: PaperDocument, height: number): string {
  const width = document.width + 2 * MARGIN;
  const outline = edge(width, height);
  const items = document.items.map(drawn);
  return [
    `<path d="${outline}" fill="${PAPER}" filter="url(#shadow)"/>`,
    `<path d="${outline}" fill="url(#sheen)"/>`,
    `<path d="${outline}" fill="url(#curl)"/>`,
    `<svg x="${MARGIN}" y="${TOP}" width="${document.width}" height="${Math.max(1, document.height)}" overflow="hidden">`,
    ...items.filter((item) => item !== ''),
    '</svg>',
  ].join('\n');
}

function drawn(item: Item): string {
  switch (item.kind) {
    case 'line':
      return line(item);
    case 'qr': {
      const modules = qrModules(item.data, item.level);
      if (modules === undefined) return '';
      const path = squares(modules.size, modules.size, (x, y) => modules.dark(x, y));
      return shape(path, item.x, item.y, item.size, `QR: ${item.text}`);
    }
    case 'image':
      return picture(item.bits, item.x, item.y);
    case 'feed':
      return '';
  }
}

/** Both ends as a tear bar leaves them. */
function edge(width: number, height: number): string {
  const teeth = Math.round(width / (2 * TOOTH));
  const step = width / teeth / 2;
  const half = (TOOTH / 2).toString();
  return `M0 ${half}${`l${num(step)} -${half}l${num(step)} ${half}`.repeat(teeth)}V${height - TOOTH / 2}${`l-${num(step)} ${half}l-${num(step)} -${half}`.repeat(teeth)}Z`;
}

function line(item: LineItem): string {
  const base = item.y + item.height;
  if (isRule(item)) return rule(item);
  const parts: string[] = [];
  for (const cell of item.cells) if (cell.kind === 'bits') parts.push(picture(cell.bits, cell.x, base - cell.height));
  for (const run of runs(item.cells.filter(isText))) parts.push(text(run, base));
  return parts.join('\n');
}

/** Dashes printed by a thermal head are short bars of its own; a viewer's hyphens are not. */
function rule(item: LineItem): string {
  const cells = item.cells.filter(isText);
  const first = cells[0];
  const last = cells.at(-1);
  if (first === undefined || last === undefined) return '';
  const y = item.y + item.height / 2;
  const dashes = first.text === '-' ? ` stroke-dasharray="${DOTS_PER_COLUMN * 0.6} ${DOTS_PER_COLUMN * 0.4}"` : '';
  const thick = first.bold ? 3 : 2;
  return `<path d="M${first.x + 2} ${y}H${last.x + last.width - 2}" stroke="${INK}" stroke-width="${thick}"${dashes}/>`;
}

/** Neighbours that look alike share one element. */
function runs(cells: readonly TextCell[]): TextCell[][] {
  const made: TextCell[][] = [];
  for (const cell of cells) {
    const run = made.at(-1);
    const before = run?.at(-1);
    if (run !== undefined && before !== undefined && look(before) === look(cell) && cell.x >= before.x) run.push(cell);
    else made.push([cell]);
  }
  return made;
}

const look = (cell: TextCell): string =>
  [cell.wide, cell.font, cell.across, cell.down, cell.bold, cell.underline, cell.inverse].join();

function text(run: readonly TextCell[], base: number): string {
  const first = run[0];
  const last = run.at(-1);
  if (first === undefined || last === undefined) return '';
  const right = last.x + last.width;
  const parts: string[] = [];
  const top = base - first.height;
  if (first.inverse) {
    parts.push(`<rect x="${first.x}" y="${top}" width="${right - first.x}" height="${first.height}" fill="${INK}"/>`);
  }
  const inked = run.filter((cell) => cell.text.trim() !== '');
  if (inked.length > 0) {
    // Font B is font A made smaller; a magnified character is the same picture stretched.
    const small = first.font === 'B' && !first.wide;
    const across = first.across * (small ? 0.75 : 1);
    const down = first.down * (small ? 17 / 24 : 1);
    const place = `translate(${first.x} ${top})${across === 1 && down === 1 ? '' : ` scale(${num(across)} ${num(down)})`}`;
    const classes = [first.wide ? 'h' : 'l', first.bold ? 'b' : '', first.inverse ? 'i' : ''].filter(Boolean).join(' ');
    // The middle of each cell: a viewer's font may be narrower or wider than the cell. But librsvg (file managers,
    // ImageMagick) takes a character's width for another where it is stretched one way only: there it begins where one as wide
    // as most begins. And of a list of x it reads no more than the first: each character has an element of its own.
    const isEven = across === down;
    const left = isEven ? 0 : (first.wide ? HANZI_PX : LATIN_PX * LATIN_EM) / 2;
    const characters = inked.map((cell) => {
      const x = num((cell.x - first.x + cell.width / 2) / across - left);
      return `<tspan x="${x}">${escaped(cell.text)}</tspan>`;
    });
    const anchor = isEven ? ' text-anchor="middle"' : '';
    parts.push(`<text class="${classes}" transform="${place}"${anchor} y="20">${characters.join('')}</text>`);
  }
  if (first.underline > 0) {
    const ink = first.inverse ? PAPER : INK;
    parts.push(
      `<rect x="${first.x}" y="${base}" width="${right - first.x}" height="${first.underline}" fill="${ink}"/>`,
    );
  }
  return parts.join('\n');
}

const picture = (bits: Bitmap, x: number, y: number): string =>
  shape(
    squares(bits.width, bits.height, (column, row) => inkAt(bits, column, row)),
    x,
    y,
    1,
    'picture',
  );

const shape = (path: string, x: number, y: number, scale: number, title: string): string =>
  `<path transform="translate(${x} ${y})${scale === 1 ? '' : ` scale(${scale})`}" fill="${INK}" shape-rendering="crispEdges" d="${path}"><title>${escaped(title)}</title></path>`;

/** Runs of dark squares in each row, as one path. */
function squares(width: number, height: number, dark: (x: number, y: number) => boolean): string {
  let path = '';
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (!dark(x, y)) continue;
      const from = x;
      while (x < width && dark(x, y)) x += 1;
      path += `M${from} ${y}h${x - from}v1h-${x - from}z`;
    }
  }
  return path;
}

const num = (n: number): string => String(Math.round(n * 1000) / 1000);

/** Characters that XML can't hold at all (a QR code may carry any byte) become U+FFFD. */
const escaped = (value: string): string =>
  value
    .replace(/\p{Cc}/gu, (char) => (char === '\n' || char === '\t' ? ' ' : '\ufffd'))
    .replace(/[\ud800-\udfff\ufffe\uffff]/gu, '\ufffd')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
