/**
 * The claim routes for phones.
 *
 * The checks run in this order, so that a stranger costs little and learns nothing: the address's budget, the form, the
 * signature, the rules that need no ledger, the key's budget, the proof of identity, the person's budget, and only then the
 * ledger. An unproved claim always gets the same answer, whatever was wrong and whoever has claimed before.
 */
import { ECDH } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { normalPhone } from '#protocol/campaign/claim-rules.js';
import { base64url } from '#protocol/codes/bit-text.js';
import { PUBLIC_KEY_BYTES } from '#protocol/codes/presentation.js';
import type { Es256Verifier, Sha256 } from '#protocol/kernel/crypto.js';
import {
  CLAIM_FRESH_MS,
  type Claim,
  challengeRequestSchema,
  issuesOf,
  openClaim,
  signedClaimSchema,
} from '#protocol/messages/claim-request.js';
import type { Metrics } from '../adapters/metrics.js';
import type { GatewayLoop } from '../app/gateway-loop.js';
import type { ClaimBudgets } from '../core/claims/claim-budgets.js';
import {
  answerClaim,
  claimOp,
  type KeyedHash,
  type PreparedClaim,
  prepareClaim,
} from '../core/claims/claim-handling.js';
import { CHALLENGE_MS, type SmsProofs } from '../core/claims/sms-proofs.js';
import type { Issuer } from '../core/issuer.js';
import type { PaymentCodes } from '../core/payment-codes.js';
import { addressName } from '../core/token-buckets.js';
import type { Rules } from '../ledger/decide/rules.js';
import type { Clock } from '../ports/clock.js';
import type { IdentityProofs } from '../ports/identity-proofs.js';
import type { ClaimOp, Outcome } from '../ports/ledger.js';
import type { SmsSender } from '../ports/sms-sender.js';
import type { Verifier } from '../ports/verifier.js';
import { refuse, refuseTooMany, refuseUnstored } from './refusals.js';

export interface ClaimRoutesOptions {
  readonly rules: Rules;
  readonly loop: GatewayLoop;
  readonly verifier: Verifier;
  readonly issuer: Issuer;
  readonly clock: Clock;
  readonly keyedHash: KeyedHash;
  readonly paymentCodes: PaymentCodes;
  readonly metrics: Metrics;
  /** undefined: no claims are accepted. */
  readonly claims: ClaimServices | undefined;
  /** The reason to refuse claims now. After a failed commit the next one is attempted all the same. */
  claimFault(): string | undefined;
  /** A person should look. */
  alert(code: string, what: string): void;
}

export interface ClaimServices {
  readonly proofs: IdentityProofs;
  /** Present if identity is proved by a code to the phone. */
  readonly sms?: { readonly proofs: SmsProofs; readonly sender: SmsSender } | undefined;
  readonly budgets: ClaimBudgets;
  readonly signatures: Es256Verifier;
  readonly sha256: Sha256;
}

export function claimRoutes(app: FastifyInstance, options: ClaimRoutesOptions): void {
  app.post('/v1/claims', (request, reply) => handleClaim(options, request, reply));
  app.post('/v1/claims/challenge', (request, reply) => challenge(options, request, reply));
}

async function handleClaim(options: ClaimRoutesOptions, request: FastifyRequest, reply: FastifyReply) {
  const { claims, clock, rules, keyedHash, paymentCodes, loop } = options;
  if (claims === undefined) return refuseClosed(reply);
  const fault = options.claimFault();
  if (fault !== undefined) return refuseUnstored(reply, fault);
  const now = clock.now();
  const waitMs = claims.budgets.request(nameOf(request), now);
  if (waitMs > 0) return refuseTooMany(reply, waitMs, 'address');
  const signed = signedClaimSchema.safeParse(request.body);
  if (!signed.success) {
    const isEarlierForm = typeof request.body === 'object' && request.body !== null && 'tiers' in request.body;
    if (isEarlierForm)
      return refuse(reply, 401, 'CLAIM_UNSIGNED', 'payload and signature are expected, see docs/wallets.md');
    return refuseMalformed(reply, issuesOf(signed.error));
  }
  const opened = openClaim(signed.data, claims.signatures);
  if (!opened.ok) {
    const { fault } = opened;
    if (fault.kind === 'malformed') return refuseMalformed(reply, fault.what);
    return refuse(reply, 401, 'CLAIM_UNSIGNED', 'signature: not one of publicKey over the bytes of payload');
  }
  const claim = opened.value;
  const publicKey = pointOf(claim.publicKey);
  if (publicKey === undefined) return refuseKey(reply);
  if (claim.campaign !== rules.campaign.id) return refuseMalformed(reply, `campaign: ${rules.campaign.id} is expected`);
  if (Math.abs(claim.madeAt - now) > CLAIM_FRESH_MS)
    return refuse(reply, 401, 'CLAIM_STALE', `madeAt: now, give or take ${CLAIM_FRESH_MS / 60_000} minutes`);
  const ofKey = claims.budgets.claim(claim.publicKey, now);
  if (ofKey > 0) return refuseTooMany(reply, ofKey, 'key');
  const prepared = prepareClaim({ rules, claim, publicKey, now });
  if (prepared.tiers.length === 0) return answer(options, { claim, prepared, outcome: undefined }, reply);
  const { identifiers } = rules.campaign.claim;
  const fingerprint = claims.sha256(signed.data.payload);
  const proved = claims.proofs.prove({ claim, fingerprint, now }).filter((kind) => identifiers.includes(kind));
  if (proved.length === 0) return refuse(reply, 403, 'IDENTITY_UNPROVED', 'proof: it does not show who claims');
  const op = claimOp({ rules, claim, prepared, proved, keyedHash, paymentCodes });
  const ofPerson = Math.max(...proved.map((kind) => claims.budgets.identifier(op.identity[kind], now)));
  if (ofPerson > 0) return refuseTooMany(reply, ofPerson, 'person');
  const outcome = await asked(loop, op);
  if (typeof outcome === 'string') return refuseUnstored(reply, outcome);
  return answer(options, { claim, prepared, outcome }, reply);
}

