/**
 * Is there an order in which all operations on one coupon could have happened one after another, each between its
 * asking and its answer, so that every answer is right? (Herlihy and Wing 1990; the search is Wing and Gong's, with
 * the states already seen left out, as Lowe does.) Every coupon is checked alone: nothing here ties two together.
 */
import type { CouponSerial } from '#protocol/kernel/ids.js';

interface Span {
  /** True times in ms; an operation without an answer may have happened at any time since, or, if optional, never. */
  readonly asked: number;
  readonly answered: number;
  readonly sale: string;
}

export type CouponOp =
  | (Span & { readonly kind: 'claim'; readonly holder: string })
  /** Answered: the coupon is yours. It may lapse from `lapses` on. */
  | (Span & { readonly kind: 'reserve'; readonly lapses: number })
  /** The counter reports that it charges with it: it lapses no more. */
  | (Span & { readonly kind: 'hold' })
  | (Span & { readonly kind: 'redeem'; readonly kept: boolean })
  /** `perhaps`: asked anew, which gives back what was reserved before, if the message arrived. */
  | (Span & { readonly kind: 'release'; readonly perhaps?: boolean })
  | (Span & { readonly kind: 'restore' });

export interface CouponHistory {
  readonly serial: CouponSerial;
  readonly ops: readonly CouponOp[];
}

type State =
  | { readonly at: 'nobody' }
  | { readonly at: 'free'; readonly holder: string }
  | { readonly at: 'reserved'; readonly holder: string; readonly by: string; readonly lapses: number }
  | { readonly at: 'used'; readonly holder: string; readonly by: string };

/** More operations than this on one coupon no world makes; the search stays small by far. */
const MAX_OPS = 200;

/** undefined where an order exists; otherwise the history in words. */
export function linearizable({ serial, ops }: CouponHistory): string | undefined {
  const some = [...ops].sort((a, b) => a.asked - b.asked).slice(0, MAX_OPS);
  if (search(some)) return undefined;
  const lines = some.map((op) => `${op.kind}${op.kind === 'redeem' && !op.kept ? ' (conflict)' : ''} ${op.sale}`);
  return `no order explains what happened to coupon ${serial}: ${lines.join(', ')}`;
}

function search(ops: readonly CouponOp[]): boolean {
  const seen = new Set<string>();
  const done = new Array<boolean>(ops.length).fill(false);
  const go = (left: number, state: State): boolean => {
    if (left === 0) return true;
    const name = `${done.map((is) => (is ? '1' : '0')).join('')} ${nameOf(state)}`;
    if (seen.has(name)) return false;
    seen.add(name);
    // Whatever is answered before another one is asked comes first.
    let first = Number.POSITIVE_INFINITY;
    for (const [at, op] of ops.entries()) if (!done[at] && op.answered < first) first = op.answered;
    for (const [at, op] of ops.entries()) {
      if (done[at] || op.asked > first) continue;
      const next = apply(state, op);
      if (next === undefined) continue;
      done[at] = true;
      if (go(left - 1, next)) return true;
      if (op.kind === 'release' && op.perhaps === true && go(left - 1, state)) return true;
      done[at] = false;
    }
    return false;
  };
  return go(ops.length, { at: 'nobody' });
}

/** undefined: with this state the answer would have been another one. */
function apply(state: State, op: CouponOp): State | undefined {
  if (op.kind === 'claim') return state.at === 'nobody' ? { at: 'free', holder: op.holder } : undefined;
  if (state.at === 'nobody') return undefined;
  const { holder } = state;
  const { sale } = op;
  switch (op.kind) {
    case 'reserve': {
      const isHis =
        state.at === 'free' || (state.at === 'reserved' && (state.by === sale || state.lapses <= op.answered));
      return isHis ? { at: 'reserved', holder, by: sale, lapses: op.lapses } : undefined;
    }
    case 'hold': {
      const takes =
        state.at === 'free' || (state.at === 'reserved' && (state.by === sale || state.lapses <= op.answered));
      return takes ? { at: 'reserved', holder, by: sale, lapses: Number.POSITIVE_INFINITY } : state;
    }
    case 'redeem':
      if (!op.kept) return state.at === 'used' && state.by !== sale ? state : undefined;
      return state.at === 'used' ? undefined : { at: 'used', holder, by: sale };
    case 'release':
      return state.at === 'reserved' && state.by === sale ? { at: 'free', holder } : state;
    case 'restore':
      return state.at === 'used' && state.by === sale ? { at: 'free', holder } : undefined;
  }
}

function nameOf(state: State): string {
  switch (state.at) {
    case 'nobody':
      return '-';
    case 'free':
      return 'f';
    case 'reserved':
      return `r${state.by} ${state.lapses}`;
    case 'used':
      return `u${state.by}`;
  }
}
