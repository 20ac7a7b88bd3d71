/**
 * The outbox: the part of the journal past the gateway's cumulative acknowledgement.
 *
 * It holds no records, only two numbers; each upload is read from the journal. Uploads leave in order and are answered in
 * order. The next one leaves while the last is being decided, so that a week's sales don't wait for a round trip between
 * any two.
 *
 * Rules. `have` moves the acknowledgement only forward and never past the journal. Records without urgency wait a little
 * for a batch. After every reconnect the gateway reports its head, and sending restarts from there, even if it is further
 * back.
 */
import type { Step } from '#protocol/kernel/machine.js';
import { unreachable } from '#protocol/kernel/machine.js';
import { type Instant, later, type MonoMs, monoMs } from '#protocol/kernel/time.js';
import type { ChainHead } from '#protocol/records/chain.js';
import { ANSWER_TIMEOUT_MS, OUTBOX_LINGER_MS, OUTBOX_WINDOW_BATCHES } from '../limits.js';

export interface Outbox {
  readonly head: ChainHead;
  readonly acknowledged: ChainHead;
  readonly online: boolean;
  /** The journal is reading records after this seq; null: no read is pending. */
  readonly readingAfter: number | null;
  /** The last seq of each upload without its `have` yet, oldest first. */
  readonly sent: readonly number[];
  /** Deadline for progress, after which the connection is stuck; null with nothing in flight. */
  readonly stuckAt: MonoMs | null;
  /** Deadline for unsent records; null if there are none. */
  readonly dueAt: MonoMs | null;
  /** The gateway's copy and ours differ: nothing is sent until a person has decided and the gateway welcomes us again. */
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
  /** The gateway doesn't answer: the connection must be rebuilt. */
  | { readonly kind: 'stuck' }
  | { readonly kind: 'alert'; readonly code: string; readonly what: string };

type OutboxStep = Step<Outbox, OutboxEffect>;

const NOTHING_SENT = { readingAfter: null, sent: [], stuckAt: null } as const;

export const outboxOf = (head: ChainHead, acknowledged: ChainHead): Outbox => ({
  head,
  acknowledged,
  online: false,
  ...NOTHING_SENT,
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
      // A gateway that still sees a fork answers so instead of welcome: an operator has decided since.
      const fresh: Outbox = { ...state, online: true, forked: false, ...NOTHING_SENT };
      return input.have.seq < state.acknowledged.seq
        ? wentBack(fresh, input.have, at)
        : acknowledged(fresh, input.have, at);
    }
    case 'offline':
      return { state: { ...state, online: false, ...NOTHING_SENT }, effects: [] };
    case 'batch':
      return batch(state, input, at);
    case 'have':
      return acknowledged(state, input.head, at);
    case 'forked':
      return {
        state: { ...state, forked: true, ...NOTHING_SENT },
        effects: [
          { kind: 'alert', code: 'JOURNAL_FORKED', what: "the gateway has other records under this journal's numbers" },
        ],
      };
    case 'wake':
      if (state.stuckAt !== null && at.mono >= state.stuckAt)
        return { state: { ...state, ...NOTHING_SENT }, effects: [{ kind: 'stuck' }] };
      return pump(state, [], at);
    default:
      return unreachable(input);
  }
}

/** seq of the last record that was sent on this connection or acknowledged. */
export const sentTo = ({ sent, acknowledged }: Outbox): number => sent.at(-1) ?? acknowledged.seq;

export function outboxWakeAt(state: Outbox): MonoMs | undefined {
  const times = [state.stuckAt, mayRead(state) ? state.dueAt : null].filter((time) => time !== null);
  return times.length === 0 ? undefined : monoMs(Math.min(...times));
}

/** A read requested before the disconnect is no longer what comes next. */
function batch(state: Outbox, read: Extract<OutboxInput, { kind: 'batch' }>, at: Instant): OutboxStep {
  const { from, prev, bodies } = read;
  if (state.readingAfter === null || from !== state.readingAfter + 1) return { state, effects: [] };
  if (bodies.length === 0) return { state: { ...state, readingAfter: null }, effects: [] };
  const to = from + bodies.length - 1;
  const stuckAt = state.stuckAt ?? later(at.mono, ANSWER_TIMEOUT_MS);
  const dueAt = to < state.head.seq ? state.dueAt : null;
  const left: Outbox = { ...state, readingAfter: null, sent: [...state.sent, to], stuckAt, dueAt };
  return pump(left, [{ kind: 'send', from, prev, bodies }], at);
}

function acknowledged(state: Outbox, have: ChainHead, at: Instant): OutboxStep {
  if (have.seq > state.head.seq || (have.seq === state.head.seq && have.hash !== state.head.hash)) {
    // The gateway has records that this journal never wrote, or lost: a restored backup. Never continue from there.
    return stepOutbox(state, { kind: 'forked' }, at);
  }
  // An old `have`, late or doubled. If the gateway really has less, it never confirms the next upload; the connection is
  // then rebuilt, and its welcome reports the lower head.
  if (have.seq < state.acknowledged.seq) return { state, effects: [] };
  const moved = have.seq > state.acknowledged.seq;
  const sent = state.sent.filter((to) => to > have.seq);
  const onTime = moved ? later(at.mono, ANSWER_TIMEOUT_MS) : state.stuckAt;
  const next: Outbox = { ...state, acknowledged: have, sent, stuckAt: sent.length === 0 ? null : onTime };
  const dueAt = sentTo(next) >= next.head.seq ? null : (next.dueAt ?? at.mono);
  return pump({ ...next, dueAt }, moved ? [{ kind: 'acknowledge', head: have }] : [], at);
}

/** The gateway was restored from an older backup. Its head counts: we still have everything, and send it again. */
function wentBack(state: Outbox, have: ChainHead, at: Instant): OutboxStep {
  const what = `had ${state.acknowledged.seq}, now says ${have.seq}`;
  return pump(
    { ...state, acknowledged: have, dueAt: at.mono },
    [{ kind: 'alert', code: 'GATEWAY_WENT_BACK', what }],
    at,
  );
}

/** Starts the next upload if one is due and there is room in flight. */
function pump(state: Outbox, effects: readonly OutboxEffect[], at: Instant): OutboxStep {
  if (!mayRead(state) || state.dueAt === null || at.mono < state.dueAt) return { state, effects };
  const readingAfter = sentTo(state);
  return {
    state: { ...state, readingAfter, dueAt: at.mono },
    effects: [...effects, { kind: 'read', after: readingAfter }],
  };
}

const mayRead = (state: Outbox): boolean =>
  state.online &&
  !state.forked &&
  state.readingAfter === null &&
  state.sent.length < OUTBOX_WINDOW_BATCHES &&
  state.head.seq > sentTo(state);
