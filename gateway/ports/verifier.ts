/** Verifies presentations off the main thread: text in, verdict out. */
import type { PresentationRefusal } from '#protocol/codes/presentation.js';
import type { CouponSerial, DeviceId, HolderId } from '#protocol/kernel/ids.js';
import type { Interval, WallMs } from '#protocol/kernel/time.js';

export interface PresentationJob {
  /** `CP1:...`, exactly as shown. */
  readonly code: string;
  /**
   * The time of arrival; undefined for an offline coupon, whose time the ledger judges by the record (`offline-proof.ts`).
   */
  readonly at: Interval | undefined;
}

export type Verdict =
  | {
      readonly ok: true;
      readonly holder: HolderId;
      readonly serials: readonly CouponSerial[];
      readonly nonce: number;
      /** By the phone's clock, covered by the signature. */
      readonly shownAt: WallMs;
      /** The first instant at which its grant is invalid. */
      readonly expiresAt: WallMs;
    }
  | { readonly ok: false; readonly reason: PresentationRefusal };

export interface Verifier {
  /**
   * Verdicts in the order of the jobs. May call back synchronously. Shares per device keep one device from delaying the
   * others.
   */
  verify(from: DeviceId, jobs: readonly PresentationJob[], done: (verdicts: readonly Verdict[]) => void): void;
  /**
   * A grant that the gateway has just signed, recognised by its bytes from now on. An implementation for which importing a
   * key is slow imports the holder's now.
   */
  issued(grant: Uint8Array): void;
  close(done: () => void): void;
}
