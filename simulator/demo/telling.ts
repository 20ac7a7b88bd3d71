/** How the demo speaks: one readable line a step, Chinese first, English beside it; receipts drawn where they matter. */
import { fen, formatYuanShort } from '#protocol/money.js';
import { type PaperDocument, paperText } from '#simulator/hardware/printer/index.js';

export interface Words {
  readonly zh: string;
  readonly en: string;
}

export type Language = 'zh' | 'en';

/** `123.4`: amounts as people say them. */
export const yuan = (amountFen: number): string => formatYuanShort(fen(amountFen));

const TITLE_WIDTH = 72;

export interface Teller {
  chapter(title: Words): void;
  /** A step that did what it should. */
  step(words: Words): void;
  /** Something that went wrong on purpose. */
  trouble(words: Words): void;
  /** Something that should not have happened: the demo fails. */
  wrong(words: Words): void;
  note(words: Words): void;
  receipt(pieces: readonly PaperDocument[]): void;
  table(rows: readonly (readonly string[])[]): void;
  plain(text: string): void;
}

export function tellTo(
  out: { write(text: string): unknown },
  { language, colours }: { readonly language: Language; readonly colours: boolean },
): Teller {
  const paint = (code: string, text: string): string => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  const dim = (text: string): string => paint('2', text);
  const line = (mark: string, words: Words): void => {
    out.write(language === 'zh' ? `  ${mark} ${words.zh}\n    ${dim(words.en)}\n` : `  ${mark} ${words.en}\n`);
  };
  let chapters = 0;
  return {
    chapter(title) {
      chapters += 1;
      const text = language === 'zh' ? `${chapters}. ${title.zh}  ${title.en}` : `${chapters}. ${title.en}`;
      out.write(`\n${paint('1;36', text)}\n${dim('─'.repeat(TITLE_WIDTH))}\n`);
    },
    step: (words) => line(paint('32', '✓'), words),
    trouble: (words) => line(paint('33', '!'), words),
    wrong: (words) => line(paint('1;31', '✗'), words),
    note: (words) => line(dim('·'), words),
    receipt(pieces) {
      for (const piece of pieces) {
        for (const text of paperText(piece, { box: true }).trimEnd().split('\n')) out.write(`      ${text}\n`);
      }
    },
    table(rows) {
      const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? ''))));
      for (const [at, row] of rows.entries()) {
        const cells = row.map((cell, column) =>
          column === 0 ? pad(cell, widths[column] ?? 0) : padStart(cell, widths[column] ?? 0),
        );
        out.write(`  ${at === 0 ? paint('1', cells.join('   ')) : cells.join('   ')}\n`);
      }
    },
    plain: (text) => out.write(`${text}\n`),
  };
}

/** Terminal columns: Chinese takes two. */
const width = (text: string): number =>
  [...text].reduce((sum, character) => sum + (/[\u1100-\uffdc\uffe0-\uffe6]/.test(character) ? 2 : 1), 0);
const pad = (text: string, to: number): string => text + ' '.repeat(Math.max(0, to - width(text)));
const padStart = (text: string, to: number): string => ' '.repeat(Math.max(0, to - width(text))) + text;
