/**
 * One reader transaction, a charge or a refund: sent once its permission is durable, and followed until the reader reports
 * the outcome.
 *
 *   permitting -> moving -> closing -> closed          the usual way
 *                 moving -> checking -> closing        the reader fell silent: query every 2 s for 60 s, or for
 *                                                      5 minutes while it reports that it is still running
 *                           checking -> recording-unknown -> unknown    the outcome is unknown: a person must act
 *                                                            unknown -> closing    a late answer, or another query
 *
 * Rules. Only the reader's answer ends a reader transaction. "Refused" counts only for the command itself, and only while
 * nothing else is known: a refused query says nothing about the charge. There is never a second reference.
 */
import { type Step, unreachable } from '#protocol/kernel/machine.js';
import { earliestWake, type Instant, later, type MonoMs } from '#protocol/kernel/time.js';
import type { CardSlip } from '#protocol/records/record.js';
import { ASK_EVERY_MS, ASK_FOR_MS, CHARGE_WORST_MS, RUNNING_FOR_MS } from '../limits.js';

export type NotMoved = 'declined' | 'cancelled' | 'timeout' | 'error' | 'not-found';

export type Outcome =
  | { readonly kind: 'approved'; readonly slip: CardSlip }
  | { readonly kind: 'not-charged'; readonly outcome: NotMoved; readonly code: string };

export type ReaderTransaction =
  /** The permitting record is being written. `before`: send no command at or after this time. */
  | { readonly at: 'permitting'; readonly before: MonoMs | null; readonly cancelled: boolean }
  | { readonly at: 'moving'; readonly until: MonoMs }
  | {
      readonly at: 'checking';
      readonly why: string;
      readonly nextAskAt: MonoMs;
      /** Deadline without an answer. */
      readonly until: MonoMs;
      /** Hard deadline, however often the reader reports that it is still running. */
      readonly atMostUntil: MonoMs;
    }
  /**
   * The `unknown` record is being written. `answered` holds an answer that arrives meanwhile, and `askAgain` a request to
   * query again.
   */
  | {
      readonly at: 'recording-unknown';
      readonly why: string;
      readonly answered: Outcome | null;
      readonly askAgain: boolean;
    }
  | { readonly at: 'unknown'; readonly why: string }
  /** The outcome's record is being written. */
  | { readonly at: 'closing'; readonly outcome: Outcome }
  | { readonly at: 'closed'; readonly outcome: Outcome };

export type ReaderTransactionInput =
  /** The last requested record is durable. */
  | { readonly kind: 'journalled' }
  | { readonly kind: 'answer'; readonly answer: ReaderResult }
  | { readonly kind: 'silent'; readonly why: string }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'reader-ready' }
  | { readonly kind: 'ask-again' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'wake' };

/** The reader's report about this reference. */
export type ReaderResult =
  | { readonly kind: 'approved'; readonly slip: CardSlip }
  | { readonly kind: 'not-charged'; readonly outcome: NotMoved; readonly code: string }
  | { readonly kind: 'running' }
  | { readonly kind: 'cannot-say'; readonly why: string };

export type ReaderTransactionEffect =
  | { readonly kind: 'command' }
  | { readonly kind: 'ask' }
  | { readonly kind: 'cancel-command' }
  | { readonly kind: 'record-unknown'; readonly why: string }
  | { readonly kind: 'record-outcome'; readonly outcome: Outcome }
  /** The outcome is durable here: the reader may forget it. */
  | { readonly kind: 'stored' };

type ReaderTransactionStep = Step<ReaderTransaction, ReaderTransactionEffect>;

/**
 * A transaction whose permission is being journalled now. `before`: the lease's end on the monotonic clock, null without
 * one.
 */
export const permit = (before: MonoMs | null): ReaderTransaction => ({ at: 'permitting', before, cancelled: false });

/** After a power cut between permission and outcome: whether the command was sent is unknown. */
export const resume = (at: Instant): ReaderTransaction => checkingFrom('power cut while the reader had the charge', at);

export function stepReaderTransaction(
  state: ReaderTransaction,
  input: ReaderTransactionInput,
  at: Instant,
): ReaderTransactionStep {
  switch (state.at) {
    case 'permitting':
      if (input.kind === 'cancel') return stay(state.cancelled ? state : { ...state, cancelled: true });
      if (input.kind !== 'journalled') return stay(state);
      if (state.cancelled) return close({ kind: 'not-charged', outcome: 'cancelled', code: 'BEFORE_COMMAND' });
      if (state.before !== null && later(at.mono, CHARGE_WORST_MS) > state.before) {
        return close({ kind: 'not-charged', outcome: 'error', code: 'LEASE_EXPIRED' });
      }
      return { state: { at: 'moving', until: later(at.mono, CHARGE_WORST_MS) }, effects: [{ kind: 'command' }] };
    case 'moving':
      return stepMoving(state, input, at);
    case 'checking':
      return stepChecking(state, input, at);
    case 'recording-unknown':
      return stepRecordingUnknown(state, input);
    case 'unknown':
      return stepUnknown(state, input);
    case 'closing':
      if (input.kind !== 'journalled') return stay(state);
      return { state: { at: 'closed', outcome: state.outcome }, effects: [{ kind: 'stored' }] };
    case 'closed':
      // A reader that missed our acknowledgement repeats its result: acknowledge again and do nothing else.
      return input.kind === 'answer' ? { state, effects: [{ kind: 'stored' }] } : stay(state);
    default:
      return unreachable(state);
  }
}

