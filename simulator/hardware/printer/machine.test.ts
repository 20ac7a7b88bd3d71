import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DriverBench } from '../../../test/doubles/driver-bench.js';
import { CUT, ESC, GS, type Part, stream } from '../../../test/doubles/escpos-streams.js';
import {
  BUFFER_BYTES,
  type PrinterKnob,
  paperSoFar,
  printerMachine,
  TEAR_OFF_MS,
  type VirtualPrinterEffect,
  type VirtualPrinterInput,
} from './machine.js';
import { hex } from './paper/document.js';
import { linesOfText } from './paper/text.js';
import { PAPER_58, type VirtualPrinterProfile } from './profile.js';

const bytes = (...parts: readonly Part[]): VirtualPrinterInput => ({ kind: 'bytes', bytes: stream(...parts) });
const turn = (knob: PrinterKnob): VirtualPrinterInput => ({ kind: 'knob', knob });
const bench = (profile: Partial<VirtualPrinterProfile> = {}) =>
  new DriverBench(printerMachine({ ...PAPER_58, ...profile }), { kind: 'wake' });
const said = (effects: readonly VirtualPrinterEffect[]): string[] =>
  effects.flatMap((effect) => (effect.kind === 'reply' ? [hex(effect.bytes)] : []));
const papers = (effects: readonly VirtualPrinterEffect[]): [string, string[]][] =>
  effects.flatMap((effect): [string, string[]][] =>
    effect.kind === 'printed' ? [[effect.document.end, linesOfText(effect.document)]] : [],
  );
const ask = (n: number): VirtualPrinterInput => bytes(0x10, 0x04, n);

describe('a virtual printer', () => {
  it('hands out a receipt at its cut', () => {
    const on = bench();
    expect(on.put(bytes('one\n'))).toEqual([]);
    expect(papers(on.put(bytes('two\n', CUT, 'next\n')))).toEqual([['cut', ['one', 'two']]]);
    expect(linesOfText(paperSoFar(on.state))).toEqual(['next']);
  });

  it('tells of every drawer pulse', () => {
    expect(bench().put(bytes(ESC, 'p', 0, 25, 250))).toEqual([
      { kind: 'drawer', pulse: { pin: 2, onMs: 50, offMs: 500 } },
    ]);
  });

  it('without a cutter, hands out the receipt when it has been quiet for a while', () => {
    const on = bench({ cutter: false });
    on.put(bytes('one\n'));
    on.pass(TEAR_OFF_MS - 1);
    on.put(bytes('two\n'));
    expect(on.pass(TEAR_OFF_MS - 1)).toEqual([]);
    expect(papers(on.pass(1))).toEqual([['torn', ['one', 'two']]]);
    expect(on.pass(TEAR_OFF_MS * 3)).toEqual([]);
  });
});

