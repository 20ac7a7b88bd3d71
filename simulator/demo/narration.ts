/** How the demo speaks: one readable line a step, Chinese first, English beneath it; receipts drawn where they matter. */
import { fen, formatYuanShort } from '#protocol/kernel/money.js';
import { type PaperDocument, paperText, terminalWidth } from '../hardware/printer/index.js';

export interface Words {
  readonly zh: string;
  readonly en: string;
}

export type Language = 'zh' | 'en';

/** `123.4`: amounts as people say them. */
export const yuan = (amountFen: number): string => formatYuanShort(fen(amountFen));

/** Where the story is told. `columns`: a terminal has them, and they change as its window does. */
export interface Out {
  write(text: string): unknown;
  readonly columns?: number | undefined;
}

/** Longer lines than this are tiring to read, however wide the window is. */
const MAX_COLUMNS = 100;
/** A window narrower than this breaks the lines itself. */
const MIN_COLUMNS = 40;
const TITLE_WIDTH = 72;
const RECEIPT_INDENT = 6;
/** Receipts of 80 mm paper with their frame. */
const RECEIPT_WIDTH = 52;

export interface Narrator {
  chapter(title: Words): void;
  /** A step that did what it should. */
  step(words: Words): void;
  /** Something that went wrong on purpose. */
  trouble(words: Words): void;
  /** Something that should not have happened: the demo fails. */
  wrong(words: Words): void;
  note(words: Words): void;
  receipt(pieces: readonly PaperDocument[]): void;
  /** Head and first column in words; numbers stand to the right. */
  table(head: readonly Words[], rows: readonly { readonly name: Words; readonly cells: readonly string[] }[]): void;
  title(words: Words): void;
}

export function narrateTo(
  out: Out,
  { language, colours }: { readonly language: Language; readonly colours: boolean },
): Narrator {
  const paint = (code: string, text: string): string => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  const dim = (text: string): string => paint('2', text);
  const columns = (): number => Math.min(MAX_COLUMNS, Math.max(MIN_COLUMNS, out.columns ?? MAX_COLUMNS));
  /** `lead` stands before the first line, as many blanks before the others. */
  const say = (lead: string, text: string, painted: (line: string) => string = (line) => line, mark = lead): void => {
    const indent = width(lead);
    for (const [at, line] of wrap(text, columns() - indent).entries())
      out.write(`${at === 0 ? mark : ' '.repeat(indent)}${painted(line)}\n`);
  };
  const both = (sign: string, paintedSign: string, { zh, en }: Words): void => {
    say(`  ${sign} `, language === 'zh' ? zh : en, undefined, `  ${paintedSign} `);
    if (language === 'zh') say('    ', en, dim);
  };
  let chapters = 0;
  return {
    title({ zh, en }) {
      out.write('\n');
      say('', language === 'zh' ? zh : en, (line) => paint('1', line));
      if (language === 'zh') say('', en, dim);
    },
    chapter({ zh, en }) {
      chapters += 1;
      out.write('\n');
      say('', `${chapters}. ${language === 'zh' ? `${zh}  ${en}` : en}`, (line) => paint('1;36', line));
      out.write(`${dim('─'.repeat(Math.min(TITLE_WIDTH, columns())))}\n`);
    },
    step: (words) => both('✓', paint('32', '✓'), words),
    trouble: (words) => both('!', paint('33', '!'), words),
    wrong: (words) => both('✗', paint('1;31', '✗'), words),
    note: (words) => both('·', dim('·'), words),
    receipt(pieces) {
      const indent = ' '.repeat(Math.max(0, Math.min(RECEIPT_INDENT, columns() - RECEIPT_WIDTH)));
      for (const piece of pieces) {
        for (const text of paperText(piece, { box: true, ansi: colours }).trimEnd().split('\n'))
          out.write(`${indent}${text}\n`);
      }
    },
    table(head, rows) {
      // Chinese above English: side by side they wouldn't fit on 80 columns.
      const heads =
        language === 'zh' ? [head.map(({ zh }) => zh), head.map(({ en }) => en)] : [head.map(({ en }) => en)];
      const body = rows.map(({ name, cells }) => [language === 'zh' ? `${name.zh} ${name.en}` : name.en, ...cells]);
      const widths = head.map((_, at) => Math.max(...[...heads, ...body].map((row) => width(row[at] ?? ''))));
      const room = columns() - 2 - widths.reduce((sum, one) => sum + one, 0);
      const gap = ' '.repeat(Math.max(1, Math.min(3, Math.floor(room / Math.max(1, widths.length - 1)))));
      const row = (cells: readonly string[]): string =>
        cells.map((cell, at) => (at === 0 ? pad(cell, widths[at] ?? 0) : padStart(cell, widths[at] ?? 0))).join(gap);
      for (const cells of heads) out.write(`  ${paint('1', row(cells))}\n`);
      for (const cells of body) out.write(`  ${row(cells)}\n`);
    },
  };
}

/** What closes a phrase never begins a line, and what opens one never ends it. */
const PIECE = /\s+|[（《“]*[\u2e80-\uffef][，。；：！？）》”、]*|[^\s\u2e80-\uffef]+[，。；：！？）》”、]*/gu;

/** Breaks between words and between Chinese characters; a word longer than a line (a path) stands on its own. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const piece of text.match(PIECE) ?? []) {
    if (line !== '' && width(line) + width(piece.trimEnd()) > columns) {
      lines.push(line.trimEnd());
      line = '';
    }
    line += line === '' ? piece.trimStart() : piece;
  }
  return [...lines, line.trimEnd()];
}

/** Terminal columns: Chinese takes two. */
const width = (text: string): number => [...text].reduce((sum, character) => sum + terminalWidth(character), 0);
const pad = (text: string, to: number): string => text + ' '.repeat(Math.max(0, to - width(text)));
const padStart = (text: string, to: number): string => ' '.repeat(Math.max(0, to - width(text))) + text;
