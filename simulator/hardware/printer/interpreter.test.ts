import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CHINESE,
  CUT,
  ESC,
  FS,
  GS,
  nativeQr,
  type Part,
  stream,
  XIAO_FEI_QUAN,
  YEN_IN_FOUR_BYTES,
  YOU_HAO,
  YUAN_SIGN,
} from '../../../test/doubles/escpos-streams.js';
import { feed, newInterpreter } from './interpreter.js';
import { hex, inkAt, isText, type LineItem, type PaperDocument, sentText, type TextCell } from './paper/document.js';
import { documentJson } from './paper/json.js';
import { type Rendering, render } from './paper/rendering.js';
import { PAPER_58, PAPER_80, type PrinterCharset, type VirtualPrinterProfile } from './profile.js';

const rendered = (profile: VirtualPrinterProfile, ...parts: readonly Part[]): Rendering =>
  render(stream(...parts), profile);
const on58 = (...parts: readonly Part[]): Rendering => rendered(PAPER_58, ...parts);
/** Comes up without Chinese mode. */
const onJapanese = (...parts: readonly Part[]): Rendering =>
  rendered({ ...PAPER_58, startsInChinese: false }, ...parts);
const only = ({ documents }: Rendering): PaperDocument => {
  const [document] = documents;
  if (document === undefined || documents.length > 1) throw new Error(`${documents.length} documents`);
  return document;
};
const linesOf = (document: PaperDocument): LineItem[] => document.items.filter((item) => item.kind === 'line');
const line = (rendering: Rendering, index = 0): LineItem => {
  const found = linesOf(only(rendering))[index];
  if (found === undefined) throw new Error(`no line ${index}`);
  return found;
};
const cell = (of: LineItem, index = 0): TextCell => {
  const found = of.cells.filter(isText)[index];
  if (found === undefined) throw new Error(`no cell ${index}`);
  return found;
};
const xs = (of: LineItem): number[] => of.cells.map(({ x }) => x);
const said = ({ unknown }: Rendering): string[] =>
  unknown.map(({ offset, bytes, why }) => `${offset}: ${hex(bytes)} ${why}`);

