import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SaleId } from '#protocol/kernel/ids.js';
import { unreachable } from '#protocol/kernel/machine.js';
import { fen } from '#protocol/kernel/money.js';
import { cutAt, cuts, DriverBench } from '../../../test/doubles/driver-bench.js';
import { joinBytes, latin1Text } from '../bytes.js';
import type { ReaderEffect, ReaderInput } from './reader.js';
import { encodeFrame, feed, IDLE, MAX_FRAME_BYTES } from './transbank/frame.js';
import { ticketOf } from './transbank/messages.js';
import { ACK_MS, ANSWER_MS, INTER_BYTE_MS, MEET_PAUSE_MS, transbankReader } from './transbank.js';

const REF = 'c01-20261123-000042' as SaleId;
const ACK = Uint8Array.of(0x06);
const NAK = Uint8Array.of(0x15);
const SLIP = { auth: 'A12345', rrn: '000103', last4: '6677', scheme: 'CB', readerTime: '20261123093015' };

const sale = (type: string, code: string, ticket = '000042', amount = '5100', op = '000103'): Uint8Array =>
  encodeFrame(
    `${type}|${code}|597029414300|12345678|${ticket}|A12345|${amount}|0|0|6677|${op}|DB|||CB|23112026|093015||0|`,
  );
const from = (...parts: Uint8Array[]): ReaderInput => ({ kind: 'bytes', bytes: joinBytes(...parts) });
const charge: ReaderInput = { kind: 'charge', ref: REF, netFen: fen(5100), timeoutS: 60 };
const ask = (mark: string | null = '000102'): ReaderInput => ({ kind: 'ask', ref: REF, netFen: fen(5100), mark });
const refund: ReaderInput = { kind: 'void', ref: 'R-1' as SaleId, original: REF, netFen: fen(5100), slip: SLIP };

const told = (effects: readonly ReaderEffect[]): string[] =>
  effects.map((effect) => {
    switch (effect.kind) {
      case 'write':
        return effect.bytes.length === 1
          ? `> ${effect.bytes[0] === 6 ? 'ACK' : 'NAK'}`
          : `> ${latin1Text(effect.bytes.slice(1, -2))}`;
      case 'answer':
        return effect.answer.kind === 'not-charged'
          ? `${effect.answer.outcome} ${effect.answer.code}`
          : effect.answer.kind;
      case 'ready':
        return `ready ${effect.mark}`;
      case 'refused':
        return `refused ${effect.code}`;
      case 'progress':
        return effect.step;
      case 'accepted':
      case 'silent':
      case 'away':
        return effect.kind;
      case 'alert':
      case 'noise':
        return `${effect.kind} ${effect.code}`;
      default:
        return unreachable(effect);
    }
  });

const fresh = () =>
  new DriverBench(transbankReader.create({ agent: 'agent-1.0', baudRate: 115_200 }), { kind: 'wake' } as ReaderInput);
function ready() {
  const on = fresh();
  on.put({ kind: 'link-up' });
  on.put(from(ACK));
  on.put(from(ACK, sale('0260', '00', 'OLD001', '900', '000102')));
  on.effects.length = 0;
  return on;
}
function charging() {
  const on = ready();
  on.put(charge);
  on.put(from(ACK));
  on.effects.length = 0;
  return on;
}

describe('a Transbank frame', () => {
  it('is STX, data, ETX and the xor of data and ETX', () => {
    expect([...encodeFrame('0100')]).toEqual([2, 0x30, 0x31, 0x30, 0x30, 3, 0x02]);
  });

  it('is read whole where its LRC looks like STX, ETX, ACK or NAK, however it is cut', () => {
    for (const wanted of [0x02, 0x03, 0x06, 0x15]) {
      const data = `0${String.fromCharCode(0x30 ^ 0x03 ^ wanted)}`;
      const stream = joinBytes(ACK, encodeFrame(data), NAK, encodeFrame('0900|81|'));
      expect(encodeFrame(data).at(-1)).toBe(wanted);
      for (const way of cuts(stream)) {
        let framing = IDLE;
        const kinds = way.flatMap((chunk) => {
          const fed = feed(framing, chunk);
          framing = fed.framing;
          return fed.framed.map((one) => (one.kind === 'frame' ? one.fields.join('|') : one.kind));
        });
        expect(kinds).toEqual(['ack', data, 'nak', '0900|81|']);
      }
    }
  });

  it('is a fault with a wrong LRC or beyond 2,048 bytes, and the next one is read', () => {
    const bad = encodeFrame('0900|81|');
    bad[bad.length - 1] = 0;
    const long = joinBytes([2], new Uint8Array(MAX_FRAME_BYTES + 1).fill(0x30), [3, 0]);
    const { framed } = feed(IDLE, joinBytes(bad, long, encodeFrame('0100')));
    expect(framed).toEqual([
      { kind: 'fault', fault: 'LRC' },
      { kind: 'fault', fault: 'TOO_LONG' },
      { kind: 'frame', fields: ['0100'] },
    ]);
  });
});

