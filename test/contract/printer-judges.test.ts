/**
 * Outside opinions on what was printed. `npos` takes ESC/POS apart, `jsqr` reads pictures; neither knows of us. What
 * they say of a stream, what the virtual printer says of it, and what was asked of the encoder must be the same.
 */
import { createRequire } from 'node:module';
import fc from 'fast-check';
import jsqr from 'jsqr';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type ReceiptFacts, receiptCode, receiptDocument } from '#device/core/receipt/receipt.js';
import { PRINTER_MODEL_NAMES, PRINTER_MODELS, receiptText, renderReceipt } from '#device/drivers/printers/index.js';
import type { PrinterModel } from '#device/drivers/printers/printer.js';
import type { ReceiptNo } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { exampleReceipt } from '#simulator/doubles/example-receipt.js';
import {
  linesOfText,
  PAPER_58,
  type PaperDocument,
  paperSvg,
  type Rendering,
  render,
  sentText,
} from '#simulator/hardware/printer/index.js';
import { PRINTER_TWINS } from '#simulator/hardware/printer/twins.js';
import {
  CHINESE,
  CUT,
  ESC,
  FS,
  GS,
  nativeQr,
  stream,
  XIAO_FEI_QUAN,
  YOU_HAO,
  YUAN_SIGN,
} from '../doubles/escpos-streams.js';

// ---- the outside judges

const Entry = z.object({ type: z.string(), data: z.unknown() });
const Ast = z.object({ entries: z.array(Entry) });
type GetPixel = (this: unknown, x: number, y: number) => number;
/** npos's own picture: 0 is ink. */
const Picture = z.object({
  width: z.number(),
  height: z.number(),
  getPixel: z.custom<GetPixel>((value) => typeof value === 'function'),
});

interface Npos {
  readonly GS: number;
  readonly rules: Record<number, Record<string, unknown>>;
  parser(rules?: unknown): { parse(bytes: Buffer): Promise<unknown> };
  textualize(ast: { entries: unknown[] }): Promise<unknown>;
}
const npos: Npos = createRequire(import.meta.url)('npos');
/** npos predates native QR codes; its documentation says to add a command so: the same length field as `GS ( K`. */
const RULES = { ...npos.rules, 29: { ...npos.rules[29], '(k': [0, 'd16'] } };

interface Opinion {
  readonly text: string;
  readonly pictures: readonly Dots[];
}

async function nposOn(bytes: Uint8Array): Promise<Opinion> {
  const { entries } = Ast.parse(await npos.parser(RULES).parse(Buffer.from(bytes)));
  // It tells the console what it does.
  const console = vi.spyOn(globalThis.console, 'log').mockImplementation(() => undefined);
  const texts = await npos.textualize({ entries: entries.filter(({ type }) => type === 'text') });
  console.mockRestore();
  return {
    text: z.array(z.string()).parse(texts).join(''),
    pictures: entries
      .filter(({ type }) => type === 'raster')
      .map(({ data }) => {
        const picture = Picture.parse(data);
        return {
          width: picture.width,
          height: picture.height,
          ink: (x, y) => picture.getPixel.call(data, x, y) === 0,
        };
      }),
  };
}

interface Dots {
  readonly width: number;
  readonly height: number;
  ink(x: number, y: number): boolean;
}

/** Modules of 4 dots are small for a camera's algorithm, and a symbol wants white around it. */
const ENLARGE = 2;
const QUIET = 16;

function jsqrOn(dots: Dots): string | undefined {
  const [width, height] = [(dots.width + 2 * QUIET) * ENLARGE, (dots.height + 2 * QUIET) * ENLARGE];
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < width * height; i += 1) {
    const x = Math.floor((i % width) / ENLARGE) - QUIET;
    const y = Math.floor(Math.floor(i / width) / ENLARGE) - QUIET;
    const inside = x >= 0 && y >= 0 && x < dots.width && y < dots.height;
    rgba.set(inside && dots.ink(x, y) ? [0, 0, 0, 255] : [255, 255, 255, 255], i * 4);
  }
  const read =
    typeof jsqr === 'function' ? jsqr : z.object({ default: z.custom<typeof jsqr.default>() }).parse(jsqr).default;
  return read(rgba, width, height)?.data;
}

// ---- our own witness: the paper, and the picture of the paper

