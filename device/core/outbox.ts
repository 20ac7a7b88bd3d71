/**
 * The outbox: the part of the journal past the gateway's cumulative acknowledgement. It holds no records, only two
 * numbers; what is to be sent is read from the journal each time. One batch is on its way at a time, so nothing overtakes.
 *
 * Rules. `have` moves the acknowledgement only forward and never past the journal. What is not urgent waits a little for
 * company. After every reconnect the gateway says where it stands, and sending starts again from there, even if it is
 * further back.
 */
import type { Step } from '#protocol/machine.js';
import { unreachable } from '#protocol/machine.js';
import type { ChainHead } from '#protocol/records/chain.js';
import { type Instant, later, type MonoMs } from '#protocol/time.js';
import { ANSWER_TIMEOUT_MS, OUTBOX_LINGER_MS } from './limits.js';

export interface Outbox {
  readonly head: ChainHead;
  readonly acknowledged: ChainHead;
  readonly online: boolean;
  /** Records are being read, or a batch up to `to` waits for its `have`. */
  readonly flight:
    | { readonly kind: 'none' }
    | { readonly kind: 'reading' }
    | { readonly kind: 'sent'; readonly to: number; readonly until: MonoMs };
  /** When what is unsent must leave at the latest; null when nothing waits. */
  readonly dueAt: MonoMs | null;
  /** The gateway's copy and ours differ: nothing is sent until a person has looked. */
  readonly forked: boolean;
}

export type OutboxInput =
  | { readonly kind: 'grew'; readonly head: ChainHead; readonly urgent: boolean }
  | { readonly kind: 'online'; readonly have: ChainHead }
  | { readonly kind: 'offline' }
  | { readonly kind: 'batch'; readonly from: number; readonly prev: string; readonly bodies: readonly string[] }
  | { readonly kind: 'have'; readonly head: ChainHead }
  | { readonly kind: 'forked' }
  | { readonly kind: 'wake' };

export type OutboxEffect =
  | { readonly kind: 'read'; readonly after: number }
  | { readonly kind: 'send'; readonly from: number; readonly prev: string; readonly bodies: readonly string[] }
  | { readonly kind: 'acknowledge'; readonly head: ChainHead }
  /** The gateway does not answer: the connection is to be rebuilt. */
  | { readonly kind: 'stuck' }
  | { readonly kind: 'alarm'; readonly code: string; readonly what: string };

type OutboxStep = Step<Outbox, OutboxEffect>;

export const outboxOf = (head: ChainHead, acknowledged: ChainHead): Outbox => ({
  head,
  acknowledged,
  online: false,
  flight: { kind: 'none' },
  dueAt: null,
  forked: false,
});

export function stepOutbox(state: Outbox, input: OutboxInput, at: Instant): OutboxStep {
  switch (input.kind) {
    case 'grew': {
      const due = input.urgent ? at.mono : later(at.mono, OUTBOX_LINGER_MS);
      const dueAt = state.dueAt === null || due < state.dueAt ? due : state.dueAt;
      return pump({ ...state, head: input.head, dueAt }, [], at);
    }
    case 'online': {
      const fresh: Outbox = { ...state, online: true, flight: { kind: 'none' } };
      return input.have.seq < state.acknowledged.seq
        ? wentBack(fresh, input.have, at)
        : acknowledged(fresh, input.have, at);
    }
    case 'offline':
      return { state: { ...state, online: false, flight: { kind: 'none' } }, effects: [] };
    case 'batch': {
      if (state.flight.kind !== 'reading') return { state, effects: [] };
      if (input.bodies.length === 0) return { state: { ...state, flight: { kind: 'none' } }, effects: [] };
      const to = input.from + input.bodies.length - 1;
      return {
        state: { ...state, flight: { kind: 'sent', to, until: later(at.mono, ANSWER_TIMEOUT_MS) } },
        effects: [{ kind: 'send', from: input.from, prev: input.prev, bodies: input.bodies }],
      };
    }
    case 'have':
      return acknowledged(state, input.head, at);
    case 'forked':
      return {
        state: { ...state, forked: true, flight: { kind: 'none' } },
        effects: [{ kind: 'alarm', code: 'JOURNAL_FORKED', what: 'the gateway has other records under our numbers' }],
      };
    case 'wake':
      if (state.flight.kind === 'sent' && at.mono >= state.flight.until)
        return { state: { ...state, flight: { kind: 'none' } }, effects: [{ kind: 'stuck' }] };
      return pump(state, [], at);
    default:
      return unreachable(input);
  }
}

/** seq of the last record that has left on this connection, or was acknowledged. */
export const sentTo = ({ flight, acknowledged }: Outbox): number =>
  flight.kind === 'sent' ? flight.to : acknowledged.seq;

export function outboxWakeAt(state: Outbox): MonoMs | undefined {
  if (!state.online || state.forked) return undefined;
  if (state.flight.kind === 'sent') return state.flight.until;
  if (state.flight.kind === 'reading') return undefined;
  return state.dueAt !== null && state.head.seq > state.acknowledged.seq ? state.dueAt : undefined;
}

function acknowledged(state: Outbox, have: ChainHead, at: Instant): OutboxStep {
  if (have.seq > state.head.seq || (have.seq === state.head.seq && have.hash !== state.head.hash)) {
    // The gateway knows records that this journal never wrote, or lost: a restored backup. Never count on from there.
    return stepOutbox(state, { kind: 'forked' }, at);
  }
  // An old one that comes late or twice. A gateway that really has less never confirms what is sent next, so that the
  // line is rebuilt, and its welcome says so.
  if (have.seq < state.acknowledged.seq) return { state, effects: [] };
  const flight =
    state.flight.kind === 'sent' && have.seq < state.flight.to ? state.flight : ({ kind: 'none' } as const);
  const moved = have.seq > state.acknowledged.seq;
  const dueAt = have.seq === state.head.seq ? null : (state.dueAt ?? at.mono);
  return pump({ ...state, acknowledged: have, flight, dueAt }, moved ? [{ kind: 'acknowledge', head: have }] : [], at);
}

/** The gateway came back older than what it once confirmed. Its word counts: we still have everything, and send it again. */
function wentBack(state: Outbox, have: ChainHead, at: Instant): OutboxStep {
  const what = `had ${state.acknowledged.seq}, now says ${have.seq}`;
  return pump(
    { ...state, acknowledged: have, dueAt: at.mono },
    [{ kind: 'alarm', code: 'GATEWAY_WENT_BACK', what }],
    at,
  );
}

/** Starts the next batch where one is due and none is on its way. */
function pump(state: Outbox, effects: readonly OutboxEffect[], at: Instant): OutboxStep {
  const idle = state.online && !state.forked && state.flight.kind === 'none';
  const due = state.dueAt !== null && at.mono >= state.dueAt && state.head.seq > state.acknowledged.seq;
  if (!idle || !due) return { state, effects };
  return {
    state: { ...state, flight: { kind: 'reading' }, dueAt: at.mono },
    effects: [...effects, { kind: 'read', after: state.acknowledged.seq }],
  };
}
