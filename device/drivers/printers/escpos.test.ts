/** The printer's conversation, told as a transcript: what it is told, and what it does about it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReceiptNo } from '#protocol/ids.js';
import { monoMs } from '#protocol/time.js';
import { createPrinter } from './escpos.js';
import {
  type EscposState,
  HELD_POLL_MS,
  MAX_JOBS,
  PRINT_MARGIN_MS,
  READY_MS,
  STATUS_ANSWER_MS,
  WRITE_BACKSTOP_MS,
} from './escpos-state.js';
import { generic58 } from './models/generic-58.js';
import type { PrinterEffect, PrinterInput, PrinterModel, PrintJob } from './printer.js';

const model = (status: PrinterModel['status']): PrinterModel => ({ ...generic58, status });
const JOB_BYTES = 1200; // three chunks
/** A job's bytes are all its own sign, so that the transcript shows whose they are. */
const job = (id: string, copy: PrintJob['copy'] = 'original', length = JOB_BYTES): PrintJob => ({
  id,
  receipt: id.replace(/\.\d+$/, '') as ReceiptNo,
  copy,
  bytes: new Uint8Array(length).fill(id.charCodeAt(0)),
});

const say = (effect: PrinterEffect): string => {
  switch (effect.kind) {
    case 'write': {
      const [first, second, third] = effect.bytes;
      if (first === 0x10 && second === 0x04) return `ask ${third}`;
      if (first === 0x1d && second === 0x61) return 'ask asb';
      return `send ${first === 0 ? 'padding' : String.fromCharCode(first ?? 0)} ${effect.bytes.length}`;
    }
    case 'done':
      return `done ${effect.job.id} ${effect.outcome}`;
    case 'held':
      return `held ${effect.job.id} ${effect.why}`;
    case 'broken':
      return `broken ${effect.job.id} ${effect.why}`;
    case 'paper':
      return `paper ${effect.paper}`;
    case 'noise':
      return `noise ${effect.code}`;
  }
};

/** A printer and the port in front of it, driven by hand. */
class Counter {
  readonly #machine;
  state: EscposState;
  now = 1000;
  #heard: string[] = [];

  constructor(status: PrinterModel['status'], mayBeTorn = false) {
    this.#machine = createPrinter(model(status), { mayBeTorn });
    this.state = this.#machine.initial;
  }
  tell(...inputs: readonly PrinterInput[]): this {
    for (const input of inputs) {
      const { state, effects } = this.#machine.step(this.state, input, { mono: monoMs(this.now), wall: undefined });
      this.state = state;
      this.#heard.push(...effects.map(say));
    }
    return this;
  }
  bytes(...bytes: readonly number[]): this {
    return this.tell({ kind: 'bytes', bytes: Uint8Array.from(bytes) });
  }
  written(times = 1, fault?: string): this {
    for (let i = 0; i < times; i++) this.tell({ kind: 'written', fault });
    return this;
  }
  /** Answers of a printer that is asked: each question is written, then answered. */
  answers(...bytes: readonly number[]): this {
    for (const byte of bytes) this.written().bytes(byte);
    return this;
  }
  print(id: string, copy?: PrintJob['copy']): this {
    return this.tell({ kind: 'print', job: job(id, copy) });
  }
  /** Lets time pass to the next deadline. */
  wake(): this {
    const at = this.#machine.wakeAt(this.state);
    expect(at).toBeDefined();
    this.now = Math.max(this.now, at ?? 0);
    return this.tell({ kind: 'wake' });
  }
  get wakeIn(): number | undefined {
    const at = this.#machine.wakeAt(this.state);
    return at === undefined ? undefined : at - this.now;
  }
  /** What it did since the last look. */
  get did(): readonly string[] {
    const heard = this.#heard;
    this.#heard = [];
    return heard;
  }
  quietly(): this {
    this.#heard = [];
    return this;
  }
}

const up: PrinterInput = { kind: 'link-up' };
const lost: PrinterInput = { kind: 'link-lost', why: 'unplugged' };
const look: PrinterInput = { kind: 'look' };
const resume: PrinterInput = { kind: 'resume' };
const ONLINE = 0x12;
const OFFLINE = 0x1a;
const PAPER_OK = 0x12;
const PAPER_LOW = 0x1e;
const PAPER_OUT = 0x72;
const COVER = 0x16;
const ERROR = 0x52;
const CUTTER = 0x1a;
/** Automatic status, whole frames. */
const OK = [0x10, 0x00, 0x00, 0x00];
const OUT = [0x18, 0x00, 0x0c, 0x00];

