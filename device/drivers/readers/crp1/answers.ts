/** Interprets a CRP/1 result: whether it belongs to a sale, and what it means. */
import { unreachable } from '#protocol/kernel/machine.js';
import type { ReaderAnswer, ReaderEffect } from '../reader.js';
import { CURRENCY, type ResultMessage } from './messages.js';
import type { Known } from './state.js';

type Objection = Extract<ReaderEffect, { kind: 'alert' | 'noise' }>;

/** The reason to reject a result, which then gets no ACK; undefined: it matches the request. */
export function objection(
  result: ResultMessage,
  known: Known | undefined,
  { askedAnything, isItsOwn }: { readonly askedAnything: boolean; readonly isItsOwn: boolean },
): Objection | undefined {
  const { ref, state } = result;
  const alert = (code: string, what: string): Objection => ({ kind: 'alert', code, what });
  const noise = (what: string): Objection => ({ kind: 'noise', code: 'READER_RESULT_UNASKED', what });
  if (known === undefined) {
    // After a restart the host receives results that its last run asked for; it will ask again.
    if (!askedAnything) return noise(`a result for ${ref}`);
    return alert('READER_OTHER_REFERENCE', `a result for ${ref}, which was not asked for`);
  }
  const wrong = mismatch(result, known);
  if (wrong !== undefined) return alert('READER_OTHER_AMOUNT', `the result for ${ref} has ${wrong}`);
  if (state === 'NOTFOUND' && !known.statSent) return noise(`NOTFOUND for ${ref} without a question`);
  const final = finality(toAnswer(result, isItsOwn));
  if (final === undefined || known.final === undefined || known.final === final) return undefined;
  return alert('READER_RESULT_CHANGED', `${ref} was ${known.final} and is now ${final}`);
}

/** The mismatch of a result's money, in words. Where nothing was charged, an empty field is harmless. */
function mismatch(result: ResultMessage, asked: Known): string | undefined {
  if (result.state === 'NOTFOUND' || result.state === 'EXPIRED') return undefined;
  const mayBeEmpty = result.state !== 'APPROVED';
  if (result.amountFen === null ? !mayBeEmpty : result.amountFen !== asked.netFen) {
    return `${result.amountFen ?? 'no'} fen instead of ${asked.netFen}`;
  }
  if (result.currency === '' ? !mayBeEmpty : result.currency !== CURRENCY) {
    return `currency ${result.currency || 'none'} instead of ${CURRENCY}`;
  }
  return undefined;
}

/** `isItsOwn`: as far as known, the answering reader is the one that was given the charge. */
export function toAnswer(result: ResultMessage, isItsOwn: boolean): ReaderAnswer {
  const notCharged = (outcome: Extract<ReaderAnswer, { kind: 'not-charged' }>['outcome']): ReaderAnswer => ({
    kind: 'not-charged',
    outcome,
    code: result.code || result.state,
  });
  switch (result.state) {
    case 'APPROVED': {
      const { auth, rrn, last4, scheme, time } = result;
      return { kind: 'approved', slip: { auth, rrn, last4, scheme, readerTime: time } };
    }
    case 'DECLINED':
      return notCharged('declined');
    case 'CANCELLED':
      return notCharged('cancelled');
    case 'TIMEOUT':
      return notCharged('timeout');
    case 'ERROR':
      return notCharged('error');
    case 'NOTFOUND':
      // A new reader knows nothing of the broken one's charges.
      if (!isItsOwn) return { kind: 'cannot-say', why: 'another reader had the charge; this one has no record of it' };
      return notCharged('not-found');
    case 'PENDING':
      return { kind: 'running' };
    case 'UNKNOWN':
      return { kind: 'cannot-say', why: 'the reader sent it online and got no answer' };
    case 'EXPIRED':
      return { kind: 'cannot-say', why: 'the reader no longer keeps results of that age' };
    default:
      return unreachable(result.state);
  }
}

/** Two final results of one reference must not contradict each other. */
export function finality(answer: ReaderAnswer): string | undefined {
  switch (answer.kind) {
    case 'approved':
      return 'approved';
    case 'not-charged':
      return answer.outcome;
    case 'running':
    case 'cannot-say':
      return undefined;
    default:
      return unreachable(answer);
  }
}