describe('meeting a Transbank terminal', () => {
  it('polls, asks where it stands, and is ready with that mark', () => {
    const on = fresh();
    on.put({ kind: 'link-up' });
    on.put(from(ACK));
    on.put(from(ACK, sale('0260', '00', 'OLD001', '900', '000102')));
    expect(told(on.effects)).toEqual(['> 0100', '> 0250|', '> ACK', 'ready 000102']);
  });

  it('stands at zero where the terminal has no sale yet', () => {
    const on = fresh();
    on.put({ kind: 'link-up' });
    on.put(from(ACK));
    on.put(from(ACK, encodeFrame('0260|11|597029414300|12345678|||||||||||||||')));
    expect(told(on.effects).at(-1)).toBe('ready 000000');
  });

  it('polls for ever, says once that the reader is away, and refuses or is silent meanwhile', () => {
    const on = fresh();
    on.put({ kind: 'link-up' });
    on.pass(3 * (ACK_MS + MEET_PAUSE_MS));
    expect(told(on.effects)).toEqual(['> 0100', 'away', '> 0100', '> 0100', '> 0100']);
    expect(told(on.put(charge))).toEqual(['refused AWAY']);
    expect(told(on.put(ask()))).toEqual(['silent']);
  });
});

describe('a Transbank sale', () => {
  it('goes from 0200 to the stored answer, its ACK last, however the terminal’s bytes are cut', () => {
    const said = joinBytes(
      ACK,
      encodeFrame('0900|78|'),
      encodeFrame('0900|81|'),
      encodeFrame('0900|82|'),
      sale('0210', '00'),
    );
    for (const way of cuts(said)) {
      const on = ready();
      on.put(charge);
      for (const bytes of way) on.put({ kind: 'bytes', bytes });
      on.put({ kind: 'stored', ref: REF });
      expect(told(on.effects)).toEqual([
        '> 0200|000005100|000042|||1|',
        'accepted',
        '> ACK',
        'card',
        '> ACK',
        'pin',
        '> ACK',
        'online',
        'approved',
        'ready 000103',
        '> ACK',
      ]);
    }
  });

  it('hands over what the slip and a later refund need', () => {
    expect(charging().put(from(sale('0210', '00')))[0]).toEqual({
      kind: 'answer',
      ref: REF,
      answer: { kind: 'approved', slip: SLIP },
    });
  });

  it.each([
    ['01', 'declined 01'],
    ['93', 'declined 93'],
    ['07', 'cancelled 07'],
    ['10', 'error 10'],
    ['76', 'error 76'],
  ])('answered by %s was not charged', (code, answer) => {
    const on = charging();
    expect(told(on.put(from(encodeFrame(`0210|${code}|597029414300|12345678||||||||||||||||`))))).toEqual([answer]);
    expect(told(on.put({ kind: 'stored', ref: REF }))).toEqual(['> ACK']);
  });

  it.each(['02', '03', '16', '22', '65', '94', '95', 'xx', ''])('answered by %j is inquired about', (code) => {
    const on = charging();
    expect(told(on.put(from(sale('0210', code, '', '', ''))))).toEqual(['> ACK', '> 0250|']);
    expect(told(on.put(from(ACK, sale('0260', '00'))))).toEqual(['> ACK', 'approved', 'ready 000103']);
  });

  it('swallows repeats until it is stored, and then only acknowledges them', () => {
    const on = charging();
    on.put(from(sale('0210', '00')));
    on.pass(10_000);
    expect(told(on.put(from(sale('0210', '00'))))).toEqual([]);
    expect(told(on.put({ kind: 'stored', ref: REF }))).toEqual(['> ACK']);
    expect(told(on.put(from(sale('0210', '00'))))).toEqual(['> ACK']);
  });

  it('that ends like the one before it, to the letter, has its own answer', () => {
    const cancelled = from(encodeFrame('0210|07|597029414300|12345678||||||||||||||||'));
    const on = charging();
    on.put(cancelled);
    on.put({ kind: 'stored', ref: REF });
    const next = 'c01-20261123-000043' as SaleId;
    on.put({ ...charge, ref: next } as ReaderInput);
    on.put(from(ACK));
    expect(told(on.put(cancelled))).toEqual(['cancelled 07']);
    expect(told(on.put({ kind: 'stored', ref: next }))).toEqual(['> ACK']);
  });

  it('does not take the answer before it, said once more because its ACK was lost, for its own', () => {
    const cancelled = from(encodeFrame('0210|07|597029414300|12345678||||||||||||||||'));
    const on = charging();
    on.put(cancelled);
    on.put({ kind: 'stored', ref: REF });
    on.put({ ...charge, ref: 'c01-20261123-000043' as SaleId } as ReaderInput);
    expect(told(on.put(cancelled))).toEqual(['> ACK']);
  });

  it('is sent again on NAK, twice, and refused after that', () => {
    const on = ready();
    on.put(charge);
    expect(told(on.put(from(NAK)))).toEqual(['> 0200|000005100|000042|||1|']);
    expect(told(on.put(from(NAK)))).toEqual(['> 0200|000005100|000042|||1|']);
    expect(told(on.put(from(NAK)))).toEqual(['refused NAK']);
  });

  it('is never sent again on silence, since a second one could be a second charge', () => {
    const on = ready();
    on.put(charge);
    expect(told(on.pass(ACK_MS))).toEqual(['silent', 'away']);
    on.pass(60_000);
    expect(told(on.effects).filter((t) => t.startsWith('> 0200'))).toHaveLength(1);
  });

  it('is taken as accepted when its ACK is lost but progress or the answer comes', () => {
    const on = ready();
    on.put(charge);
    expect(told(on.put(from(encodeFrame('0900|78|'))))).toEqual(['> ACK', 'accepted', 'card']);
    expect(told(on.put(from(sale('0210', '00'))))).toEqual(['approved', 'ready 000103']);
  });

  it('is silent when the answer does not come in its time, and a late answer still counts', () => {
    const on = charging();
    expect(told(on.pass(ANSWER_MS - 1))).toEqual([]);
    expect(told(on.pass(1))).toEqual(['silent', 'away']);
    expect(told(on.put(from(sale('0210', '00'))))).toEqual(['approved']);
  });

  it('is silent when the port is lost', () => {
    expect(told(charging().put({ kind: 'link-lost', why: 'unplugged' }))).toEqual(['silent', 'away']);
  });

  it.each([
    ['ticket', sale('0210', '00', '000041')],
    ['amount', sale('0210', '00', '000042', '5101')],
    ['no amount', sale('0210', '00', '000042', '')],
  ])('raises an alarm on an answer with another %s and goes on waiting', (_, said) => {
    const on = charging();
    expect(told(on.put(from(said)))).toEqual(['> ACK', 'alert READER_OTHER_SALE']);
    expect(told(on.put(from(sale('0210', '00'))))).toEqual(['approved', 'ready 000103']);
  });

  it('refuses another one meanwhile, and does not refuse itself', () => {
    const on = charging();
    expect(told(on.put({ ...charge, ref: 'X-2' as SaleId } as ReaderInput))).toEqual(['refused BUSY']);
    expect(told(on.put(charge))).toEqual(['noise READER_ALREADY_CHARGING']);
    expect(told(on.put(ask()))).toEqual(['running']);
  });

  it('asks for a broken frame again, and drops a torn one after 500 ms', () => {
    const on = charging();
    const bad = sale('0210', '00');
    bad[10] = 0x7f;
    expect(told(on.put(from(bad)))).toEqual(['noise READER_FRAME_LRC', '> NAK']);
    on.put(from(sale('0210', '00').slice(0, 20)));
    expect(told(on.pass(INTER_BYTE_MS))).toEqual(['noise READER_FRAME_TORN']);
    expect(told(on.put(from(sale('0210', '00'))))).toEqual(['approved', 'ready 000103']);
  });
});

