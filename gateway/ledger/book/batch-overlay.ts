/**
 * A batch's overlay: reads fall through to the view below, writes stay here until the whole batch is decided. Each operation
 * sees the writes of those before it, so a batch gives the same answers as its operations one by one.
 */

import type { Sha256 } from '#protocol/kernel/crypto.js';
import type { CouponSerial, DeviceId, HolderId } from '#protocol/kernel/ids.js';
import type { LedgerAlert } from '../../ports/ledger.js';
import { type Finding, findingsOf } from '../report/findings.js';
import type { ActRow, Confirmation } from './acts.js';
import { auditHash } from './audit.js';
import {
  type AuditEvent,
  type Changes,
  type Coupon,
  codeNameOf,
  type DeviceChain,
  type Evidence,
  type Holder,
  IDENTIFIERS,
  type Identity,
  type JournalChunk,
  type PostingSet,
  type SaleEntry,
  type SaleKey,
  type Totals,
  type UnversionedCoupon,
  type View,
} from './book.js';
import type { Tally, TallyName } from './tally.js';

export class BatchOverlay implements View {
  readonly #under: View;
  readonly #devices = new Map<DeviceId, DeviceChain>();
  readonly #sales = new Map<SaleKey, SaleEntry>();
  readonly #coupons = new Map<CouponSerial, Coupon>();
  readonly #holders = new Map<HolderId, Holder>();
  readonly #tallies = new Map<TallyName, Tally>();
  readonly #chunks: JournalChunk[] = [];
  readonly #postings: PostingSet[] = [];
  readonly #evidence: Evidence[] = [];
  readonly #acts = new Map<string, ActRow>();
  readonly #confirmations = new Map<string, Confirmation>();
  readonly #events: AuditEvent[] = [];
  readonly #alerts: LedgerAlert[] = [];
  #totals: Totals;

  constructor(under: View) {
    this.#under = under;
    this.#totals = under.totals;
  }