describe('a line on paper', () => {
  it('stands in columns of 12 dots, Chinese in two of them', () => {
    const it = line(on58(CHINESE, 'a', YOU_HAO, 'b\n'));
    expect(sentText(it)).toBe('a友好b');
    expect(xs(it)).toEqual([0, 12, 36, 60]);
    expect(it).toMatchObject({ height: 24, advance: 30, align: 'left', wrapped: false, overprinted: false });
  });

  it('is placed by its alignment: left, centre, right', () => {
    const of = (n: number) => xs(line(on58(ESC, 'a', n, 'abcd\n')))[0];
    expect([of(0), of(1), of(2)]).toEqual([0, (384 - 48) / 2, 384 - 48]);
    expect(of(0x32)).toBe(384 - 48);
  });

  it('goes where ESC $ and ESC \\ say, from the left margin', () => {
    const it = line(on58(GS, 'L', 24, 0, ESC, '$', 0x2c, 1, 'a', ESC, '\\', 12, 0, 'b', ESC, '\\', 0xd0, 0xff, 'c\n'));
    expect(xs(it)).toEqual([324, 348, 312]);
  });

  it('breaks by itself where it is full, and says so', () => {
    const it = on58('x'.repeat(33), '\n');
    expect(line(it).cells).toHaveLength(32);
    expect(line(it).wrapped).toBe(true);
    expect(sentText(line(it, 1))).toBe('x');
  });

  it('never splits a Chinese character over the edge', () => {
    const it = on58(CHINESE, 'x'.repeat(31), YOU_HAO, '\n');
    expect(sentText(line(it))).toBe('x'.repeat(31));
    expect(sentText(line(it, 1))).toBe('友好');
  });

  it('says when one character stands on another', () => {
    expect(line(on58('ab', ESC, '$', 0, 0, 'c\n')).overprinted).toBe(true);
    expect(line(on58('ab', ESC, '$', 24, 0, 'c\n')).overprinted).toBe(false);
  });

  it('keeps to the area of GS W', () => {
    const it = on58(GS, 'W', 48, 0, ESC, 'a', 2, 'abcde\n');
    expect(xs(line(it))).toEqual([0, 12, 24, 36]);
    expect(xs(line(it, 1))).toEqual([36]);
  });

  it('takes tabs every eight columns, or where ESC D puts them', () => {
    expect(xs(line(on58('a\tb\n')))).toEqual([0, 96]);
    expect(xs(line(on58(ESC, 'D', 3, 10, 0, 'a\tb\tc\n')))).toEqual([0, 36, 120]);
  });

  it('carries magnification, emphasis, underline and inversion with each character', () => {
    const it = line(on58(CHINESE, GS, '!', 0x21, ESC, 'E', 1, GS, 'B', 1, ESC, '-', 2, 'a', YOU_HAO, '\n'));
    expect(cell(it)).toMatchObject({
      across: 3,
      down: 2,
      width: 36,
      height: 48,
      bold: true,
      inverse: true,
      underline: 2,
    });
    // GS ! enlarges Hanzi; ESC - doesn't underline them, FS - does.
    expect(cell(it, 1)).toMatchObject({ text: '友', across: 3, down: 2, width: 72, underline: 0 });
  });

  it('takes ESC ! for single bytes and FS ! for Chinese', () => {
    const it = line(on58(CHINESE, ESC, '!', 0xb8, FS, '!', 0x84, 'a', YOU_HAO, '\n'));
    expect(cell(it)).toMatchObject({ across: 2, down: 2, bold: true, underline: 1 });
    expect(cell(it, 1)).toMatchObject({ across: 2, down: 1, underline: 1 });
  });

  it('has font B at 9 by 17 dots', () => {
    expect(cell(line(on58(ESC, 'M', 1, 'a\n')))).toMatchObject({ font: 'B', width: 9, height: 17 });
  });

  it('moves the paper by the line spacing, and by more where a character needs more', () => {
    const it = on58(ESC, '3', 40, 'a\n', ESC, '2', 'b\n', GS, '!', 3, 'c\n', 'd\n');
    expect(linesOf(only(it)).map(({ y }) => y)).toEqual([0, 40, 70, 166]);
  });

  it('is fed by lines and by dots', () => {
    const it = only(on58('a', ESC, 'd', 3, ESC, 'J', 50, 'b', ESC, 'J', 60));
    expect(it.items.map(({ kind, y }) => [kind, y])).toEqual([
      ['line', 0],
      ['line', 30],
      ['line', 60],
      ['feed', 90],
      ['line', 140],
    ]);
    expect(it.height).toBe(200);
  });

  it('stays in the printer until a line end comes', () => {
    const it = only(on58('printed\nnot printed'));
    expect(linesOf(it).map(sentText)).toEqual(['printed']);
    expect(it.unprinted).toBe('not printed');
  });
});

describe('ESC @', () => {
  it('forgets style, Chinese mode, margins, the line that waited, but not the paper', () => {
    const it = onJapanese('paper\n', ESC, 'a', 1, GS, '!', 0x11, CHINESE, 'gone', ESC, '@', XIAO_FEI_QUAN, '\n');
    expect(linesOf(only(it)).map(sentText)).toEqual(['paper', '╧√╖╤╚»']);
    expect(line(it, 1)).toMatchObject({ align: 'left', height: 24 });
  });
});