describe('asking a Transbank terminal', () => {
  it.each([
    ['our sale', sale('0260', '00'), '000102', 'approved'],
    ['our sale, declined', sale('0260', '01'), '000102', 'declined 01'],
    [
      'no news: the number has not moved, the customer may be at the PIN',
      sale('0260', '00', 'OLD001', '900', '000102'),
      '000102',
      'silent',
    ],
    ['another ticket', sale('0260', '00', '000043'), '000102', 'cannot-say'],
    ['another amount', sale('0260', '00', '000042', '5000'), '000102', 'cannot-say'],
    ['our sale, without a mark to compare', sale('0260', '00'), null, 'cannot-say'],
    ['our sale, not known to the terminal either', sale('0260', '02'), '000102', 'cannot-say'],
    [
      'no sale, where there was one before: closed since',
      encodeFrame('0260|11|||||||||||||||||'),
      '000102',
      'cannot-say',
    ],
    [
      'no sale yet, as before: the customer may be at the PIN',
      encodeFrame('0260|11|597029414300|IM750015'),
      '000000',
      'silent',
    ],
  ])('gets %s', (_, said, mark, answer) => {
    const on = ready();
    expect(told(on.put(ask(mark)))).toEqual(['> 0250|']);
    expect(told(on.put(from(ACK, said))).slice(0, 2)).toEqual(['> ACK', answer]);
  });
});

