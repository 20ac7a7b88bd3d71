import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SaleId } from '#protocol/ids.js';
import { unreachable } from '#protocol/machine.js';
import { fen } from '#protocol/money.js';
import { joinBytes, latin1Bytes, latin1Text } from '../bytes.js';
import { Bench, cutAt, cuts } from '../testing.js';
import { ACK_MS, GREET_PAUSE_MS, STAT_ANSWER_MS } from './crp1/limits.js';
import { encodeLine } from './crp1/line.js';
import { crp1Reader } from './crp1.js';
import type { ReaderEffect, ReaderInput } from './reader.js';

const id = (text: string) => text as SaleId;
const REF = id('T20261123-0001');
const SLIP = { auth: 'A1', rrn: '000000000042', last4: '4242', scheme: 'UPI', readerTime: '20261123093000' };

const line = (text: string): Uint8Array => encodeLine(text.split('|'));
const rslt = (seq: string, state: string, ref: string = REF, amount = '5100', ccy = '156'): Uint8Array =>
  state === 'APPROVED'
    ? line(`RSLT|${seq}|${ref}|${state}|${amount}|${ccy}|00|A1|000000000042|4242|UPI|20261123093000`)
    : line(`RSLT|${seq}|${ref}|${state}|${amount}|${ccy}|||||||`.slice(0, -1));

const from = (...lines: Uint8Array[]): ReaderInput => ({ kind: 'bytes', bytes: joinBytes(...lines) });
const charge = (ref: SaleId = REF, netFen = 5100): ReaderInput => ({
  kind: 'charge',
  ref,
  netFen: fen(netFen),
  timeoutS: 60,
});
const ask = (ref: SaleId = REF, netFen = 5100): ReaderInput => ({ kind: 'ask', ref, netFen: fen(netFen), mark: null });
/** What happened, in short: our lines as text without checksum, the rest as words. */
const told = (effects: readonly ReaderEffect[]): string[] =>
  effects.map((effect) => {
    switch (effect.kind) {
      case 'write':
        return latin1Text(effect.bytes).replace(/^\$(.*)\*....\r\n$/, '> $1');
      case 'answer': {
        const { answer } = effect;
        return `${effect.ref} ${answer.kind === 'not-charged' ? `${answer.outcome} ${answer.code}` : answer.kind}`;
      }
      case 'ready':
        return `ready ${effect.model}`;
      case 'away':
        return 'away';
      case 'refused':
        return `${effect.ref} refused ${effect.code}`;
      case 'progress':
        return `${effect.ref} ${effect.step}`;
      case 'accepted':
      case 'silent':
        return `${effect.ref} ${effect.kind}`;
      case 'alarm':
      case 'noise':
        return `${effect.kind} ${effect.code}`;
      default:
        return unreachable(effect);
    }
  });

const fresh = (baudRate = 115_200) =>
  new Bench(crp1Reader.create({ agent: 'agent-1.0', baudRate }), { kind: 'wake' } as ReaderInput);
function ready() {
  const on = fresh();
  on.put({ kind: 'link-up' });
  on.put(from(line('ACK|01'), line('HELO|01|1|PX-7|SN1|12|16')));
  on.effects.length = 0;
  return on;
}
function charging() {
  const on = ready();
  on.put(charge());
  on.put(from(line('ACK|02')));
  on.effects.length = 0;
  return on;
}

