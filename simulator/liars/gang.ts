/**
 * What liars have between them: customers who play along and sign whatever they are asked to, pictures of codes that other
 * customers have shown, and the names of allowances that they have heard of.
 */
import type { Es256Signer } from '#protocol/kernel/crypto.js';
import type { CouponSerial, DeviceId } from '#protocol/kernel/ids.js';
import type { Allowance } from '#protocol/messages/allowance.js';
import type { ClaimAnswer, SignedClaim } from '#protocol/messages/claim-request.js';
import { randomIdentity } from '../wallets/identities.js';
import { type Position, signPresentation, Wallet } from '../wallets/wallet.js';
import type { Chance } from '../world/parts/random.js';
import type { Scheduler } from '../world/parts/scheduler.js';

/** A customer who is in on it: real coupons, a real key, and no scruples about times and numbers. */
export class Partner {
  readonly wallet: Wallet;
  #nonce = 0;

  constructor(wallet: Wallet) {
    this.wallet = wallet;
  }

  get serials(): readonly CouponSerial[] {
    return this.wallet.serials;
  }

  /** Signed as if it were shown then; `nonce`: a number that was used before. */
  present(nowMs: number, nonce?: number): string {
    const { grant, signer } = this.wallet;
    if (grant === undefined) throw new Error('a partner without coupons');
    this.#nonce = nonce === undefined ? this.#nonce + 1 : this.#nonce;
    return signPresentation({ signer, grant, nonce: nonce ?? this.#nonce, nowMs });
  }

  get lastNonce(): number {
    return this.#nonce;
  }
}

/** A code that somebody who is not in on it has shown, and one liar has kept. */
export interface Picture {
  readonly code: string;
  readonly serials: readonly CouponSerial[];
}

export interface GangOptions {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly position: Position;
  readonly partners: number;
  readonly claimsFrom: number;
  readonly signer: (secret: string) => Es256Signer;
  /** A partner's phone, before it has anything. */
  readonly joined: (wallet: Wallet) => void;
  /** What a wallet asks at this moment, with its proof. */
  readonly claimOf: (wallet: Wallet) => SignedClaim;
  readonly ask: (request: SignedClaim, reply: (answer: ClaimAnswer) => void) => void;
}

const PICTURES_KEPT = 30;
/** An unanswered claim is asked again after so long. */
const CLAIM_AGAIN_MS = 20_000;
const CLAIM_TRIES = 8;

export class Gang {
  readonly #options: GangOptions;
  readonly partners: Partner[] = [];
  readonly pictures: Picture[] = [];
  /** Every allowance that one of them was given, the newest last. */
  readonly allowances: { readonly device: DeviceId; readonly allowance: Allowance }[] = [];
  /** Coupons of theirs that one of them has asked to be paid for. */
  readonly #spent = new Set<CouponSerial>();

  readonly #counted = new Map<string, readonly { readonly faceFen: number; readonly holder: Partner }[]>();

  constructor(options: GangOptions) {
    this.#options = options;
    const { scheduler, chance, partners, claimsFrom, signer, position } = options;
    for (let n = 0; n < partners; n++) {
      const identity = randomIdentity(chance);
      const wallet = new Wallet({ identity, position, signer: signer(`partner ${n} ${chance.hex(8)}`) });
      options.joined(wallet);
      scheduler.at(claimsFrom + chance.between(0, 30_000), () => this.#claim(wallet, CLAIM_TRIES));
    }
  }

  /** One more coupon under this allowance, told truly: false where it permits no more. */
  counts(id: string, faceFen: number, holder: Partner): boolean {
    const allowance = this.allowances.findLast((given) => given.allowance.id === id)?.allowance;
    const before = this.#counted.get(id) ?? [];
    const after = [...before, { faceFen, holder }];
    const isWithin =
      allowance !== undefined &&
      after.length <= allowance.maxCoupons &&
      after.reduce((sum, taken) => sum + taken.faceFen, 0) <= allowance.maxFaceFen &&
      after.filter((taken) => taken.holder === holder).length <= allowance.maxPerHolder;
    if (isWithin) this.#counted.set(id, after);
    return isWithin;
  }

  /** Its coupon is as good as gone; one that was tried in vain may be used again by other lies. */
  spend(serial: CouponSerial): void {
    this.#spent.add(serial);
  }

  isSpent(serial: CouponSerial): boolean {
    return this.#spent.has(serial);
  }

  keep(picture: Picture): void {
    this.pictures.push(picture);
    if (this.pictures.length > PICTURES_KEPT) this.pictures.shift();
  }

  #claim(wallet: Wallet, tries: number): void {
    const { scheduler, claimOf, ask } = this.#options;
    let answered = false;
    ask(claimOf(wallet), (answer) => {
      if (answered) return;
      answered = true;
      wallet.takeAnswer(answer);
      if (wallet.serials.length > 0) this.partners.push(new Partner(wallet));
    });
    scheduler.after(CLAIM_AGAIN_MS, () => {
      if (!answered && tries > 1) this.#claim(wallet, tries - 1);
    });
  }
}