describe('a Transbank refund', () => {
  it('names the operation number of the slip and ends like a sale', () => {
    const on = ready();
    expect(told(on.put(refund))).toEqual(['> 1200|000103|']);
    const said = encodeFrame('1210|00|597029414300|12345678|B99999|000103|');
    expect(told(on.put(from(ACK, said)))).toEqual(['accepted', 'approved']);
    expect(told(on.put({ kind: 'stored', ref: 'R-1' as SaleId }))).toEqual(['> ACK']);
  });

  it('is refused without an operation number, not done with 05, and open with anything unclear', () => {
    expect(told(ready().put({ ...refund, slip: { ...SLIP, rrn: '' } } as ReaderInput))).toEqual([
      'refused NO_OPERATION_NUMBER',
    ]);
    const on = ready();
    on.put(refund);
    expect(told(on.put(from(ACK, encodeFrame('1210|05||||000103|'))))).toEqual(['accepted', 'error 05']);
    const open = ready();
    open.put(refund);
    expect(told(open.put(from(ACK, encodeFrame('1210|02||||000103|'))))).toEqual(['accepted', '> ACK', 'cannot-say']);
    expect(told(open.put({ ...ask(), ref: 'R-1' as SaleId } as ReaderInput))).toEqual(['cannot-say']);
  });
});

describe('the ticket', () => {
  it('is six characters from the end of the sale’s id, without its dashes', () => {
    expect(ticketOf('c01-20261123-000042' as SaleId)).toBe('000042');
    expect(ticketOf('ab-1' as SaleId)).toBe('000ab1');
  });
});

describe('anything a line can carry', () => {
  it('stops nothing (law)', () => {
    const input = fc.oneof(
      fc
        .oneof(
          fc.uint8Array({ maxLength: 30 }),
          fc.constantFrom(ACK, NAK, sale('0210', '00'), sale('0260', '00'), sale('0210', '22')),
        )
        .map((bytes): ReaderInput => ({ kind: 'bytes', bytes })),
      fc.constantFrom<ReaderInput>(
        charge,
        ask(),
        refund,
        { kind: 'stored', ref: REF },
        { kind: 'link-up' },
        { kind: 'link-lost', why: 'test' },
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(input, fc.nat(8_000)), { maxLength: 30 }), (inputs) => {
        const on = ready();
        for (const [one, ms] of inputs) {
          on.put(one);
          on.pass(ms);
        }
        on.put({ kind: 'link-lost', why: 'end' });
        on.put({ kind: 'link-up' });
        on.put(from(ACK));
        on.put(from(ACK, sale('0260', '00', 'OLD001', '900', '000200')));
        expect(told(on.put(charge))).toEqual(['> 0200|000005100|000042|||1|']);
      }),
      { numRuns: 200 },
    );
  });

  it('gives the same effects however it is cut (law)', () => {
    const stream = joinBytes(
      ACK,
      encodeFrame('0900|80|'),
      Uint8Array.of(0x55),
      sale('0210', '22'),
      ACK,
      sale('0260', '00'),
    );
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 10 }), (places) => {
        const [whole, cut] = [ready(), ready()];
        for (const on of [whole, cut]) on.put(charge);
        whole.put(from(stream));
        for (const bytes of cutAt(stream, places)) cut.put({ kind: 'bytes', bytes });
        expect(cut.effects).toEqual(whole.effects);
      }),
    );
  });
});
