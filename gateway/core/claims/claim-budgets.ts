/**
 * How much is asked of the door where phones claim. Budgets protect three things: the gateway's own time (by address), what
 * an SMS costs and whom it wakes (by phone), and guessing (by key and by identifier). Each name has a bucket of its own, so
 * nobody spends another's, but for two:
 *
 * - phones behind one address share it. Mobile networks put thousands behind one, so its budget is large and configurable;
 * - everybody who asks for a code to one phone spends that phone's. So an address has a share of it, and where it is spent no
 *   message goes out; the owner types the code that came already (`sms-proofs.ts`), so a neighbour keeps nobody from claiming.
 */
import type { Millis, WallMs } from '#protocol/kernel/time.js';
import { type Budget, TokenBuckets } from '../token-buckets.js';

/** A carrier's address speaks for hundreds of phones in the first minute of a campaign. */
export const DEFAULT_PER_ADDRESS: Budget = { burst: 600, perMinute: 1_200 };
/** A phone asks once, and again where an answer was lost or the app was opened anew. */
const PER_KEY: Budget = { burst: 10, perMinute: 6 };
/** A person with several phones in the family, and patience for none. */
const PER_IDENTIFIER: Budget = { burst: 20, perMinute: 6 };
/**
 * Messages to one phone from one address, then six an hour: two lost ones are bad luck, more are mischief. One every ten minutes
 * is less than a code goes on after it was sent (`CODE_MS`), so there is always one to type.
 */
const CODES_PER_ADDRESS_AND_PHONE: Budget = { burst: 3, perMinute: 0.1 };
/** Messages to one phone in all, then twelve an hour: what its owner has to bear at worst. */
const CODES_PER_PHONE: Budget = { burst: 12, perMinute: 0.2 };
const CODES_PER_KEY: Budget = { burst: 5, perMinute: 1 };

export interface ClaimBudgets {
  /** Each gives 0, or how long to wait. */
  request(address: string, now: WallMs): Millis;
  claim(publicKey: string, now: WallMs): Millis;
  identifier(hash: string, now: WallMs): Millis;
  challenge(publicKey: string, now: WallMs): Millis;
  /** Whether a message may go to that phone. */
  message(asked: { readonly address: string; readonly phone: string }, now: WallMs): Millis;
}

export function claimBudgets(perAddress: Budget = DEFAULT_PER_ADDRESS): ClaimBudgets {
  const [addresses, keys, identifiers] = [perAddress, PER_KEY, PER_IDENTIFIER].map(
    (budget) => new TokenBuckets(budget),
  );
  const [codes, codesOfPhone, codesOfKey] = [CODES_PER_ADDRESS_AND_PHONE, CODES_PER_PHONE, CODES_PER_KEY].map(
    (budget) => new TokenBuckets(budget),
  );
  const spend = (buckets: TokenBuckets | undefined, name: string, now: WallMs): Millis =>
    buckets?.spend(name, now) ?? 0;
  return {
    request: (address, now) => spend(addresses, address, now),
    claim: (publicKey, now) => spend(keys, publicKey, now),
    identifier: (hash, now) => spend(identifiers, hash, now),
    challenge: (publicKey, now) => spend(codesOfKey, publicKey, now),
    // The narrowest first: what is refused there spends nothing of the wider one.
    message: ({ address, phone }, now) => spend(codes, `${address} ${phone}`, now) || spend(codesOfPhone, phone, now),
  };
}
