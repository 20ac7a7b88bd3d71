/**
 * Handles a claim: refusals by the rules alone (opening, tier, identity, area), the operation for the ledger, and the
 * answer.
 *
 * Phone, ID card and phone id end here: past this file there are only keyed hashes.
 */
import { normalIdCard, normalPhone, normalPhoneId, type Person, refuseClaim } from '#protocol/campaign/claim-rules.js';
import type { Identifier } from '#protocol/campaign/schema.js';
import { base64url } from '#protocol/codes/bit-text.js';
import { PAYMENT_STEP_MS } from '#protocol/codes/payment-code.js';
import { holderIdOf } from '#protocol/codes/presentation.js';
import type { ReasonCode } from '#protocol/faults/reasons.js';
import { type SentenceParams, sentence } from '#protocol/faults/sentence.js';
import type { HolderId } from '#protocol/kernel/ids.js';
import { exactly, type WallMs } from '#protocol/kernel/time.js';
import type { Claim, ClaimAnswer } from '#protocol/messages/claim-request.js';
import type { Identity } from '../../ledger/book/book.js';
import type { Rules } from '../../ledger/decide/rules.js';
import type { ClaimOp, Outcome } from '../../ports/ledger.js';
import type { Issuer } from '../issuer.js';
import type { PaymentCodes } from '../payment-codes.js';

/** HMAC-SHA-256 under the gateway's own key, lower-case hex. */
export type KeyedHash = (text: string) => string;

export interface PreparedClaim {
  readonly publicKey: Uint8Array;
  /** The tiers to ask the ledger for; if empty, the ledger isn't asked. */
  readonly tiers: readonly string[];
  readonly refused: ReadonlyMap<string, ReasonCode>;
}

/** Applies the rules to a claim by itself. It reads no stored data, so its answer reveals nothing about anybody. */
export function prepareClaim(options: {
  readonly rules: Rules;
  readonly claim: Claim;
  /** `claim.publicKey`, checked to be a point on the curve. */
  readonly publicKey: Uint8Array;
  readonly now: WallMs;
}): PreparedClaim {
  const { rules, claim, publicKey, now } = options;
  const { position } = claim;
  const refused = new Map<string, ReasonCode>();
  for (const tier of new Set(claim.tiers)) {
    const reason = refuseClaim(rules.compiled, { tier, at: exactly(now), person: claim, position, earlier: [] });
    if (reason !== null) refused.set(tier, reason);
  }
  return { publicKey, tiers: claim.tiers.filter((tier) => !refused.has(tier)), refused };
}

/** `proved`: the identifiers that the proof confirms as the claimant's. */
export function claimOp(options: {
  readonly rules: Rules;
  readonly claim: Claim;
  readonly prepared: PreparedClaim;
  readonly proved: readonly Identifier[];
  readonly keyedHash: KeyedHash;
  readonly paymentCodes: PaymentCodes;
}): ClaimOp {
  const { rules, claim, prepared, proved, keyedHash, paymentCodes } = options;
  const holder = holderIdOf(prepared.publicKey);
  const identity = identityOf({ rules, person: claim, proved, holder, keyedHash });
  return { kind: 'claim', holder, identity, proved, tiers: prepared.tiers, numbers: paymentCodes.numbersFor(holder) };
}

/**
 * Replaces irrelevant and unproved identifiers by values that match nobody's.
 *
 * An identifier is irrelevant if the campaign doesn't use it to distinguish persons. An unproved identifier is replaced
 * under `any`: a stranger's claim with somebody else's ID number must not keep its owner from claiming. Under `all`, the
 * proved identifiers keep strangers apart.
 */
function identityOf(options: {
  readonly rules: Rules;
  readonly person: Person;
  readonly proved: readonly Identifier[];
  readonly holder: HolderId;
  readonly keyedHash: KeyedHash;
}): Identity {
  const { rules, person, proved, holder, keyedHash } = options;
  const { identifiers, samePerson } = rules.campaign.claim;
  const counts = (kind: Identifier): boolean =>
    identifiers.includes(kind) && (samePerson === 'all' || proved.includes(kind));
  const hash = (kind: Identifier, normal: string | undefined): string =>
    keyedHash(`${kind}\n${counts(kind) ? (normal ?? '') : holder}`);
  return {
    phone: hash('phone', normalPhone(person.phone)),
    idCard: hash('idCard', normalIdCard(person.idCard)),
    device: hash('device', normalPhoneId(person.device)),
  };
}

export interface AnsweredClaim {
  readonly answer: ClaimAnswer;
  /** All grants, if one can't carry all the holder's coupons. */
  readonly grants: readonly Uint8Array[];
}

/** `outcome` is undefined if the ledger wasn't asked. */
export function answerClaim(options: {
  readonly claim: Claim;
  readonly prepared: PreparedClaim;
  readonly outcome: Extract<Outcome, { kind: 'claimed' }> | undefined;
  readonly issuer: Issuer;
  readonly rules: Rules;
  readonly paymentCodes: PaymentCodes;
}): AnsweredClaim {
  const { claim, prepared, outcome, issuer, rules, paymentCodes } = options;
  const { day, time } = rules.campaign.claim.opens;
  const given = new Map(outcome?.tiers.map((tier) => [tier.tier, tier]));
  const results = [...new Set(claim.tiers)].map((tier): ClaimAnswer['results'][number] => {
    const reason = prepared.refused.get(tier) ?? given.get(tier)?.reason;
    const serial = given.get(tier)?.serial ?? null;
    if (serial !== null) return { tier, ok: true, serial };
    return refusal(tier, reason ?? 'unknown-tier', { opens: `${day} ${time}` });
  });
  const grants = issuer.grants(prepared.publicKey, outcome?.serials ?? []);
  const [first] = grants;
  const grant = first === undefined ? null : base64url.encode(first);
  const number = outcome?.number ?? null;
  const payment =
    number === null
      ? null
      : { number, secret: base64url.encode(paymentCodes.secretOf(number)), stepSeconds: PAYMENT_STEP_MS / 1_000 };
  return { answer: { results, grant, payment }, grants };
}

const refusal = (tier: string, reason: ReasonCode, params: SentenceParams): ClaimAnswer['results'][number] => ({
  tier,
  ok: false,
  reason,
  zh: sentence(reason, params, 'zh'),
  en: sentence(reason, params, 'en'),
});
