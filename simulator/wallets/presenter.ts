/** Whatever can be held under a scanner: an honest phone, or one of the misbehaviours beside it. */
export interface Presenter {
  /** The text of the QR shown at this moment, milliseconds since the epoch by the true clock. */
  present(nowMs: number): string;
}
