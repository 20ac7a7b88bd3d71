/** A wallet's claim at a real gateway. */
import type { ClaimAnswer } from '#protocol/messages/claim.js';
import { err, type Result } from '#protocol/result.js';
import type { Wallet } from './wallet.js';

/** A phone gives up after this long; at 09:00:00 a whole district asks at once. */
const CLAIM_TIMEOUT_MS = 15_000;

/** `gateway`: its base URL. Never throws: what went wrong is in the fault, in words. */
export async function claimOverHttp(
  gateway: string,
  wallet: Wallet,
  tiers: readonly string[],
): Promise<Result<ClaimAnswer, string>> {
  try {
    const response = await fetch(new URL('/v1/claims', gateway), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(wallet.claimRequest(tiers)),
      signal: AbortSignal.timeout(CLAIM_TIMEOUT_MS),
    });
    const answer: unknown = await response.json();
    const taken = wallet.takeAnswer(answer);
    // What a gateway refuses outright it says in its own form; a scenario's log needs its words, not ours alone.
    return taken.ok ? taken : err(`HTTP ${response.status}: ${taken.fault}: ${JSON.stringify(answer).slice(0, 200)}`);
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}