describe('greeting a CRP/1 reader', () => {
  it('says HELO when the port opens, and is ready when it is answered, with an ACK or without', () => {
    for (const reply of [[line('ACK|01'), line('HELO|01|1|PX-7|SN1|12|16')], [line('HELO|01|1|PX-7|SN1|12|16')]]) {
      const on = fresh();
      expect(latin1Text((on.put({ kind: 'link-up' })[0] as { bytes: Uint8Array }).bytes)).toBe(
        '$HELO|01|1|agent-1.0*8A91\r\n',
      );
      expect(told(on.put(from(...reply)))).toEqual(['ready PX-7', '> ACK|01']);
    }
  });

  it.each([
    [115_200, 500],
    [38_400, 500],
    [19_200, 1_000],
    [9_600, 2_000],
  ])('at %i Bd waits %i ms for each acknowledgement', (baudRate, ms) => {
    const on = fresh(baudRate);
    on.put({ kind: 'link-up' });
    expect(on.pass(ms - 1)).toEqual([]);
    expect(told(on.pass(1))).toEqual(['> HELO|01|1|agent-1.0']);
  });

  it('says that the reader is ready when it was switched off and on with its cable in', () => {
    const on = ready();
    expect(told(on.put(from(line('HELO|01|1|PX-7|SN1|13|16'))))).toEqual(['ready PX-7', '> ACK|01']);
    expect(told(on.put(from(line('HELO|02|1|PX-7|SN1|13|16'))))).toEqual(['> ACK|02']);
  });

  it('goes on greeting for ever, with three transmissions and a pause, and says once that the reader is away', () => {
    const on = fresh();
    on.put({ kind: 'link-up' });
    on.pass(3 * ACK_MS + GREET_PAUSE_MS);
    expect(told(on.effects)).toEqual([
      '> HELO|01|1|agent-1.0',
      '> HELO|01|1|agent-1.0',
      '> HELO|01|1|agent-1.0',
      'away',
      '> HELO|02|1|agent-1.0',
    ]);
    on.pass(60_000);
    expect(told(on.effects).filter((t) => t === 'away')).toEqual(['away']);
    on.put(from(line('HELO|01|1|PX-7|SN1|12|16')));
    expect(told(on.effects).slice(-2)).toEqual(['ready PX-7', '> ACK|01']);
  });

  it('greets under a new number where the reader takes the first HELO for a repeat and only acknowledges it', () => {
    const on = fresh();
    on.put({ kind: 'link-up' });
    on.put(from(line('ACK|01')));
    expect(told(on.pass(ACK_MS))).toEqual(['> HELO|02|1|agent-1.0']);
  });

  it('does not take its own greeting for a reader’s on a line that echoes', () => {
    const on = fresh();
    const [greeting] = on.put({ kind: 'link-up' });
    if (greeting?.kind !== 'write') throw new Error('it greets');
    expect(told(on.put(from(greeting.bytes)))).toEqual(['noise READER_ECHO']);
    expect(told(on.put(charge()))).toEqual([`${REF} refused AWAY`]);
  });

  it('hears a HELO that is the same as the last one from a reader that counts anew with each greeting', () => {
    const on = ready();
    on.put(charge());
    on.pass(3 * ACK_MS + GREET_PAUSE_MS);
    on.effects.length = 0;
    expect(told(on.put(from(line('ACK|03'), line('HELO|01|1|PX-7|SN1|12|16'))))).toEqual(['ready PX-7', '> ACK|01']);
  });

  it('refuses a charge and answers an ask with silence while the reader is away', () => {
    const on = fresh();
    expect(told(on.put(charge()))).toEqual([`${REF} refused AWAY`]);
    expect(told(on.put(ask()))).toEqual([`${REF} silent`]);
    on.put({ kind: 'link-up' });
    expect(told(on.put(charge()))).toEqual([`${REF} refused AWAY`]);
    expect(told(on.put(ask()))).toEqual([`${REF} silent`]);
  });
});

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
      'alarm READER_REFERENCE_CONFLICT',
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
    // It has ended: there is nothing to call off any more.
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

describe('a result that is not this sale’s', () => {
  it.each([
    ['another reference', rslt('04', 'APPROVED', 'T-OTHER'), 'alarm READER_OTHER_REFERENCE'],
    ['another amount', rslt('04', 'APPROVED', REF, '5101'), 'alarm READER_OTHER_AMOUNT'],
    ['no amount', rslt('04', 'APPROVED', REF, ''), 'alarm READER_OTHER_AMOUNT'],
    ['another currency', rslt('04', 'APPROVED', REF, '5100', '840'), 'alarm READER_OTHER_AMOUNT'],
  ])('raises an alarm and is not acknowledged: %s', (_, said, alarm) => {
    const on = charging();
    expect(told(on.put(from(said, said)))).toEqual([alarm]);
    expect(told(on.put(from(rslt('05', 'APPROVED'))))).toEqual([`${REF} approved`]);
  });

  it('raises an alarm when a second result contradicts the first', () => {
    const on = charging();
    on.put(from(rslt('04', 'DECLINED')));
    expect(told(on.put(from(rslt('05', 'APPROVED'))))).toEqual(['alarm READER_RESULT_CHANGED']);
  });

  it('is only noted by a host that has just started and not asked yet', () => {
    const on = ready();
    expect(told(on.put(from(rslt('04', 'APPROVED'))))).toEqual(['noise READER_RESULT_UNASKED']);
    on.put(ask());
    expect(told(on.put(from(line('ACK|02'), rslt('05', 'APPROVED'))))).toEqual([`${REF} approved`]);
  });

  it('does not end a running charge with a NOTFOUND that nobody asked for', () => {
    const on = charging();
    expect(told(on.put(from(rslt('04', 'NOTFOUND', REF, '', ''))))).toEqual(['noise READER_RESULT_UNASKED']);
  });
});

