import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutAt, cuts } from '../../../../test/doubles/driver-bench.js';
import { joinBytes, latin1Bytes, latin1Text } from '../../bytes.js';
import { BETWEEN_LINES, encodeLine, type Framed, feed, MAX_LINE_BYTES } from './frame.js';
import { parseMessage } from './messages.js';

function read(...chunks: Uint8Array[]): Framed[] {
  let framing = BETWEEN_LINES;
  return chunks.flatMap((chunk) => {
    const fed = feed(framing, chunk);
    framing = fed.framing;
    return fed.framed;
  });
}
const fieldsOf = (framed: readonly Framed[]) => framed.flatMap((one) => (one.kind === 'line' ? [one.fields] : []));
const faultsOf = (framed: readonly Framed[]) => framed.flatMap((one) => (one.kind === 'fault' ? [one.fault] : []));

describe('a CRP/1 line', () => {
  it.each([
    ['$HELO|01|1|agent-1.0*8A91', ['HELO', '01', '1', 'agent-1.0']],
    ['$SALE|02|T20261123-0001|5100|156|60*7420', ['SALE', '02', 'T20261123-0001', '5100', '156', '60']],
    ['$ACK|02*1074', ['ACK', '02']],
  ])('is written and read as in the manual: %s', (text, fields) => {
    expect(latin1Text(encodeLine(fields))).toBe(`${text}\r\n`);
    expect(fieldsOf(read(latin1Bytes(`${text}\r\n`)))).toEqual([fields]);
  });

  it('escapes its own signs and all that is not printable ASCII as %XX of UTF-8', () => {
    expect(latin1Text(encodeLine(['a$b*c|d%', '券', '\r\n'])).slice(1, -7)).toBe('a%24b%2Ac%7Cd%25|%E5%88%B8|%0D%0A');
  });

  it('comes back whole however it is cut, with boot messages and a torso before it', () => {
    const stream = latin1Bytes('\x00boot v1\r\nU-Boot $HEL$ACK|02*1074\r\n\r\n$NAK|03|BUSY*');
    const rest = encodeLine(['NAK', '03', 'BUSY']).slice('$NAK|03|BUSY*'.length);
    for (const way of cuts(joinBytes(stream, rest))) {
      const framed = read(...way);
      expect(fieldsOf(framed)).toEqual([
        ['ACK', '02'],
        ['NAK', '03', 'BUSY'],
      ]);
      expect(faultsOf(framed)).toEqual(['BROKEN_OFF']);
    }
  });

  it('is a fault when one bit is wrong, and never shows what was in it', () => {
    const good = latin1Bytes('$SALE|02|T20261123-0001|5100|156|60*7420\r\n');
    for (let at = 1; at < good.length - 2; at++) {
      const bad = good.slice();
      bad[at] = (bad[at] ?? 0) ^ 1;
      const framed = read(bad);
      expect(fieldsOf(framed)).toEqual([]);
      expect(faultsOf(framed)).toContain('CRC');
      expect(JSON.stringify(framed)).not.toContain('T2026');
    }
  });

  it('is a fault beyond 512 bytes, and the next line is read', () => {
    const long = (length: number) => encodeLine(['EVNT', 'x'.repeat(length - '$EVNT|*0000\r\n'.length)]);
    expect(fieldsOf(read(long(MAX_LINE_BYTES)))).toHaveLength(1);
    const framed = read(long(MAX_LINE_BYTES + 1), encodeLine(['ACK', '02']));
    expect(faultsOf(framed)).toEqual(['TOO_LONG']);
    expect(fieldsOf(framed)).toEqual([['ACK', '02']]);
  });

  it('is a fault where its escapes are broken', () => {
    for (const body of ['ACK|%', 'ACK|%ZZ', 'ACK|%FF', 'ACK|\x01']) {
      const [framed] = read(resealed(body));
      expect(framed).toMatchObject({ kind: 'fault', fault: 'FORMAT' });
    }
  });

  it('says the same fields that it was given, however it is cut (law)', () => {
    const fields = fc
      .array(fc.string({ unit: 'grapheme', maxLength: 12 }), { minLength: 1, maxLength: 6 })
      // Escaped, one character takes up to twelve bytes; a longer line than the protocol's 512 is a fault, tested above.
      .filter((line) => encodeLine(line).length <= MAX_LINE_BYTES);
    fc.assert(
      fc.property(fc.array(fields, { maxLength: 4 }), fc.array(fc.nat(), { maxLength: 12 }), (lines, places) => {
        const stream = joinBytes(...lines.map((line) => encodeLine(line)));
        expect(fieldsOf(read(...cutAt(stream, places)))).toEqual(lines);
      }),
    );
  });

  it('yields the same faults and lines from any bytes however they are cut (law)', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.constant(encodeLine(['ACK', '02'])),
      fc.constant(latin1Bytes('$')),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), fc.array(fc.nat(), { maxLength: 12 }), (pieces, places) => {
        const stream = joinBytes(...pieces);
        expect(read(...cutAt(stream, places))).toEqual(read(stream));
      }),
    );
  });
});