describe('its answers', () => {
  it.each([
    ['all is well', [], ['12', '12', '12', '12']],
    ['the paper is nearly out', [{ kind: 'paper-near-end' }], ['12', '12', '12', '1E']],
    ['the paper is out', [{ kind: 'paper-out' }], ['1A', '32', '12', '72']],
    ['the cover is open', [{ kind: 'cover-open' }], ['1A', '16', '12', '12']],
    ['the cutter is jammed', [{ kind: 'cutter-jam', on: true }], ['1A', '52', '1A', '12']],
    ['it is switched offline', [{ kind: 'offline', on: true }], ['1A', '12', '12', '12']],
    ['paper is back', [{ kind: 'paper-out' }, { kind: 'paper-in' }], ['12', '12', '12', '12']],
  ] as const)('to DLE EOT 1 to 4, when %s', (_, knobs, answers) => {
    const on = bench();
    for (const knob of knobs) on.put(turn(knob));
    expect([1, 2, 3, 4].flatMap((n) => said(on.put(ask(n))))).toEqual(answers);
  });

  it('come however the question is cut, once', () => {
    const on = bench();
    expect([0x10, 0x04, 0x04].flatMap((byte) => said(on.put(bytes(byte))))).toEqual(['12']);
    expect(said(on.put(bytes('text\n', 0x10, 0x04, 1, 'text\n')))).toEqual(['12']);
  });

  it('come in real time, before what waits in the buffer', () => {
    const on = bench();
    on.put(turn({ kind: 'paper-out' }));
    on.put(bytes('waits\n'));
    expect(said(on.put(ask(4)))).toEqual(['72']);
  });

  it('to GS r and GS I wait for their turn', () => {
    const on = bench();
    expect(said(on.put(bytes(GS, 'r', 1, GS, 'I', 67)))).toEqual(['00', '5F 56 49 52 54 55 41 4C 00']);
    on.put(turn({ kind: 'paper-out' }));
    expect(said(on.put(bytes(GS, 'r', 1)))).toEqual([]);
    expect(said(on.put(turn({ kind: 'paper-in' })))).toEqual(['00']);
  });

  it('come by themselves once GS a asked for it, at every change and only then', () => {
    const on = bench();
    expect(said(on.put(bytes(GS, 'a', 255)))).toEqual(['10 00 00 0F']);
    expect(said(on.put(bytes('text\n')))).toEqual([]);
    expect(said(on.put(turn({ kind: 'paper-out' })))).toEqual(['18 00 0F 0F']);
    expect(said(on.put(turn({ kind: 'cover-open' })))).toEqual(['38 00 0F 0F']);
    on.put(turn({ kind: 'cover-closed' }));
    expect(said(on.put(turn({ kind: 'paper-in' })))).toEqual(['10 00 00 0F']);
    on.put(bytes(GS, 'a', 0));
    expect(said(on.put(turn({ kind: 'paper-near-end' })))).toEqual([]);
  });

  it('never come from a model that has none, nor while it never answers', () => {
    expect(said(bench({ status: 'none' }).put(ask(1)))).toEqual([]);
    const on = bench();
    on.put(turn({ kind: 'never-answers', on: true }));
    expect(said(on.put(ask(1)))).toEqual([]);
    expect(papers(on.put(bytes('prints all the same\n', CUT)))).toHaveLength(1);
    expect(said(bench({ status: 'dle-eot' }).put(bytes(GS, 'a', 255)))).toEqual([]);
  });
});