  get totals(): Totals {
    return this.#totals;
  }
  get audit() {
    return this.#under.audit;
  }
  device(id: DeviceId): DeviceChain | undefined {
    return this.#devices.get(id) ?? this.#under.device(id);
  }
  sale(key: SaleKey): SaleEntry | undefined {
    return this.#sales.get(key) ?? this.#under.sale(key);
  }
  coupon(serial: CouponSerial): Coupon | undefined {
    return this.#coupons.get(serial) ?? this.#under.coupon(serial);
  }
  holder(id: HolderId): Holder | undefined {
    return this.#holders.get(id) ?? this.#under.holder(id);
  }
  holderByCode(name: string): Holder | undefined {
    const known = this.#under.holderByCode(name);
    const newest = known === undefined ? undefined : this.holder(known.id);
    if (newest !== undefined && codeNameOf(newest) === name) return newest;
    for (const holder of this.#holders.values()) if (codeNameOf(holder) === name) return holder;
    return undefined;
  }
  holdersWith(kind: keyof Identity, hash: string): readonly HolderId[] {
    const before = this.#under.holdersWith(kind, hash);
    const added = this.#identified.get(`${kind} ${hash}`);
    return added === undefined ? before : [...before, ...added];
  }
  couponsOf(holder: HolderId): readonly CouponSerial[] {
    const before = this.#under.couponsOf(holder);
    const added = this.#claimed.get(holder);
    return added === undefined ? before : [...before, ...added];
  }
  salesOf(holder: HolderId): readonly SaleKey[] {
    const before = this.#under.salesOf(holder);
    const added = this.#asked.get(holder);
    return added === undefined ? before : [...before, ...added];
  }
  tally(name: TallyName): Tally | undefined {
    return this.#tallies.get(name) ?? this.#under.tally(name);
  }
  chunkAt(journal: string, seq: number): JournalChunk | undefined {
    const mine = this.#chunks.find((chunk) => chunk.device === journal && chunk.first <= seq && seq <= chunk.last);
    return mine ?? this.#under.chunkAt(journal, seq);
  }
  act(id: string): ActRow | undefined {
    return this.#acts.get(id) ?? this.#under.act(id);
  }
  confirmation(rrn: string): Confirmation | undefined {
    return this.#confirmations.get(rrn) ?? this.#under.confirmation(rrn);
  }

  /** Coupons that this batch issued to holders; identities by kind and hash. */
  readonly #identified = new Map<string, HolderId[]>();
  readonly #claimed = new Map<HolderId, CouponSerial[]>();
  readonly #asked = new Map<HolderId, SaleKey[]>();

  putDevice(chain: DeviceChain): void {
    this.#devices.set(chain.device, chain);
  }
  putSale(entry: SaleEntry): void {
    const before = this.sale(entry.key);
    if (entry.holder !== null && before?.holder !== entry.holder) listOf(this.#asked, entry.holder).push(entry.key);
    this.#sales.set(entry.key, entry);
  }
  putCoupon(coupon: UnversionedCoupon): void {
    const before = this.coupon(coupon.serial);
    if (before === undefined) listOf(this.#claimed, coupon.holder).push(coupon.serial);
    const stored = this.#under.coupon(coupon.serial)?.version ?? 0;
    this.#coupons.set(coupon.serial, { ...coupon, version: stored + 1 });
  }
  putHolder(holder: Holder): void {
    const known = this.holder(holder.id)?.identities ?? [];
    for (const identity of holder.identities) {
      if (known.includes(identity)) continue;
      for (const kind of IDENTIFIERS) listOf(this.#identified, `${kind} ${identity[kind]}`).push(holder.id);
    }
    this.#holders.set(holder.id, holder);
  }
  putTally(tally: Tally): void {
    this.#tallies.set(tally.name, tally);
  }
  putTotals(change: Partial<Totals>): void {
    this.#totals = { ...this.#totals, ...change };
  }
  addChunk(chunk: JournalChunk): void {
    this.#chunks.push(chunk);
  }
  addPostings(postings: Omit<PostingSet, 'id'>): void {
    const id = this.#totals.postingSets + 1;
    this.putTotals({ postingSets: id });
    this.#postings.push({ id, ...postings });
  }
  addEvidence(evidence: Omit<Evidence, 'id'>): void {
    const id = this.#totals.evidence + 1;
    this.putTotals({ evidence: id });
    this.#evidence.push({ id, ...evidence });
  }
  /** Raised once the batch is durable. */
  alert(alert: LedgerAlert): void {
    this.#alerts.push(alert);
  }
  get alerts(): readonly LedgerAlert[] {
    return this.#alerts;
  }
  addAct(row: ActRow): void {
    this.#acts.set(row.id, row);
  }
  addConfirmation(confirmation: Confirmation): void {
    this.#confirmations.set(confirmation.rrn, confirmation);
  }
  record(event: AuditEvent): void {
    this.#events.push(event);
  }

  /** Coupons that the batch used up or gave back; a coupon that returns on a later day counts as used until then. */
  spending(now: number): { readonly spent: readonly CouponSerial[]; readonly restored: readonly CouponSerial[] } {
    const spent: CouponSerial[] = [];
    const restored: CouponSerial[] = [];
    for (const { serial, state, usableFrom } of this.#coupons.values()) {
      const wasUsed = this.#under.coupon(serial)?.state === 'used';
      if (state === 'used' && !wasUsed) spent.push(serial);
      if (state !== 'used' && wasUsed && usableFrom <= now) restored.push(serial);
    }
    return { spent, restored };
  }

  findings(): readonly Finding[] {
    return findingsOf(this.#sales.values(), (key) => this.#under.sale(key));
  }

  /** undefined: nothing changed, so there is nothing to commit. */
  changes(at: number, sha256: Sha256): Changes | undefined {
    const under = this.#under;
    if (this.#isUnchanged()) return undefined;
    const body = JSON.stringify(this.#events);
    return {
      audit: { seq: under.audit.seq + 1, at, hash: auditHash(sha256, under.audit.hash, at, body), body },
      devices: [...this.#devices.values()],
      chunks: this.#chunks,
      holders: [...this.#holders.values()],
      identified: Array.from(this.#identified, ([name, holders]) => holders.map((id) => [name, id] as const)).flat(),
      coupons: [...this.#coupons.values()],
      sales: [...this.#sales.values()],
      postings: this.#postings,
      evidence: this.#evidence,
      tallies: [...this.#tallies.values()],
      acts: [...this.#acts.values()],
      confirmations: [...this.#confirmations.values()],
      totals: this.#totals === under.totals ? null : this.#totals,
    };
  }

  #isUnchanged(): boolean {
    const written = [this.#devices, this.#sales, this.#coupons, this.#holders, this.#tallies];
    return written.every((map) => map.size === 0) && this.#events.length === 0 && this.#evidence.length === 0;
  }
}

function listOf<Key, Item>(map: Map<Key, Item[]>, key: Key): Item[] {
  let list = map.get(key);
  if (list === undefined) {
    list = [];
    map.set(key, list);
  }
  return list;
}
