/**
 * Finds the holder of a payment code and checks that it may still pay.
 *
 * A code pays once: the ledger keeps the time step of the newest code used in a request for one of the holder's sales. The
 * same sale may ask again with it; for another sale it is refused, and so is an older code.
 *
 * The tally of wrong codes stops a counter that guesses. Only codes with a holder's number count: customers without coupons
 * have other numbers and are honest.
 */
import type { ReasonCode } from '#protocol/faults/reasons.js';
import { err, ok, type Result } from '#protocol/kernel/result.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { AuthoriseOp, CheckedPresentation } from '../../ports/ledger.js';
import type { BatchOverlay } from '../book/batch-overlay.js';
import type { Holder, SaleKey } from '../book/book.js';
import { oneMore, reached, type Tally, tallyAt, WRONG_CODES, wrongCodesOf } from '../book/tally.js';
import type { Rules } from './rules.js';

export interface Asking {
  readonly op: AuthoriseOp;
  readonly key: SaleKey;
  readonly now: WallMs;
}

export function holderOfCode(
  overlay: BatchOverlay,
  rules: Rules,
  { op, key, now }: Asking,
  { code, readCode: shown }: Extract<CheckedPresentation, { kind: 'opaque' }>,
): Result<Holder, ReasonCode> {
  const name = wrongCodesOf(op.device);
  const wrong = tallyAt(overlay.tally(name), name, rules.compiled.zone.local(now));
  // Checked first, so that a counter over its limit learns nothing more.
  if (reached(wrong, WRONG_CODES) !== undefined) return err('too-many-wrong-codes');
  const holder = overlay.holderByCode(shown.number);
  if (holder === undefined)
    return err(overlay.holderByCode(code) === undefined ? 'no-coupon-held' : 'payment-code-old');
  const { step } = shown;
  if (!step.ok) {
    if (step.fault === 'payment-code-wrong') recordWrongCode(overlay, op, oneMore(wrong));
    return err(step.fault);
  }
  const { codeShown } = holder;
  const isRepeat = codeShown?.step === step.value && codeShown.sale === key;
  if (codeShown !== undefined && step.value <= codeShown.step && !isRepeat) return err('payment-code-used');
  const after: Holder = { ...holder, codeShown: { step: step.value, sale: key } };
  overlay.putHolder(after);
  return ok(after);
}

function recordWrongCode(overlay: BatchOverlay, { device, sale }: AuthoriseOp, wrong: Tally): void {
  overlay.putTally(wrong);
  const limit = reached(wrong, WRONG_CODES);
  if (limit !== undefined) {
    const what = `${wrong.inDay} wrong payment codes today; it takes none of them until the ${limit} is over`;
    overlay.alert({ code: 'COUNTER_GUESSES_CODES', what, device });
  }
  overlay.record({ what: 'wrong-code', device, sale, detail: wrong.inDay });
}
