/** The shop's local time and business days, in the campaign's time zone once a campaign is known. */
import { fixedZone, type Zone, zoneOf } from '#protocol/campaign/calendar.js';
import type { WallMs } from '#protocol/kernel/time.js';
import { localTime } from '../core/receipt/local-time.js';
import type { BusinessDays } from '../core/sale/business-day.js';
import type { LocalTime } from '../ports/till.js';
import type { CampaignCache } from './campaign-cache.js';

/** Until the campaign gives the shop's zone. */
const SHOPS_ZONE = 'Asia/Shanghai';
const SHOPS_OFFSET_MS = 8 * 60 * 60_000;
/** The default: no shop on the list is open at four in the morning. */
const DAILY = { orders: 'daily', beginsMs: 4 * 60 * 60_000 } as const;

export class ShopCalendar {
  readonly #campaignCache: CampaignCache;
  readonly #orders: Omit<BusinessDays, 'zone'>;

  constructor(campaignCache: CampaignCache, orders: Omit<BusinessDays, 'zone'> = DAILY) {
    this.#campaignCache = campaignCache;
    this.#orders = orders;
  }

  get days(): BusinessDays {
    return { ...this.#orders, zone: this.#zone() };
  }

  wallClock(at: WallMs): LocalTime {
    return localTime(this.#zone(), at);
  }

  #zone(): Zone {
    return zoneOf(this.#campaignCache.campaign?.window.timeZone ?? SHOPS_ZONE) ?? fixedZone(SHOPS_OFFSET_MS);
  }
}
