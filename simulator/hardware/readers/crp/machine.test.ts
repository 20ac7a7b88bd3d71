import { describe, expect, it } from 'vitest';
import { exactly, monoMs, wallMs } from '#protocol/kernel/time.js';
import type { Payment } from '../bank.js';
import { balanceFen } from '../bank.js';
import { cut, EMPTY, read, write } from './frame.js';
import { type CrpEffect, type CrpInput, type CrpOptions, crpReader, once } from './machine.js';

/** 2023-03-27 09:00 in Shanghai. */
const NOON = 1_679_878_800_000;

/** A host of the test's own: sends lines, acknowledges what it hears, moves the clock. */
class Host {
  readonly heard: string[] = [];
  readonly effects: CrpEffect[] = [];
  acknowledges: (verb: string) => boolean = () => true;
  #now = 0;
  #seq = 0;
  readonly #machine;
  #state;
  #buffer = EMPTY;

  constructor(options: CrpOptions = {}) {
    this.#machine = crpReader(options);
    this.#state = this.#machine.initial;
  }

  get state() {
    return this.#state;
  }

  get book() {
    return this.#state.bank.book;
  }

  input(input: CrpInput): this {
    const { state, effects } = this.#machine.step(this.#state, input, {
      mono: monoMs(this.#now),
      wall: exactly(wallMs(NOON + this.#now)),
    });
    this.#state = state;
    this.effects.push(...effects);
    for (const effect of effects) if (effect.kind === 'send') this.#listen(effect.bytes);
    return this;
  }

  raw(text: string): this {
    return this.input({ kind: 'bytes', bytes: Buffer.from(text, 'latin1') });
  }

  says(verb: string, ...fields: string[]): this {
    this.#seq += 1;
    return this.repeats(verb, ...fields);
  }

  repeats(verb: string, ...fields: string[]): this {
    const seq = this.#seq.toString(16).toUpperCase().padStart(2, '0');
    return this.input({ kind: 'bytes', bytes: write(verb, seq, fields) });
  }

  /** Passes time, waking the machine exactly when it asked to be. */
  after(ms: number): this {
    const until = this.#now + ms;
    for (;;) {
      const wake = this.#machine.wakeAt(this.#state);
      if (wake === undefined || wake > until) break;
      this.#now = Math.max(this.#now, wake);
      this.input({ kind: 'wake' });
    }
    this.#now = until;
    return this;
  }

  /** The lines with this verb, without their sequence. */
  lines(verb: string): string[] {
    return this.heard.filter((line) => line.startsWith(verb)).map((line) => line.replace(/^([A-Z]+)\|..\|?/, '$1 '));
  }

  #listen(bytes: Uint8Array): void {
    const { buffer, lines } = cut(this.#buffer, bytes);
    this.#buffer = buffer;
    for (const bare of lines) {
      const line = read(bare);
      if (!('body' in line)) {
        this.heard.push(line.verb);
        continue;
      }
      this.heard.push(line.body);
      if (line.verb !== 'ACK' && line.verb !== 'NAK' && this.acknowledges(line.verb))
        this.input({ kind: 'bytes', bytes: write('ACK', line.seq, []) });
    }
  }
}

const greeted = (options: CrpOptions = {}): Host => new Host(options).says('HELO', '1', 'test');
const selling = (...payments: Payment[]): Host =>
  greeted().input({ kind: 'pays', payments }).says('SALE', 'S-1', '5100', '156', '60');
const stateOf = (line: string | undefined): string | undefined => line?.split('|')[1];

describe('the CRP/1 line', () => {
  it('is written as the manual prints it', () => {
    expect(Buffer.from(write('HELO', '01', ['1', 'agent-1.0'])).toString()).toBe('$HELO|01|1|agent-1.0*8A91\r\n');
    expect(Buffer.from(write('SALE', '02', ['T20261123-0001', '5100', '156', '60'])).toString()).toBe(
      '$SALE|02|T20261123-0001|5100|156|60*7420\r\n',
    );
    expect(Buffer.from(write('ACK', '02', [])).toString()).toBe('$ACK|02*1074\r\n');
  });

  it('gives back the same lines wherever the bytes are cut, and drops what stands before the last $', () => {
    const all = Buffer.concat([Buffer.from('\x00garbage$x'), write('PING', '01', []), write('STAT', '02', ['a|*%码'])]);
    for (let at = 0; at <= all.length; at++) {
      const first = cut(EMPTY, all.subarray(0, at));
      const second = cut(first.buffer, all.subarray(at));
      const lines = [...first.lines, ...second.lines].map(read);
      expect(lines.map(({ verb }) => verb)).toEqual(['PING', 'STAT']);
      expect(lines[1]).toMatchObject({ fields: ['a|*%码'] });
    }
  });

  it('throws away a line that is too long, says so once, and reads the next', () => {
    const host = greeted()
      .raw(`$SALE|02|${'x'.repeat(5000)}`)
      .raw('yyy*0000\r\n')
      .says('PING');
    expect(host.lines('NAK')).toEqual(['NAK CRC']);
    expect(host.lines('ACK')).toHaveLength(2);
  });
});

describe('a CRP/1 sale', () => {
  it('is stored, acknowledged, announced, sent online and told, in this order', () => {
    const host = selling().after(1000);
    expect(host.heard.map((line) => line.replace(/\|..(\||$)/, ' ').trim())).toEqual([
      'ACK',
      'HELO 1|VIRTUAL-CRP|00000001|1|32',
      'ACK',
      'EVNT S-1|CARD',
      'EVNT S-1|ONLINE',
      'RSLT S-1|APPROVED|5100|156|00|000001|900001000001|0042|UNIONPAY|20230327090000',
    ]);
    expect(host.effects.filter((e) => e.kind === 'stage').map((e) => e.state)).toEqual([
      'ACCEPTED',
      'ONLINE',
      'APPROVED',
    ]);
    expect(host.book).toEqual([{ ref: 'S-1', kind: 'sale', amountFen: 5100, original: null, state: 'moved' }]);
  });

  it.each<[string, Payment, string, number]>([
    ['approved', { kind: 'approve' }, 'APPROVED', 5100],
    ['declined by the bank', { kind: 'decline' }, 'DECLINED', 0],
    ['cancelled with the red key', { kind: 'cancel' }, 'CANCELLED', 0],
    ['without a card', { kind: 'walk-away' }, 'TIMEOUT', 0],
    ['a card that cannot be read', { kind: 'card-error' }, 'ERROR', 0],
    ['the bank silent and the money gone', { kind: 'bank-silent', moved: true }, 'UNKNOWN', 5100],
    ['the bank silent and the money not gone', { kind: 'bank-silent', moved: false }, 'UNKNOWN', 0],
  ])('%s', (_, payment, state, balance) => {
    const host = selling(payment).after(70_000);
    expect(stateOf(host.lines('RSLT').at(-1))).toBe(state);
    expect(balanceFen(host.book)).toBe(balance);
  });

  it('that the bank answers late is PENDING first, and told again when it is known', () => {
    const host = selling({ kind: 'bank-silent', moved: true, resolvesAfterMs: 5000 }).after(10_000);
    expect(host.lines('RSLT').map(stateOf)).toEqual(['PENDING', 'APPROVED']);
  });

  it('is not charged twice: the same reference replays, another amount conflicts, another reference finds it busy', () => {
    const host = selling();
    host.says('SALE', 'S-1', '5100', '156', '60').says('SALE', 'S-1', '5200', '156', '60');
    host.says('SALE', 'S-2', '5100', '156', '60').after(1000).says('SALE', 'S-1', '5100', '156', '60');
    expect(host.lines('NAK')).toEqual(['NAK REFCONFLICT', 'NAK BUSY']);
    expect(host.lines('RSLT').map(stateOf)).toEqual(['APPROVED', 'APPROVED']);
    expect(balanceFen(host.book)).toBe(5100);
  });

  it('repeated with the same sequence is acknowledged again and not done again', () => {
    const host = selling().repeats('SALE', 'S-1', '5100', '156', '60');
    expect(host.lines('ACK')).toHaveLength(3);
    expect(host.lines('EVNT')).toHaveLength(1);
  });

  it.each([
    ['zero', 'S-1', '0', '156', '60'],
    ['a fraction', 'S-1', '1.5', '156', '60'],
    ['too much', 'S-1', '100000000', '156', '60'],
    ['dollars', 'S-1', '100', '840', '60'],
    ['no patience', 'S-1', '100', '156', '14'],
    ['a bad reference', 'S 1', '100', '156', '60'],
    ['a card number', 'S-1', '100', '156', '6222020200112233'],
  ])('with %s is refused', (_, ...fields) => {
    const host = greeted().says('SALE', ...fields);
    expect(host.lines('NAK')).toEqual(['NAK FORMAT']);
    expect(host.state.store.stored).toEqual([]);
  });

  it('is cancelled by the host before it goes online, and not after', () => {
    expect(stateOf(selling().says('CANC', 'S-1').after(1000).lines('RSLT')[0])).toBe('CANCELLED');
    const late = selling({ kind: 'approve', bankMs: 1000 }).after(500).says('CANC', 'S-1').after(2000);
    expect(stateOf(late.lines('RSLT')[0])).toBe('APPROVED');
  });
});

describe('asking and taking back', () => {
  it('STAT tells running, known, never accepted, and no longer covered apart', () => {
    const host = greeted({ slots: 16 });
    for (let i = 1; i <= 17; i++) host.says('SALE', `S-${i}`, '100', '156', '60').after(1000);
    host.says('SALE', 'S-18', '100', '156', '60').says('STAT', 'S-18').after(1000);
    const before = host.heard.length;
    for (const ref of ['S-18', 'S-1', 'S-99']) host.says('STAT', ref);
    const said = host.heard.slice(before).filter((line) => line.startsWith('RSLT'));
    expect(said.map((line) => line.split('|')[3])).toEqual(['APPROVED', 'EXPIRED', 'NOTFOUND']);
  });

  it('a reference that made room never charges again', () => {
    const host = greeted({ slots: 16 });
    for (let i = 1; i <= 18; i++) host.says('SALE', `S-${i}`, '100', '156', '60').after(1000);
    host.says('SALE', 'S-1', '100', '156', '60').after(1000);
    expect(host.lines('NAK')).toEqual(['NAK REFCONFLICT']);
    expect(balanceFen(host.book)).toBe(1800);
  });

  it('VOID gives the money back once, and only what was taken', () => {
    const host = selling().after(1000).says('VOID', 'R-1', 'S-1', '5100').after(1000);
    expect(stateOf(host.lines('RSLT').at(-1))).toBe('APPROVED');
    host.says('VOID', 'R-2', 'S-1', '5100').after(1000).says('VOID', 'R-3', 'S-9', '5100').after(1000);
    expect(host.lines('RSLT').slice(-2).map(stateOf)).toEqual(['ERROR', 'ERROR']);
    host.says('VOID', 'R-1', 'S-1', '5100');
    expect(stateOf(host.lines('RSLT').at(-1))).toBe('APPROVED');
    expect(balanceFen(host.book)).toBe(0);
  });

  it('LAST is the last result, or nothing', () => {
    expect(stateOf(greeted().says('LAST').lines('RSLT')[0])).toBe('NOTFOUND');
    expect(selling().after(1000).says('LAST').lines('RSLT')).toHaveLength(2);
  });
});

describe('the faults of a CRP/1 reader', () => {
  it('RSLT is sent four times without an ACK, a second apart, the same bytes, and kept for STAT', () => {
    const host = greeted();
    host.acknowledges = (verb) => verb !== 'RSLT';
    host.says('SALE', 'S-1', '5100', '156', '60').after(10_000);
    expect(host.heard.filter((line) => line.startsWith('RSLT'))).toHaveLength(4);
    expect(new Set(host.heard.filter((line) => line.startsWith('RSLT'))).size).toBe(1);
    expect(stateOf(host.says('STAT', 'S-1').lines('RSLT').at(-1))).toBe('APPROVED');
  });

  it.each(['drop-byte', 'flip-bit'] as const)('a request with a %s is refused with NAK 00 and not done', (kind) => {
    const does = kind === 'drop-byte' ? { kind, at: 8 } : { kind, at: 8, bit: 3 };
    const host = greeted()
      .input(once('heard', 'SALE', does))
      .says('SALE', 'S-1', '5100', '156', '60');
    expect(host.heard.at(-1)).toBe('NAK|00|CRC');
    expect(host.state.store.stored).toEqual([]);
    expect(host.repeats('SALE', 'S-1', '5100', '156', '60').after(1000).lines('RSLT')).toHaveLength(1);
  });

  it('a NAK can be had three times, with any code', () => {
    const fault = { way: 'heard', frame: 'SALE', does: { kind: 'nak', code: 'BUSY' }, times: 3 } as const;
    const host = greeted().input({ kind: 'fault', fault });
    for (let i = 0; i < 4; i++) host.says('SALE', 'S-1', '5100', '156', '60');
    expect(host.lines('NAK')).toEqual(['NAK BUSY', 'NAK BUSY', 'NAK BUSY']);
    expect(host.lines('EVNT')).toHaveLength(1);
  });

  it('a lost ACK: the result still comes', () => {
    const host = greeted()
      .input(once('said', 'ACK SALE', { kind: 'lose' }))
      .says('SALE', 'S-1', '5100', '156', '60');
    expect(host.lines('ACK')).toHaveLength(1);
    expect(host.after(1000).lines('RSLT')).toHaveLength(1);
  });

  it('a result can be doubled, late, damaged, or about something else', () => {
    const faulty = (input: CrpInput) => greeted().input(input).says('SALE', 'S-1', '5100', '156', '60');
    expect(
      faulty(once('said', 'RSLT', { kind: 'double' }))
        .after(500)
        .lines('RSLT'),
    ).toHaveLength(2);
    const late = faulty({
      kind: 'fault',
      fault: { way: 'said', frame: 'RSLT', does: { kind: 'late', ms: 9000 }, times: 4 },
    });
    expect(late.after(8000).lines('RSLT')).toHaveLength(0);
    expect(late.after(8000).lines('RSLT')).toHaveLength(4);
    expect(
      faulty(once('said', 'RSLT', { kind: 'flip-bit', at: 12, bit: 0 }))
        .after(500)
        .heard.at(-1),
    ).toBe('damaged');
    expect(faulty({ kind: 'forge', field: 'ref' }).after(500).lines('RSLT')[0]).toContain('S-1-X|');
    expect(faulty({ kind: 'forge', field: 'amount' }).after(500).lines('RSLT')[0]).toContain('|5101|');
    expect(faulty({ kind: 'forge', field: 'currency' }).after(500).lines('RSLT')[0]).toContain('|840|');
  });

  it('power lost while online: the bank decides all the same, and the reader finds out', () => {
    const host = greeted({ bootGarbage: Uint8Array.of(0, 0xff, 0x24) });
    host.input(once('said', 'EVNT ONLINE', { kind: 'power-cut-after', backAfterMs: 3000 }));
    host.says('SALE', 'S-1', '5100', '156', '60').after(2000).says('STAT', 'S-1');
    expect(host.lines('RSLT')).toEqual([]);
    expect(balanceFen(host.book)).toBe(5100);
    host.after(1050).says('HELO', '1', 'test');
    expect(host.lines('HELO').at(-1)).toBe('HELO 1|VIRTUAL-CRP|00000001|2|32');
    expect(stateOf(host.says('STAT', 'S-1').lines('RSLT').at(-1))).toBe('PENDING');
    expect(stateOf(host.after(1000).says('STAT', 'S-1').lines('RSLT').at(-1))).toBe('APPROVED');
  });

  it('power lost before the card: nothing was sent, and the reader says ERROR for certain', () => {
    const host = greeted().input(once('said', 'ACK SALE', { kind: 'power-cut-after', backAfterMs: 100 }));
    host.says('SALE', 'S-1', '5100', '156', '60').after(200).says('HELO', '1', 'test').says('STAT', 'S-1');
    expect(stateOf(host.lines('RSLT').at(-1))).toBe('ERROR');
    expect(host.book).toEqual([]);
  });

  it('a reader that cannot recover says UNKNOWN, whatever the bank did', () => {
    const host = greeted({ afterPowerCut: 'unknown' });
    host.says('SALE', 'S-1', '5100', '156', '60').after(50).input({ kind: 'power', on: false });
    host.after(1000).input({ kind: 'power', on: true }).says('HELO', '1', 'test').says('STAT', 'S-1');
    expect(stateOf(host.lines('RSLT').at(-1))).toBe('UNKNOWN');
    expect(balanceFen(host.book)).toBe(5100);
  });

  it('a silent reader does its work and says nothing until mended', () => {
    const fault = { way: 'said', frame: '*', does: { kind: 'lose' }, times: 'always' } as const;
    const host = greeted();
    const before = host.heard.length;
    host.input({ kind: 'fault', fault }).says('SALE', 'S-1', '5100', '156', '60').after(9000);
    expect(host.heard).toHaveLength(before);
    expect(stateOf(host.input({ kind: 'mend' }).says('STAT', 'S-1').lines('RSLT')[0])).toBe('APPROVED');
  });

  it('an unplugged cable is an effect for whoever holds the line, in mid-frame if asked', () => {
    const host = greeted().input(once('said', 'ACK SALE', { kind: 'unplug-within', bytes: 3, backAfterMs: 50 }));
    host.says('SALE', 'S-1', '5100', '156', '60');
    const at = host.effects.findIndex((effect) => effect.kind === 'unplug');
    expect(host.effects[at]).toEqual({ kind: 'unplug', backAfterMs: 50 });
    expect(host.effects[at - 1]).toMatchObject({ kind: 'send', bytes: { length: 3 } });
  });
});
