/**
 * The book in memory, with arbitration's indexes. It is a simulated world's whole book, and the part of a database's book
 * that one batch needs.
 */
import type { CouponSerial, DeviceId, HolderId } from '#protocol/kernel/ids.js';
import { type ChainHead, EMPTY_CHAIN } from '#protocol/records/chain.js';
import type { ActRow, Confirmation } from './acts.js';
import {
  type Changes,
  type Coupon,
  codeNameOf,
  type DeviceChain,
  emptyTotals,
  type Holder,
  IDENTIFIERS,
  type Identity,
  type JournalChunk,
  type SaleEntry,
  type SaleKey,
  type Totals,
  type View,
} from './book.js';
import type { Tally, TallyName } from './tally.js';

export class MemoryBook implements View {
  totals: Totals;
  audit: ChainHead = EMPTY_CHAIN;
  readonly devices = new Map<DeviceId, DeviceChain>();
  readonly sales = new Map<SaleKey, SaleEntry>();
  readonly coupons = new Map<CouponSerial, Coupon>();
  readonly holders = new Map<HolderId, Holder>();
  readonly tallies = new Map<TallyName, Tally>();
  /** Kept as a set, because the spent set is read each minute, and there are ten thousand coupons. */
  readonly used = new Set<CouponSerial>();
  /** Held again after a refund, some of them from a later day on. */
  readonly restored = new Set<CouponSerial>();
  readonly acts = new Map<string, ActRow>();
  readonly confirmations = new Map<string, Confirmation>();
  readonly #byCode = new Map<string, HolderId>();
  readonly #byIdentity = new Map<string, HolderId[]>();
  readonly #couponsOf = new Map<HolderId, CouponSerial[]>();
  readonly #salesOf = new Map<HolderId, SaleKey[]>();
  readonly #chunks = new Map<string, JournalChunk[]>();

  constructor(tiers: number) {
    this.totals = emptyTotals(tiers);
  }

  device = (id: DeviceId): DeviceChain | undefined => this.devices.get(id);
  sale = (key: SaleKey): SaleEntry | undefined => this.sales.get(key);
  coupon = (serial: CouponSerial): Coupon | undefined => this.coupons.get(serial);
  holder = (id: HolderId): Holder | undefined => this.holders.get(id);
  tally = (name: TallyName): Tally | undefined => this.tallies.get(name);
  holderByCode(name: string): Holder | undefined {
    const id = this.#byCode.get(name);
    return id === undefined ? undefined : this.holders.get(id);
  }
  holdersWith = (kind: keyof Identity, hash: string): readonly HolderId[] =>
    this.#byIdentity.get(`${kind} ${hash}`) ?? NONE;
  couponsOf = (holder: HolderId): readonly CouponSerial[] => this.#couponsOf.get(holder) ?? NONE;
  salesOf = (holder: HolderId): readonly SaleKey[] => this.#salesOf.get(holder) ?? NONE;

  act = (id: string): ActRow | undefined => this.acts.get(id);
  confirmation = (rrn: string): Confirmation | undefined => this.confirmations.get(rrn);

  chunkAt(journal: string, seq: number): JournalChunk | undefined {
    // From the end, because recent records are nearly always meant.
    return this.#chunks.get(journal)?.findLast((chunk) => chunk.first <= seq && seq <= chunk.last);
  }

  forgetChunks(): void {
    this.#chunks.clear();
  }

  apply(
    changes: Pick<
      Changes,
      'devices' | 'chunks' | 'holders' | 'coupons' | 'sales' | 'tallies' | 'acts' | 'confirmations'
    >,
  ): void {
    for (const device of changes.devices) this.devices.set(device.device, device);
    for (const chunk of changes.chunks) push(this.#chunks, chunk.device, chunk);
    for (const holder of changes.holders) this.putHolder(holder);
    for (const coupon of changes.coupons) this.putCoupon(coupon, coupon.version - 1);
    for (const sale of changes.sales) this.putSale(sale);
    for (const tally of changes.tallies) this.tallies.set(tally.name, tally);
    for (const row of changes.acts) this.acts.set(row.id, row);
    for (const row of changes.confirmations) this.confirmations.set(row.rrn, row);
  }

  putHolder(holder: Holder): void {
    const before = this.holders.get(holder.id);
    const known = before?.identities ?? [];
    for (const identity of holder.identities) {
      if (known.includes(identity)) continue;
      for (const kind of IDENTIFIERS) push(this.#byIdentity, `${kind} ${identity[kind]}`, holder.id);
    }
    if (before !== undefined) this.#byCode.delete(codeNameOf(before));
    this.#byCode.set(codeNameOf(holder), holder.id);
    this.holders.set(holder.id, holder);
  }

  /** Compare-and-set: throws if the coupon's version isn't the one that the decision saw. */
  putCoupon(coupon: Coupon, was: number): void {
    const before = this.coupons.get(coupon.serial);
    if ((before?.version ?? 0) !== was) throw new Error(`coupon ${coupon.serial} changed under the decision`);
    if (before === undefined) push(this.#couponsOf, coupon.holder, coupon.serial);
    this.coupons.set(coupon.serial, coupon);
    if (coupon.state === 'used') this.used.add(coupon.serial);
    else this.used.delete(coupon.serial);
    if (coupon.state === 'held' && coupon.usableFrom > 0) this.restored.add(coupon.serial);
    else this.restored.delete(coupon.serial);
  }

  putSale(sale: SaleEntry): void {
    if (sale.holder !== null && this.sales.get(sale.key)?.holder !== sale.holder) {
      push(this.#salesOf, sale.holder, sale.key);
    }
    this.sales.set(sale.key, sale);
  }
}

const NONE: readonly never[] = [];

function push<Key, Item>(map: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [item]);
  else list.push(item);
}
