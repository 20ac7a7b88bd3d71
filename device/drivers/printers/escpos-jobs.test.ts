/** Print jobs: chunked writes, held, broken and dropped jobs, and never two originals. */
import { describe, expect, it } from 'vitest';
import type { ReceiptNo } from '#protocol/kernel/ids.js';
import { monoMs } from '#protocol/kernel/time.js';
import {
  JOB_BYTES,
  job,
  lost,
  model,
  ONLINE,
  PAPER_OK,
  PAPER_OUT,
  PrinterBench,
  resume,
  speaking,
  up,
} from '../../../test/doubles/escpos-bench.js';
import { createPrinter } from './escpos.js';
import { HELD_POLL_MS, MAX_JOBS, WRITE_BACKSTOP_MS } from './escpos-state.js';
import type { PrinterInput } from './printer.js';

describe('the port', () => {
  it('lost before the first byte holds the job and all behind it', () => {
    const counter = speaking().print('A').print('B').print('C').quietly();
    expect(counter.tell(lost).did).toEqual(['paper unknown', 'held A offline', 'held B waiting', 'held C waiting']);
  });

  it('lost in mid-job breaks the job and holds those behind it', () => {
    const counter = speaking().print('A').answers(ONLINE, PAPER_OK).written().print('B').quietly();
    expect(counter.tell(lost).did).toEqual(['paper unknown', 'broken A unplugged', 'held B offline']);
  });

  it('lost before the printer could confirm breaks the job', () => {
    const counter = speaking().print('A').answers(ONLINE, PAPER_OK).written(4).quietly();
    expect(counter.tell(lost).did).toEqual(['paper unknown', 'broken A unplugged']);
  });

  it('opened anew without having been lost breaks the job too', () => {
    const counter = new PrinterBench('none').tell(up).print('A').quietly();
    expect(counter.tell(up).did).toEqual(['broken A the port was reopened']);
  });

  it('that fails the question holds the job', () => {
    expect(speaking().print('A').quietly().written(1, 'WRITE_DEADLINE').did).toEqual([
      'paper unknown',
      'held A offline',
    ]);
  });

  it('that fails the first chunk breaks the job: nobody knows whether its first byte went out', () => {
    const counter = speaking().print('A').answers(ONLINE, PAPER_OK).quietly();
    expect(counter.written(1, 'WRITE_DEADLINE').did).toEqual(['broken A WRITE_DEADLINE']);
  });

  it('that never reports the question as written holds the job in the end, and not as silence', () => {
    const counter = speaking().print('A').quietly();
    const began = counter.now;
    while (counter.state.phase.kind === 'asking') counter.wake();
    expect(counter.now - began).toBe(WRITE_BACKSTOP_MS);
    expect(counter.did).toEqual(['paper unknown', 'held A offline']);
  });

  it('that never reports a chunk as written breaks the job', () => {
    const counter = new PrinterBench('none').tell(up).print('A').quietly();
    expect(counter.wakeIn).toBe(WRITE_BACKSTOP_MS);
    expect(counter.wake().did).toEqual(['broken A the port no longer answers']);
  });

  it('closed takes no job', () => {
    expect(new PrinterBench('none').print('A').did).toEqual(['held A offline']);
  });

  it('brings no old job with it when it comes back', () => {
    const counter = new PrinterBench('none').print('A').print('B').quietly();
    expect(counter.tell(up).did).toEqual([]);
    expect(counter.tell(resume).did).toEqual(['send A 512']);
    expect(counter.written(6).did).toEqual([
      'send A 512',
      'send A 176',
      'done A unconfirmed',
      'send B 512',
      'send B 512',
      'send B 176',
      'done B unconfirmed',
    ]);
  });

  it('still closed when a person says resume: told so again, nothing lost', () => {
    const counter = new PrinterBench('none').print('A').print('B').quietly();
    expect(counter.tell(resume).did).toEqual(['held A offline']);
    expect(counter.tell(up, resume).did).toEqual(['send A 512']);
  });
});

