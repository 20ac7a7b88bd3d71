/**
 * Rate limits of the claim routes.
 *
 * They protect three things: the gateway's time (by address), the cost and nuisance of an SMS (by phone), and secrets
 * against guessing (by key and by identifier). Each name has a token bucket of its own, so nobody spends another's, with
 * two exceptions:
 *
 * - Phones behind one address share its bucket. Mobile networks put thousands behind one, so this budget is large and
 * configurable.
 * - Everybody who requests a code to one phone spends that phone's bucket. So each address has a share of it, and once it
 * is spent no further message goes out. The owner types the code that has already arrived (`sms-proofs.ts`), so a stranger
 * can't keep anybody from claiming.
 */
import type { Millis, WallMs } from '#protocol/kernel/time.js';
import { type Budget, TokenBuckets } from '../token-buckets.js';

/** A carrier's address stands for hundreds of phones in the first minute of a campaign. */
export const DEFAULT_PER_ADDRESS: Budget = { burst: 600, perMinute: 1_200 };
/** A phone claims once, and again after a lost answer or a restart of the app. */
const PER_KEY: Budget = { burst: 10, perMinute: 6 };
/** A person with several phones in the family, who is in a hurry. */
const PER_IDENTIFIER: Budget = { burst: 20, perMinute: 6 };
/**
 * Messages to one phone from one address at once, then six an hour: two lost ones are bad luck, more are abuse. One every
 * ten minutes is more often than a code expires (`CODE_MS`), so there is always one to type.
 */
const CODES_PER_ADDRESS_AND_PHONE: Budget = { burst: 3, perMinute: 0.1 };
/** Messages to one phone in all, then twelve an hour: the most that its owner has to bear. */
const CODES_PER_PHONE: Budget = { burst: 12, perMinute: 0.2 };
const CODES_PER_KEY: Budget = { burst: 5, perMinute: 1 };

export interface ClaimBudgets {
  /** Each method returns 0 if allowed, otherwise the wait. */
  request(address: string, now: WallMs): Millis;
  claim(publicKey: string, now: WallMs): Millis;
  identifier(hash: string, now: WallMs): Millis;
  challenge(publicKey: string, now: WallMs): Millis;
  /** Whether a message may be sent to that phone. */
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
    // The narrowest limit first: a refusal there spends nothing of the wider one.
    message: ({ address, phone }, now) => spend(codes, `${address} ${phone}`, now) || spend(codesOfPhone, phone, now),
  };
}
