import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Instant, monoMs } from '#protocol/kernel/time.js';
import type { ChainHead } from '#protocol/records/chain.js';
import { ANSWER_TIMEOUT_MS, OUTBOX_LINGER_MS } from '../limits.js';
import { type Outbox, type OutboxEffect, type OutboxInput, outboxOf, outboxWakeAt, stepOutbox } from './outbox.js';

const at = (ms: number): Instant => ({ mono: monoMs(ms), wall: undefined });
const head = (seq: number, hash = 'a'): ChainHead => ({ seq, hash: hash.repeat(64) });

function play(
  from: Outbox,
  script: readonly (readonly [number, OutboxInput])[],
): { end: Outbox; effects: OutboxEffect[] } {
  let state = from;
  const effects: OutboxEffect[] = [];
  for (const [ms, input] of script) {
    const step = stepOutbox(state, input, at(ms));
    state = step.state;
    effects.push(...step.effects);
  }
  return { end: state, effects };
}
const kinds = (effects: readonly OutboxEffect[]): string[] => effects.map((effect) => effect.kind);
const batch = (from: number, count: number): OutboxInput => ({
  kind: 'batch',
  from,
  prev: '0'.repeat(64),
  bodies: Array.from({ length: count }, () => '{}'),
});

describe('the outbox', () => {
  it('sends an urgent record at once and is empty after the gateway has it', () => {
    const { end, effects } = play(outboxOf(head(0), head(0)), [
      [0, { kind: 'online', have: head(0) }],
      [1, { kind: 'grew', head: head(2), urgent: true }],
      [2, batch(1, 2)],
      [3, { kind: 'have', head: head(2) }],
    ]);
    expect(kinds(effects)).toEqual(['read', 'send', 'acknowledge']);
    expect(outboxWakeAt(end)).toBeUndefined();
  });

  it('lets what is not urgent wait for company', () => {
    const { end, effects } = play(outboxOf(head(0), head(0)), [
      [0, { kind: 'online', have: head(0) }],
      [1, { kind: 'grew', head: head(1), urgent: false }],
    ]);
    expect(effects).toEqual([]);
    expect(outboxWakeAt(end)).toBe(1 + OUTBOX_LINGER_MS);
    expect(kinds(play(end, [[1 + OUTBOX_LINGER_MS, { kind: 'wake' }]]).effects)).toEqual(['read']);
  });

  it('holds everything while the line is down and starts where the gateway stands', () => {
    const { effects } = play(outboxOf(head(0), head(0)), [
      [0, { kind: 'grew', head: head(9), urgent: true }],
      [5, { kind: 'online', have: head(4) }],
    ]);
    expect(effects).toEqual([
      { kind: 'acknowledge', head: head(4) },
      { kind: 'read', after: 4 },
    ]);
  });

  it('calls the connection stuck when no answer comes, and sends the same again after the next welcome', () => {
    const sent = play(outboxOf(head(3), head(0)), [
      [0, { kind: 'online', have: head(0) }],
      [0, { kind: 'wake' }],
      [1, batch(1, 3)],
    ]);
    const stuck = play(sent.end, [
      [1 + ANSWER_TIMEOUT_MS, { kind: 'wake' }],
      [1 + ANSWER_TIMEOUT_MS, { kind: 'offline' }],
    ]);
    expect(kinds(stuck.effects)).toEqual(['stuck']);
    expect(play(stuck.end, [[30_000, { kind: 'online', have: head(0) }]]).effects).toEqual([
      { kind: 'read', after: 0 },
    ]);
  });

  it.each([
    ['knows records that this journal never wrote', head(8)],
    ['has another record under our newest number', head(5, 'b')],
  ])('stops for good when the gateway %s', (_name, have) => {
    const { end, effects } = play(outboxOf(head(5), head(2)), [
      [0, { kind: 'online', have }],
      [1, { kind: 'grew', head: head(6), urgent: true }],
    ]);
    expect(kinds(effects)).toEqual(['alert']);
    expect(end.forked).toBe(true);
  });

  it('lets go of everything on its way when the line goes, reads nothing without it, and sends it again with it', () => {
    const { end } = play(outboxOf(head(0), head(0)), [
      [0, { kind: 'online', have: head(0) }],
      [1, { kind: 'grew', head: head(2), urgent: true }],
      [2, batch(1, 2)],
      [3, { kind: 'offline' }],
    ]);
    expect(end).toMatchObject({ online: false, sent: [], readingAfter: null, stuckAt: null });
    expect(outboxWakeAt(end)).toBeUndefined();
    const { effects } = play(end, [
      [4, { kind: 'grew', head: head(3), urgent: true }],
      [5 + ANSWER_TIMEOUT_MS, { kind: 'wake' }],
    ]);
    expect(effects).toEqual([]);
    expect(play(end, [[9, { kind: 'online', have: head(0) }]]).effects).toEqual([{ kind: 'read', after: 0 }]);
  });

  it('goes on where it stopped once a gateway that had called it forked welcomes it again', () => {
    const stopped = play(outboxOf(head(5), head(2)), [
      [0, { kind: 'online', have: head(2) }],
      [1, { kind: 'forked' }],
      [2, { kind: 'offline' }],
    ]);
    expect(stopped.end.forked).toBe(true);
    const { end, effects } = play(stopped.end, [[3, { kind: 'online', have: head(2) }]]);
    expect(end.forked).toBe(false);
    expect(effects).toEqual([{ kind: 'read', after: 2 }]);
  });

  it('sends everything again to a gateway that came back older', () => {
    const { effects } = play(outboxOf(head(5), head(5)), [[0, { kind: 'online', have: head(2) }]]);
    expect(effects).toEqual([
      expect.objectContaining({ kind: 'alert', code: 'GATEWAY_WENT_BACK' }),
      { kind: 'read', after: 2 },
    ]);
  });

  it('takes no old word for a gateway that went back, and asks one that never confirms anew', () => {
    const late = play(outboxOf(head(5), head(5)), [
      [0, { kind: 'online', have: head(5) }],
      [1, { kind: 'have', head: head(2) }],
      [2, { kind: 'grew', head: head(6), urgent: true }],
      [3, batch(6, 1)],
      [4, { kind: 'have', head: head(2) }],
    ]);
    expect(kinds(late.effects)).toEqual(['read', 'send']);
    expect(late.end.acknowledged).toEqual(head(5));
    expect(kinds(play(late.end, [[3 + ANSWER_TIMEOUT_MS, { kind: 'wake' }]]).effects)).toEqual(['stuck']);
  });

  it('sends the next batch while the last is being decided, and no more than the window', () => {
    const { end, effects } = play(outboxOf(head(30), head(0)), [
      [0, { kind: 'online', have: head(0) }],
      [1, batch(1, 10)],
      [2, batch(11, 10)],
      [3, { kind: 'wake' }],
      [4, { kind: 'have', head: head(10) }],
    ]);
    expect(effects).toEqual([
      { kind: 'read', after: 0 },
      expect.objectContaining({ kind: 'send', from: 1 }),
      { kind: 'read', after: 10 },
      expect.objectContaining({ kind: 'send', from: 11 }),
      { kind: 'acknowledge', head: head(10) },
      { kind: 'read', after: 20 },
    ]);
    expect(end.sent).toEqual([20]);
  });

  it('has all the time again for what is left on the way whenever the gateway gets on', () => {
    const { end } = play(outboxOf(head(20), head(0)), [
      [0, { kind: 'online', have: head(0) }],
      [1, batch(1, 10)],
      [2, batch(11, 10)],
      [ANSWER_TIMEOUT_MS, { kind: 'have', head: head(10) }],
    ]);
    expect(outboxWakeAt(end)).toBe(2 * ANSWER_TIMEOUT_MS);
  });

  it('ignores records that were read for a connection that is gone', () => {
    const { effects } = play(outboxOf(head(9), head(0)), [
      [0, { kind: 'online', have: head(0) }],
      [1, { kind: 'offline' }],
      [2, { kind: 'online', have: head(4) }],
      [3, batch(1, 9)],
      [4, batch(5, 5)],
    ]);
    expect(effects.filter(({ kind }) => kind === 'send')).toEqual([expect.objectContaining({ from: 5 })]);
  });

  it('lets what is not urgent wait for company also while a batch is on its way', () => {
    const { end, effects } = play(outboxOf(head(0), head(0)), [
      [0, { kind: 'online', have: head(0) }],
      [1, { kind: 'grew', head: head(2), urgent: true }],
      [2, batch(1, 2)],
      [3, { kind: 'grew', head: head(3), urgent: false }],
      [4, { kind: 'have', head: head(2) }],
    ]);
    expect(kinds(effects)).toEqual(['read', 'send', 'acknowledge']);
    expect(outboxWakeAt(end)).toBe(3 + OUTBOX_LINGER_MS);
  });
});

