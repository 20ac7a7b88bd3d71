/** The customers of a scenario: who claimed what, and whatever they hold under the scanner. */
import { decodeGrant, type Grant } from '#protocol/codes/presentation.js';
import type { CampaignId, CouponSerial } from '#protocol/kernel/ids.js';
import { es256Signer, generatePrivateKey } from '#protocol/node/crypto.js';
import type { Dice } from '../counter/dice.js';
import type { Rig } from '../counter/rig.js';
import { claimingToHold } from '../wallets/misbehaviours/coupon-not-held.js';
import { withForgedGrant } from '../wallets/misbehaviours/forged-grant.js';
import { secondPhoneOf } from '../wallets/misbehaviours/two-phones.js';
import { withWrongClock } from '../wallets/misbehaviours/wrong-clock.js';
import type { Wallet } from '../wallets/wallet.js';
import type { SHOWN } from './verb-shapes.js';

export type Shown = (typeof SHOWN)[number];

/** Twice what a presentation is fresh for. */
const CLOCK_WRONG_MS = 120_000;

/** A tier as the campaign's document has it. */
export interface TierSeen {
  readonly id: string;
  readonly faceYuan: number;
  readonly thresholdFen: number;
}

export interface CampaignSeen {
  readonly id: CampaignId;
  readonly tiers: readonly TierSeen[];
}

interface Shopper {
  readonly wallet: Wallet;
  readonly holdsAny: boolean;
  lastShown: string | undefined;
}

export class Shoppers {
  readonly #rig: Rig;
  readonly #campaign: CampaignId;
  readonly #dice: Dice;
  readonly tiers: readonly TierSeen[];
  readonly #known = new Map<string, Shopper>();

  constructor(rig: Rig, campaign: CampaignSeen, dice: Dice) {
    this.#rig = rig;
    this.#campaign = campaign.id;
    this.tiers = campaign.tiers;
    this.#dice = dice;
  }

  /** Claims; a name that comes again is another person from then on. */
  async arrive(name: string, holdsYuan: readonly number[]): Promise<void> {
    const tiers = holdsYuan.map((face) => {
      const tier = this.tiers.find(({ faceYuan }) => faceYuan === face);
      if (tier === undefined) throw new Error(`the campaign has no coupon of ${face} yuan (customer ${name})`);
      return tier.id;
    });
    this.#known.set(name, {
      wallet: await this.#rig.customer(tiers),
      holdsAny: tiers.length > 0,
      lastShown: undefined,
    });
  }

  knows(name: string): boolean {
    return this.#known.has(name);
  }

  leave(name: string): void {
    this.#known.delete(name);
  }

  code(name: string | undefined, as: Shown): string {
    switch (as) {
      case 'wechat':
        return `13${this.#digits(16)}`;
      case 'alipay':
        return `28${this.#digits(16)}`;
      case 'nonsense':
        return `HELLO-${this.#dice.hex(12)}`;
      default:
        break;
    }
    const shopper = name === undefined ? undefined : this.#known.get(name);
    if (shopper === undefined) throw new Error(`"${as}" is shown by a customer: say which`);
    // Who claimed nothing still pays with the app: its payment code, which no coupon belongs to.
    if (!shopper.holdsAny) return `62${this.#digits(17)}`;
    const { wallet, lastShown } = shopper;
    const now = this.#rig.now();
    switch (as) {
      case 'payment-code':
        return wallet.paymentCode(now);
      case 'screenshot':
        return lastShown ?? this.#remember(shopper, wallet.present(now));
      case 'second-phone':
        return secondPhoneOf(wallet).present(now);
      case 'wrong-clock':
        return withWrongClock(wallet, CLOCK_WRONG_MS).present(now);
      case 'slow-clock':
        return withWrongClock(wallet, -CLOCK_WRONG_MS).present(now);
      case 'forged-grant':
        return withForgedGrant({
          campaign: this.#campaign,
          grant: grantOf(wallet),
          holder: wallet.signer,
          forger: es256Signer(generatePrivateKey()),
        }).present(now);
      case 'forged':
        return claimingToHold(wallet, [1 as CouponSerial]).present(now);
      case 'coupon':
        return this.#remember(shopper, wallet.present(now));
    }
  }

  #remember(shopper: Shopper, code: string): string {
    shopper.lastShown = code;
    return code;
  }

  #digits(count: number): string {
    return Array.from({ length: count }, () => this.#dice.below(10)).join('');
  }
}

function grantOf({ grant }: Wallet): Grant {
  const decoded = grant === undefined ? undefined : decodeGrant(grant);
  if (decoded?.ok !== true) throw new Error('this wallet has no grant to imitate: claim first');
  return decoded.value;
}
