/** Strangers request codes to somebody's phone, guess at them, or fill the store: the owner can still claim. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wallMs } from '#protocol/kernel/time.js';
import type { Claim } from '#protocol/messages/claim-request.js';
import { claimOf } from '../../../test/contract/claiming-phone.js';
import { claimBudgets } from './claim-budgets.js';
import { CHALLENGE_MS, CODE_MS, type SmsProofs, smsProofs, TRIES, TRIES_OF_CODE } from './sms-proofs.js';

const PHONE = '13800138000';
const NAT = '203.0.113.7';
const keyedHash = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Digits that never repeat. */
function proofsFor(mostChallenges?: number): SmsProofs {
  let next = 0;
  return smsProofs({
    keyedHash,
    digits: (count) => String(next++).padStart(count, '0'),
    ...(mostChallenges && { mostChallenges }),
  });
}

interface Asked {
  readonly phone?: string;
  readonly publicKey: string;
  readonly address?: string;
}

/** The claim route's use of proofs and budgets, and the messages that the phone has received. */
function door(mostChallenges?: number) {
  const [budgets, proofs] = [claimBudgets(), proofsFor(mostChallenges)];
  const inbox: string[] = [];
  return {
    inbox,
    proofs,
    asks({ phone = PHONE, publicKey, address = NAT }: Asked, now: number): string | undefined {
      const mayBeSent = budgets.message({ address, phone }, wallMs(now)) === 0;
      const asked = proofs.challenge({ phone, publicKey, address, mayBeSent }, wallMs(now));
      if (asked !== undefined && mayBeSent) {
        if (phone === PHONE) inbox.push(asked.code);
        proofs.sent(asked.id, wallMs(now));
      }
      return asked?.id;
    },
    claims(challenge: string, { publicKey, code }: { readonly publicKey: string; readonly code: string }, now: number) {
      const claim = { ...claimOf({ phone: PHONE }), publicKey, proof: { kind: 'sms', challenge, code } } as Claim;
      return proofs.prove({ claim, fingerprint: `${challenge} ${code}`, now: wallMs(now) }).length > 0;
    },
  };
}

describe('a code to a phone', () => {
  it('reaches its owner at any moment, however often a neighbour behind the same address asks for it', () => {
    const moment = fc.integer({ min: 0, max: 3 * 3_600_000 });
    fc.assert(
      fc.property(
        fc.array(moment, { maxLength: 80 }),
        moment,
        fc.integer({ min: 0, max: CHALLENGE_MS - 1 }),
        (asks, own, typing) => {
          const { asks: ask, claims, inbox } = door();
          for (const [n, at] of asks.toSorted((a, b) => a - b).entries())
            if (at <= own) ask({ publicKey: `stranger ${n}` }, at);
          const challenge = ask({ publicKey: 'owner' }, own);
          expect(challenge).toBeDefined();
          expect(claims(challenge ?? '', { publicKey: 'owner', code: inbox.at(-1) ?? '' }, own + typing)).toBe(true);
          expect(inbox.length).toBeLessThanOrEqual(3 + (own / 3_600_000) * 6 + 1);
        },
      ),
    );
  });

  it('is still good when the challenges of the strangers who had it sent are over', () => {
    const { asks, claims, inbox } = door();
    for (const n of [0, 1, 2]) asks({ publicKey: `stranger ${n}` }, 0);
    const challenge = asks({ publicKey: 'owner' }, CHALLENGE_MS) ?? '';
    expect(claims(challenge, { publicKey: 'owner', code: inbox.at(-1) ?? '' }, CHALLENGE_MS + 1)).toBe(true);
  });

  it('is the same until it is used, so that the newest message and the oldest both count', () => {
    const { asks, claims, inbox } = door();
    const challenge = asks({ publicKey: 'owner' }, 0) ?? '';
    asks({ publicKey: 'stranger' }, 1_000);
    expect(new Set(inbox).size).toBe(1);
    expect(claims(challenge, { publicKey: 'owner', code: inbox.at(-1) ?? '' }, 2_000)).toBe(true);
    asks({ publicKey: 'owner' }, 3_000);
    expect(new Set(inbox).size).toBe(2);
  });

  it('is no good after a quarter of an hour, nor for the key of somebody who never asked', () => {
    const { asks, claims, inbox } = door();
    const challenge = asks({ publicKey: 'owner' }, 0) ?? '';
    const code = inbox[0] ?? '';
    expect(claims(challenge, { publicKey: 'stranger', code }, 1)).toBe(false);
    expect(claims(challenge, { publicKey: 'owner', code }, CHALLENGE_MS)).toBe(false);
    expect(CODE_MS).toBeGreaterThan(CHALLENGE_MS + 600_000 - 1);
  });

  it('is guessed at three times a key and three hundred times in all, and then it is another', () => {
    const { asks, claims, inbox } = door();
    let tries = 0;
    for (let n = 0; n <= TRIES_OF_CODE / TRIES; n += 1) {
      const challenge = asks({ publicKey: `stranger ${n}` }, n);
      if (challenge === undefined) break;
      for (let guess = 0; guess <= TRIES; guess += 1) {
        expect(claims(challenge, { publicKey: `stranger ${n}`, code: 'x' }, n)).toBe(false);
        tries += 1;
      }
    }
    expect(tries).toBeGreaterThanOrEqual(TRIES_OF_CODE);
    const [first] = inbox;
    expect(asks({ publicKey: 'owner' }, 1_000)).toBeUndefined();
    // The next message carries another code.
    const challenge = asks({ publicKey: 'owner' }, 601_000) ?? '';
    expect(inbox.at(-1)).not.toBe(first);
    expect(claims(challenge, { publicKey: 'owner', code: inbox.at(-1) ?? '' }, 601_001)).toBe(true);
  });
});