describe('Chinese', () => {
  const printed = (charset: PrinterCharset, ...parts: readonly Part[]) =>
    rendered({ ...PAPER_58, charset }, CHINESE, ...parts, '\n');

  it.each(['gb2312', 'gbk', 'gb18030'] as const)('of GB2312 prints on a %s printer', (charset) => {
    const it = printed(charset, XIAO_FEI_QUAN, YUAN_SIGN, '40');
    expect(sentText(line(it))).toBe('消费券￥40');
    expect(said(it)).toEqual([]);
  });

  it('prints as it comes on a Chinese model, out of ESC @ too, and on no other', () => {
    expect(sentText(line(on58(ESC, '@', XIAO_FEI_QUAN, '\n')))).toBe('消费券');
    expect(sentText(line(onJapanese(ESC, '@', XIAO_FEI_QUAN, '\n')))).toBe('╧√╖╤╚»');
  });

  it('is code page garbage outside Chinese mode', () => {
    expect(sentText(line(on58(CHINESE, FS, '.', XIAO_FEI_QUAN, '\n')))).toBe('╧√╖╤╚»');
  });

  it.each(['gb2312', 'gbk'] as const)(
    'in four bytes prints as " 0 6" on a %s printer, and shifts the line',
    (charset) => {
      const it = printed(charset, YEN_IN_FOUR_BYTES, '5');
      expect(sentText(line(it))).toBe(' 0 65');
      expect(xs(line(it)).at(-1)).toBe(48);
      expect(said(it)).toEqual(['2: 81 no-such-character', '4: 84 no-such-character']);
    },
  );

  it('in four bytes is one character on a gb18030 printer', () => {
    const it = printed('gb18030', YEN_IN_FOUR_BYTES, '5');
    expect(sentText(line(it))).toBe('¥5');
    expect(xs(line(it))).toEqual([0, 24]);
  });

  it('of GBK falls apart on a gb2312 printer', () => {
    // 镕, E946.
    expect(sentText(line(printed('gbk', [0xe9, 0x46])))).toBe('镕');
    expect(sentText(line(printed('gb2312', [0xe9, 0x46])))).toBe(' F');
  });

  it('leaves a blank of its own width where the font has nothing', () => {
    for (const code of [
      [0xaa, 0xa1],
      [0xd7, 0xfa],
      [0xa8, 0xbf],
    ]) {
      const it = printed('gb2312', code, 'x');
      expect(sentText(line(it))).toBe('　x');
      expect(xs(line(it))).toEqual([0, 24]);
      expect(said(it)).toEqual([`2: ${hex(Uint8Array.from(code))} no-such-character`]);
    }
  });

  it('prints a box character of a code page as Hanzi: 晻', () => {
    expect(sentText(line(printed('gbk', [0x95, 0x95])))).toBe('晻');
  });

  it('has exactly the characters of GB2312 on a gb2312 printer', () => {
    let known = 0;
    for (let row = 0xa1; row <= 0xfe; row += 1) {
      for (let column = 0xa1; column <= 0xfe; column += 1) {
        if (printed('gb2312', [row, column]).unknown.length === 0) known += 1;
      }
    }
    // GB/T 2312-1980: 6,763 Hanzi and 682 other characters.
    expect(known).toBe(6763 + 682);
  });
});

describe('single bytes', () => {
  it('follow the code page', () => {
    const of = (n: number) => sentText(line(on58(FS, '.', ESC, 't', n, 0x80, 0x9c, 0xd5, '\n')));
    expect([of(0), of(16), of(19), of(17)]).toEqual(['Ç£╒', '€œÕ', 'Ç£€', 'АЬ╒']);
    expect(said(on58(ESC, 't', 99))).toEqual(['0: 1B 74 63 unsupported']);
  });

  it('follow the country', () => {
    expect(sentText(line(on58(ESC, 'R', 15, '$5\n')))).toBe('¥5');
    expect(sentText(line(on58(ESC, 'R', 8, '\\5\n')))).toBe('¥5');
  });
});