function answer(
  options: ClaimRoutesOptions,
  claimed: {
    readonly claim: Claim;
    readonly prepared: PreparedClaim;
    readonly outcome: Extract<Outcome, { kind: 'claimed' }> | undefined;
  },
  reply: FastifyReply,
): FastifyReply {
  const { rules, issuer, verifier, metrics, keyedHash, paymentCodes } = options;
  const { answer, grants } = answerClaim({ ...claimed, issuer, rules, paymentCodes });
  for (const grant of grants) verifier.issued(grant);
  for (const result of answer.results) metrics.claimed(result.ok ? 'given' : result.reason);
  // Only the ledger knows whose key it is: an unknown key, or a question that never reached the ledger, opens no holder's
  // page.
  const holder = claimed.outcome?.holder ?? null;
  return reply.send({
    ...answer,
    grants: grants.map((grant) => base64url.encode(grant)),
    holder,
    token: holder === null ? null : holderToken(keyedHash, holder),
  });
}

/** The answer doesn't depend on whether the phone has claimed: the ledger isn't asked. */
async function challenge({ claims, clock, alert }: ClaimRoutesOptions, request: FastifyRequest, reply: FastifyReply) {
  if (claims === undefined) return refuseClosed(reply);
  const now = clock.now();
  const address = nameOf(request);
  const waitMs = claims.budgets.request(address, now);
  if (waitMs > 0) return refuseTooMany(reply, waitMs, 'address');
  const { sms } = claims;
  if (sms === undefined)
    return refuse(reply, 404, 'NOT_FOUND', 'this gateway identifies people by their wallet, not by a code');
  const parsed = challengeRequestSchema.safeParse(request.body);
  if (!parsed.success) return refuseMalformed(reply, issuesOf(parsed.error));
  const { publicKey } = parsed.data;
  const phone = normalPhone(parsed.data.phone);
  if (phone === undefined) return refuseMalformed(reply, 'phone: the 11 digits of a mobile number of mainland China');
  if (pointOf(publicKey) === undefined) return refuseKey(reply);
  const ofKey = claims.budgets.challenge(publicKey, now);
  if (ofKey > 0) return refuseTooMany(reply, ofKey, 'key');
  const ofMessage = claims.budgets.message({ address, phone }, now);
  const mayBeSent = ofMessage === 0;
  const asked = sms.proofs.challenge({ phone, publicKey, address, mayBeSent }, now);
  if (asked === undefined) return refuseTooMany(reply, ofMessage, 'phone');
  const { id, code } = asked;
  const told = { challenge: id, seconds: CHALLENGE_MS / 1_000 };
  // The phone already has this code.
  if (!mayBeSent) return reply.send(told);
  const minutes = CHALLENGE_MS / 60_000;
  const text = `【消费券】验证码${code}，${minutes}分钟内有效。请勿告诉他人，工作人员不会索要。`;
  const failed = await new Promise<Error | undefined>((done) => sms.sender.send({ phone, text }, done));
  if (failed !== undefined) {
    alert('SMS_NOT_SENT', failed.message);
    return refuse(reply, 503, 'SMS_NOT_SENT', 'the code could not be sent; retry in a moment');
  }
  sms.proofs.sent(id, now);
  return reply.send(told);
}

/** The fault's code if it wasn't stored. */
const asked = (loop: GatewayLoop, op: ClaimOp): Promise<Extract<Outcome, { kind: 'claimed' }> | string> =>
  new Promise((resolve) => {
    loop.claim(op, (fault, outcome) => {
      resolve(outcome?.kind === 'claimed' ? outcome : (fault?.code ?? 'TOO_MANY_REQUESTS'));
    });
  });

export const holderToken = (keyedHash: KeyedHash, holder: string): string => keyedHash(`holder token\n${holder}`);

/** A trusted proxy may forward something that isn't an address: then the proxy's budget is spent. */
const nameOf = ({ ip, socket }: FastifyRequest): string =>
  addressName(ip) ?? addressName(socket.remoteAddress ?? '') ?? 'unknown';

function pointOf(text: string): Uint8Array | undefined {
  const bytes = base64url.decode(text);
  if (!bytes.ok || bytes.value.length !== PUBLIC_KEY_BYTES) return undefined;
  try {
    ECDH.convertKey(bytes.value, 'prime256v1', undefined, undefined, 'uncompressed');
    return bytes.value;
  } catch {
    return undefined;
  }
}

const refuseClosed = (reply: FastifyReply): FastifyReply =>
  refuse(reply, 503, 'CLAIMS_CLOSED', 'no claims are taken: claims.identity is not set in gateway.yaml');
const refuseMalformed = (reply: FastifyReply, what: string): FastifyReply =>
  refuse(reply, 400, 'REQUEST_MALFORMED', what.slice(0, 400));
const refuseKey = (reply: FastifyReply): FastifyReply =>
  refuse(reply, 400, 'PUBLIC_KEY_UNUSABLE', 'publicKey: a compressed P-256 point, 33 bytes in base64url');