describe('after a job broke off', () => {
  const broken = (): PrinterBench =>
    new PrinterBench('none').tell(up).print('A').written().written(1, 'WRITE_DEADLINE').quietly();

  it('its reprint waits for a person: it would break off too, again and again', () => {
    expect(broken().print('A.1', 'reprint').did).toEqual(['held A.1 waiting']);
  });

  it('a new original prints by itself, behind padding that ends the command cut off', () => {
    const counter = broken().print('B');
    expect(counter.did).toEqual(['send padding 512']);
    expect(counter.written().did).toEqual(['send padding 512']);
    counter.written(4);
    expect(
      counter
        .print('C')
        .did.filter((line) => /^(done|send)/.test(line))
        .at(-1),
    ).toBe('send C 512');
  });

  it('in an earlier life may have been cut off too: the first job comes behind padding, and no later one', () => {
    const counter = new PrinterBench('none', true).tell({ kind: 'link-up' });
    const sent = (): string[] => counter.did.filter((line) => line.startsWith('send'));
    counter.tell({ kind: 'print', job: job('A') }).written(4);
    expect(sent()[0]).toBe('send padding 512');
    counter.tell({ kind: 'print', job: job('B') }).written(3);
    expect(sent()[0]).toBe('send B 512');
  });

  it('padding is NUL, as many as the job had bytes, and the job follows whole', () => {
    const machine = createPrinter(model('none'));
    let state = machine.initial;
    const sent: number[] = [];
    const feed = (input: PrinterInput): void => {
      const step = machine.step(state, input, { mono: monoMs(0), wall: undefined });
      state = step.state;
      for (const effect of step.effects) if (effect.kind === 'write') sent.push(...effect.bytes);
    };
    feed(up);
    feed({ kind: 'print', job: job('A') });
    feed({ kind: 'written', fault: 'WRITE_DEADLINE' });
    sent.length = 0;
    feed({ kind: 'print', job: job('B') });
    for (let i = 0; i < 8; i++) feed({ kind: 'written', fault: undefined });
    expect(sent).toEqual([...new Array(JOB_BYTES).fill(0), ...new Array(JOB_BYTES).fill(0x42)]);
  });
});

describe('jobs', () => {
  it('with the same id are one job, at every stage', () => {
    const counter = speaking().print('A').print('A').answers(ONLINE, PAPER_OK).print('A').written(4);
    counter.bytes(ONLINE).answers(PAPER_OK).print('A');
    expect(counter.did.filter((line) => /^(send|done|held)/.test(line))).toEqual([
      'send A 512',
      'send A 512',
      'send A 176',
      'done A printed',
    ]);
  });

  it('that would be a second original of a receipt are refused by name', () => {
    const counter = new PrinterBench('none').tell(up).print('A').quietly();
    expect(counter.tell({ kind: 'print', job: { ...job('X'), receipt: 'A' as ReceiptNo } }).did).toEqual([
      'noise PRINT_ORIGINAL_TWICE',
    ]);
  });

  it('print in the order in which they came', () => {
    const counter = new PrinterBench('none').tell(up).print('A').print('B').quietly();
    expect(counter.written(6).did.filter((line) => line.startsWith('done'))).toEqual([
      'done A unconfirmed',
      'done B unconfirmed',
    ]);
  });

  it('that come while others wait, wait behind them', () => {
    const counter = speaking().print('A').answers(ONLINE, PAPER_OUT).quietly();
    expect(counter.print('B').did).toEqual(['held B waiting']);
    expect(counter.tell(resume).answers(ONLINE, PAPER_OUT).did).toEqual(['ask 1', 'ask 4', 'held A paper-out']);
    expect(counter.state.waiting.map(({ job: { id } }) => id)).toEqual(['A', 'B']);
  });

  it('held are dropped on request; then the next one prints by itself', () => {
    const counter = speaking().print('A').answers(ONLINE, PAPER_OUT).tell({ kind: 'drop', job: 'A' }).quietly();
    expect(counter.print('A').print('B').did).toEqual(['ask 1']);
    expect(counter.answers(ONLINE, PAPER_OK).did).toEqual(['ask 4', 'paper ok', 'send B 512']);
  });

  it('dropped between question and answer are never begun', () => {
    const counter = speaking().print('A').tell({ kind: 'drop', job: 'A' }).quietly();
    expect(counter.answers(ONLINE, PAPER_OK).did).toEqual(['ask 4']);
  });

  it('beyond the limit are not kept, and say so', () => {
    const counter = new PrinterBench('none');
    for (let i = 0; i < MAX_JOBS; i++) counter.print(`J${i}`);
    expect(counter.quietly().print('late').did).toEqual(['held late queue-full']);
    counter.tell({ kind: 'drop', job: 'J0' });
    expect(counter.print('late').did).toEqual(['held late waiting']);
  });

  it('without bytes end without harm', () => {
    const counter = new PrinterBench('none').tell(up).tell({ kind: 'print', job: job('A', 'original', 0) });
    expect(counter.written().did.at(-1)).toBe('done A unconfirmed');
  });
});

describe('while jobs are held', () => {
  it('the printer is asked from time to time, so that the counter sees the new paper; nothing prints by itself', () => {
    const counter = speaking().print('A').answers(ONLINE, PAPER_OUT).quietly();
    expect(counter.wakeIn).toBe(HELD_POLL_MS);
    expect(counter.wake().answers(ONLINE, PAPER_OK).did).toEqual(['ask 1', 'ask 4', 'paper ok']);
    expect(counter.tell(resume).answers(ONLINE, PAPER_OK).did).toEqual(['ask 1', 'ask 4', 'send A 512']);
  });

  it('and none when nothing is held', () => {
    expect(speaking().wakeIn).toBeUndefined();
  });
});