const speaking = (): Counter => new Counter('dle-eot').tell(up).answers(ONLINE, PAPER_OK).quietly();

describe('a printer that answers', () => {
  it('is asked how it is when its port opens', () => {
    const counter = new Counter('dle-eot').tell(up);
    expect(counter.did).toEqual(['ask 1']);
    expect(counter.answers(ONLINE).did).toEqual(['ask 4']);
    expect(counter.answers(PAPER_LOW).did).toEqual(['paper near-end']);
    expect(counter.wakeIn).toBeUndefined();
  });

  it('is asked, is sent one chunk at a time, is asked again, and has then printed', () => {
    const counter = speaking().print('A');
    expect(counter.did).toEqual(['ask 1']);
    expect(counter.answers(ONLINE).did).toEqual(['ask 4']);
    expect(counter.answers(PAPER_OK).did).toEqual(['send A 512']);
    expect(counter.written().did).toEqual(['send A 512']);
    expect(counter.written().did).toEqual(['send A 176']);
    expect(counter.written().did).toEqual(['ask 1']);
    expect(counter.answers(ONLINE, PAPER_OK).did).toEqual(['ask 4', 'done A printed']);
  });

  it('has time for the line and the paper before its silence after a job counts', () => {
    const counter = speaking().print('A').answers(ONLINE, PAPER_OK).written(3).written();
    expect(counter.wakeIn).toBe((JOB_BYTES * 10 * 1000) / 9600 + PRINT_MARGIN_MS);
  });

  it.each([
    ['paper out', [ONLINE, PAPER_OUT], ['ask 4', 'paper out', 'held A paper-out']],
    ['paper out and offline', [OFFLINE, 0x32, PAPER_OUT], ['ask 2', 'ask 4', 'paper out', 'held A paper-out']],
    ['cover open', [OFFLINE, COVER, PAPER_OK], ['ask 2', 'ask 4', 'held A cover']],
    ['offline', [OFFLINE, 0x12, PAPER_OK], ['ask 2', 'ask 4', 'held A offline']],
    [
      'a jammed cutter',
      [OFFLINE, ERROR, CUTTER, PAPER_OK],
      ['ask 2', 'ask 3', 'ask 4', 'noise PRINTER_CUTTER', 'held A offline'],
    ],
    [
      'an overheated head',
      [OFFLINE, ERROR, 0x52, PAPER_OK],
      ['ask 2', 'ask 3', 'ask 4', 'noise PRINTER_ERROR', 'held A offline'],
    ],
    ['low paper', [ONLINE, PAPER_LOW], ['ask 4', 'paper near-end', 'send A 512']],
  ])('with %s before the first byte: %j', (_case, answers, expected) => {
    const counter = speaking().print('A').quietly();
    expect(counter.answers(...answers).did).toEqual(expected);
  });

  it.each([
    ['paper out', [ONLINE, PAPER_OUT], 'broken A after sending: paper-out'],
    ['cover open', [OFFLINE, COVER, PAPER_OK], 'broken A after sending: cover'],
    ['low paper', [ONLINE, PAPER_LOW], 'done A printed'],
  ])('with %s after the last byte: %j', (_case, answers, expected) => {
    const counter = speaking().print('A').answers(ONLINE, PAPER_OK).written(3).quietly();
    expect(counter.answers(...answers).did).toContain(expected);
  });

  it('that falls silent is asked twice, then taken for switched off', () => {
    const counter = speaking().print('A').written().quietly();
    expect(counter.wakeIn).toBe(STATUS_ANSWER_MS);
    expect(counter.wake().did).toEqual(['ask 1']);
    expect(counter.written().wake().did).toEqual(['paper unknown', 'held A offline']);
  });

  it('that falls silent after a job leaves it unconfirmed', () => {
    const counter = speaking().print('A').answers(ONLINE, PAPER_OK).written(3).written().quietly();
    expect(counter.wake().written().wake().did).toEqual(['ask 1', 'paper unknown', 'done A unconfirmed']);
  });

  it('that falls silent prints all the same once a person has said so', () => {
    const counter = speaking().print('A').written().wake().written().wake().quietly();
    expect(counter.tell(resume).written().wake().written().wake().did).toEqual(['ask 1', 'ask 1', 'send A 512']);
  });

  it('loses half of its answers: the lost one is asked for again', () => {
    const counter = speaking().print('A').answers(ONLINE).written().quietly();
    expect(counter.wake().did).toEqual(['ask 4']);
    expect(counter.answers(PAPER_OK).did).toEqual(['send A 512']);
  });

  it.each([
    ['boot garbage', [0x00, 0xff, 0x41]],
    ['XON and XOFF', [0x11, 0x13]],
    ['an answer with a flipped bit', [0x02]],
    ['a paper answer whose sensors disagree', [0x32]],
  ])('sends %s: noise, and the question stands', (_case, bytes) => {
    const counter = speaking().print('A').answers(ONLINE).written().quietly();
    expect(counter.bytes(...bytes).did.every((line) => line === 'noise PRINTER_NOISE')).toBe(true);
    expect(counter.bytes(PAPER_OK).did).toEqual(['send A 512']);
  });

  it('says something unasked: noise, nothing printed, nothing believed', () => {
    expect(speaking().bytes(PAPER_OUT).did).toEqual(['noise PRINTER_NOISE']);
  });

  it('answers before the port reports the question as written', () => {
    const counter = speaking().print('A').bytes(ONLINE).bytes(PAPER_OK).quietly();
    expect(counter.written(2).did).toEqual([]);
    expect(counter.written().did).toEqual(['send A 512']);
  });
});

