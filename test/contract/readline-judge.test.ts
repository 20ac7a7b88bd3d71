/**
 * `@serialport/parser-readline` judges the scanners' framing. The drivers don't use it: it is a stream with one fixed delimiter, so
 * it can't take CR, LF and CR LF from one port, has no bound without a delimiter, and would bring sleeping tests. On lines with
 * one known end both must agree, however the bytes are cut.
 */
import { ReadlineParser } from '@serialport/parser-readline';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EMPTY_FRAMING, type Framed, feed, MAX_SCAN_BYTES } from '#device/drivers/scanners/framing.js';

const lineBytes = fc.uint8Array({ min: 0x20, max: 0xff, minLength: 1, maxLength: 80 });
const ends = fc.constantFrom('\r', '\n', '\r\n', '\t');

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let from = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(from, from + size));
    from += size;
  }
  return [...chunks, bytes.subarray(from)].filter(({ length }) => length > 0);
}

function byOurs(chunks: readonly Uint8Array[], tabEnds: boolean): readonly string[] {
  let framing = EMPTY_FRAMING;
  const all: Framed[] = [];
  for (const chunk of chunks) {
    const next = feed(framing, chunk, tabEnds);
    framing = next.framing;
    all.push(...next.framed);
  }
  return all.map((one) => (one.kind === 'line' ? Buffer.from(one.bytes).toString('latin1') : one.kind));
}

async function byJudge(chunks: readonly Uint8Array[], delimiter: string): Promise<readonly string[]> {
  const parser = new ReadlineParser({ delimiter, encoding: 'latin1' });
  const lines: string[] = [];
  parser.on('data', (line: string) => lines.push(line));
  for (const chunk of chunks) parser.write(chunk);
  await new Promise<void>((resolve) => {
    parser.end(resolve);
  });
  return lines;
}

it('finds the same lines as the kept library, however they are cut', async () => {
  const wires = fc.record({ end: ends, lines: fc.array(lineBytes, { maxLength: 8 }), sizes: fc.array(fc.nat(40)) });
  await fc.assert(
    fc.asyncProperty(wires, async ({ end, lines, sizes }) => {
      const wire = Buffer.concat(lines.flatMap((line) => [line, Buffer.from(end)]));
      const chunks = cut(wire, sizes);
      expect(byOurs(chunks, end === '\t')).toEqual(await byJudge(chunks, end));
    }),
  );
});

it('takes what the library cannot: mixed ends on one port, and a line that never ends', async () => {
  const mixed = [Buffer.from('one\rtwo\nthree\r\n')];
  expect(byOurs(mixed, false)).toEqual(['one', 'two', 'three']);
  expect(await byJudge(mixed, '\r\n')).not.toEqual(['one', 'two', 'three']);
  expect(byOurs([new Uint8Array(MAX_SCAN_BYTES + 1).fill(0x41)], false)).toEqual(['too-long']);
});
