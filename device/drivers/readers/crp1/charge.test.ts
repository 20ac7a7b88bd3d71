/** A charge through a CRP/1 reader: every answer, silence, cancel and restart; and its void. */
import { describe, expect, it } from 'vitest';
import { fen } from '#protocol/kernel/money.js';
import {
  ask,
  charge,
  charging,
  from,
  id,
  line,
  REF,
  ready,
  rslt,
  SLIP,
  told,
} from '../../../../test/doubles/crp1-bench.js';
import { cuts } from '../../../../test/doubles/driver-bench.js';
import { joinBytes } from '../../bytes.js';
import { ACK_MS } from './limits.js';

describe('a charge', () => {
  it('goes from SALE to the stored result, the ACK of the result last, however the reader’s bytes are cut', () => {
    const said = joinBytes(
      line('ACK|02'),
      line(`EVNT|02|${REF}|CARD`),
      line(`EVNT|03|${REF}|ONLINE`),
      rslt('04', 'APPROVED'),
    );
    for (const way of cuts(said)) {
      const on = ready();
      on.put(charge());
      for (const chunk of way) on.put({ kind: 'bytes', bytes: chunk });
      on.put({ kind: 'stored', ref: REF });
      expect(told(on.effects)).toEqual([
        `> SALE|02|${REF}|5100|156|60`,
        `${REF} accepted`,
        `${REF} card`,
        '> ACK|02',
        `${REF} online`,
        '> ACK|03',
        `${REF} approved`,
        '> ACK|04',
      ]);
    }
  });

  it('hands over what the slip needs', () => {
    const on = charging();
    expect(on.put(from(rslt('04', 'APPROVED')))).toEqual([
      { kind: 'answer', ref: REF, answer: { kind: 'approved', slip: SLIP } },
    ]);
  });

  it.each([
    ['DECLINED', 'declined DECLINED'],
    ['CANCELLED', 'cancelled CANCELLED'],
    ['TIMEOUT', 'timeout TIMEOUT'],
    ['ERROR', 'error ERROR'],
  ])('ends with %s as not charged', (state, answer) => {
    const on = charging();
    expect(told(on.put(from(rslt('04', state))))).toEqual([`${REF} ${answer}`]);
    expect(told(on.put({ kind: 'stored', ref: REF }))).toEqual(['> ACK|04']);
  });

  it.each([
    ['UNKNOWN', 'cannot-say'],
    ['EXPIRED', 'cannot-say'],
    ['PENDING', 'running'],
  ])('hears %s as %s, and acknowledges it at once: there is nothing final to store', (state, answer) => {
    expect(told(charging().put(from(rslt('04', state))))).toEqual([`${REF} ${answer}`, '> ACK|04']);
  });

  it('swallows repeats of a result until it is stored, then acknowledges each again', () => {
    const on = charging();
    on.put(from(rslt('04', 'APPROVED')));
    on.pass(1_000);
    expect(told(on.put(from(rslt('04', 'APPROVED'), rslt('05', 'APPROVED'))))).toEqual([]);
    expect(told(on.put({ kind: 'stored', ref: REF }))).toEqual(['> ACK|04', '> ACK|05']);
    expect(told(on.put(from(rslt('05', 'APPROVED'))))).toEqual(['> ACK|05']);
    expect(told(on.put(from(rslt('06', 'APPROVED'))))).toEqual(['> ACK|06']);
  });

  it('is sent three times with the same bytes, and is silent after that: nobody knows whether it arrived', () => {
    const on = ready();
    on.put(charge());
    on.pass(3 * ACK_MS);
    const sale = `> SALE|02|${REF}|5100|156|60`;
    expect(told(on.effects)).toEqual([sale, sale, sale, `${REF} silent`, 'away']);
  });

  it('is taken as accepted when its ACK is lost but the reader speaks of it', () => {
    for (const said of [line(`EVNT|02|${REF}|CARD`), rslt('02', 'APPROVED')]) {
      const on = ready();
      on.put(charge());
      expect(told(on.put(from(said)))).toContain(`${REF} accepted`);
      expect(told(on.pass(2 * ACK_MS))).toEqual([]);
    }
  });

  it('is sent again at once when the reader could not read it, three times in all', () => {
    const on = ready();
    on.put(charge());
    const sale = `> SALE|02|${REF}|5100|156|60`;
    expect(told(on.put(from(line('NAK|00|CRC'))))).toEqual([sale]);
    expect(told(on.put(from(line('NAK|00|CRC'))))).toEqual([sale]);
    expect(told(on.put(from(line('NAK|00|CRC'))))).toEqual([`${REF} silent`, 'away']);
  });

  it.each(['BUSY', 'FORMAT', 'UNSUPPORTED'])('is refused when the reader says %s', (code) => {
    const on = ready();
    on.put(charge());
    expect(told(on.put(from(line(`NAK|02|${code}`))))).toEqual([`${REF} refused ${code}`]);
    expect(told(on.put(charge(id('T-2'))))).toEqual(['> SALE|03|T-2|5100|156|60']);
  });

  it('is not called off by its own echo: the reader has it all the same', () => {
    const on = ready();
    const [sale] = on.put(charge());
    if (sale?.kind !== 'write') throw new Error('it is sent');
    expect(told(on.put(from(sale.bytes)))).toEqual(['noise READER_ECHO']);
    expect(told(on.put(from(line('ACK|02'), rslt('02', 'APPROVED'))))).toEqual([`${REF} accepted`, `${REF} approved`]);
  });

  it('is not called off where the reader knows its reference with another amount: that one may have moved money', () => {
    const on = ready();
    on.put(charge());
    expect(told(on.put(from(line('NAK|02|REFCONFLICT'))))).toEqual([
      'alert READER_REFERENCE_CONFLICT',
      `${REF} cannot-say`,
    ]);
  });

  it('refuses another one meanwhile, and does not refuse itself', () => {
    const on = charging();
    expect(told(on.put(charge(id('T-2'))))).toEqual(['T-2 refused BUSY']);
    expect(told(on.put(charge()))).toEqual(['noise READER_ALREADY_CHARGING']);
  });

  it('refuses an amount that the line cannot carry', () => {
    expect(told(ready().put(charge(REF, 0)))).toEqual([`${REF} refused AMOUNT`]);
    expect(told(ready().put(charge(REF, 100_000_000)))).toEqual([`${REF} refused AMOUNT`]);
  });

  it('is looked at every ten seconds, and is silent when no result comes within its time and fifteen seconds', () => {
    const on = charging();
    for (let look = 1; look <= 7; look++) {
      const seq = `0${2 + look}`;
      expect(told(on.pass(10_000))).toEqual([`> STAT|${seq}|${REF}`]);
      expect(told(on.put(from(line(`ACK|${seq}`), line(`EVNT|2${look}|${REF}|PIN`))))).toContain(`${REF} running`);
    }
    expect(told(on.pass(5_000))).toContain(`${REF} silent`);
    expect(told(on.put(from(rslt('09', 'APPROVED'))))).toEqual([`${REF} approved`]);
  });

  it('on a reader that died without losing its port is silent within twelve seconds', () => {
    const on = charging();
    expect(told(on.pass(10_000 + 3 * ACK_MS))).toContain(`${REF} silent`);
  });

  it('that the reader is too busy with to be asked about goes on', () => {
    const on = charging();
    on.pass(10_000);
    expect(told(on.put(from(line('NAK|03|BUSY'))))).toEqual([`${REF} running`]);
  });

  it('is silent when the port is lost, before and after its ACK', () => {
    expect(told(charging().put({ kind: 'link-lost', why: 'unplugged' }))).toEqual([`${REF} silent`, 'away']);
    const on = ready();
    on.put(charge());
    on.effects.length = 0;
    expect(told(on.put({ kind: 'link-lost', why: 'unplugged' }))).toEqual([`${REF} silent`, 'away']);
  });

  it('is refused, not silent, when the port is lost before it was sent', () => {
    const on = ready();
    on.put(ask(id('T-0')));
    on.put(charge());
    expect(told(on.put({ kind: 'link-lost', why: 'unplugged' }))).toEqual([
      `${REF} refused AWAY`,
      'T-0 silent',
      'away',
    ]);
  });

  it('is silent when the reader restarted in the middle of it', () => {
    const on = charging();
    expect(told(on.put(from(line('HELO|01|1|PX-7|SN1|13|16'))))).toEqual([`${REF} silent`, 'ready PX-7', '> ACK|01']);
  });

  it('is cancelled by the reader only: the host asks, and waits for the result', () => {
    const on = charging();
    expect(told(on.put({ kind: 'cancel', ref: REF }))).toEqual([`> CANC|03|${REF}`]);
    expect(told(on.put(from(line('ACK|03'), rslt('02', 'CANCELLED'))))).toEqual([`${REF} cancelled CANCELLED`]);
  });

  it('can still be cancelled after its port was lost and came back', () => {
    const on = charging();
    on.put({ kind: 'link-lost', why: 'unplugged' });
    on.put({ kind: 'link-up' });
    on.put(from(line('ACK|01'), line('HELO|01|1|PX-7|SN1|12|16')));
    on.put(ask());
    on.put(from(line('ACK|02'), line(`EVNT|02|${REF}|CARD`)));
    on.effects.length = 0;
    expect(told(on.put({ kind: 'cancel', ref: REF }))).toEqual([`> CANC|03|${REF}`]);
    on.put(from(line('ACK|03'), rslt('03', 'CANCELLED')));
    on.put({ kind: 'stored', ref: REF });
    on.effects.length = 0;
    // The charge has ended: there is nothing left to cancel.
    expect(told(on.put({ kind: 'cancel', ref: REF }))).toEqual([]);
  });

  it('is asked once to be cancelled, however often the key is pressed', () => {
    const on = charging();
    on.put(ask(id('T-0')));
    for (let press = 0; press < 20; press++) on.put({ kind: 'cancel', ref: REF });
    expect(told(on.effects)).toEqual(['> STAT|03|T-0']);
    expect(told(on.put(from(line('ACK|03'))))).toEqual([`> CANC|04|${REF}`]);
    on.put({ kind: 'cancel', ref: REF });
    expect(told(on.put(from(line('ACK|04'))))).toEqual([]);
  });

  it('is refused as cancelled while it still waits behind a question', () => {
    const on = ready();
    on.put(ask(id('T-0')));
    on.put(charge());
    expect(told(on.put({ kind: 'cancel', ref: REF }))).toEqual([`${REF} refused CANCELLED`]);
    expect(told(on.put(from(line('ACK|02'))))).toEqual([]);
  });
});

describe('a void', () => {
  it('is its own reference and ends like a charge', () => {
    const on = ready();
    const refund = id('T20261123-0001-R');
    expect(told(on.put({ kind: 'void', ref: refund, original: REF, netFen: fen(5100), slip: SLIP }))).toEqual([
      `> VOID|02|${refund}|${REF}|5100`,
    ]);
    expect(told(on.put(from(line('ACK|02'), rslt('02', 'APPROVED', refund))))).toEqual([
      `${refund} accepted`,
      `${refund} approved`,
    ]);
    expect(told(on.put({ kind: 'stored', ref: refund }))).toEqual(['> ACK|02']);
  });
});