describe('a printer that is asked ahead', () => {
  it('begins the job with no other question, and confirms it as ever', () => {
    const counter = speaking().tell(look);
    expect(counter.did).toEqual(['ask 1']);
    expect(counter.answers(ONLINE, PAPER_OK).did).toEqual(['ask 4']);
    expect(counter.print('A').did).toEqual(['send A 512']);
    expect(counter.written(3).answers(ONLINE, PAPER_OK).did).toEqual([
      'send A 512',
      'send A 176',
      'ask 1',
      'ask 4',
      'done A printed',
    ]);
  });

  it('is believed for one job only', () => {
    const counter = speaking().tell(look).answers(ONLINE, PAPER_OK).print('A').quietly();
    expect(counter.written(3).answers(ONLINE, PAPER_OK).print('B').did.at(-1)).toBe('ask 1');
  });

  it('is believed for a while, and then asked again', () => {
    const counter = speaking().tell(look).answers(ONLINE, PAPER_OK).quietly();
    counter.now += READY_MS;
    expect(counter.print('A').did).toEqual(['send A 512']);
    const late = speaking().tell(look).answers(ONLINE, PAPER_OK).quietly();
    late.now += READY_MS + 1;
    expect(late.print('A').did).toEqual(['ask 1']);
  });

  it('is not asked twice in a row, and is asked again in time', () => {
    const counter = speaking().tell(look, look).answers(ONLINE, PAPER_OK).tell(look);
    expect(counter.did).toEqual(['ask 1', 'ask 4']);
    counter.now += READY_MS / 2 + 1;
    expect(counter.tell(look).did).toEqual(['ask 1']);
  });

  it('and can not print: the job is held, once it has been asked again', () => {
    const counter = speaking().tell(look).answers(ONLINE, PAPER_OUT).quietly();
    expect(counter.print('A').did).toEqual(['ask 1']);
    expect(counter.answers(ONLINE, PAPER_OUT).did).toEqual(['ask 4', 'held A paper-out']);
  });

  it('and says nothing: the job is not begun on the strength of that', () => {
    const counter = speaking().tell(look).written().wake().written().wake().quietly();
    expect(counter.print('A').did).toEqual(['ask 1']);
  });

  it('and is lost and found again: what it said is forgotten', () => {
    const counter = speaking().tell(look).answers(ONLINE, PAPER_OK).tell(lost, up).answers(ONLINE, PAPER_OK).quietly();
    expect(counter.print('A').did).toEqual(['ask 1']);
  });

  it('with automatic status takes back by itself what it said', () => {
    const counter = new Counter('asb')
      .tell(up)
      .written()
      .bytes(...OK)
      .tell(look)
      .written()
      .bytes(...OK)
      .quietly();
    expect(counter.bytes(...OUT).print('A').did).toEqual(['paper out', 'ask asb']);
  });

  it('while a job is under way is left in peace', () => {
    expect(speaking().print('A').quietly().tell(look).did).toEqual([]);
  });
});

describe('a printer that never answers', () => {
  it('is sent the job at once; the job is unconfirmed', () => {
    const counter = new Counter('none').tell(up);
    expect(counter.print('A').did).toEqual(['send A 512']);
    expect(counter.written(3).did).toEqual(['send A 512', 'send A 176', 'done A unconfirmed']);
    expect(counter.wakeIn).toBeUndefined();
  });

  it('though its model should, is asked once, and its job is unconfirmed: no answer is not ok', () => {
    const counter = new Counter('dle-eot').tell(up).written().wake().quietly();
    expect(counter.print('A').written().wake().did).toEqual(['ask 1', 'send A 512']);
    expect(counter.written(4).wake().did).toEqual(['send A 512', 'send A 176', 'ask 1', 'done A unconfirmed']);
    expect(counter.state.paper).toBe('unknown');
  });
});

