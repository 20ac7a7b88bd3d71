/**
 * Publishes the spent set: the whole set retained for counters that connect, and deltas for those that are connected.
 *
 * It only advises offline counters; online the ledger decides.
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

/** Batching interval of deltas: five thousand counters then receive 330 deltas a second instead of 1,000. */
export const SPENT_DELTA_MS = 15_000;
/** The changed whole set is retained at this interval, for counters that connect and for those that missed a delta … */
export const SPENT_FULL_MS = 60_000;
/**
 * … and once in this many intervals unchanged, for those that missed it too; a counter writes it to its memory card each
 * time.
 */
const SPENT_AGAIN_AFTER = 10;

export class SpentSetPublisher {
  readonly #ledger: Ledger;
  readonly #broker: Broker;
  readonly #clock: Clock;
  readonly #campaign: CampaignId;
  #now: SpentSet = NOTHING_SPENT;
  /** The whole set as last published, and for how many intervals it has stayed unchanged. */
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

  /** Loads the ledger's spent set at the start. */
  load(done: (fault: LedgerFault | undefined) => void): void {
    const now = this.#clock.now();
    this.#ledger.spent(now, (fault, { serials, commits }) => {
      // A version must only rise, or counters would keep an old set. With one delta every 15 s at most, the second of the
      // start exceeds every earlier version, even if a restored ledger counts fewer commits.
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

  /** Leaves the newest set retained and publishes nothing more. */
  close(): void {
    this.publishChange();
    this.publish();
    this.#isClosed = true;
  }

  /**
   * Reloads from the ledger, because other gateways on the same ledger redeem too, and coupons return at the start of a
   * day.
   */
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
