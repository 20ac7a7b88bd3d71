/** Broken and fragmented lines of a CRP/1 reader. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ask, charge, charging, from, id, line, REF, ready, rslt, told } from '../../../test/doubles/crp1-bench.js';
import { cutAt } from '../../../test/doubles/driver-bench.js';
import { joinBytes, latin1Bytes } from '../bytes.js';
import type { ReaderInput } from './reader.js';

describe('broken lines', () => {
  it('are answered by a NAK and counted as noise, card numbers without their digits', () => {
    const on = charging();
    const card = line(`RSLT|04|${REF}|APPROVED|5100|156|00|A1|1|4242|6212345678901234567|20261123093000`);
    expect(told(on.put(from(card)))).toEqual(['noise READER_CARD_NUMBER', '> NAK|04|FORMAT']);
    expect(JSON.stringify(on.effects)).not.toContain('62123');
    expect(told(on.put(from(latin1Bytes('$RSLT|04*0000\r\n'))))).toEqual(['noise READER_LINE_CRC', '> NAK|00|CRC']);
    expect(told(on.put(from(line('WHAT|05'))))).toEqual(['noise READER_UNSUPPORTED', '> NAK|05|UNSUPPORTED']);
  });

  it('stop nothing: any bytes, any cuts, any inputs, and the machine still answers a charge (law)', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 30 }),
      fc.constantFrom(
        line('ACK|02'),
        line('NAK|02|BUSY'),
        line('NAK|00|CRC'),
        rslt('04', 'APPROVED'),
        rslt('05', 'DECLINED'),
      ),
    );
    const input = fc.oneof(
      piece.map((bytes): ReaderInput => ({ kind: 'bytes', bytes })),
      fc.constantFrom<ReaderInput>(
        charge(),
        ask(),
        { kind: 'cancel', ref: REF },
        { kind: 'stored', ref: REF },
        charge(id('T-2')),
      ),
      fc.constantFrom<ReaderInput>({ kind: 'link-up' }, { kind: 'link-lost', why: 'test' }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(input, fc.nat(3_000)), { maxLength: 40 }), (inputs) => {
        const on = ready();
        for (const [one, ms] of inputs) {
          on.put(one);
          on.pass(ms);
        }
        on.put({ kind: 'link-lost', why: 'end' });
        on.put({ kind: 'link-up' });
        on.put(from(line('HELO|01|1|PX-7|SN1|14|16')));
        expect(told(on.put(charge(id('T-LAST'))))).toEqual(['> SALE|02|T-LAST|5100|156|60']);
      }),
      { numRuns: 200 },
    );
  });

  it('give the same effects however a whole conversation is cut (law)', () => {
    const stream = joinBytes(
      line('ACK|02'),
      latin1Bytes('$x*\r\n'),
      line(`EVNT|02|${REF}|PIN`),
      rslt('03', 'APPROVED'),
    );
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 10 }), (places) => {
        const [whole, cut] = [ready(), ready()];
        for (const on of [whole, cut]) on.put(charge());
        whole.put(from(stream));
        for (const bytes of cutAt(stream, places)) cut.put({ kind: 'bytes', bytes });
        expect(cut.effects).toEqual(whole.effects);
      }),
    );
  });
});
