/**
 * Whether a coupon whose goods come back can still be used, by the campaign's rule and hours alone. The gateway decides by it,
 * and a counter's refund slip promises by it: the two must never say different things.
 */
import type { WallMs } from '../kernel/time.js';
import type { CompiledCampaign } from './compiled.js';
import { nextMidnight } from './window.js';

export interface ComingBack {
  /** It is held again from this moment on. */
  readonly usableFrom: WallMs;
  /** The campaign still takes coupons then. */
  readonly inTime: boolean;
}

/** `at`: when the refund counts. */
export function comingBack({ campaign, ends }: Pick<CompiledCampaign, 'campaign' | 'ends'>, at: WallMs): ComingBack {
  const usableFrom = campaign.refund === 'restored-next-day' ? nextMidnight(campaign, at) : at;
  return { usableFrom, inTime: usableFrom <= ends };
}
