import type { Presenter } from '../presenter.js';

/** A picture of a code, taken once and shown ever after, here or by a friend at another counter. */
export function screenshotOf(wallet: Presenter, takenAtMs: number): Presenter {
  const picture = wallet.present(takenAtMs);
  return { present: () => picture };
}