export function readerTransactionWakeAt(state: ReaderTransaction): MonoMs | undefined {
  if (state.at === 'moving') return state.until;
  if (state.at === 'checking') return earliestWake(state.nextAskAt, state.until);
  return undefined;
}

function stepMoving(
  state: ReaderTransaction & { at: 'moving' },
  input: ReaderTransactionInput,
  at: Instant,
): ReaderTransactionStep {
  switch (input.kind) {
    case 'answer': {
      const outcome = outcomeOf(input.answer);
      if (outcome !== null) return close(outcome);
      return input.answer.kind === 'cannot-say' ? check(input.answer.why, at) : stay(state);
    }
    case 'refused':
      // The reader knows the reference with another amount: the only refusal that leaves money in doubt.
      return input.code === 'REFCONFLICT'
        ? check('the reader knows this reference with another amount', at)
        : close({ kind: 'not-charged', outcome: 'error', code: input.code });
    case 'silent':
      return check(input.why, at);
    case 'reader-ready':
      return check('the reader restarted', at);
    case 'cancel':
      return { state, effects: [{ kind: 'cancel-command' }] };
    case 'wake':
      return at.mono >= state.until ? check('no result in time', at) : stay(state);
    case 'ask-again':
      return { state, effects: [{ kind: 'ask' }] };
    case 'journalled':
      return stay(state);
    default:
      return unreachable(input);
  }
}

function stepChecking(
  state: ReaderTransaction & { at: 'checking' },
  input: ReaderTransactionInput,
  at: Instant,
): ReaderTransactionStep {
  switch (input.kind) {
    case 'answer': {
      const outcome = outcomeOf(input.answer);
      if (outcome !== null) return close(outcome);
      // UNKNOWN is the reader's final answer: another minute of queries would only keep the customer waiting.
      if (input.answer.kind === 'cannot-say') return giveUp(input.answer.why);
      if (at.mono >= state.atMostUntil) return giveUp('the reader still reports it as running');
      // The reader is alive and has the charge, so its full time starts over.
      return stay({ ...state, until: later(at.mono, ASK_FOR_MS) });
    }
    case 'reader-ready':
    case 'ask-again':
      return { state: { ...state, nextAskAt: later(at.mono, ASK_EVERY_MS) }, effects: [{ kind: 'ask' }] };
    case 'wake':
      if (at.mono >= state.until) return giveUp(state.why);
      if (at.mono < state.nextAskAt) return stay(state);
      return { state: { ...state, nextAskAt: later(at.mono, ASK_EVERY_MS) }, effects: [{ kind: 'ask' }] };
    case 'cancel':
      return { state, effects: [{ kind: 'cancel-command' }] };
    case 'silent':
    case 'refused':
    case 'journalled':
      return stay(state);
    default:
      return unreachable(input);
  }
}

function stepRecordingUnknown(
  state: ReaderTransaction & { at: 'recording-unknown' },
  input: ReaderTransactionInput,
): ReaderTransactionStep {
  switch (input.kind) {
    case 'answer': {
      const outcome = outcomeOf(input.answer);
      // The first outcome counts; the driver raises an alert about a contradicting one.
      return stay(outcome === null || state.answered !== null ? state : { ...state, answered: outcome });
    }
    case 'reader-ready':
    case 'ask-again':
      return stay(state.askAgain ? state : { ...state, askAgain: true });
    case 'journalled':
      if (state.answered !== null) return close(state.answered);
      return { state: { at: 'unknown', why: state.why }, effects: state.askAgain ? [{ kind: 'ask' }] : [] };
    default:
      return stay(state);
  }
}

function stepUnknown(
  state: ReaderTransaction & { at: 'unknown' },
  input: ReaderTransactionInput,
): ReaderTransactionStep {
  if (input.kind === 'answer') {
    const outcome = outcomeOf(input.answer);
    return outcome === null ? stay(state) : close(outcome);
  }
  // A person asks again, or a reconnected reader may know more.
  if (input.kind === 'ask-again' || input.kind === 'reader-ready') return { state, effects: [{ kind: 'ask' }] };
  return stay(state);
}

function outcomeOf(word: ReaderResult): Outcome | null {
  switch (word.kind) {
    case 'approved':
      return { kind: 'approved', slip: word.slip };
    case 'not-charged':
      return { kind: 'not-charged', outcome: word.outcome, code: word.code };
    case 'running':
    case 'cannot-say':
      return null;
    default:
      return unreachable(word);
  }
}

const stay = (state: ReaderTransaction): ReaderTransactionStep => ({ state, effects: [] });
const close = (outcome: Outcome): ReaderTransactionStep => ({
  state: { at: 'closing', outcome },
  effects: [{ kind: 'record-outcome', outcome }],
});
const giveUp = (why: string): ReaderTransactionStep => ({
  state: { at: 'recording-unknown', why, answered: null, askAgain: false },
  effects: [{ kind: 'record-unknown', why }],
});
const checkingFrom = (why: string, at: Instant): ReaderTransaction & { at: 'checking' } => ({
  at: 'checking',
  why,
  nextAskAt: at.mono,
  until: later(at.mono, ASK_FOR_MS),
  atMostUntil: later(at.mono, RUNNING_FOR_MS),
});
const check = (why: string, at: Instant): ReaderTransactionStep => ({
  state: { ...checkingFrom(why, at), nextAskAt: later(at.mono, ASK_EVERY_MS) },
  effects: [{ kind: 'ask' }],
});
