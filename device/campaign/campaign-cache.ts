/**
 * The campaign cache: the signed bundle, the spent set and the allowance, each checked on arrival and kept over restarts.
 * From it the device judges presentations offline.
 */
import { compileCampaign } from '#protocol/campaign/compiled.js';
import type { Campaign, PresentationMode } from '#protocol/campaign/schema.js';
import type { Es256Verifier } from '#protocol/kernel/crypto.js';
import type { CampaignId, DeviceId } from '#protocol/kernel/ids.js';
import { type Instant, wallMs } from '#protocol/kernel/time.js';
import { openAllowance, type SignedAllowance, signedAllowanceSchema } from '#protocol/messages/allowance.js';
import { type BundleEnvelope, type BundleFault, bundleEnvelopeSchema, openBundle } from '#protocol/messages/bundle.js';
import type { AuthoriseAnswer } from '#protocol/messages/down.js';
import { parseBundle, parseSpent } from '#protocol/messages/index.js';
import { type TimeStatement, timeHolds } from '#protocol/messages/signed-time.js';
import { applySpent, NOTHING_SPENT, type SpentMessage, spentFull, spentSchema } from '#protocol/messages/spent.js';
import { campaignTopic, spentTopic } from '#protocol/messages/topics.js';
import type { JournalRecord } from '#protocol/records/record.js';
import {
  judgeOffline,
  OfflineCount,
  type OfflineKnowledge,
  type OfflineStatus,
  offlineStatus,
} from '../core/offline.js';
import type { OfflineVerdict, Presentation, SaleFacts } from '../core/sale/sale.js';
import type { KeyValueStore } from '../ports/key-value-store.js';
import type { Log } from '../ports/log.js';

export interface CampaignCacheOptions {
  readonly device: DeviceId;
  readonly campaign: CampaignId;
  readonly mode: PresentationMode;
  /** The issuer's keys from the device's enrolment. */
  readonly trustedKeys: ReadonlyMap<number, Uint8Array>;
  readonly verifier: Es256Verifier;
  readonly store: KeyValueStore;
  readonly log: Log;
}

export class CampaignCache {
  readonly #options: CampaignCacheOptions;
  readonly count = new OfflineCount();
  #version = 0;
  #knowledge: OfflineKnowledge;
  /** The last good payload by topic: the broker repeats its retained messages at every connect, and most are unchanged. */
  readonly #lastReceived = new Map<string, Uint8Array>();

  constructor(options: CampaignCacheOptions) {
    this.#options = options;
    this.#knowledge = { campaign: undefined, issuerKeys: options.trustedKeys, spent: undefined, allowance: undefined };
    this.#restore();
  }

  get campaign(): Campaign | undefined {
    return this.#knowledge.campaign?.campaign;
  }

