/** Greeting, losing and finding a CRP/1 reader. */
import { describe, expect, it } from 'vitest';
import { ask, charge, fresh, from, line, REF, ready, told } from '../../../../test/doubles/crp1-bench.js';
import { latin1Text } from '../../bytes.js';
import { ACK_MS, GREET_PAUSE_MS } from './limits.js';

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
