import { describe, expect, it } from 'vitest';
import {
  CHINESE,
  CUT,
  ESC,
  GS,
  nativeQr,
  type Part,
  stream,
  XIAO_FEI_QUAN,
  YOU_HAO,
} from '../../../test/doubles/escpos-streams.js';
import { renderingJson } from './paper/json.js';
import { render } from './paper/rendering.js';
import { paperSvg } from './paper/svg.js';
import { linesOfText, paperText, terminalWidth } from './paper/text.js';
import { PAPER_58 } from './profile.js';

/** A call with so many arguments overflows the stack. */
const MORE_THAN_ARGUMENTS = 130_000;

const of = (...parts: readonly Part[]) => {
  const rendering = render(stream(...parts), PAPER_58);
  const [document] = rendering.documents;
  if (document === undefined) throw new Error('nothing printed');
  return { document, rendering, svg: paperSvg(rendering.documents) };
};
const wide = (text: string): number => [...text].reduce((sum, char) => sum + terminalWidth(char), 0);

describe('paper in a terminal', () => {
  it('is a box of 32 columns in which every row is equally wide', () => {
    const { document } = of(CHINESE, YOU_HAO, '\n', ESC, 'a', 2, XIAO_FEI_QUAN, ' -40.00\n', CUT);
    const rows = paperText(document).trimEnd().split('\n');
    expect(rows.map(wide)).toEqual([36, 36, 36, 36]);
    expect(rows[1]).toBe(`│ 友好${' '.repeat(28)} │`);
    expect(rows[2]).toBe(`│ ${' '.repeat(19)}消费券 -40.00 │`);
  });

  it('draws a whole day: one piece that nothing cut, and many that were cut', () => {
    const times = (count: number, bytes: readonly number[]) =>
      render(
        Uint8Array.from({ length: count * bytes.length }, (_, at) => bytes[at % bytes.length] ?? 0),
        PAPER_58,
      ).documents;
    const [day] = times(MORE_THAN_ARGUMENTS, [0x78, 0x0a]);
    expect(day && paperText(day).split('\n')).toHaveLength(MORE_THAN_ARGUMENTS + 4);
    // GS V 0 cuts.
    expect(paperSvg(times(MORE_THAN_ARGUMENTS, [0x78, 0x1d, 0x56, 0]))).toMatch(/^<svg /);
  }, 60_000);

  it('never tears a word apart that a terminal draws narrower than the printer: blanks around it keep its place', () => {
    // A1AF is ’: two columns on paper, one in a terminal. GS ! 10 is double width.
    const left = of(CHINESE, [0xa1, 0xaf], 'x', GS, '!', 0x10, YOU_HAO, '\n', CUT);
    expect(paperText(left.document, { box: false })).toBe('’x友好\n');
    expect(linesOfText(left.document)).toEqual(['’x友好']);

    const shop = [GS, '!', 0x11, 'BIG SHOP', GS, '!', 0, '\n'] as const;
    const rows = paperText(of(ESC, 'a', 1, ...shop, ESC, 'a', 2, ...shop, CUT).document).split('\n');
    expect(rows[1]).toBe(`│ ${' '.repeat(12)}BIG SHOP${' '.repeat(12)} │`);
    expect(rows[2]).toBe(`│ ${' '.repeat(24)}BIG SHOP │`);

    const pair = of(GS, '!', 0x10, 'SUM', GS, '!', 0, ' '.repeat(20), '219.90\n', CUT);
    expect(paperText(pair.document).split('\n')[1]).toBe(`│ SUM${' '.repeat(23)}219.90 │`);
  });

  it('keeps words of the narrow font apart, though they take more room here than on paper', () => {
    const words = 'The quick brown fox jumps over';
    expect(paperText(of(ESC, 'M', 1, words, '\n', CUT).document, { box: false })).toBe(`${words}\n`);
    const far = of(ESC, 'M', 1, 'A'.repeat(16), '  ', 'B'.repeat(8), '\n', CUT);
    expect(paperText(far.document, { box: false })).toBe(`${'A'.repeat(16)} ${'B'.repeat(8)}\n`);
  });

  it('draws stripes that touch on paper as one picture, without a blank row between', () => {
    const stripe = [ESC, '*', 33, 48, 0, Array.from({ length: 48 * 3 }, () => 0xff), '\n'] as const;
    const picture = paperText(of(ESC, '3', 24, ...stripe, ...stripe, ...stripe, CUT).document, { box: false });
    expect(picture).toBe('████\n████\n████\n');
    const apart = paperText(of(ESC, '3', 60, ...stripe, ...stripe, CUT).document, { box: false });
    expect(apart.trimEnd().split('\n').length).toBeGreaterThan(2);
  });

  it('shows a QR code in half blocks, the native one and the raster one alike', () => {
    const native = of(ESC, 'a', 1, nativeQr('CPR:1', 4), CUT);
    const [item] = native.document.items;
    if (item?.kind !== 'qr') throw new Error('no QR code');
    const rows = paperText(native.document, { box: false }).trimEnd().split('\n');
    expect(rows).toHaveLength(11);
    expect(rows[0]).toMatch(/^ +█▀▀▀▀▀█ .* █▀▀▀▀▀█$/);
  });

  it('says what no picture shows: the drawer, a missing cut, what is still inside', () => {
    expect(paperText(of('a\nrest', ESC, 'p', 0, 25, 25).document)).toMatch(
      /drawer opened \(pin 2, 50 ms\)\n {2}not cut\n {2}still in the printer, not on paper: rest/,
    );
  });

  it('carries style through ANSI sequences where asked, and leaves none of them open', () => {
    const text = paperText(of(ESC, 'E', 1, 'bold\n', CUT).document, { ansi: true });
    expect(text).toContain('\x1b[1mbold\x1b[22;24;27m');
    expect(
      text
        .split('\n')
        .filter(Boolean)
        .every((row) => row.endsWith('\x1b[0m')),
    ).toBe(true);
    expect(paperText(of(ESC, 'E', 1, 'bold\n', CUT).document)).not.toContain('\x1b');
  });
});

