import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Instant, monoMs } from '#protocol/kernel/time.js';
import type { CardSlip } from '#protocol/records/record.js';
import { ASK_EVERY_MS, ASK_FOR_MS, CHARGE_WORST_MS, RUNNING_FOR_MS } from '../limits.js';
import {
  permit,
  type ReaderTransaction,
  type ReaderTransactionEffect,
  type ReaderTransactionInput,
  readerTransactionWakeAt,
  resume,
  stepReaderTransaction,
} from './reader-transaction.js';

const SLIP: CardSlip = {
  auth: '123456',
  rrn: '000000000001',
  last4: '4321',
  scheme: 'UPI',
  readerTime: '20230327090501',
};
const at = (ms: number): Instant => ({ mono: monoMs(ms), wall: undefined });
const approved: ReaderTransactionInput = { kind: 'answer', answer: { kind: 'approved', slip: SLIP } };
const notFound: ReaderTransactionInput = {
  kind: 'answer',
  answer: { kind: 'not-charged', outcome: 'not-found', code: 'NOTFOUND' },
};
const cannotSay: ReaderTransactionInput = { kind: 'answer', answer: { kind: 'cannot-say', why: 'UNKNOWN' } };
const journalled: ReaderTransactionInput = { kind: 'journalled' };

/** Plays inputs at the given times; returns every effect in order, and the final state. */
function play(
  from: ReaderTransaction,
  script: readonly (readonly [number, ReaderTransactionInput])[],
): { end: ReaderTransaction; effects: ReaderTransactionEffect['kind'][] } {
  let state = from;
  const effects: ReaderTransactionEffect['kind'][] = [];
  for (const [ms, input] of script) {
    const step = stepReaderTransaction(state, input, at(ms));
    state = step.state;
    effects.push(...step.effects.map((effect) => effect.kind));
  }
  return { end: state, effects };
}

