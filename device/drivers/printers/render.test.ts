/** The bytes sent to the printer, judged by our own reading of the manual and by the independent `npos`. */
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exampleReceipt as facts } from '#simulator/doubles/example-receipt.js';
import { type ReceiptFacts, receiptDocument } from '../../core/receipt/receipt.js';
import { displayWidth } from '../../core/receipt/receipt-text.js';
import { printerModels } from './models/index.js';
import type { PrinterModel } from './printer.js';
import { renderReceipt, warmUp } from './render.js';

const models = [...printerModels.values()];
const base = (changes: Partial<PrinterModel>): PrinterModel => ({
  name: 'test',
  charset: 'gb18030',
  columns: 32,
  qr: 'native',
  status: 'none',
  baudRate: 9600,
  cutFeedDots: 0,
  cutter: true,
  dots: 384,
  ...changes,
});
const binaryOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
const print = (document: string, model: PrinterModel): string => binaryOf(renderReceipt(document, model).bytes);
const receiptFor = (model: PrinterModel, changed: ReceiptFacts = facts): string =>
  receiptDocument(changed, { columns: model.columns, language: 'zh' });

/** Every command allowed in a receipt, from the manual: its prefix and its number of parameter bytes. */
const ALLOWED: readonly (readonly [string, number])[] = [
  ['\x1b@', 0],
  ['\x1b2', 0],
  ['\x1b ', 1],
  ['\x1b-', 1],
  ['\x1bE', 1],
  ['\x1b$', 2],
  ['\x1ba', 1],
  ['\x1bJ', 1],
  ['\x1cS', 2],
  ['\x1c-', 1],
  ['\x1c&', 0],
  ['\x1d!', 1],
  ['\x1dB', 1],
  ['\x1dL', 2],
  ['\x1dW', 2],
  ['\x1dV\x42', 1],
];

interface Parsed {
  readonly lines: readonly string[];
  readonly stray: readonly number[];
  readonly qr: readonly string[];
}

/** Parses a stream by the list above: text lines, QR data, and bytes that belong to nothing. */
function parse(stream: string): Parsed {
  const stray: number[] = [];
  const qr: string[] = [];
  let text = '';
  let rest = stream;
  while (rest !== '') {
    const command = ALLOWED.find(([lead]) => rest.startsWith(lead));
    const u16 = (at: number): number => rest.charCodeAt(at) + 256 * rest.charCodeAt(at + 1);
    if (command !== undefined) rest = rest.slice(command[0].length + command[1]);
    else if (rest.startsWith('\x1d(k')) {
      const body = rest.slice(5, 5 + u16(3));
      if (body.startsWith('1P0')) qr.push(body.slice(3));
      rest = rest.slice(5 + body.length);
    } else if (rest.startsWith('\x1dv0\x00')) {
      qr.push('raster');
      rest = rest.slice(8 + u16(4) * u16(6));
    } else {
      const code = rest.charCodeAt(0);
      if (code === 0x0a || code >= 0x20) text += rest.charAt(0);
      else stray.push(code);
      rest = rest.slice(1);
    }
  }
  const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
  return { lines: new TextDecoder('gb18030').decode(bytes).split('\n'), stray, qr };
}

describe.each(models.map((model) => [model.name, model] as const))('a receipt on %s', (_name, model) => {
  it('is text, known commands and one QR code, and starts with ESC @', () => {
    const stream = print(receiptFor(model), model);
    expect(stream.startsWith('\x1b@')).toBe(true);
    const { stray, qr, lines } = parse(stream);
    expect(stray).toEqual([]);
    expect(qr).toEqual([model.qr === 'native' ? 'CPR:YH-0001-000042' : 'raster']);
    expect(lines.map((line) => line.trim())).toContain('友好利民超市');
    expect(lines.find((line) => line.startsWith('实付'))).toMatch(/^实付 +￥219\.90$/);
    expect(stream).not.toContain('\x1dr');
    expect(renderReceipt(receiptFor(model), model).replaced).toBe(0);
  });

  it('lays every line out within its columns, amounts flush right', () => {
    const { lines } = parse(print(receiptFor(model), model));
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(model.columns);
    for (const label of ['消费金额', '消费券 满200减40', '实付', '码牌编号']) {
      expect(displayWidth(lines.find((line) => line.startsWith(label)) ?? '')).toBe(model.columns);
    }
  });

  it('ends with the paper past the blade or the tear bar', () => {
    const end = String.fromCharCode(model.cutFeedDots);
    expect(print(receiptFor(model), model).endsWith(model.cutter ? `\x1dV\x42${end}` : `\x1bJ${end}`)).toBe(true);
  });

  it('holds no stray byte, no foreign code and no shifted column whatever the names are', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.string({
        unit: fc.constantFrom(
          '\x1b',
          'p',
          '\x00',
          '\x10',
          '\x04',
          '|',
          '{',
          '=',
          '\\',
          '¥',
          '€',
          '㐀',
          '😀',
          '龥',
          '\u0307',
          '镕',
        ),
        maxLength: 60,
      }),
    );
    fc.assert(
      fc.property(hostile, hostile, (merchant, line) => {
        const document = receiptFor(model, { ...facts, merchant, campaign: { name: line, line: merchant } });
        const stream = print(document, model);
        const { lines, stray, qr } = parse(stream);
        expect(stray).toEqual([]);
        expect(qr).toHaveLength(1);
        expect(stream.split('\x1b@')).toHaveLength(2);
        for (const text of lines) expect(displayWidth(text)).toBeLessThanOrEqual(model.columns);
        expect(lines.find((text) => text.startsWith('实付'))).toMatch(/^实付 +￥219\.90$/);
        if (model.charset !== 'gb18030') expect(stream).not.toMatch(/[\x81-\xfe][0-9][\x81-\xfe][0-9]/);
      }),
      { numRuns: 100 },
    );
  });

  it('is read by npos without an unknown command', () => {
    const npos = nposParser();
    const read = npos.analyze(Buffer.from(renderReceipt(receiptFor(model), model).bytes));
    expect(read.error).toBeUndefined();
    const functions = (read.tree ?? [])
      .filter((node) => node.ascii !== 'STX')
      .map((node) => `${node.ascii} ${node.fn}`);
    expect(functions[0]).toBe('ESC @');
    expect(functions.filter((fn) => fn === (model.qr === 'native' ? 'GS (k' : 'GS v0'))).toHaveLength(
      model.qr === 'native' ? 5 : 1,
    );
    expect(functions.at(-1)).toBe(model.cutter ? 'GS V' : 'ESC J');
    expect(new Set(functions)).not.toContain('ESC p');
  });
});

