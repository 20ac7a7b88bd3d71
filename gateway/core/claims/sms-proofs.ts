/**
 * Identity proof by a one-time code to the phone.
 *
 * A challenge belongs to one phone and one key: without that key the code is worthless. It is valid for five minutes, three
 * tries and one claim. A retry of the very same claim is accepted again, because the answer may have been lost.
 *
 * A stranger may request codes to somebody else's phone, even from the owner's own address. So a phone has one code at a
 * time, shared by every challenge for it. Once no further message may be sent (`claim-budgets.ts`), the owner types the
 * code that has already arrived. A stranger can use up messages, but never the owner's access.
 *
 * Codes live in memory only: after a restart of the gateway people request another code, and no attacker gains by it.
 */
import { normalPhone } from '#protocol/campaign/claim-rules.js';
import type { Millis, WallMs } from '#protocol/kernel/time.js';
import type { IdentityProofs } from '../../ports/identity-proofs.js';
import { connectionLimit } from '../connection-limit.js';
import type { KeyedHash } from './claim-handling.js';

export interface SmsProofsOptions {
  readonly keyedHash: KeyedHash;
  /** This many random decimal digits. */
  digits(count: number): string;
  /** For tests. */
  readonly mostChallenges?: number;
}

/** An SMS takes seconds, a slow network a minute; typing the code takes another. */
export const CHALLENGE_MS: Millis = 5 * 60_000;
/**
 * Lifetime of a code after it was last sent. Each address may send one every ten minutes (`claim-budgets.ts`), so a shared
 * code still has a whole challenge's lifetime left.
 */
export const CODE_MS: Millis = 15 * 60_000;
/** A person mistypes once or twice. */
export const TRIES = 3;
/**
 * Eight, because strangers may try as well: 300 tries at each of twelve codes an hour give one right guess in three years.
 */
export const CODE_DIGITS = 8;
/**
 * Tries over all challenges of one code; then the code is replaced. A stranger needs a hundred keys for that and delays the
 * owner by minutes.
 */
export const TRIES_OF_CODE = 300;
/** 64 bits and more: nobody finds another's challenge by trying. */
const ID_DIGITS = 24;
/**
 * Some 400 bytes each, 16 MiB in all: a district of 40,000 claimants in five minutes. Beyond it the oldest challenge of the
 * busiest address is evicted, so that nobody can fill the store for others.
 */
const MOST_CHALLENGES = 40_000;

interface Code {
  readonly code: string;
  expiresAt: number;
  triesLeft: number;
  isUsed: boolean;
  /** Number of open challenges for this code. */
  challenges: number;
}

interface Challenge {
  readonly phone: string;
  readonly publicKey: string;
  readonly code: Code;
  readonly expiresAt: number;
  triesLeft: number;
  /** The fingerprint of the claim that it proved. */
  usedFor: string | undefined;
}

export interface SmsProofs extends IdentityProofs {
  /**
   * `phone`: in its normal form. `mayBeSent`: false if no further message may be sent; the result is then undefined unless
   * the phone already has a code.
   */
  challenge(
    asked: {
      readonly phone: string;
      readonly publicKey: string;
      /** The address's budget name (`addressName`). */
      readonly address: string;
      readonly mayBeSent: boolean;
    },
    now: WallMs,
  ): { readonly id: string; readonly code: string } | undefined;
  /** The code of that challenge has been sent: its lifetime starts now. */
  sent(id: string, now: WallMs): void;
  readonly size: number;
}

export function smsProofs({ keyedHash, digits, mostChallenges = MOST_CHALLENGES }: SmsProofsOptions): SmsProofs {
  // Oldest first: all have the same lifetime.
  const open = new Map<string, Challenge>();
  const codes = new Map<string, Code>();
  const places = connectionLimit<string>({
    ofOneAddress: mostChallenges,
    inAll: mostChallenges,
    speaksForMany: () => false,
  });

  function forgetExpired(now: WallMs): void {
    for (const [id, { expiresAt }] of open) {
      // After a clock was set back some live too long; nothing without tries left is accepted.
      if (expiresAt > now && expiresAt <= now + CHALLENGE_MS) break;
      forget(id, now);
    }
    for (const [phone, { expiresAt, challenges }] of codes) {
      if (expiresAt > now && expiresAt <= now + CODE_MS) break;
      if (challenges === 0) codes.delete(phone);
    }
  }

  function forget(id: string, now: WallMs): void {
    const challenge = open.get(id);
    if (challenge === undefined) return;
    const { phone, code } = challenge;
    open.delete(id);
    places.leave(id);
    code.challenges -= 1;
    // A code outlives its challenges: while no further message may be sent, the owner types the one on the phone.
    if (code.challenges === 0 && !isGood(code, now) && codes.get(phone) === code) codes.delete(phone);
  }

  const isLeft = ({ isUsed, triesLeft }: Code): boolean => !isUsed && triesLeft > 0;
  const isGood = (code: Code, now: WallMs): boolean => isLeft(code) && code.expiresAt > now;

  /** The code already on the phone, or one to send: the same again, or a new one. */
  function codeFor(phone: string, mayBeSent: boolean, now: WallMs): Code | undefined {
    const known = codes.get(phone);
    if (!mayBeSent) return known !== undefined && isGood(known, now) ? known : undefined;
    if (known !== undefined && isLeft(known)) return known;
    const code = { code: digits(CODE_DIGITS), expiresAt: 0, triesLeft: TRIES_OF_CODE, isUsed: false, challenges: 0 };
    codes.set(phone, code);
    return code;
  }

  return {
    challenge({ phone, publicKey, address, mayBeSent }, now) {
      forgetExpired(now);
      const name = keyedHash(`phone\n${phone}`);
      const code = codeFor(name, mayBeSent, now);
      if (code === undefined) return undefined;
      const id = digits(ID_DIGITS);
      code.challenges += 1;
      open.set(id, {
        phone: name,
        publicKey,
        code,
        expiresAt: now + CHALLENGE_MS,
        triesLeft: TRIES,
        usedFor: undefined,
      });
      const goes = places.enter(id, address);
      if (goes !== undefined) forget(goes, now);
      return { id, code: code.code };
    },
    sent(id, now) {
      const challenge = open.get(id);
      if (challenge === undefined) return;
      const { phone, code } = challenge;
      code.expiresAt = now + CODE_MS;
      // The one that was sent last stands last, so that expired codes stand first.
      if (codes.delete(phone)) codes.set(phone, code);
    },
    prove({ claim, fingerprint, now }) {
      const { proof } = claim;
      if (proof.kind !== 'sms') return [];
      const challenge = open.get(proof.challenge);
      const phone = normalPhone(claim.phone);
      if (challenge === undefined || phone === undefined || challenge.expiresAt <= now) return [];
      // A stranger's tries don't count: without the key there is no valid signature.
      if (challenge.publicKey !== claim.publicKey || challenge.phone !== keyedHash(`phone\n${phone}`)) return [];
      if (challenge.usedFor !== undefined) return challenge.usedFor === fingerprint ? ['phone'] : [];
      const { code } = challenge;
      if (challenge.triesLeft === 0 || !isGood(code, now)) return [];
      challenge.triesLeft -= 1;
      if (keyedHash(code.code) !== keyedHash(proof.code)) {
        code.triesLeft -= 1;
        return [];
      }
      challenge.usedFor = fingerprint;
      code.isUsed = true;
      return ['phone'];
    },
    get size() {
      return open.size;
    },
  };
}