describe('the store of open challenges', () => {
  it('keeps an honest challenge however many one address opens, and never grows beyond its limit', () => {
    const { asks, claims, inbox, proofs } = door(100);
    const before = asks({ publicKey: 'owner', address: '198.51.100.1' }, 0) ?? '';
    for (let n = 0; n < 1_000; n += 1)
      expect(asks({ phone: String(13_900_000_000 + n), publicKey: `stranger ${n}` }, n)).toBeDefined();
    expect(proofs.size).toBe(100);
    // New people are admitted, and those already in stay.
    expect(asks({ publicKey: 'another', address: '198.51.100.2' }, 2_000)).toBeDefined();
    expect(claims(before, { publicKey: 'owner', code: inbox[0] ?? '' }, 3_000)).toBe(true);
  });
});

describe('a claim with a code', () => {
  it('is proved again when it comes again, and no other claim by the same challenge', () => {
    const { asks, claims, inbox } = door();
    const challenge = asks({ publicKey: 'owner' }, 0) ?? '';
    const code = inbox[0] ?? '';
    expect(claims(challenge, { publicKey: 'owner', code }, 1)).toBe(true);
    expect(claims(challenge, { publicKey: 'owner', code }, 2)).toBe(true);
    expect(claims(challenge, { publicKey: 'owner', code: 'x' }, 3)).toBe(false);
  });

  it('is not proved after three wrong ones, nor by a challenge that nobody made', () => {
    const { asks, claims, inbox, proofs } = door();
    const challenge = asks({ publicKey: 'owner' }, 0) ?? '';
    const code = inbox[0] ?? '';
    for (let n = 0; n < TRIES; n += 1) expect(claims(challenge, { publicKey: 'owner', code: 'x' }, n)).toBe(false);
    expect(claims(challenge, { publicKey: 'owner', code }, 9)).toBe(false);
    expect(claims('nowhere', { publicKey: 'owner', code }, 9)).toBe(false);
    proofs.sent('nowhere', wallMs(9));
    const claim = { ...claimOf({ phone: PHONE }), publicKey: 'owner' } as Claim;
    expect(proofs.prove({ claim, fingerprint: '', now: wallMs(9) })).toEqual([]);
  });

  it('leaves nothing behind when its time is over, and its code lives as long as one challenge of it', () => {
    const { asks, inbox, proofs } = door();
    asks({ publicKey: 'a' }, 0);
    asks({ publicKey: 'b' }, 200_000);
    asks({ publicKey: 'c' }, CHALLENGE_MS);
    expect([proofs.size, new Set(inbox).size]).toEqual([2, 1]);
    asks({ publicKey: 'd' }, CHALLENGE_MS + 900_000);
    expect([proofs.size, new Set(inbox).size]).toEqual([1, 2]);
  });

  it('finds no challenge from before a clock was set back that lives for ever', () => {
    const { asks, proofs } = door();
    asks({ publicKey: 'a' }, 3_600_000);
    asks({ publicKey: 'b' }, 0);
    expect(proofs.size).toBe(1);
  });
});