describe('its troubles', () => {
  it('paper out in mid-receipt: what was printed is on paper, the rest follows on the next roll', () => {
    const on = bench();
    on.put(turn({ kind: 'paper-out', afterLines: 2 }));
    expect(papers(on.put(bytes('1\n2\n3\n4\n', CUT)))).toEqual([['paper-out', ['1', '2']]]);
    expect(papers(on.put(ask(4)))).toEqual([]);
    const rest = on.put(turn({ kind: 'paper-in' }));
    expect(papers(rest)).toEqual([['cut', ['3', '4']]]);
    expect(rest[0]).toMatchObject({ document: { continued: true } });
    expect(papers(on.put(bytes('5\n', CUT)))).toEqual([['cut', ['5']]]);
  });

  it('paper out at once, between two chunks', () => {
    const on = bench();
    on.put(bytes('1\n2'));
    expect(papers(on.put(turn({ kind: 'paper-out' })))).toEqual([['paper-out', ['1']]]);
    expect(papers(on.put(bytes('2\n', CUT)))).toEqual([]);
    expect(papers(on.put(turn({ kind: 'paper-in' })))).toEqual([['cut', ['22']]]);
  });

  it('paper out while nothing hangs out: nothing is printed and nothing reported', () => {
    expect(bench().put(turn({ kind: 'paper-out' }))).toEqual([]);
  });

  it.each([
    [{ kind: 'cover-open' }, { kind: 'cover-closed' }],
    [
      { kind: 'offline', on: true },
      { kind: 'offline', on: false },
    ],
    [
      { kind: 'stuck', on: true },
      { kind: 'stuck', on: false },
    ],
    [
      { kind: 'cutter-jam', on: true },
      { kind: 'cutter-jam', on: false },
    ],
  ] as const)('holds what comes while %o', (bad, good) => {
    const on = bench();
    on.put(turn(bad));
    expect(papers(on.put(bytes('held\n', CUT)))).toEqual([]);
    expect(papers(on.put(turn(good)))).toEqual([['cut', ['held']]]);
  });

  it('a full buffer loses what comes beyond it', () => {
    const on = bench();
    on.put(turn({ kind: 'stuck', on: true }));
    on.put(bytes(new Uint8Array(BUFFER_BYTES - 1)));
    expect(on.put(bytes('abc'))).toEqual([{ kind: 'lost', bytes: 2 }]);
  });

  it('a power cycle loses the buffer, the waiting line, Chinese mode and ASB, and not the paper', () => {
    const on = bench({ startsInChinese: false });
    on.put(bytes(GS, 'a', 255, 0x1c, '&', 'on paper\nin the head'));
    const effects = on.put(turn({ kind: 'power-cycle' }));
    expect(papers(effects)).toEqual([['power-off', ['on paper']]]);
    expect(papers(on.put(bytes(0xcf, 0xfb, '\n', CUT)))).toEqual([['cut', ['╧√']]]);
    expect(said(on.put(turn({ kind: 'paper-near-end' })))).toEqual([]);
  });

  it('no power: nothing is heard and nothing answered', () => {
    const on = bench();
    on.put(turn({ kind: 'power', on: false }));
    expect(on.put(ask(1))).toEqual([{ kind: 'lost', bytes: 3 }]);
    on.put(turn({ kind: 'power', on: true }));
    expect(said(on.put(ask(1)))).toEqual(['12']);
  });

  it('a slow line takes its time: 96 bytes at 9600 Bd are 100 ms', () => {
    const on = bench();
    on.put(turn({ kind: 'baud', baud: 9600 }));
    on.put(bytes('x\n'.repeat(46), CUT));
    expect(papers(on.pass(99))).toEqual([]);
    expect(papers(on.pass(2))).toHaveLength(1);
    on.put(ask(1));
    expect(said(on.pass(2))).toEqual([]);
    expect(said(on.pass(2))).toEqual(['12']);
  });

  it('a line so slow that a byte takes longer than a tick still ends', () => {
    const on = bench();
    on.put(turn({ kind: 'baud', baud: 110 }));
    on.put(bytes('x\n', CUT));
    expect(papers(on.pass(1000))).toHaveLength(1);
    expect(on.machine.wakeAt(on.state)).toBeUndefined();
  });
});

it('whatever bytes and knobs come, it never throws, and prints each line once', () => {
  const knobs: PrinterKnob[] = [
    { kind: 'paper-out' },
    { kind: 'paper-out', afterLines: 1 },
    { kind: 'paper-in' },
    { kind: 'cover-open' },
    { kind: 'cover-closed' },
    { kind: 'stuck', on: true },
    { kind: 'stuck', on: false },
    { kind: 'baud', baud: 2400 },
    { kind: 'baud', baud: undefined },
  ];
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom(...knobs), fc.integer({ min: 0, max: 30 }))), (acts) => {
      const on = bench();
      let sent = 0;
      for (const act of acts) {
        if (typeof act === 'number') on.put(bytes(`${sent++}\n`, act === 0 ? CUT : ''));
        else on.put(turn(act));
        on.pass(act === 1 ? 5000 : 3);
      }
      for (const knob of [{ kind: 'stuck', on: false }, { kind: 'cover-closed' }, { kind: 'paper-in' }] as const) {
        on.put(turn(knob));
      }
      on.pass(60_000);
      on.put(bytes(CUT));
      on.pass(60_000);
      const printed = papers(on.effects)
        .flatMap(([, lines]) => lines)
        .filter((text) => text !== '');
      expect(printed).toEqual(Array.from({ length: sent }, (_, i) => String(i)));
    }),
    { numRuns: 200 },
  );
});
