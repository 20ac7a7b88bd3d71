/**
 * Publishes the spent set: the whole set retained for counters that connect, and deltas for those that are connected. It is
 * advice for offline counters; online the ledger decides.
 */
import type { CampaignId, CouponSerial } from '#protocol/kernel/ids.js';
import { encode } from '#protocol/messages/index.js';
import {
  areSame,
  MAX_DELTA_SERIALS,
  NOTHING_SPENT,
  type SpentSet,
  spentFull,
  withChange,
} from '#protocol/messages/spent.js';
import { spentTopic } from '#protocol/messages/topics.js';
import type { Broker } from '../ports/broker.js';
import type { Clock } from '../ports/clock.js';
import type { Committed, Ledger, LedgerFault } from '../ports/ledger.js';

/** Changes to the spent set are gathered this long: five thousand counters then hear 330 deltas a second, not 1,000. */
export const SPENT_DELTA_MS = 15_000;
/** The whole set, where it changed, is retained this often, for counters that come online and for those that missed a delta … */
export const SPENT_FULL_MS = 60_000;
/** … and one in so many times unchanged, for those that missed it too; each time a counter writes it to its memory card. */
const SPENT_AGAIN_AFTER = 10;

export class SpentSetPublisher {
  readonly #ledger: Ledger;
  readonly #broker: Broker;
  readonly #clock: Clock;
  readonly #campaign: CampaignId;
  #now: SpentSet = NOTHING_SPENT;
  /** The whole set as it was last published, and how often it was found so since. */
  #retained: SpentSet | undefined;
  #unchanged = 0;
  #spentSince: CouponSerial[] = [];
  #restoredSince: CouponSerial[] = [];
  #isClosed = false;

  constructor(options: {
    readonly ledger: Ledger;
    readonly broker: Broker;
    readonly clock: Clock;
    readonly campaign: CampaignId;
  }) {
    this.#ledger = options.ledger;
    this.#broker = options.broker;
    this.#clock = options.clock;
    this.#campaign = options.campaign;
  }

  /** Where the ledger stands at the start. */
  load(done: (fault: LedgerFault | undefined) => void): void {
    const now = this.#clock.now();
    this.#ledger.spent(now, (fault, { serials, commits }) => {
      // A version only rises, or counters would keep what they have. There is a delta every 15 s at most, so one that begins at
      // the second of the start is past all before it, also where an older copy of the ledger counts fewer commits.
      const version = Math.max(commits, Math.floor(now / 1_000));
      if (fault === undefined) this.#now = withChange(NOTHING_SPENT, version, serials);
      done(fault);
    });
  }

  record({ spent, restored }: Committed): void {
    if (spent.length > 0) this.#spentSince.push(...spent);
    if (restored.length > 0) this.#restoredSince.push(...restored);
  }

  publish(): void {
    this.#retained = this.#now;
    this.#broker.publish(spentTopic(this.#campaign), encode(spentFull(this.#campaign, this.#now)), true);
  }

  publishChange(): void {
    const spent = this.#spentSince;
    const restored = this.#restoredSince;
    if (spent.length + restored.length === 0) return;
    const campaign = this.#campaign;
    this.#spentSince = [];
    this.#restoredSince = [];
    this.#now = withChange(this.#now, this.#now.version + 1, spent, restored);
    if (spent.length + restored.length > MAX_DELTA_SERIALS) {
      this.publish();
      return;
    }
    const { version } = this.#now;
    const delta = encode({ v: 1, type: 'spent-delta', campaign, version, spent, restored });
    this.#broker.publish(spentTopic(campaign), delta, false);
  }

  /** Leaves the newest on the board and publishes nothing more. */
  close(): void {
    this.publishChange();
    this.publish();
    this.#isClosed = true;
  }

  /** From the ledger, since other gateways on the same one redeem too, and coupons come back with a new day. */
  refresh(): void {
    const before = this.#now.version;
    this.#ledger.spent(this.#clock.now(), (fault, { serials }) => {
      if (fault !== undefined || this.#isClosed || this.#now.version !== before) return;
      if (this.#spentSince.length + this.#restoredSince.length > 0) return this.publishChange();
      const now = withChange(NOTHING_SPENT, before, serials);
      const isKnown = this.#retained !== undefined && areSame(now, this.#retained);
      this.#now = now;
      this.#unchanged = isKnown ? this.#unchanged + 1 : 0;
      if (this.#unchanged % SPENT_AGAIN_AFTER === 0) this.publish();
    });
  }
}
