import { describe, expect, it } from 'vitest';
import {
  CHINESE,
  CUT,
  ESC,
  GS,
  nativeQr,
  type Part,
  stream,
  YOU_HAO,
} from '../../../../test/doubles/escpos-streams.js';
import { PAPER_58 } from '../profile.js';
import { isLine } from './document.js';
import { LONGEST_PAPER_M, render } from './rendering.js';

const repeated = (count: number, ...bytes: readonly number[]): Uint8Array =>
  Uint8Array.from({ length: count * bytes.length }, (_, at) => bytes[at % bytes.length] ?? 0);
const metres = (dots: number): number => dots / 8_000;

describe('a stream that asks for more than anybody wants to see', () => {
  it.each<[string, Uint8Array]>([
    ['line feeds', repeated(500_000, 0x0a)],
    ['line feeds by the 255', repeated(100_000, 0x1b, 0x64, 255)],
    ['dots by the 255', repeated(200_000, 0x1b, 0x4a, 255)],
    ['pieces of nothing', repeated(500_000, 0x0c)],
    ['text without an end', repeated(4_000_000, 0x78)],
    ['letters of eight times their size', stream(GS, '!', 0x77, repeated(500_000, 0x78))],
    // GS v 0, mode 3: a column of 65,535 dots, twice as high and as wide.
    ['pictures', repeated(30, 0x1d, 0x76, 0x30, 3, 1, 0, 255, 255, ...repeated(65_535, 0xaa))],
  ])('is printed as far as a few rolls go: %s', (_, bytes) => {
    const { documents, leftOut } = render(bytes, PAPER_58, { bounded: true });
    const length = documents.reduce((sum, { height }) => sum + height, 0);
    expect(metres(length)).toBeLessThan(2 * LONGEST_PAPER_M);
    expect(documents.length).toBeLessThan(10_000);
    expect(leftOut).toBeGreaterThan(bytes.length / 4);
  });

  it('counts lines that feed nothing, and QR codes by their squares', () => {
    const idle = render(stream(ESC, '3', 0, repeated(500_000, 0x0a)), PAPER_58, { bounded: true });
    expect(idle.documents[0]?.items.length).toBeLessThan(300_000);
    expect(idle.leftOut).toBeGreaterThan(0);
    const again = repeated(100_000, 0x1d, 0x28, 0x6b, 3, 0, 49, 81, 48);
    const codes = render(stream(nativeQr('x'.repeat(2_000), 2, 'L'), again), PAPER_58, { bounded: true });
    expect(codes.documents[0]?.items.length).toBeLessThan(2_000);
    expect(codes.leftOut).toBeGreaterThan(0);
  });
});

it('prints what is no longer than that as it does without a bound, whole', () => {
  const receipt: readonly Part[] = [CHINESE, YOU_HAO, '\n', ESC, 'z', nativeQr('CPR:1', 4), 'x'.repeat(100), '\n', CUT];
  const bytes = stream(...Array.from({ length: 400 }, () => receipt).flat(), 'not cut\n', ESC);
  const bounded = render(bytes, PAPER_58, { bounded: true });
  expect(bounded).toEqual(render(bytes, PAPER_58));
  expect(bounded).toMatchObject({ leftOut: 0, documents: { length: 401 } });
  expect(bounded.unknown).toHaveLength(401);
  expect(bounded.documents.at(-1)?.items.filter(isLine)).toHaveLength(1);
});