describe('a movement of money', () => {
  it('is commanded once its permission is durable, and acknowledged once its outcome is', () => {
    const { end, effects } = play(permit(null), [
      [0, journalled],
      [5_000, approved],
      [5_003, journalled],
    ]);
    expect(end).toEqual({ at: 'closed', outcome: { kind: 'approved', slip: SLIP } });
    expect(effects).toEqual(['command', 'record-outcome', 'stored']);
  });

  it('is never commanded when the lease may end before the reader has answered', () => {
    const { end, effects } = play(permit(monoMs(CHARGE_WORST_MS + 10)), [[11, journalled]]);
    expect(effects).toEqual(['record-outcome']);
    expect(end).toMatchObject({ at: 'closing', outcome: { kind: 'not-charged', code: 'LEASE_EXPIRED' } });
  });

  it('is not commanded when the cashier cancelled while the permission was being written', () => {
    expect(
      play(permit(null), [
        [0, { kind: 'cancel' }],
        [1, journalled],
      ]).end,
    ).toMatchObject({ outcome: { outcome: 'cancelled' } });
  });

  it('ends as not charged when the reader refuses the command itself', () => {
    expect(
      play(permit(null), [
        [0, journalled],
        [1, { kind: 'refused', code: 'BUSY' }],
      ]).end,
    ).toMatchObject({ outcome: { kind: 'not-charged', code: 'BUSY' } });
  });

  it('never takes a refused question for a refused charge', () => {
    const { end } = play(permit(null), [
      [0, journalled],
      [500, { kind: 'silent', why: 'no ACK' }],
      [510, { kind: 'refused', code: 'BUSY' }],
    ]);
    expect(end.at).toBe('checking');
  });

  it('treats a reference known with another amount as doubt, not as a refusal', () => {
    expect(
      play(permit(null), [
        [0, journalled],
        [1, { kind: 'refused', code: 'REFCONFLICT' }],
      ]).end.at,
    ).toBe('checking');
  });

  it('asks a silent reader every 2 s for 60 s and then gives it to a person', () => {
    let state: ReaderTransaction = play(permit(null), [
      [0, journalled],
      [0, { kind: 'silent', why: 'no ACK' }],
    ]).end;
    let asked = 1;
    let ms = 0;
    while (state.at === 'checking') {
      ms = Number(readerTransactionWakeAt(state));
      const step = stepReaderTransaction(state, { kind: 'wake' }, at(ms));
      asked += step.effects.filter((effect) => effect.kind === 'ask').length;
      state = step.state;
    }
    expect({ ms, asked, at: state.at }).toEqual({
      ms: ASK_FOR_MS,
      asked: ASK_FOR_MS / ASK_EVERY_MS,
      at: 'recording-unknown',
    });
  });

  it.each([
    ['approved after all', approved, { kind: 'approved', slip: SLIP }],
    ['never had it', notFound, { kind: 'not-charged', outcome: 'not-found', code: 'NOTFOUND' }],
  ])('is closed from a person’s hands when the reader comes back and says: %s', (_says, answer, outcome) => {
    const parked: ReaderTransaction = { at: 'unknown', why: 'no answer' };
    const { end, effects } = play(parked, [
      [0, { kind: 'reader-ready' }],
      [10, answer],
      [11, journalled],
    ]);
    expect(effects).toEqual(['ask', 'record-outcome', 'stored']);
    expect(end).toEqual({ at: 'closed', outcome });
  });

  it('keeps an answer that comes while it is being handed to a person', () => {
    const { end, effects } = play({ at: 'recording-unknown', why: 'silence', answered: null, askAgain: false }, [
      [0, approved],
      [0, notFound],
      [1, journalled],
      [2, journalled],
    ]);
    expect(effects).toEqual(['record-outcome', 'stored']);
    expect(end).toMatchObject({ at: 'closed', outcome: { kind: 'approved' } });
  });

  it('asks a reader that came back while it was being handed to a person', () => {
    const { end, effects } = play({ at: 'recording-unknown', why: 'silence', answered: null, askAgain: false }, [
      [0, { kind: 'reader-ready' }],
      [1, journalled],
    ]);
    expect(effects).toEqual(['ask']);
    expect(end.at).toBe('unknown');
  });

  it('goes to a person at once when the reader itself says that it does not know', () => {
    expect(
      play(resume(at(0)), [
        [0, { kind: 'wake' }],
        [5, cannotSay],
      ]).end.at,
    ).toBe('recording-unknown');
  });

  it('gives a reader that is still busy with it all the time it needs', () => {
    const running: ReaderTransactionInput = { kind: 'answer', answer: { kind: 'running' } };
    const { end } = play(resume(at(0)), [
      [59_000, running],
      [ASK_FOR_MS + 1, { kind: 'wake' }],
    ]);
    expect(end.at).toBe('checking');
  });

  it('goes to a person when the reader says for five minutes that it is still busy with it', () => {
    const running: ReaderTransactionInput = { kind: 'answer', answer: { kind: 'running' } };
    let state = resume(at(0));
    let ms = 0;
    while (state.at === 'checking') {
      ms += 2_000;
      state = play(state, [
        [ms, { kind: 'wake' }],
        [ms, running],
      ]).end;
    }
    expect({ ms, state }).toMatchObject({ ms: RUNNING_FOR_MS, state: { at: 'recording-unknown' } });
  });

  it('asks again, and commands nothing, after a power cut', () => {
    const { end, effects } = play(resume(at(0)), [
      [0, { kind: 'wake' }],
      [1, { kind: 'reader-ready' }],
      [2, notFound],
      [3, journalled],
    ]);
    expect(effects).toEqual(['ask', 'ask', 'record-outcome', 'stored']);
    expect(end).toMatchObject({ at: 'closed', outcome: { kind: 'not-charged' } });
  });

  const anyInput: fc.Arbitrary<ReaderTransactionInput> = fc.constantFrom<ReaderTransactionInput>(
    journalled,
    approved,
    notFound,
    cannotSay,
    { kind: 'answer', answer: { kind: 'running' } },
    { kind: 'silent', why: 'x' },
    { kind: 'refused', code: 'BUSY' },
    { kind: 'refused', code: 'REFCONFLICT' },
    { kind: 'reader-ready' },
    { kind: 'ask-again' },
    { kind: 'cancel' },
    { kind: 'wake' },
  );

  it('law: whatever comes, one command, one outcome, and the reader is told to forget only what is on the disk', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 90_000 }), anyInput), { maxLength: 40 }),
        fc.boolean(),
        (script, afterPowerCut) => {
          let state = afterPowerCut ? resume(at(0)) : permit(null);
          let ms = 0;
          let commands = 0;
          let outcomes = 0;
          let durable = false;
          /** The only record outstanding, if any: the disk confirms only requested records. */
          let writing: 'permission' | 'unknown' | 'outcome' | null = afterPowerCut ? null : 'permission';
          for (const [by, input] of script) {
            ms += by;
            if (input.kind === 'journalled') {
              if (writing === null) continue;
              durable = durable || writing === 'outcome';
              writing = null;
            }
            const step = stepReaderTransaction(state, input, at(ms));
            state = step.state;
            for (const effect of step.effects) {
              if (effect.kind === 'command') commands += 1;
              if (effect.kind === 'record-outcome' || effect.kind === 'record-unknown') {
                expect(writing).toBeNull();
                writing = effect.kind === 'record-outcome' ? 'outcome' : 'unknown';
                if (effect.kind === 'record-outcome') outcomes += 1;
              }
              if (effect.kind === 'stored') expect(durable).toBe(true);
            }
          }
          expect(commands).toBeLessThanOrEqual(afterPowerCut ? 0 : 1);
          expect(outcomes).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 500 },
    );
  });
});
