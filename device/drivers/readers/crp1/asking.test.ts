/** Queries to a CRP/1 reader after a charge, and which answers count. */
import { describe, expect, it } from 'vitest';
import { fen } from '#protocol/kernel/money.js';
import { ask, charging, fresh, from, id, line, REF, ready, rslt, told } from '../../../../test/doubles/crp1-bench.js';
import { latin1Text } from '../../bytes.js';
import { STAT_ANSWER_MS } from './limits.js';

describe('a result that is not this sale’s', () => {
  it.each([
    ['another reference', rslt('04', 'APPROVED', 'T-OTHER'), 'alert READER_OTHER_REFERENCE'],
    ['another amount', rslt('04', 'APPROVED', REF, '5101'), 'alert READER_OTHER_AMOUNT'],
    ['no amount', rslt('04', 'APPROVED', REF, ''), 'alert READER_OTHER_AMOUNT'],
    ['another currency', rslt('04', 'APPROVED', REF, '5100', '840'), 'alert READER_OTHER_AMOUNT'],
  ])('raises an alarm and is not acknowledged: %s', (_, said, alert) => {
    const on = charging();
    expect(told(on.put(from(said, said)))).toEqual([alert]);
    expect(told(on.put(from(rslt('05', 'APPROVED'))))).toEqual([`${REF} approved`]);
  });

  it('raises an alarm when a second result contradicts the first', () => {
    const on = charging();
    on.put(from(rslt('04', 'DECLINED')));
    expect(told(on.put(from(rslt('05', 'APPROVED'))))).toEqual(['alert READER_RESULT_CHANGED']);
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
