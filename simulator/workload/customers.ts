/**
 * The district's people: each with a phone, most honest. They claim when claiming opens, show a code at a counter, and
 * some try what people try: a picture of an old code, a clock set by hand, a second phone, coupons they don't hold.
 */
import { campaignTag, decodeGrant, roundUpExpiry } from '#protocol/codes/presentation.js';
import type { Es256Signer } from '#protocol/kernel/crypto.js';
import type { CampaignId, CouponSerial } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import type { ClaimAnswer, SignedClaim } from '#protocol/messages/claim-request.js';
import { type Identity, randomIdentity } from '../wallets/identities.js';
import { claimingToHold } from '../wallets/misbehaviours/coupon-not-held.js';
import { withForgedGrant } from '../wallets/misbehaviours/forged-grant.js';
import { secondPhoneOf } from '../wallets/misbehaviours/two-phones.js';
import { withWrongClock } from '../wallets/misbehaviours/wrong-clock.js';
import { type Position, Wallet } from '../wallets/wallet.js';
import type { Chance } from '../world/parts/random.js';
import type { Scheduler } from '../world/parts/scheduler.js';

export interface CrowdOptions {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly campaign: CampaignId;
  readonly people: number;
  readonly position: Position;
  readonly signer: (secret: string) => Es256Signer;
  /** From when on people claim, by true time. */
  readonly claimsFrom: number;
  /** Until everybody has tried. */
  readonly claimsWithinMs: number;
  /** Only people with a coupon left go shopping: for a campaign's own course. */
  readonly onlyHolders: boolean;
  /** Of a thousand visits, how many aren't honest. */
  readonly dishonestPerMille: number;
  /** What a wallet asks at this moment, with its proof. */
  readonly claimOf: (wallet: Wallet) => SignedClaim;
  /** The same as good as somebody can who is not that person. */
  readonly forgedClaimOf: (wallet: Wallet) => SignedClaim;
  readonly ask: (request: SignedClaim, reply: (answer: ClaimAnswer) => void) => void;
}

/** A phone whose claim stays unanswered asks again after so long; a few times. */
const CLAIM_AGAIN_MS = 20_000;
const CLAIM_TRIES = 6;
/** How likely the last customer is the next one, and then with the very same code. */
const COMES_BACK = 0.15;
const SAME_CODE = 0.4;
/** How likely somebody claims in another one's name. */
const IMPOSTOR = 0.1;
/** Pictures of codes that go around. */
const PICTURES_KEPT = 20;

export class Crowd {
  readonly #options: CrowdOptions;
  readonly #wallets: Wallet[] = [];
  readonly #pictures: string[] = [];
  /** Second phones: they have the key and the grant, and no payment code of their own. */
  readonly #copies = new Set<Wallet>();
  /** Coupons that each has left, as far as they know, and who has any. */
  readonly #left = new Map<Wallet, number>();
  readonly #holders: Wallet[] = [];
  #last: { readonly code: string; readonly customer: Wallet } | undefined;
  #phones = 0;