/** The dots of every QR code and picture in the SVG, from its path alone. */
function shapesIn(svg: string): Dots[] {
  const shape = /<path transform="translate\([^)]*\)(?: scale\((\d+)\))?"[^>]* d="([^"]*)"/g;
  return [...svg.matchAll(shape)].map(([, scale, path]) => {
    const size = Number(scale ?? 1);
    const ink = new Set<string>();
    let [width, height] = [0, 0];
    for (const [, x, y, run] of (path ?? '').matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
      for (let i = 0; i < Number(run); i += 1) ink.add(`${Number(x) + i},${y}`);
      width = Math.max(width, Number(x) + Number(run));
      height = Math.max(height, Number(y) + 1);
    }
    return {
      width: width * size,
      height: height * size,
      ink: (x, y) => ink.has(`${Math.floor(x / size)},${Math.floor(y / size)}`),
    };
  });
}

/** As npos hears it: every character in the order sent, a line feed after each line. */
const textOf = ({ documents }: Rendering): string =>
  documents
    .flatMap(({ items }) => items.flatMap((item) => (item.kind === 'line' ? [`${sentText(item)}\n`] : [])))
    .join('');

const faults = ({ documents }: Rendering): number =>
  documents.flatMap(({ items }) => items.filter((item) => item.kind === 'line' && (item.wrapped || item.overprinted)))
    .length;

async function agree(bytes: Uint8Array, rendering: Rendering, qr: string | undefined): Promise<void> {
  const opinion = await nposOn(bytes);
  expect(opinion.text).toBe(textOf(rendering));
  const shapes = shapesIn(paperSvg(rendering.documents));
  const codes = qr === undefined ? [] : [qr];
  expect(shapes.map(jsqrOn)).toEqual(codes);
  const native = rendering.documents.flatMap(({ items }) =>
    items.flatMap((item) => (item.kind === 'qr' ? [item.text] : [])),
  );
  if (native.length > 0) expect(native).toEqual(codes);
  else expect(opinion.pictures.map(jsqrOn)).toEqual(codes);
}

describe('streams written by hand from the manual', () => {
  const HEAD = [ESC, '@', CHINESE, ESC, 'a', 1, GS, '!', 0x11, YOU_HAO, GS, '!', 0, '\n', ESC, 'a', 0] as const;
  const BODY = [XIAO_FEI_QUAN, ESC, '$', 0x2c, 1, '-40.00\n', YUAN_SIGN, '219.90\n'] as const;
  const TEXT = '友好\n消费券-40.00\n￥219.90\n';

  it('read the same to npos and to the virtual printer', async () => {
    const bytes = stream(...HEAD, ...BODY, CUT);
    const rendering = render(bytes, PAPER_58);
    expect(textOf(rendering)).toBe(TEXT);
    await agree(bytes, rendering, undefined);
  });

  it.each(['L', 'M', 'Q', 'H'] as const)('draw a native QR code of level %s that jsqr reads', async (level) => {
    const bytes = stream(...HEAD, nativeQr('CPR:YH-0001-000042 友好', 4, level), ...BODY, CUT);
    const rendering = render(bytes, PAPER_58);
    expect(rendering.unknown).toEqual([]);
    await agree(bytes, rendering, 'CPR:YH-0001-000042 友好');
  });

  it('carry a QR code as a picture that jsqr reads from npos’s dots and from ours', async () => {
    // The native code's own dots, sent back as a picture.
    const [drawn] = shapesIn(paperSvg(render(nativeQr('CPR:raster', 4), PAPER_58).documents));
    if (drawn === undefined) throw new Error('nothing drawn');
    const across = Math.ceil(drawn.width / 8);
    const rows = new Uint8Array(across * drawn.height).map((_, i) => {
      let byte = 0;
      for (let bit = 0; bit < 8; bit += 1) {
        if (drawn.ink((i % across) * 8 + bit, Math.floor(i / across))) byte |= 0x80 >> bit;
      }
      return byte;
    });
    const bytes = stream(...HEAD, GS, 'v0', 0, across, 0, drawn.height, 0, rows, ...BODY, FS, '.', CUT);
    await agree(bytes, render(bytes, PAPER_58), 'CPR:raster');
  });
});

// ---- the encoder before all three judges

