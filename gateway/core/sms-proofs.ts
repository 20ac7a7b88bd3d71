/**
 * Identity by a one-time code to the phone. A challenge is for one phone and one key: the code is worth nothing to anybody
 * who hasn't the key that asked. It is good for five minutes, three tries and one claim; the very same claim sent again is
 * proved again, because its answer may have been lost.
 *
 * Kept in memory and as a hash only: a restart of the gateway makes people ask for another code, and nobody gains by it.
 */
import { normalPhone } from '#protocol/campaign/claim.js';
import type { Millis, WallMs } from '#protocol/time.js';
import type { IdentityProofs } from '../ports/identity-proofs.js';
import type { KeyedHash } from './claims.js';

export interface SmsProofsOptions {
  readonly keyedHash: KeyedHash;
  /** So many random decimal digits. */
  digits(count: number): string;
}

/** An SMS takes seconds, a slow network a minute; a person types the code in another. */
export const CHALLENGE_MS: Millis = 5 * 60_000;
/** With six digits, one in 333,000 to guess one code. */
export const TRIES = 3;
export const CODE_DIGITS = 6;
/** 64 bits and more: nobody meets another's challenge by trying. */
const ID_DIGITS = 24;
/** Some 400 bytes each: 16 MiB. A district of 40,000 claimants in five minutes; more are told to wait. */
const MOST_CHALLENGES = 40_000;

interface Challenge {
  readonly phone: string;
  readonly publicKey: string;
  readonly code: string;
  readonly expiresAt: number;
  triesLeft: number;
  /** The claim that it was used for. */
  usedFor: string | undefined;
}

export interface SmsProofs extends IdentityProofs {
  /** `phone`: in its normal form. undefined: so many wait for theirs that there is no room. */
  challenge(
    asked: { readonly phone: string; readonly publicKey: string },
    now: WallMs,
  ): { readonly id: string; readonly code: string } | undefined;
}

export function smsProofs({ keyedHash, digits }: SmsProofsOptions): SmsProofs {
  // Oldest first: they all live equally long.
  const open = new Map<string, Challenge>();

  function forgetExpired(now: WallMs): void {
    for (const [id, { expiresAt }] of open) {
      // A clock that was set back leaves some that live too long; nothing is taken that has no tries left.
      if (expiresAt > now && expiresAt <= now + CHALLENGE_MS) return;
      open.delete(id);
    }
  }

  const codeHash = (id: string, code: string): string => keyedHash(`sms code\n${id}\n${code}`);

  return {
    challenge({ phone, publicKey }, now) {
      forgetExpired(now);
      if (open.size >= MOST_CHALLENGES) return undefined;
      const [id, code] = [digits(ID_DIGITS), digits(CODE_DIGITS)];
      open.set(id, {
        phone: keyedHash(`phone\n${phone}`),
        publicKey,
        code: codeHash(id, code),
        expiresAt: now + CHALLENGE_MS,
        triesLeft: TRIES,
        usedFor: undefined,
      });
      return { id, code };
    },
    prove({ claim, fingerprint, now }) {
      const { proof } = claim;
      if (proof.kind !== 'sms') return [];
      const challenge = open.get(proof.challenge);
      const phone = normalPhone(claim.phone);
      if (challenge === undefined || phone === undefined || challenge.expiresAt <= now) return [];
      // A stranger's tries don't count: they have neither the key nor, with it, the signature.
      if (challenge.publicKey !== claim.publicKey || challenge.phone !== keyedHash(`phone\n${phone}`)) return [];
      if (challenge.usedFor !== undefined) return challenge.usedFor === fingerprint ? ['phone'] : [];
      if (challenge.triesLeft === 0) return [];
      challenge.triesLeft -= 1;
      if (challenge.code !== codeHash(proof.challenge, proof.code)) return [];
      challenge.usedFor = fingerprint;
      return ['phone'];
    },
  };
}