describe('asking', () => {
  it.each([
    ['APPROVED', 'approved', false],
    ['DECLINED', 'declined DECLINED', false],
    ['NOTFOUND', 'not-found NOTFOUND', false],
    ['PENDING', 'running', true],
    ['UNKNOWN', 'cannot-say', true],
    ['EXPIRED', 'cannot-say', true],
  ])('is answered by %s as %s', (state, answer, atOnce) => {
    const on = ready();
    expect(told(on.put(ask()))).toEqual([`> STAT|02|${REF}`]);
    const said = told(on.put(from(line('ACK|02'), rslt('02', state))));
    expect(said).toEqual(atOnce ? [`${REF} ${answer}`, '> ACK|02'] : [`${REF} ${answer}`]);
    expect(told(on.pass(60_000))).toEqual([]);
  });

  it('is answered by an event as running', () => {
    const on = ready();
    on.put(ask());
    expect(told(on.put(from(line('ACK|02'), line(`EVNT|02|${REF}|PIN`))))).toEqual([
      `${REF} pin`,
      `${REF} running`,
      '> ACK|02',
    ]);
  });

  it('twice at once is one question, and one answer', () => {
    const on = ready();
    on.put(ask());
    on.put(ask());
    on.put(from(line('ACK|02')));
    on.put(ask());
    expect(told(on.put(from(rslt('02', 'APPROVED'))))).toEqual([`${REF} approved`]);
    expect(told(on.effects).filter((t) => t.startsWith('> STAT'))).toHaveLength(1);
  });

  it('is silent when the ACK is there and the result is not, well before the sale asks again', () => {
    const on = ready();
    on.put(ask());
    on.put(from(line('ACK|02')));
    expect(told(on.pass(STAT_ANSWER_MS))).toEqual([`${REF} silent`]);
    expect(told(on.put(ask()))).toEqual([`> STAT|03|${REF}`]);
  });

  it('of another reader than the one that had the charge does not end it: what that one doesn’t know the other may', () => {
    const on = charging();
    on.put({ kind: 'link-lost', why: 'unplugged' });
    on.put({ kind: 'link-up' });
    on.put(from(line('ACK|01'), line('HELO|01|1|PX-7|SN2|3|16')));
    on.put({ kind: 'ask', ref: REF, netFen: fen(5100), mark: 'SN1' });
    expect(told(on.put(from(line('ACK|02'), rslt('02', 'NOTFOUND', REF, ''))))).toEqual([
      `${REF} cannot-say`,
      '> ACK|02',
    ]);
    on.put({ kind: 'link-lost', why: 'unplugged' });
    on.put({ kind: 'link-up' });
    on.put(from(line('ACK|01'), line('HELO|01|1|PX-7|SN1|13|16')));
    on.put({ kind: 'ask', ref: REF, netFen: fen(5100), mark: 'SN1' });
    expect(told(on.put(from(line('ACK|02'), rslt('02', 'APPROVED'))))).toEqual([`${REF} approved`]);
  });

  it('after a restart of the agent goes by the reader that the journal names', () => {
    const on = fresh();
    on.put({ kind: 'link-up' });
    expect(on.put(from(line('ACK|01'), line('HELO|01|1|PX-7|SN1|12|16')))).toContainEqual({
      kind: 'ready',
      model: 'PX-7',
      mark: 'SN1',
    });
    for (const [ref, mark, ends] of [
      ['T-1', 'SN1', 'not-found NOTFOUND'],
      ['T-2', 'SN2', 'cannot-say'],
      ['T-3', null, 'not-found NOTFOUND'],
    ] as const) {
      const [asked] = on.put({ kind: 'ask', ref: id(ref), netFen: fen(5100), mark });
      const seq = asked?.kind === 'write' ? latin1Text(asked.bytes).slice(6, 8) : '';
      expect(told(on.put(from(line(`ACK|${seq}`), rslt(seq, 'NOTFOUND', ref, ''))))).toContain(`${ref} ${ends}`);
      on.put({ kind: 'stored', ref: id(ref) });
    }
  });

  it('every two seconds finds the result across an unplugged reader', () => {
    const on = charging();
    on.put({ kind: 'link-lost', why: 'unplugged' });
    for (let i = 0; i < 3; i++) {
      on.put(ask());
      on.pass(2_000);
    }
    on.put({ kind: 'link-up' });
    on.put(from(line('ACK|01'), line('HELO|01|1|PX-7|SN1|13|16')));
    on.effects.length = 0;
    expect(told(on.put(ask()))).toEqual([`> STAT|02|${REF}`]);
    expect(told(on.put(from(line('ACK|02'), rslt('02', 'APPROVED'))))).toEqual([`${REF} approved`]);
    expect(told(on.put({ kind: 'stored', ref: REF }))).toEqual(['> ACK|02']);
  });

  it('tells the same result again to whoever asks again', () => {
    const on = charging();
    on.put(from(rslt('04', 'APPROVED')));
    on.put({ kind: 'stored', ref: REF });
    on.effects.length = 0;
    on.put(ask());
    expect(told(on.put(from(line('ACK|03'), rslt('05', 'APPROVED'))))).toEqual([`${REF} approved`, '> ACK|05']);
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