describe('a CRP/1 message', () => {
  const rslt = (change: Record<number, string> = {}): string[] =>
    [
      'RSLT',
      '05',
      'S-1',
      'APPROVED',
      '5100',
      '156',
      '00',
      'A1B2C3',
      '123456789012345',
      '4242',
      'UPI',
      '20261123093000',
    ].map((field, at) => change[at] ?? field);

  it('takes a whole result, with a time of 14 digits and a long retrieval reference', () => {
    expect(parseMessage(rslt())).toMatchObject({
      ok: true,
      value: { kind: 'RSLT', amountFen: 5100, time: '20261123093000' },
    });
  });

  it.each([6, 7, 9, 10])('rejects a card number in field %i of a result, and does not repeat it', (at) => {
    const parsed = parseMessage(rslt({ [at]: '6212345678901234567' }));
    expect(parsed).toMatchObject({ ok: false, fault: { code: 'READER_CARD_NUMBER', nak: 'FORMAT', seq: '05' } });
    expect(JSON.stringify(parsed)).not.toContain('62123');
  });

  it('rejects a card number in the place of the time', () => {
    expect(parseMessage(rslt({ 11: '62123456789012' }))).toMatchObject({ fault: { code: 'READER_CARD_NUMBER' } });
  });

  it.each([
    [2, 'no such ref!'],
    [3, 'constructor'],
    [4, '51.00'],
    [4, '-1'],
    [4, '123456789012'],
    [5, 'CNY'],
    [7, 'x'.repeat(17)],
    [9, '42'],
    [10, 'a\nb'],
    [11, '2026'],
  ])('rejects a result with a wrong field %i: %s', (at, value) => {
    expect(parseMessage(rslt({ [at]: value }))).toMatchObject({ ok: false, fault: { code: 'READER_FORMAT' } });
  });

  it.each([[['FOO', '01']], [['', '01']], [['constructor', '01']]])('calls %j unsupported', (fields) => {
    expect(parseMessage(fields)).toMatchObject({ ok: false, fault: { nak: 'UNSUPPORTED' } });
  });

  it('never throws, whatever the fields (law)', () => {
    const field = fc.oneof(
      fc.string(),
      fc.constantFrom('RSLT', 'EVNT', 'HELO', 'ACK', '__proto__', 'constructor', '01', 'S-1'),
    );
    fc.assert(fc.property(fc.array(field, { maxLength: 14 }), (fields) => void parseMessage(fields)));
  });
});

function resealed(body: string): Uint8Array {
  let crc = 0xffff;
  for (const char of body) {
    crc ^= char.charCodeAt(0) << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return latin1Bytes(`$${body}*${crc.toString(16).toUpperCase().padStart(4, '0')}\r\n`);
}