describe('paper as SVG', () => {
  /** Each character with its x. librsvg reads no more than one x of an element. */
  const placed = (svg: string) =>
    [...svg.matchAll(/<tspan x="([^"]*)">([^<]*)<\/tspan>/g)].map(([, x, character]) => [character, Number(x)]);

  it('puts the middle of every character where the printer put it', () => {
    const { svg } = of(CHINESE, 'a', YOU_HAO, ESC, '$', 0x74, 1, 'b\n', CUT);
    const texts = svg.match(/<text .*<\/text>/g) ?? [];
    expect(
      texts.map((text) =>
        /^<text class="(.)" transform="translate\(([^)]*)\)" text-anchor="middle"/.exec(text)?.slice(1),
      ),
    ).toEqual([
      ['l', '0 0'],
      ['h', '12 0'],
      ['l', '372 0'],
    ]);
    expect(texts.map(placed)).toEqual([
      [['a', 6]],
      [
        ['友', 12],
        ['好', 36],
      ],
      [['b', 6]],
    ]);
  });

  it('stretches what is enlarged', () => {
    const { svg } = of(GS, '!', 0x11, 'ab\n', CUT);
    expect(svg).toContain('transform="translate(0 0) scale(2 2)" text-anchor="middle" y="20"');
    expect(placed(svg)).toEqual([
      ['a', 6],
      ['b', 18],
    ]);
  });

  it('begins a character where its cell begins where it is stretched one way only: librsvg mistakes the middle', () => {
    const { svg } = of(GS, '!', 0x12, 'ab\n', CHINESE, YOU_HAO, '\n', CUT);
    expect(svg).toContain('transform="translate(0 0) scale(2 3)" y="20"');
    expect(placed(svg)).toEqual([
      ['a', 0],
      ['b', 12],
      ['友', 0.5],
      ['好', 24.5],
    ]);
  });

  it('is one well-formed, self-contained picture, whatever was printed', () => {
    const nasty = [...Array(256).keys()].filter((byte) => byte >= 0x20);
    const { svg } = of('<script>&"\'</script>\n', nasty, '\n', nativeQr('<a href="http://x">&\u0000\uffff'), CUT);
    expect(svg.replace(/<\/?tspan[^>]*>/g, '')).toContain('&lt;script&gt;&amp;');
    expect(svg).not.toMatch(/<script|<a\b|<[^>]* href=/);
    expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(
      /(src|href|url)\s*=?\s*\(?["']?(https?:|data:)/,
    );
    expect([...svg].every((char) => char === '\n' || char.charCodeAt(0) >= 0x20)).toBe(true);
    const open: string[] = [];
    for (const [, close, name, , empty] of svg.matchAll(/<(\/?)([a-zA-Z]+)((?:\s+[\w-]+="[^"<]*")*)(\/?)>/g)) {
      if (close === '/') expect(open.pop()).toBe(name);
      else if (empty === '' && name !== undefined) open.push(name);
    }
    expect(open).toEqual([]);
    expect(svg.match(/</g)).toHaveLength(svg.match(/<\/?[a-zA-Z]+(?:\s+[\w-]+="[^"<]*")*\/?>/g)?.length ?? 0);
  });

  it('is drawn with nothing that librsvg of a Debian of these years does not know', () => {
    const { svg } = of(CHINESE, YOU_HAO, GS, '!', 0x12, 'ab\n', nativeQr('CPR:1', 4), CUT);
    expect(svg).not.toMatch(/feDropShadow|textLength|\sx="[\d.]+[ ,]/);
    // It has other widths for characters that are stretched one way only.
    for (const [, across, down] of svg.matchAll(/<text [^>]*scale\((\S+) (\S+)\)" text-anchor/g))
      expect(across).toBe(down);
  });

  it('shows several pieces below one another', () => {
    const { rendering, svg } = of('one\n', CUT, 'two\n', CUT);
    expect(rendering.documents).toHaveLength(2);
    expect(svg.match(/filter="url\(#shadow\)"/g)).toHaveLength(2);
  });
});

it('as JSON it says lines, QR codes, cut, drawer, and what was not understood', () => {
  const { rendering } = of(CHINESE, YOU_HAO, ESC, 'z', '\n', nativeQr('CPR:1', 4, 'M'), ESC, 'p', 0, 25, 25, CUT);
  expect(renderingJson(rendering)).toMatchObject({
    documents: [
      {
        lines: ['友好'],
        qr: [{ data: 'CPR:1', model: 2, size: 4, level: 'M' }],
        cut: { mode: 'partial', feedDots: 0 },
        drawer: [{ pin: 2, onMs: 50, offMs: 50 }],
        end: 'cut',
      },
    ],
    unknown: [{ offset: 6, bytes: '1B 7A', why: 'unknown' }],
  });
});
