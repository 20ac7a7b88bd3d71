/** Checks what customers show, off the main thread: text in, whose it is or what is wrong with it out. */
import type { PresentationRefusal } from '#protocol/codes/presentation.js';
import type { CouponSerial, DeviceId, HolderId } from '#protocol/kernel/ids.js';
import type { Interval, WallMs } from '#protocol/kernel/time.js';

export interface PresentationJob {
  /** `CP1:...`, exactly as shown. */
  readonly code: string;
  /** When it came; undefined for one that a counter took offline: the ledger judges its time by the record (`offline-proof.ts`). */
  readonly at: Interval | undefined;
}

export type Verdict =
  | {
      readonly ok: true;
      readonly holder: HolderId;
      readonly serials: readonly CouponSerial[];
      readonly nonce: number;
      /** By the phone's clock, signed with the rest. */
      readonly shownAt: WallMs;
      /** The first instant at which its grant is no longer good. */
      readonly expiresAt: WallMs;
    }
  | { readonly ok: false; readonly reason: PresentationRefusal };

export interface Verifier {
  /** Verdicts in the order of the jobs. May call back at once. No device waits for more than a share of what another has checked. */
  verify(from: DeviceId, jobs: readonly PresentationJob[], done: (verdicts: readonly Verdict[]) => void): void;
  /** A grant that the gateway has just signed: known by its bytes from now on. Where importing a key takes time, its holder's is made ready. */
  issued(grant: Uint8Array): void;
  close(done: () => void): void;
}