describe('a printer with automatic status', () => {
  const ready = (): Counter =>
    new Counter('asb')
      .tell(up)
      .written()
      .bytes(...OK)
      .quietly();

  it('is asked to report, before and after a job', () => {
    const counter = ready()
      .print('A')
      .written()
      .bytes(...OK)
      .written(4)
      .bytes(...OK);
    expect(counter.did).toEqual(['ask asb', 'send A 512', 'send A 512', 'send A 176', 'ask asb', 'done A printed']);
  });

  it.each([
    ['paper out', OUT, ['paper out', 'held A paper-out']],
    ['cover open', [0x38, 0x00, 0x00, 0x00], ['held A cover']],
    ['offline', [0x18, 0x00, 0x00, 0x00], ['held A offline']],
    ['jammed cutter', [0x18, 0x08, 0x00, 0x00], ['noise PRINTER_CUTTER', 'held A offline']],
    ['low paper', [0x10, 0x00, 0x03, 0x00], ['paper near-end', 'send A 512']],
  ])('reports %s before the first byte', (_case, frame, expected) => {
    expect(
      ready()
        .print('A')
        .written()
        .quietly()
        .bytes(...frame).did,
    ).toEqual(expected);
  });

  it('reports by itself that the paper is out and back, and still waits for a person', () => {
    const counter = ready()
      .print('A')
      .written()
      .bytes(...OUT)
      .quietly();
    expect(counter.bytes(...OK).did).toEqual(['paper ok']);
    expect(counter.wakeIn).toBeUndefined();
    expect(counter.tell(resume).did).toEqual(['ask asb']);
  });

  it('is understood however its bytes are cut, and found again after a lost byte', () => {
    const counter = ready().print('A').written().quietly();
    for (const byte of [0xff, 0x10, 0x00, 0x00, ...OUT]) counter.bytes(byte);
    expect(counter.did).toEqual(['noise PRINTER_NOISE', 'noise PRINTER_NOISE', 'paper out', 'held A paper-out']);
  });
});

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
    const counter = new Counter('none').tell(up).print('A').quietly();
    expect(counter.tell(up).did).toEqual(['broken A the port was opened anew']);
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
    const counter = new Counter('none').tell(up).print('A').quietly();
    expect(counter.wakeIn).toBe(WRITE_BACKSTOP_MS);
    expect(counter.wake().did).toEqual(['broken A the port no longer answers']);
  });

  it('closed takes no job', () => {
    expect(new Counter('none').print('A').did).toEqual(['held A offline']);
  });

  it('brings no old job with it when it comes back', () => {
    const counter = new Counter('none').print('A').print('B').quietly();
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
    const counter = new Counter('none').print('A').print('B').quietly();
    expect(counter.tell(resume).did).toEqual(['held A offline']);
    expect(counter.tell(up, resume).did).toEqual(['send A 512']);
  });
});