  constructor(options: CrowdOptions) {
    this.#options = options;
    const { scheduler, chance, people, claimsFrom, claimsWithinMs } = options;
    for (let n = 0; n < people; n++) {
      const identity = randomIdentity(chance);
      const wallet = this.#phone(identity);
      this.#wallets.push(wallet);
      // Most come in the first minutes, and the last ones days later.
      const late = chance.next();
      const at = claimsFrom + Math.floor(claimsWithinMs * late * late * late);
      scheduler.at(at, () => this.#claim(wallet, CLAIM_TRIES));
      // Somebody claims in their name before they do: that must give nothing, and keep them from nothing.
      if (options.dishonestPerMille > 0 && chance.happens(IMPOSTOR)) this.#impersonate(identity, at - 1);
      // A new phone, a new key, and the same person asking once more.
      if (options.dishonestPerMille > 0 && chance.happens(0.1)) {
        const greedy = this.#phone(
          chance.happens(0.5) ? identity : { ...randomIdentity(chance), phone: identity.phone },
        );
        this.#wallets.push(greedy);
        scheduler.at(at + chance.between(1, 60_000), () => this.#claim(greedy, CLAIM_TRIES));
      }
    }
  }

  get wallets(): readonly Wallet[] {
    return this.#wallets;
  }

  /** The next customer, and what they hold under the scanner; undefined: nobody with anything to show. */
  show(kind: 'verifiable' | 'opaque'): { readonly code: string; readonly customer: Wallet } | undefined {
    const { chance, dishonestPerMille, onlyHolders } = this.#options;
    // Some come back at once for more, and a few of those hold up the same picture.
    const back = !onlyHolders && dishonestPerMille > 0 && chance.happens(COMES_BACK) ? this.#last : undefined;
    if (back !== undefined && chance.happens(SAME_CODE)) return back;
    const customer = back?.customer ?? chance.any(onlyHolders ? this.#holders : this.#wallets);
    if (customer?.grant === undefined) return undefined;
    if (chance.below(1000) < dishonestPerMille) return { code: this.#dishonest(customer), customer };
    if (kind === 'opaque' && !this.#copies.has(customer))
      return { code: customer.paymentCode(this.#options.scheduler.now), customer };
    this.#last = { code: this.#present(customer), customer };
    return this.#last;
  }

  /**
   * An honest customer at a counter that isn't: shows a code as anywhere else, and has no way of telling. Draws from the
   * liar's own stream of chance, so that an honest world goes its way.
   */
  shownTo(
    chance: Chance,
    kind: 'verifiable' | 'opaque',
  ): { readonly code: string; readonly customer: Wallet } | undefined {
    const customer = chance.any(this.#wallets);
    if (customer?.grant === undefined) return undefined;
    const { now } = this.#options.scheduler;
    const isOpaque = kind === 'opaque' && !this.#copies.has(customer);
    return { code: isOpaque ? customer.paymentCode(now) : customer.present(now), customer };
  }

  /** The last code that somebody held up at an honest counter: whoever stands behind them may take a picture of it. */
  get lastShown(): { readonly code: string; readonly customer: Wallet } | undefined {
    return this.#last;
  }

  /** One of theirs is used. */
  redeemed(customer: Wallet): void {
    const left = (this.#left.get(customer) ?? 0) - 1;
    this.#left.set(customer, left);
    if (left > 0) return;
    const at = this.#holders.indexOf(customer);
    const last = this.#holders.pop();
    if (at >= 0 && last !== undefined && last !== customer) this.#holders[at] = last;
  }

  /** How many still have a coupon that they know of. */
  get holders(): number {
    return this.#holders.length;
  }

  #present(wallet: Wallet): string {
    const { chance, scheduler } = this.#options;
    const shown = wallet.present(scheduler.now);
    if (chance.happens(0.2)) {
      this.#pictures.push(shown);
      if (this.#pictures.length > PICTURES_KEPT) this.#pictures.shift();
    }
    return shown;
  }

  #dishonest(wallet: Wallet): string {
    const { chance, scheduler, campaign, signer } = this.#options;
    const { now } = scheduler;
    const picture = chance.happens(0.6) ? this.#pictures.at(-1) : chance.any(this.#pictures);
    switch (chance.below(6)) {
      case 0:
        return picture ?? wallet.present(now);
      case 1:
        return withWrongClock(wallet, chance.between(-300_000, 300_000)).present(now);
      case 2: {
        const copy = secondPhoneOf(wallet);
        this.#wallets.push(copy);
        this.#copies.add(copy);
        return copy.present(now);
      }
      case 3: {
        const serials = [...new Set([...wallet.serials, chance.below(50) as CouponSerial])].sort((a, b) => a - b);
        return claimingToHold(wallet, serials.slice(0, 3)).present(now);
      }
      case 4: {
        const own = wallet.grant === undefined ? undefined : decodeGrant(wallet.grant);
        const forger = signer(`forger ${chance.hex(8)}`);
        const grant = {
          keyId: own?.ok === true ? own.value.keyId : 1,
          campaignTag: campaignTag(campaign),
          serials: [chance.below(50) as CouponSerial],
          expiresAt: roundUpExpiry(wallMs(now + 86_400_000)),
        };
        return withForgedGrant({ campaign, grant, holder: forger, forger }).present(now);
      }
      default:
        // The same wallet at several counters at once: whoever comes second is a double spend, if both are offline.
        return wallet.present(now);
    }
  }

  #phone(identity: Identity): Wallet {
    const { chance, signer, position } = this.#options;
    this.#phones += 1;
    return new Wallet({ identity, position, signer: signer(`phone ${this.#phones} ${chance.hex(8)}`) });
  }

  #impersonate(victim: Identity, at: number): void {
    const { scheduler, forgedClaimOf, ask } = this.#options;
    const wallet = this.#phone(victim);
    scheduler.at(at, () =>
      ask(forgedClaimOf(wallet), () => {
        throw new Error('a claim without proof was answered like one with it');
      }),
    );
  }

  #claim(wallet: Wallet, tries: number): void {
    const { scheduler, chance, claimOf, ask } = this.#options;
    let answered = false;
    scheduler.after(chance.between(20, 400), () =>
      ask(claimOf(wallet), (answer) => {
        scheduler.after(chance.between(20, 400), () => {
          if (answered) return;
          answered = true;
          const before = wallet.serials.length;
          wallet.takeAnswer(answer);
          const more = wallet.serials.length - before;
          if (more <= 0) return;
          if (!this.#left.has(wallet)) this.#holders.push(wallet);
          this.#left.set(wallet, (this.#left.get(wallet) ?? 0) + more);
        });
      }),
    );
    scheduler.after(CLAIM_AGAIN_MS, () => {
      if (!answered && tries > 1) this.#claim(wallet, tries - 1);
    });
  }
}
