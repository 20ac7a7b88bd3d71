/** Laws of the printer's conversation, for any order of events. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { monoMs } from '#protocol/kernel/time.js';
import {
  job,
  look,
  lost,
  model,
  OFFLINE,
  ONLINE,
  PAPER_OUT,
  PrinterBench,
  resume,
  up,
} from '../../../test/doubles/escpos-bench.js';
import { createPrinter } from './escpos.js';
import type { PrinterInput, PrintJob } from './printer.js';

describe('whatever happens, in whatever order', () => {
  const status = fc.constantFrom('none' as const, 'dle-eot' as const, 'asb' as const);
  const id = fc.constantFrom('A', 'B', 'C', 'D');
  /** Its first byte occurs nowhere else, so that it can be counted on the line. */
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
    // Then the next query may follow: a byte in the same chunk as the last answer came before that query and answers
    // nothing.
    const untilKnown = ({ did }: PrinterBench): readonly string[] => {
      const lines = did.filter((line) => !line.startsWith('noise'));
      const known = lines.findIndex((line) => !line.startsWith('ask'));
      return known === -1 ? lines : lines.slice(0, known + 1);
    };
    fc.assert(
      fc.property(
        fc.constantFrom('dle-eot' as const, 'asb' as const),
        fc.uint8Array({ maxLength: 40 }),
        (kind, bytes) => {
          const whole = new PrinterBench(kind)
            .tell(up)
            .print('A')
            .written()
            .bytes(...bytes);
          const cut = new PrinterBench(kind).tell(up).print('A').written();
          for (const byte of bytes) cut.bytes(byte);
          expect(untilKnown(cut)).toEqual(untilKnown(whole));
        },
      ),
    );
  });
});