  get versions(): { readonly campaignVersion: number; readonly spentVersion: number } {
    return { campaignVersion: this.#version, spentVersion: this.#knowledge.spent?.version ?? 0 };
  }

  status(at: Instant): OfflineStatus {
    return offlineStatus(this.#knowledge, this.count, at);
  }

  judge(facts: SaleFacts, presentation: Presentation & { kind: 'opaque' | 'verifiable' }, at: Instant): OfflineVerdict {
    const { mode, verifier } = this.#options;
    return judgeOffline({ facts, presentation, mode, at, knowledge: this.#knowledge, count: this.count, verifier });
  }

  record(record: JournalRecord, seq: number): void {
    this.count.record(record, seq);
  }

  /**
   * Checks the gateway's answer against the local records. If the gateway hadn't received them yet, offline ones above all,
   * it may reserve a coupon that is already used here. It frees the reservation when those records arrive.
   *
   * @param known lower bound of this counter's records that the gateway had when it was asked
   */
  checked(answer: AuthoriseAnswer, known: number): AuthoriseAnswer {
    if (answer.kind !== 'reserved' || !this.count.wasTakenAfter(answer.serial, known)) return answer;
    this.#options.log('warn', 'COUPON_TAKEN_HERE', { serial: answer.serial });
    return { kind: 'refused', reason: 'already-used', next: null };
  }

  /** A message on the campaign's topics. An invalid one is logged and changes nothing. */
  receive(topic: string, payload: Uint8Array): void {
    const before = this.#lastReceived.get(topic);
    if (before !== undefined && isEqual(before, payload)) return;
    if (this.#store(topic, payload)) this.#lastReceived.set(topic, payload);
  }

  #store(topic: string, payload: Uint8Array): boolean {
    const { campaign } = this.#options;
    if (topic === campaignTopic(campaign)) {
      const parsed = parseBundle(payload);
      if (parsed.ok) this.#storeBundle(parsed.value, true);
      else this.#refuse(parsed.fault.code, parsed.fault.what);
      return parsed.ok;
    }
    if (topic === spentTopic(campaign)) {
      const parsed = parseSpent(payload);
      if (parsed.ok) this.#storeSpent(parsed.value, true);
      else this.#refuse(parsed.fault.code, parsed.fault.what);
      // A repeated delta is cheap; remembering it would only evict the whole set.
      return parsed.ok && parsed.value.type === 'spent';
    }
    return false;
  }

  /** Whether the gateway signed this clock. A device without issuer keys can't check it, and takes no coupons offline. */
  vouches(statement: Omit<TimeStatement, 'device'>, signed: Parameters<typeof timeHolds>[1]): boolean {
    const { device, trustedKeys, verifier } = this.#options;
    return trustedKeys.size === 0 || timeHolds({ device, ...statement }, signed, trustedKeys, verifier);
  }

  storeAllowance(signed: SignedAllowance, keep = true): void {
    const { device, campaign, trustedKeys, verifier } = this.#options;
    const opened = openAllowance(signed, trustedKeys, verifier);
    if (!opened.ok) {
      this.#refuse(opened.fault, 'the allowance is not signed by a gateway that this device knows');
      return;
    }
    const allowance = opened.value;
    if (allowance.device !== device || allowance.campaign !== campaign) {
      this.#refuse('ALLOWANCE_NOT_MINE', `it is for ${allowance.device}`);
      return;
    }
    // A late, older allowance would reset the count of coupons used under the newer one.
    if (this.#knowledge.allowance !== undefined && allowance.issuedAt < this.#knowledge.allowance.issuedAt) return;
    this.#knowledge = { ...this.#knowledge, allowance };
    this.count.forgetAllBut(allowance.id);
    if (keep) this.#options.store.save('allowance', JSON.stringify(signed));
  }

  #storeBundle(envelope: BundleEnvelope, keep: boolean): void {
    const { trustedKeys, verifier, campaign } = this.#options;
    const opened = openBundle(envelope, trustedKeys, verifier);
    if (!opened.ok) {
      this.#refuse(opened.fault.code, opened.fault.what);
      if (opened.fault.code === 'BUNDLE_NEEDS_UPDATE') this.#storeUnreadable(opened.fault, envelope, keep);
      return;
    }
    const bundle = opened.value;
    if (bundle.campaign.id !== campaign || bundle.version < this.#version) return;
    this.#version = bundle.version;
    // The gateway computed the openings, because this box's time zone data may be older than the law.
    const openings = bundle.openings.map(([earliest, to]) => ({ earliest, latest: wallMs(to - 1) }));
    const compiled = compileCampaign(bundle.campaign, openings);
    this.#knowledge = {
      ...this.#knowledge,
      campaign: compiled,
      lacks: [],
      issuerKeys: new Map([...bundle.issuerKeys, ...trustedKeys]),
    };
    if (keep) this.#options.store.save('bundle', JSON.stringify(envelope));
  }

  /** The current rules need abilities that this version lacks: earlier knowledge of the campaign no longer counts. */
  #storeUnreadable(
    { campaign, version, lacks }: Extract<BundleFault, { code: 'BUNDLE_NEEDS_UPDATE' }>,
    envelope: BundleEnvelope,
    keep: boolean,
  ): void {
    if (campaign !== this.#options.campaign || version < this.#version) return;
    this.#version = version;
    this.#knowledge = { ...this.#knowledge, campaign: undefined, lacks };
    if (keep) this.#options.store.save('bundle', JSON.stringify(envelope));
  }

  #storeSpent(message: SpentMessage, keep: boolean): void {
    if (message.campaign !== this.#options.campaign) return;
    const applied = applySpent(this.#knowledge.spent ?? NOTHING_SPENT, message);
    if (!applied.ok) {
      this.#refuse(applied.fault, 'the spent set could not be read');
      return;
    }
    if (applied.value.outcome === 'already' && this.#knowledge.spent !== undefined) return;
    this.#knowledge = { ...this.#knowledge, spent: applied.value.set };
    // Stores whole sets only, each minute: a delta every few seconds would wear the card out, and the ledger arbitrates
    // anyway.
    if (keep && message.type === 'spent') this.#options.store.save('spent', JSON.stringify(message));
  }

  /**
   * Resets the version after a ledger was restored from a backup. The ledger then counts its commits from the backup, so
   * its spent sets have lower versions and would all look outdated. The coupons stay spent until its next whole set.
   */
  spentSetWentBack(): void {
    const { spent } = this.#knowledge;
    if (spent === undefined) return;
    const { store: keep, campaign } = this.#options;
    this.#lastReceived.clear();
    this.#knowledge = { ...this.#knowledge, spent: { ...spent, version: 0 } };
    keep.save('spent', JSON.stringify(spentFull(campaign, { ...spent, version: 0 })));
  }

  #restore(): void {
    const { store: keep } = this.#options;
    const bundle = parsed(keep.load('bundle'), bundleEnvelopeSchema);
    if (bundle !== undefined) this.#storeBundle(bundle, false);
    const spent = parsed(keep.load('spent'), spentSchema);
    if (spent !== undefined) this.#storeSpent(spent, false);
    const allowance = parsed(keep.load('allowance'), signedAllowanceSchema);
    if (allowance !== undefined) this.storeAllowance(allowance, false);
  }

  #refuse(code: string, what: string): void {
    this.#options.log('warn', code, { what });
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

function parsed<T>(
  text: string | undefined,
  schema: { safeParse(value: unknown): { success: true; data: T } | { success: false } },
): T | undefined {
  if (text === undefined) return undefined;
  try {
    const result = schema.safeParse(JSON.parse(text));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}