describe('warming up', () => {
  it('changes nothing of what is printed afterwards', () => {
    const model = base({});
    const before = print(receiptFor(model), model);
    warmUp(model, '|"店"\n-\na | b');
    expect(print(receiptFor(model), model)).toBe(before);
  });
});

describe('characters', () => {
  it.each([
    // Input, font, output.
    ['¥20', 'gb2312', '￥20', 0],
    ['镕', 'gbk', '镕', 0],
    ['镕', 'gb2312', '□', 1],
    ['㐀', 'gb18030', '㐀', 0],
    ['㐀', 'gbk', '□', 1],
    ['€5', 'gb18030', '€5', 0],
    ['€5', 'gbk', '□5', 1],
    ['😀店😀', 'gb18030', '□店□', 2],
    ['ñ', 'gb2312', '□', 1],
    ['é·—…“”①', 'gb2312', 'é·—…“”①', 0],
    ['\ue5e5', 'gb18030', '□', 1],
  ] as const)('%j on a %s printer come out as %j, %i of them replaced', (text, charset, printed, replaced) => {
    const rendered = renderReceipt(`|${text}`, base({ charset }));
    expect(parse(binaryOf(rendered.bytes)).lines[0]).toBe(printed);
    expect(rendered.replaced).toBe(replaced);
  });

  it('never become the half-width yen sign, which two-byte printers print as "0 6"', () => {
    for (const model of models) expect(print('|¥¥', model)).not.toContain('\x81\x30\x84\x36');
  });

  it('go out in Chinese mode, said again before every run of Hanzi', () => {
    const stream = print('|店\n|abc\n|店', base({}));
    expect(stream).toContain('\x1c&\xb5\xea\nabc\n\x1c&\xb5\xea\n');
  });
});

describe('commands', () => {
  it('of a native QR code are model, size, level, store and print', () => {
    const stream = print('{option:qrcode,4,m;code:CPR\\x3aA}', base({}));
    expect(stream).toContain(
      '\x1d(k\x04\x00\x31\x41\x32\x00' +
        '\x1d(k\x03\x00\x31\x43\x04' +
        '\x1d(k\x03\x00\x31\x45\x31' +
        '\x1d(k\x08\x00\x31\x50\x30CPR:A' +
        '\x1d(k\x03\x00\x31\x51\x30',
    );
  });

  it('of a rule are dashes: box characters would print as Hanzi', () => {
    expect(parse(print('-', base({}))).lines[0]).toBe('-'.repeat(32));
    expect(parse(print('{border:line}\n|a|b|\n{border:space}', base({}))).lines.join('')).toMatch(/^[-+|ab ]+$/);
  });

  it('go out only where something changes', () => {
    expect(print('|a\n|b\n|c', base({}))).toContain('\x1ba\x00a\nb\nc\n\x1dV');
    const plain = '\x1b-\x00\x1c-\x00\x1bE\x00\x1dB\x00\x1d!\x00';
    expect(print('|a\n|"b"\n|"b"\n|c', base({}))).toContain(`a\n${plain}\x1bE\x01b\nb\n${plain}c\n`);
  });

  it('put columns where receiptline wants them', () => {
    // Two columns of 15 with one between: the second starts at column 16, dot 192; right-aligned b at its end, dot 372.
    expect(print('|a | b|', base({}))).toContain('a\x1b$\x74\x01b\n');
  });

  it('of a 58 mm receipt with a native code stay under a second and a half at 9600 Bd', () => {
    const model = base({ columns: 32 });
    expect(renderReceipt(receiptFor(model), model).bytes.length).toBeLessThan(1400);
  });
});

interface NposNode {
  readonly ascii: string;
  readonly fn: string;
}
interface NposParser {
  analyze(raw: Buffer): { readonly error?: Error; readonly tree: readonly NposNode[] | null };
}

/** npos 0.1 doesn't know `GS ( k`: a function code with a 16-bit length, like its own `GS ( L`. */
function nposParser(): NposParser {
  const load = createRequire(import.meta.url);
  const rules: Record<number, Record<string, unknown>> = structuredClone(load('npos/lib/parser/rules'));
  rules[0x1d] = { '(k': [0, 'd16'], ...rules[0x1d] };
  const build: (rules: unknown) => NposParser = load('npos/lib/parser');
  return build(rules);
}
