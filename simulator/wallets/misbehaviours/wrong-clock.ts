import type { Presenter } from '../presenter.js';

/** A phone whose clock was set by hand. `aheadMs` below zero: it is behind. */
export const withWrongClock = (wallet: Presenter, aheadMs: number): Presenter => ({
  present: (nowMs) => wallet.present(nowMs + aheadMs),
});
