/** Status queries by kind of status: transcripts of what the printer receives and what follows. */
import { describe, expect, it } from 'vitest';
import {
  COVER,
  CUTTER,
  ERROR,
  JOB_BYTES,
  look,
  lost,
  OFFLINE,
  OK,
  ONLINE,
  OUT,
  PAPER_LOW,
  PAPER_OK,
  PAPER_OUT,
  PrinterBench,
  resume,
  speaking,
  up,
} from '../../../test/doubles/escpos-bench.js';
import { PRINT_MARGIN_MS, READY_MS, STATUS_ANSWER_MS } from './escpos-state.js';

describe('a printer that answers', () => {
  it('is asked how it is when its port opens', () => {
    const counter = new PrinterBench('dle-eot').tell(up);
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
    const counter = new PrinterBench('asb')
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
    const counter = new PrinterBench('none').tell(up);
    expect(counter.print('A').did).toEqual(['send A 512']);
    expect(counter.written(3).did).toEqual(['send A 512', 'send A 176', 'done A unconfirmed']);
    expect(counter.wakeIn).toBeUndefined();
  });

  it('though its model should, is asked once, and its job is unconfirmed: no answer is not ok', () => {
    const counter = new PrinterBench('dle-eot').tell(up).written().wake().quietly();
    expect(counter.print('A').written().wake().did).toEqual(['ask 1', 'send A 512']);
    expect(counter.written(4).wake().did).toEqual(['send A 512', 'send A 176', 'ask 1', 'done A unconfirmed']);
    expect(counter.state.paper).toBe('unknown');
  });
});

describe('a printer with automatic status', () => {
  const ready = (): PrinterBench =>
    new PrinterBench('asb')
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
