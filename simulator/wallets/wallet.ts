/**
 * A customer's phone: a key that never leaves it, who its owner is, what was claimed, and the code that it shows. It
 * speaks to nobody: `claim-over-http.ts` carries its request, a simulated world carries it otherwise.
 */
import { base64url } from '#protocol/codes/bit-text.js';
import { type PaymentSecret, paymentCodeAt } from '#protocol/codes/payment-code.js';
import { decodeGrant, MAX_NONCE, sealPresentation } from '#protocol/codes/presentation.js';
import type { Es256Signer } from '#protocol/kernel/crypto.js';
import type { CampaignId, CouponSerial } from '#protocol/kernel/ids.js';
import { err, ok, type Result } from '#protocol/kernel/result.js';
import { wallMs } from '#protocol/kernel/time.js';
import {
  type Claim,
  type ClaimAnswer,
  claimAnswerSchema,
  type SignedClaim,
  signClaim,
} from '#protocol/messages/claim-request.js';
import type { IdentityProof } from '#protocol/messages/identity-proof.js';
import { hmacSha256 } from '#protocol/node/crypto.js';
import type { Identity } from './identities.js';
import type { Presenter } from './presenter.js';

export type Position = NonNullable<Claim['position']>;

/** In the middle of Youhao District, inside the reference campaign's geofence. */
export const IN_YOUHAO: Position = { longitude: 128.84, latitude: 47.86 };

export class Wallet implements Presenter {
  readonly identity: Identity;
  readonly position: Position;
  readonly signer: Es256Signer;
  #grant: Uint8Array | undefined;
  #payment: PaymentSecret | undefined;
  #nonce: number;

  constructor(options: {
    readonly identity: Identity;
    readonly signer: Es256Signer;
    readonly position?: Position;
    /** For a copy of another phone: what that one had. */
    readonly grant?: Uint8Array;
    readonly nonce?: number;
  }) {
    this.identity = options.identity;
    this.signer = options.signer;
    this.position = options.position ?? IN_YOUHAO;
    this.#grant = options.grant;
    this.#nonce = options.nonce ?? 0;
  }

  /** `nowMs`: by the phone's own clock. */
  claimRequest(
    tiers: readonly string[],
    {
      campaign,
      nowMs,
      proof,
    }: { readonly campaign: CampaignId; readonly nowMs: number; readonly proof: IdentityProof },
  ): SignedClaim {
    const publicKey = base64url.encode(this.signer.publicKey);
    const { identity, position } = this;
    const claim = { campaign, madeAt: wallMs(nowMs), ...identity, position, tiers: [...tiers], publicKey, proof };
    return signClaim(claim, this.signer);
  }

  /** Keeps what an answer brought. A fault says what the gateway sent that no phone could use. */
  takeAnswer(answer: unknown): Result<ClaimAnswer, string> {
    const parsed = claimAnswerSchema.safeParse(answer);
    if (!parsed.success) return err(`not an answer to a claim: ${parsed.error.issues[0]?.message ?? ''}`);
    const { grant, payment } = parsed.data;
    if (grant !== null) {
      const bytes = base64url.decode(grant);
      if (!bytes.ok || !decodeGrant(bytes.value).ok) return err('the grant cannot be read');
      this.#grant = bytes.value;
    }
    if (payment !== null) {
      const secret = base64url.decode(payment.secret);
      if (!secret.ok) return err('the secret of the payment codes cannot be read');
      this.#payment = { number: payment.number, secret: secret.value };
    }
    return ok(parsed.data);
  }

  get grant(): Uint8Array | undefined {
    return this.#grant;
  }

  /** The number of presentations made so far. */
  get nonce(): number {
    return this.#nonce;
  }

  get serials(): readonly CouponSerial[] {
    const grant = this.#grant === undefined ? undefined : decodeGrant(this.#grant);
    return grant?.ok === true ? grant.value.serials : [];
  }

  /** The 19 digits shown at this moment (online only). Throws when nothing was claimed: the scenario forgot to. */
  paymentCode(nowMs: number): string {
    if (this.#payment === undefined) throw new Error('this wallet has no payment code: claim first');
    return paymentCodeAt(this.#payment, wallMs(nowMs), hmacSha256);
  }

  /** Throws when nothing was claimed, or after 65,535 presentations. */
  present(nowMs: number): string {
    if (this.#grant === undefined) throw new Error('this wallet has no grant: claim first');
    if (this.#nonce >= MAX_NONCE) throw new Error('this wallet has shown its code as often as it can');
    this.#nonce++;
    return signPresentation({ signer: this.signer, grant: this.#grant, nonce: this.#nonce, nowMs });
  }
}

/** What a phone does when its code is opened; also with grants that no gateway gave. */
export function signPresentation(options: {
  readonly signer: Es256Signer;
  readonly grant: Uint8Array;
  readonly nonce: number;
  readonly nowMs: number;
}): string {
  const { signer, grant, nonce } = options;
  const shownAt = wallMs(Math.floor(options.nowMs / 1000) * 1000);
  return sealPresentation({ grantBytes: grant, shownAt, nonce }, signer);
}
