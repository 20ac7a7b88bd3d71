/**
 * Whether a coupon can be used again after a refund, by the campaign's rule and hours alone.
 *
 * The gateway decides by this function and the counter's refund slip prints its result, so the two always agree.
 */
import type { WallMs } from '../kernel/time.js';
import type { CompiledCampaign } from './compiled.js';
import { nextMidnight } from './window.js';

export interface ComingBack {
  /** The coupon is held again from this moment on. */
  readonly usableFrom: WallMs;
  /** The campaign still takes coupons at that moment. */
  readonly inTime: boolean;
}

/** `at`: the time of the refund. */
export function comingBack({ campaign, ends }: Pick<CompiledCampaign, 'campaign' | 'ends'>, at: WallMs): ComingBack {
  const usableFrom = campaign.refund === 'restored-next-day' ? nextMidnight(campaign, at) : at;
  return { usableFrom, inTime: usableFrom <= ends };
}