describe('a QR code of the printer’s own', () => {
  it('has model, size, level and data, and stands where alignment puts it', () => {
    const it = only(on58(ESC, 'a', 1, nativeQr('CPR:0001-42', 4, 'Q'), 'after\n'));
    expect(it.items[0]).toMatchObject({ kind: 'qr', model: 2, size: 4, level: 'Q', text: 'CPR:0001-42', width: 84 });
    expect(it.items[0]).toMatchObject({ x: (384 - 84) / 2, y: 0 });
    expect(it.items[1]).toMatchObject({ y: 84 });
  });

  it('prints nothing when it would be wider than the paper, or holds more than a symbol can', () => {
    const wide = on58(nativeQr('x'.repeat(400), 16));
    expect(wide.documents).toEqual([]);
    expect(said(wide).at(-1)).toMatch(/too-long$/);
    expect(said(on58(nativeQr('x'.repeat(3000), 1, 'H'))).at(-1)).toMatch(/too-long$/);
  });

  it('needs data, and an empty line', () => {
    const print = [GS, 0x28, 0x6b, 3, 0, 49, 81, 48];
    expect(said(on58(print))).toEqual(['0: 1D 28 6B 03 00 31 51 30 bad-parameter']);
    expect(said(on58('x', print))).toEqual(['1: 1D 28 6B 03 00 31 51 30 misplaced']);
  });

  it('is swallowed whole by a printer without the firmware', () => {
    const it = rendered({ ...PAPER_58, nativeQr: false }, nativeQr('CPR:1'), 'x\n');
    expect(linesOf(only(it)).map(sentText)).toEqual(['x']);
    expect(it.unknown.map(({ why }) => why)).toEqual(Array(5).fill('unsupported'));
  });
});

describe('pictures', () => {
  const dots = (document: PaperDocument): string[] => {
    const [item] = document.items;
    const bits = item?.kind === 'image' ? item.bits : item?.kind === 'line' ? item.cells[0] : undefined;
    const map = bits !== undefined && 'bits' in bits ? bits.bits : bits;
    if (map === undefined || !('rows' in map)) throw new Error('no picture');
    return Array.from({ length: map.height }, (_, y) =>
      Array.from({ length: map.width }, (_, x) => (inkAt(map, x, y) ? '#' : '.')).join(''),
    );
  };

  it('come by rows with GS v 0, doubled where it says so', () => {
    expect(dots(only(on58(GS, 'v0', 0, 1, 0, 2, 0, 0xf0, 0x81)))).toEqual(['####....', '#......#']);
    expect(dots(only(on58(GS, 'v0', 3, 1, 0, 1, 0, 0xc1)))).toEqual(['####..........##', '####..........##']);
  });

  it('come by columns with ESC *, inside a line', () => {
    const it = only(on58(ESC, '*', 33, 2, 0, [0x80, 0, 1], [0, 0x80, 0], '\n'));
    const picture = dots(it);
    expect(picture).toHaveLength(24);
    expect([picture[0], picture[8], picture[23]]).toEqual(['#.', '.#', '#.']);
    expect(it.items).toHaveLength(1);
  });

  it('come through GS ( L and GS 8 L: stored, then printed', () => {
    const store = [48, 112, 48, 1, 1, 49, 8, 0, 2, 0, 0xf0, 0x81];
    const print = [GS, 0x28, 0x4c, 2, 0, 48, 50];
    for (const head of [
      [GS, 0x28, 0x4c, 12, 0],
      [GS, 0x38, 0x4c, 12, 0, 0, 0],
    ]) {
      const it = on58(head, store, print);
      expect(dots(only(it))).toEqual(['####....', '#......#']);
      expect(said(it)).toEqual([]);
    }
  });

  it('never print their bytes as text', () => {
    const it = on58(GS, 'v0', 0, 2, 0, 3, 0, 'ABCDEF', 'x\n');
    expect(linesOf(only(it)).map(sentText)).toEqual(['x']);
  });
});

