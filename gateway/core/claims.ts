/**
 * A claim on its way through the gateway: what the rules refuse without the ledger (opening, tier, identity, area), what
 * is asked of the ledger, and the answer. Phone, ID card and device number end here: further in there are keyed hashes.
 */
import { normalDevice, normalIdCard, normalPhone, type Person, refuseClaim } from '#protocol/campaign/claim.js';
import { base64url } from '#protocol/codes/bit-text.js';
import { PAYMENT_STEP_MS } from '#protocol/codes/payment-code.js';
import { holderIdOf } from '#protocol/codes/presentation.js';
import type { ReasonCode } from '#protocol/faults/reasons.js';
import { type SentenceParams, sentence } from '#protocol/faults/sentence.js';
import type { HolderId } from '#protocol/ids.js';
import type { ClaimAnswer, ClaimRequest } from '#protocol/messages/claim.js';
import { exactly, type WallMs } from '#protocol/time.js';
import type { ClaimOp, Outcome } from '../ports/ledger.js';
import type { Identity } from './book.js';
import type { Issuer } from './issuer.js';
import type { PaymentCodes } from './payment-codes.js';
import type { Rules } from './rules.js';

/** HMAC-SHA-256 under the gateway's own key, lower-case hex. */
export type KeyedHash = (text: string) => string;

export interface PreparedClaim {
  readonly publicKey: Uint8Array;
  /** undefined: nothing that the ledger need be asked. */
  readonly op: ClaimOp | undefined;
  readonly refused: ReadonlyMap<string, ReasonCode>;
}

export function prepareClaim(options: {
  readonly rules: Rules;
  readonly request: ClaimRequest;
  /** `request.publicKey`, known to be a point of the curve. */
  readonly publicKey: Uint8Array;
  readonly now: WallMs;
  readonly keyedHash: KeyedHash;
  readonly paymentCodes: PaymentCodes;
}): PreparedClaim {
  const { rules, request, publicKey, now, keyedHash, paymentCodes } = options;
  const { phone, idCard, device, position } = request;
  const person = { phone, idCard, device };
  const refused = new Map<string, ReasonCode>();
  for (const tier of new Set(request.tiers)) {
    const reason = refuseClaim(rules.compiled, { tier, at: exactly(now), person, position, earlier: [] });
    if (reason !== null) refused.set(tier, reason);
  }
  const holder = holderIdOf(publicKey);
  const tiers = request.tiers.filter((tier) => !refused.has(tier));
  const identity = identityOf(rules, person, holder, keyedHash);
  const numbers = paymentCodes.numbersFor(holder);
  const op: ClaimOp | undefined = tiers.length === 0 ? undefined : { kind: 'claim', holder, identity, tiers, numbers };
  return { publicKey, op, refused };
}

/** An identifier that this campaign doesn't tell people apart by is made to agree with nobody's. */
function identityOf(rules: Rules, person: Person, holder: HolderId, keyedHash: KeyedHash): Identity {
  const { identifiers } = rules.campaign.claim;
  const hash = (kind: keyof Identity, normal: string | undefined): string =>
    keyedHash(`${kind}\n${identifiers.includes(kind) ? (normal ?? '') : holder}`);
  return {
    phone: hash('phone', normalPhone(person.phone)),
    idCard: hash('idCard', normalIdCard(person.idCard)),
    device: hash('device', normalDevice(person.device)),
  };
}

export interface AnsweredClaim {
  readonly answer: ClaimAnswer;
  /** All of them, where one can't carry the holder's coupons. */
  readonly grants: readonly Uint8Array[];
}

/** `outcome` is undefined where the ledger wasn't asked. */
export function answerClaim(options: {
  readonly request: ClaimRequest;
  readonly prepared: PreparedClaim;
  readonly outcome: Extract<Outcome, { kind: 'claimed' }> | undefined;
  readonly issuer: Issuer;
  readonly rules: Rules;
  readonly paymentCodes: PaymentCodes;
}): AnsweredClaim {
  const { request, prepared, outcome, issuer, rules, paymentCodes } = options;
  const { day, time } = rules.campaign.claim.opens;
  const given = new Map(outcome?.tiers.map((tier) => [tier.tier, tier]));
  const results = [...new Set(request.tiers)].map((tier): ClaimAnswer['results'][number] => {
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
