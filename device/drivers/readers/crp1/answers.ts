/** What a CRP/1 result means to a sale, and whether it is that sale's at all. */
import { unreachable } from '#protocol/machine.js';
import type { Fen } from '#protocol/money.js';
import type { ReaderAnswer } from '../reader.js';
import { CURRENCY, type ResultMessage } from './messages.js';

/** What is wrong with the money of a result, in words. Where nothing was charged an empty field harms nobody. */
export function mismatch(result: ResultMessage, asked: { readonly netFen: Fen }): string | undefined {
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

export function toAnswer(result: ResultMessage): ReaderAnswer {
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