describe('cuts and drawers', () => {
  it('end a piece of paper: full, partial, and where the paper stood', () => {
    const it = on58('a\n', GS, 'V', 66, 80, 'b\n', GS, 'V', 0, 'c\n', GS, 'V', 1);
    expect(it.documents.map(({ cut, height }) => [cut?.mode, cut?.feedDots, height])).toEqual([
      ['partial', 80, 110],
      ['full', undefined, 30],
      ['partial', undefined, 30],
    ]);
  });

  it('print the line that waits before the cut', () => {
    expect(linesOf(only(on58('a', CUT))).map(sentText)).toEqual(['a']);
  });

  it('don’t exist on a printer without a cutter', () => {
    const it = rendered({ ...PAPER_58, cutter: false }, 'a\n', CUT, 'b\n');
    expect(only(it).end).toBe('open');
    expect(said(it)).toEqual(['2: 1D 56 42 00 unsupported']);
  });

  it('report every drawer pulse, in real time or not', () => {
    expect(only(on58(ESC, 'p', 0, 25, 250, ESC, 'p', 0x31, 50, 50, 0x10, 0x14, 1, 0, 2)).pulses).toEqual([
      { pin: 2, onMs: 50, offMs: 500 },
      { pin: 5, onMs: 100, offMs: 100 },
      { pin: 2, onMs: 200, offMs: 200 },
    ]);
  });
});

describe('what it can’t understand', () => {
  it('is listed with offset and bytes, and the rest goes on', () => {
    const it = on58('a', ESC, 'z', 'b', 0x07, GS, '(Z', 2, 0, 9, 9, 'c\n');
    expect(said(it)).toEqual(['1: 1B 7A unknown', '4: 07 unknown', '5: 1D 28 5A 02 00 09 09 unknown']);
    expect(sentText(line(it))).toBe('abc');
  });

  it('is listed where the stream ends too early', () => {
    expect(said(on58('a\n', GS, 'v0', 0, 1))).toEqual(['2: 1D 76 30 00 01 truncated']);
    expect(said(on58(CHINESE, 'a\n', 0xd3))).toEqual(['4: D3 truncated']);
  });

  it('swallows a command that says it is longer than any paper, and prints none of it', () => {
    const it = on58(GS, '8L', 0xff, 0xff, 0xff, 0xff, 'AAAA\nBBBB\n');
    expect(it.documents).toEqual([]);
    expect(it.unknown[0]).toMatchObject({ offset: 0, why: 'too-long' });
  });

  it('names a setting in the middle of a line, which real printers ignore', () => {
    expect(said(on58('a', ESC, 'a', 1, 'b\n'))).toEqual(['1: 1B 61 01 misplaced']);
    expect(said(on58('a', GS, 'L', 8, 0, '\n'))).toEqual(['1: 1D 4C 08 00 misplaced']);
  });
});

describe('laws', () => {
  const spiced = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 0, max: 255 }) },
      { weight: 3, arbitrary: fc.constantFrom(0x1b, 0x1c, 0x1d, 0x10, 0x0a, 0x28, 0x6b, 0x4c, 0x76, 0x56, 0x26) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 4 }) },
    ),
    { maxLength: 400 },
  );
  const printers = fc.record({
    columns: fc.constantFrom(32 as const, 48 as const),
    charset: fc.constantFrom('gb2312' as const, 'gbk' as const, 'gb18030' as const),
    cutter: fc.boolean(),
  });

  it('no bytes at all can make it throw, and all of it stays on the paper’s coordinates', () => {
    fc.assert(
      fc.property(spiced, printers, (bytes, differing) => {
        const { documents } = render(Uint8Array.from(bytes), { ...PAPER_80, ...differing });
        for (const document of documents) {
          expect(Number.isFinite(document.height)).toBe(true);
          for (const item of document.items) expect(item.y).toBeGreaterThanOrEqual(0);
          JSON.stringify(documentJson(document));
        }
      }),
      { numRuns: 400 },
    );
  });

  it('any cut of the stream prints the same', () => {
    fc.assert(
      fc.property(spiced, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (bytes, sizes) => {
        const whole = feed(newInterpreter(PAPER_58), Uint8Array.from(bytes));
        let state = newInterpreter(PAPER_58);
        const events: unknown[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          const fed = feed(state, Uint8Array.from(bytes.slice(at, at + size)));
          state = fed.state;
          events.push(...fed.events);
          at += size;
        }
        // A swallowed command lists what had come of it, which does depend on the cut.
        const tooLong = whole.events.some((event) => event.kind === 'unknown' && event.unknown.why === 'too-long');
        if (!tooLong) expect(events).toEqual(whole.events);
        expect(state.print).toEqual(whole.state.print);
      }),
      { numRuns: 300 },
    );
  });

  it('feeding leaves the state that it was given alone', () => {
    const before = feed(newInterpreter(PAPER_58), stream(CHINESE, 'a\n', YOU_HAO)).state;
    const copy = structuredClone(before);
    feed(before, stream('b\n', nativeQr('x'), CUT));
    expect(before).toEqual(copy);
  });
});