describe('whatever the line does', () => {
  /** A gateway that takes records in order, and answers each message with its head. */
  class Gateway {
    have = 0;
    take(from: number, count: number): ChainHead {
      if (from <= this.have + 1) this.have = Math.max(this.have, from + count - 1);
      return head(this.have);
    }
  }
  type Message = Extract<OutboxEffect, { kind: 'send' }>;
  const happening = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('grow' as const), by: fc.integer({ min: 1, max: 700 }) }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('read', 'deliver', 'lose', 'double', 'answer') }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('cut', 'wait') }) },
  );

  it('no record is skipped, none is called acknowledged that the gateway has not, and in the end all are there', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 120 }), (script) => {
        const gateway = new Gateway();
        let state = outboxOf(head(0), head(0));
        let now = 0;
        const reads: number[] = [];
        let messages: Message[] = [];
        let answers: ChainHead[] = [];
        let left = 0;
        const feed = (input: OutboxInput): void => {
          const step = stepOutbox(state, input, at(now));
          state = step.state;
          for (const effect of step.effects) {
            if (effect.kind === 'read') reads.push(effect.after);
            if (effect.kind === 'send') {
              expect(effect.from).toBeLessThanOrEqual(left + 1);
              left = effect.from + effect.bodies.length - 1;
              messages.push(effect);
            }
            if (effect.kind === 'stuck') cut();
            expect(effect.kind).not.toBe('alert');
          }
          expect(state.acknowledged.seq).toBeLessThanOrEqual(gateway.have);
        };
        const cut = (): void => {
          messages = [];
          answers = [];
          feed({ kind: 'offline' });
          feed({ kind: 'online', have: head(gateway.have) });
          left = state.acknowledged.seq;
        };
        const read = (): void => {
          const after = reads.shift();
          if (after !== undefined) feed(batch(after + 1, Math.min(500, state.head.seq - after)));
        };
        const deliver = (): void => {
          const message = messages.shift();
          if (message !== undefined) answers.push(gateway.take(message.from, message.bodies.length));
        };
        const answer = (): void => {
          const have = answers.shift();
          if (have !== undefined) feed({ kind: 'have', head: have });
        };
        const wait = (): void => {
          const wake = outboxWakeAt(state);
          now = wake === undefined ? now + 1_000 : Math.max(now, wake);
          feed({ kind: 'wake' });
        };
        cut();
        for (const one of script) {
          now += 1;
          if (one.kind === 'grow' && 'by' in one)
            feed({ kind: 'grew', head: head(state.head.seq + one.by), urgent: one.by % 2 === 0 });
          else if (one.kind === 'read') read();
          else if (one.kind === 'deliver') deliver();
          else if (one.kind === 'lose') messages.shift();
          else if (one.kind === 'double') messages.unshift(...messages.slice(0, 1));
          else if (one.kind === 'answer') answer();
          else if (one.kind === 'cut') cut();
          else wait();
        }
        for (let turn = 0; turn < 1_000 && state.acknowledged.seq < state.head.seq; turn++) {
          read();
          deliver();
          answer();
          wait();
        }
        expect(gateway.have).toBe(state.head.seq);
        expect(state.acknowledged.seq).toBe(state.head.seq);
      }),
      { numRuns: 300 },
    );
  });
});
