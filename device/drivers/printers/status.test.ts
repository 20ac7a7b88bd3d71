import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutAt, cuts } from '../../../test/doubles/driver-bench.js';
import { joinBytes } from '../bytes.js';
import { feedAsb, feedDleEot, plausible, type Question, readAnswers, readAsb } from './status.js';

describe('an answer to DLE EOT', () => {
  it.each([
    [{ 1: 0x12, 4: 0x12 }, undefined, 'ok'],
    [{ 1: 0x12, 4: 0x1e }, undefined, 'near-end'],
    [{ 1: 0x1a, 2: 0x12, 4: 0x72 }, 'paper-out', 'out'],
    [{ 1: 0x1a, 2: 0x16, 4: 0x12 }, 'cover', 'ok'],
    [{ 1: 0x1a, 2: 0x12, 4: 0x12 }, 'offline', 'ok'],
    [{ 1: 0x12 }, undefined, 'unknown'],
  ] as const)('of %j: hindered by %s, paper %s', (answers, hindrance, paper) => {
    expect(readAnswers(answers)).toMatchObject({ hindrance, paper });
  });

  it('says whether it is the cutter', () => {
    expect(readAnswers({ 1: 0x1a, 2: 0x52, 3: 0x1a, 4: 0x12 }).fault).toBe('PRINTER_CUTTER');
    expect(readAnswers({ 1: 0x1a, 2: 0x52, 3: 0x12, 4: 0x12 }).fault).toBe('PRINTER_ERROR');
  });

  it('has bits 1 and 4 set, 0 and 7 clear: all else is noise', () => {
    for (let byte = 0; byte < 256; byte++) {
      const isAnswer = (byte & 0x02) !== 0 && (byte & 0x10) !== 0 && (byte & 0x01) === 0 && (byte & 0x80) === 0;
      const { frames, noise } = feedDleEot(Uint8Array.of(byte));
      expect([frames.length, noise.length]).toEqual(isAnswer ? [1, 0] : [0, 1]);
    }
  });

  it('about paper has each sensor twice, so that one flipped bit shows', () => {
    for (const byte of [0x12, 0x1e, 0x72, 0x7e]) {
      expect(plausible(4, byte)).toBe(true);
      for (const bit of [0x04, 0x08, 0x20, 0x40]) expect(plausible(4, byte ^ bit)).toBe(false);
    }
    for (const question of [1, 2, 3] as const satisfies readonly Question[])
      expect(plausible(question, 0x1a)).toBe(true);
  });
});

describe('automatic status', () => {
  const OK = Uint8Array.of(0x10, 0, 0, 0);
  const NEAR_END = Uint8Array.of(0x10, 0, 0x03, 0);
  const OUT = Uint8Array.of(0x18, 0, 0x0f, 0);
  const COVER = Uint8Array.of(0x38, 0, 0, 0);
  const read = (chunks: readonly Uint8Array[]) => {
    let rest: Uint8Array = new Uint8Array();
    let noise = 0;
    const frames = chunks.flatMap((chunk) => {
      const fed = feedAsb(rest, chunk);
      rest = fed.rest;
      noise += fed.noise.length;
      return fed.frames.map((frame) => [...frame]);
    });
    return { frames, noise };
  };

  it('says what hinders it', () => {
    expect(readAsb(OK)).toEqual({ hindrance: undefined, paper: 'ok', fault: undefined });
    expect(readAsb(NEAR_END)).toMatchObject({ hindrance: undefined, paper: 'near-end' });
    expect(readAsb(OUT)).toMatchObject({ hindrance: 'paper-out', paper: 'out' });
    expect(readAsb(COVER)).toMatchObject({ hindrance: 'cover' });
    expect(readAsb(Uint8Array.of(0x18, 0x08, 0, 0))).toMatchObject({ hindrance: 'offline', fault: 'PRINTER_CUTTER' });
  });

  it('is read alike wherever it is cut, and a torn frame costs only itself', () => {
    const stream = joinBytes([0xff], OUT, OK.subarray(0, 2), NEAR_END, COVER);
    for (const way of cuts(stream)) {
      expect(read(way)).toEqual({ frames: [[...OUT], [...NEAR_END], [...COVER]], noise: 3 });
    }
  });

  it('law: whatever comes in whatever pieces gives the same', () => {
    const bytes = fc.array(fc.oneof(fc.constantFrom(OK, OUT, COVER), fc.uint8Array({ maxLength: 5 })), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(), { maxLength: 6 }), (parts, places) => {
        const stream = joinBytes(...parts);
        expect(read(cutAt(stream, places))).toEqual(read([stream]));
      }),
    );
  });
});