const sale: ReceiptFacts = {
  ...exampleReceipt,
  merchant: '伊春市友好区利民超市有限责任公司第二分公司',
  coupon: { faceFen: fen(4000), thresholdFen: fen(20000), offline: true },
};
const receipts: Readonly<Record<string, ReceiptFacts>> = {
  'a sale': sale,
  'a sale without a coupon': {
    ...sale,
    netFen: sale.amountFen,
    coupon: null,
    noCoupon: { zh: '未满100元，还差20.00元', en: 'Below 100 yuan: 20.00 yuan are missing' },
  },
  'a reprint': { ...sale, copy: 'reprint' },
  'a refund': {
    ...sale,
    kind: 'refund',
    original: 'YH-0001-000041' as ReceiptNo,
    coupon: { faceFen: fen(4000), fate: 'used' },
  },
  'a payment that was not made': {
    ...sale,
    kind: 'attempt',
    card: null,
    coupon: { faceFen: fen(4000) },
    why: { zh: '卡被拒绝（51 余额不足，请换卡或换付款方式）', en: 'The card was declined (51)' },
  },
  'a hostile merchant': { ...sale, merchant: '\x1bp\x00\x19\x19{code:x}|利民^^"~_`\\\x1dV0\x00超市\u00a5' },
  'a name of rare characters': { ...sale, merchant: '㐂䶮𠮷镕喆超市' },
};
const only = ({ documents }: Rendering): PaperDocument => {
  const [document] = documents;
  if (document === undefined || documents.length > 1) throw new Error(`${documents.length} pieces of paper`);
  return document;
};
/** Words without layout. The encoder's text form draws rules with other characters and has no QR code. */
const words = (lines: readonly string[]): string[] =>
  lines.map((line) => line.replace(/\s/g, '')).filter((line) => line !== '' && !/^[-─]+$/.test(line));

describe.each(PRINTER_MODEL_NAMES)('%s', (name) => {
  const model: PrinterModel = PRINTER_MODELS[name];
  // The encoder switches Chinese mode on by itself: a model that came up without would print boxes otherwise.
  const twin = { ...PRINTER_TWINS[name], startsInChinese: false };

  it.each(Object.entries(receipts))('prints %s as npos, jsqr and the virtual printer agree', async (_name, facts) => {
    for (const language of ['zh', 'en'] as const) {
      const document = receiptDocument(facts, { columns: model.columns, language });
      const { bytes } = renderReceipt(document, model);
      const rendering = render(bytes, twin);
      expect(rendering.unknown).toEqual([]);
      expect(faults(rendering)).toBe(0);
      const paper = only(rendering);
      expect(paper.pulses).toEqual([]);
      expect(paper.unprinted).toBe('');
      expect(paper.end).toBe(model.cutter ? 'cut' : 'open');
      await agree(bytes, rendering, receiptCode(facts.receipt));
    }
  });

  it('puts on paper the words that were asked for', () => {
    for (const facts of Object.values(receipts).slice(0, 4)) {
      const document = receiptDocument(facts, { columns: model.columns, language: 'zh' });
      const { bytes, replaced } = renderReceipt(document, model);
      expect(replaced).toBe(0);
      const read = linesOfText(only(render(bytes, twin)));
      expect(words(read)).toEqual(words(receiptText(document, model.columns).split('\n')));
    }
  });

  it('puts a □ where its font has nothing, and no line is longer or shorter for it', () => {
    const document = receiptDocument({ ...sale, merchant: '龘㐂利民' }, { columns: model.columns, language: 'zh' });
    const { bytes, replaced } = renderReceipt(document, model);
    const name = linesOfText(only(render(bytes, twin)))[0]?.trim();
    expect(name).toBe({ gb2312: '□□利民', gbk: '龘□利民', gb18030: '龘㐂利民' }[model.charset]);
    expect(replaced).toBe([...(name ?? '')].filter((char) => char === '□').length);
  });

  it('prints any Chinese text of its charset as it was written', () => {
    const hanzi = fc
      .integer({ min: 0xb0, max: 0xf7 })
      .chain((row) =>
        fc
          .integer({ min: 0xa1, max: row === 0xd7 ? 0xf9 : 0xfe })
          .map((column) => new TextDecoder('gb18030').decode(Uint8Array.of(row, column))),
      );
    fc.assert(
      fc.property(fc.array(hanzi, { minLength: 1, maxLength: model.columns / 2 }), (characters) => {
        const { bytes } = renderReceipt(characters.join(''), model);
        const rendering = render(bytes, twin);
        expect(rendering.unknown).toEqual([]);
        expect(linesOfText(only(rendering))[0]?.trim()).toBe(characters.join(''));
      }),
      { numRuns: 60 },
    );
  });
});