describe('commands of older models and of clones', () => {
  it('ESC i and ESC m cut: two receipts are never one piece', () => {
    const it = on58('A1\n', ESC, 'i', 'B2\n', ESC, 'm', 'C3\n', CUT);
    expect(it.documents.map(({ end, cut }) => `${end} ${cut?.mode}`)).toEqual([
      'cut partial',
      'cut partial',
      'cut partial',
    ]);
    expect(said(it)).toEqual([]);
    expect(said(rendered({ ...PAPER_58, cutter: false }, 'A1\n', ESC, 'i'))).toEqual(['3: 1B 69 unsupported']);
  });

  it.each([
    ['user-defined characters, each as wide as it says', [ESC, '&', 3, 'A', 'B', 2, 'abcdef', 1, 'ghi']],
    ['cancelling one', [ESC, '?', 'A']],
    ['heating of a panel printer', [ESC, '7', 11, 120, 80]],
    ['density of a panel printer', [0x12, '#', 0xaf]],
  ] as const)('%s leave nothing on paper', (_, command) => {
    const it = on58(...command, 'Shop\n');
    expect(sentText(line(it))).toBe('Shop');
    expect(said(it)).toEqual([]);
  });

  it('pictures for its own memory are swallowed whole, and listed', () => {
    const it = on58(FS, 'q', 2, 1, 0, 1, 0, 'ABCDEFGH', 1, 0, 2, 0, '0123456789abcdef', 'Shop\n');
    expect(sentText(line(it))).toBe('Shop');
    expect(it.unknown.map(({ why }) => why)).toEqual(['unsupported']);
  });

  it('ESC K and ESC e pull the paper back, never further than what hangs out, and it gets no shorter', () => {
    const back = only(on58('one\ntwo\n', ESC, 'K', 30, 'over\n'));
    expect(back.items.map(({ kind, y }) => `${kind} ${y}`)).toEqual(['line 0', 'line 30', 'feed 30', 'line 30']);
    expect(back.height).toBe(60);
    const far = only(on58('Shop\n', ESC, 'e', 200, 'top\n'));
    expect(far.items.at(-1)).toMatchObject({ kind: 'line', y: 0 });
    expect(linesOf(only(on58(ESC, 'K', 48, 'Shop\n'))).map(sentText)).toEqual(['Shop']);
  });

  it('are the same however the stream is cut', () => {
    const bytes = stream(
      ESC,
      '&',
      2,
      'A',
      'A',
      2,
      'abcd',
      FS,
      'q',
      1,
      1,
      0,
      1,
      0,
      'ABCDEFGH',
      ESC,
      '7',
      1,
      2,
      3,
      'end\n',
      ESC,
      'm',
    );
    const whole = render(bytes, PAPER_58);
    for (let at = 1; at < bytes.length; at += 1) {
      const first = feed(newInterpreter(PAPER_58), bytes.subarray(0, at));
      const second = feed(first.state, bytes.subarray(at));
      const documents = [...first.events, ...second.events].flatMap((event) =>
        event.kind === 'document' ? [event.document] : [],
      );
      expect(documents).toEqual(whole.documents);
    }
  });
});