describe('after a job broke off', () => {
  const broken = (): Counter =>
    new Counter('none').tell(up).print('A').written().written(1, 'WRITE_DEADLINE').quietly();

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
    const counter = new Counter('none', true).tell({ kind: 'link-up' });
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
    const counter = new Counter('none').tell(up).print('A').quietly();
    expect(counter.tell({ kind: 'print', job: { ...job('X'), receipt: 'A' as ReceiptNo } }).did).toEqual([
      'noise PRINT_ORIGINAL_TWICE',
    ]);
  });

  it('print in the order in which they came', () => {
    const counter = new Counter('none').tell(up).print('A').print('B').quietly();
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
    const counter = new Counter('none');
    for (let i = 0; i < MAX_JOBS; i++) counter.print(`J${i}`);
    expect(counter.quietly().print('late').did).toEqual(['held late queue-full']);
    counter.tell({ kind: 'drop', job: 'J0' });
    expect(counter.print('late').did).toEqual(['held late waiting']);
  });

  it('without bytes end without harm', () => {
    const counter = new Counter('none').tell(up).tell({ kind: 'print', job: job('A', 'original', 0) });
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

describe('whatever happens, in whatever order', () => {
  const status = fc.constantFrom('none' as const, 'dle-eot' as const, 'asb' as const);
  const id = fc.constantFrom('A', 'B', 'C', 'D');
  /** Its first byte is found nowhere else, so that it can be counted on the line. */
  const marked = (name: string): PrintJob => {
    const plain = job(name);
    return { ...plain, bytes: plain.bytes.with(0, name.charCodeAt(0) | 0x80) };
  };
  const event: fc.Arbitrary<PrinterInput> = fc.oneof(
    { weight: 2, arbitrary: fc.constant(up) },
    { weight: 1, arbitrary: fc.constant(lost) },
    { weight: 6, arbitrary: fc.constant<PrinterInput>({ kind: 'written', fault: undefined }) },
    { weight: 1, arbitrary: fc.constant<PrinterInput>({ kind: 'written', fault: 'WRITE_DEADLINE' }) },
    { weight: 4, arbitrary: id.map((name): PrinterInput => ({ kind: 'print', job: marked(name) })) },
    { weight: 1, arbitrary: id.map((name): PrinterInput => ({ kind: 'print', job: job(`${name}.1`, 'reprint') })) },
    { weight: 1, arbitrary: fc.constant(resume) },
    { weight: 2, arbitrary: fc.constant(look) },
    { weight: 1, arbitrary: id.map((name): PrinterInput => ({ kind: 'drop', job: name })) },
    { weight: 3, arbitrary: fc.constant<PrinterInput>({ kind: 'wake' }) },
    {
      weight: 8,
      arbitrary: fc
        .array(fc.oneof(fc.constantFrom(ONLINE, PAPER_OUT, OFFLINE, 0x10, 0x00, 0x0c), fc.nat(255)), {
          minLength: 1,
          maxLength: 5,
        })
        .map((bytes): PrinterInput => ({ kind: 'bytes', bytes: Uint8Array.from(bytes) })),
    },
  );

  it('the first byte of an original is written at most once, every job ends at most once, and none is lost from sight', () => {
    fc.assert(
      fc.property(status, fc.array(fc.tuple(event, fc.nat(2000)), { maxLength: 120 }), (kind, events) => {
        const machine = createPrinter(model(kind));
        let state = machine.initial;
        let now = 0;
        const begun = new Map<string, number>();
        const ended = new Map<string, string>();
        const given = new Set<string>();
        const dropped = new Set<string>();
        for (const [input, ms] of events) {
          now += ms;
          if (input.kind === 'print') given.add(input.job.id);
          if (input.kind === 'drop') dropped.add(input.job);
          const step = machine.step(state, input, { mono: monoMs(now), wall: undefined });
          state = step.state;
          for (const effect of step.effects) {
            if (effect.kind === 'write') {
              for (const byte of effect.bytes) {
                if (byte < 0x80) continue;
                const name = String.fromCharCode(byte & 0x7f);
                begun.set(name, (begun.get(name) ?? 0) + 1);
              }
            }
            if (effect.kind === 'done' || effect.kind === 'broken') {
              expect(ended.has(effect.job.id)).toBe(false);
              ended.set(effect.job.id, effect.kind);
            }
            if (effect.kind === 'held') expect(begun.has(effect.job.id)).toBe(false);
          }
          const current =
            state.phase.kind === 'sending'
              ? state.phase.entry.job.id
              : state.phase.kind === 'asking' && 'entry' in state.phase.purpose
                ? state.phase.purpose.entry.job.id
                : undefined;
          const seen = new Set([
            ...ended.keys(),
            ...dropped,
            ...[...state.queue, ...state.waiting].map((entry) => entry.job.id),
            ...(current === undefined ? [] : [current]),
          ]);
          for (const name of given) expect(seen).toContain(name);
        }
        for (const [name, times] of begun) expect(`${name} begun ${times}`).toBe(`${name} begun 1`);
      }),
      { numRuns: 500 },
    );
  });

  it('no transcript of answers is read differently for being cut into single bytes', () => {
    // Then the next question may follow: what came in one piece with the last answer was before it, and answers nothing.
    const untilKnown = ({ did }: Counter): readonly string[] => {
      const lines = did.filter((line) => !line.startsWith('noise'));
      const known = lines.findIndex((line) => !line.startsWith('ask'));
      return known === -1 ? lines : lines.slice(0, known + 1);
    };
    fc.assert(
      fc.property(
        fc.constantFrom('dle-eot' as const, 'asb' as const),
        fc.uint8Array({ maxLength: 40 }),
        (kind, bytes) => {
          const whole = new Counter(kind)
            .tell(up)
            .print('A')
            .written()
            .bytes(...bytes);
          const cut = new Counter(kind).tell(up).print('A').written();
          for (const byte of bytes) cut.bytes(byte);
          expect(untilKnown(cut)).toEqual(untilKnown(whole));
        },
      ),
    );
  });
});
