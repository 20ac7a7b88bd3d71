/**
 * The auditor of a street where some counters lie. He keeps a book of his own, from the records as they came and from what he
 * saw, and compares: no liar's merchant has a fen that a proven coupon doesn't explain, each honest merchant has every fen
 * of his, and no honest holder has lost a coupon that was never shown to a liar.
 */
import { type Coupon, type PostingSet, type SaleKey, saleKey } from '#gateway/ledger/book/book.js';
import type { DeviceId, HolderId, SaleId } from '#protocol/kernel/ids.js';
import { type JournalRecord, recordSchema } from '#protocol/records/record.js';
import type { BookEvent, Books, Check, Checker, CounterBooks } from './books.js';
import { type Proven, proofOf } from './proofs.js';

export const honestMoney: Checker = {
  name: 'honest money',
  promise:
    'no counter’s word is money: a merchant has what proven coupons explain, to the fen, and no holder loses one unshown',
  watch: (books) => (books.street.liars.size === 0 ? {} : new Auditor(books)),
};

/** Who pays for a coupon. */
const BEARERS = ['sponsor:', 'conflict:'];

class Auditor implements Check {
  readonly #books: Books;
  readonly #tapes = new Map<SaleKey, JournalRecord[]>();
  /** What each sale of a liar has brought its merchant, and what it has cost the sponsors. */
  readonly #credited = new Map<SaleKey, number>();
  readonly #borne = new Map<SaleKey, number>();
  readonly #proven = new Map<SaleKey, Proven>();
  /** By showing, by device and coupon, and by allowance: the sales that money stands for. */
  readonly #ofShowing = new Map<string, Set<SaleKey>>();
  readonly #ofCoupon = new Map<string, Set<SaleKey>>();
  readonly #ofAllowance = new Map<string, Set<SaleKey>>();
  /** Coupons of honest holders that stand for a liar's sale. */
  readonly #taken = new Map<HolderId, Set<number>>();

  constructor(books: Books) {
    this.#books = books;
  }

  seen(event: BookEvent): string | undefined {
    if (event.kind !== 'booked') return undefined;
    const { chunks, postings, coupons } = event.changes;
    for (const { device, bodies } of chunks) if (this.#lies(device)) this.#read(device, bodies);
    for (const set of postings) {
      const wrong = this.#posted(set);
      if (wrong !== undefined) return wrong;
    }
    for (const coupon of coupons) {
      const wrong = this.#holdersLoss(coupon);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  atQuiet(): string | undefined {
    return this.#merchantsHaveTheirs() ?? this.#sumsAreSums();
  }

  readonly #lies = (device: string): device is DeviceId => this.#books.street.liars.has(device as DeviceId);

  #read(device: DeviceId, bodies: readonly string[]): void {
    for (const body of bodies) {
      const record = recordOf(body);
      if (record === undefined || !('sale' in record)) continue;
      const key = saleKey(device, record.sale);
      const tape = this.#tapes.get(key);
      if (tape === undefined) this.#tapes.set(key, [record]);
      else tape.push(record);
    }
  }

  #posted({ sale, legs, kind }: PostingSet): string | undefined {
    const [device = ''] = sale.split('/');
    if (!this.#lies(device)) return undefined;
    const own = `merchant:${this.#books.street.liars.get(device)}`;
    let credit = this.#credited.get(sale) ?? 0;
    let borne = this.#borne.get(sale) ?? 0;
    for (const { account, fen } of legs) {
      if (account.startsWith('merchant:')) {
        if (account !== own) return `${sale}: ${fen} fen go to ${account}, and the device is ${own}’s`;
        credit += fen;
      } else if (BEARERS.some((kind) => account.startsWith(kind))) borne -= fen;
    }
    this.#credited.set(sale, credit);
    this.#borne.set(sale, borne);
    if (credit < 0 || borne < 0)
      return `${sale}: after a ${kind} its merchant has ${credit} fen, and others bear ${borne}`;
    // What isn't the merchant's any more waits in suspense, or stands in the account of refunds.
    if (credit > borne) return `${sale}: its merchant has ${credit} fen, and others bear ${borne}`;
    if (credit === 0 && (borne === 0 || kind === 'refund')) {
      this.#forget(sale);
      return undefined;
    }
    return this.#isProven(sale, device, credit);
  }

  #isProven(key: SaleKey, device: DeviceId, credit: number): string | undefined {
    const sale = key.slice(device.length + 1) as SaleId;
    const verdict = proofOf(this.#books, device, sale, this.#tapes.get(key) ?? []);
    if (!verdict.ok) return `${key} brings ${credit} fen on a counter’s mere word: ${verdict.why}`;
    const { proven } = verdict;
    if (credit > proven.faceFen) return `${key} brings ${credit} fen for a coupon of ${proven.faceFen}`;
    this.#proven.set(key, proven);
    const onDevice = (name: string): string => `${device} ${name}`;
    const { showing, serial } = proven;
    if (showing !== undefined) {
      const same = [...add(this.#ofShowing, showing, key)].filter((other) => other !== key);
      if (same.some((other) => other.startsWith(`${device}/`))) return `${key} and ${same[0]} live on one showing`;
      if (same.length > 0 && this.#booking(key) === 'kept')
        return `${key} keeps a coupon by a showing that was ${same[0]}’s`;
    }
    // Where two counters have one presentation, the second is a conflict and leaves its coupon alone.
    const isOfAnother = showing !== undefined && (this.#ofShowing.get(showing)?.size ?? 0) > 1;
    const ofCoupon = isOfAnother ? new Set<SaleKey>() : add(this.#ofCoupon, onDevice(`${serial}`), key);
    if (ofCoupon.size > 1) return `${device} is paid more than once for coupon ${serial}: ${[...ofCoupon].join(', ')}`;
    return proven.allowance === undefined ? undefined : this.#withinAllowance(device, proven.allowance, key);
  }

  #withinAllowance(device: DeviceId, id: string, key: SaleKey): string | undefined {
    const allowance = this.#books.street.allowance(device, id);
    if (allowance === undefined) return undefined;
    const sales = [...add(this.#ofAllowance, `${device} ${id}`, key)].flatMap((sale) => this.#proven.get(sale) ?? []);
    const holder = this.#proven.get(key)?.holder;
    const faceFen = sales.reduce((sum, sale) => sum + sale.faceFen, 0);
    const ofHolder = sales.filter((sale) => sale.holder === holder).length;
    if (sales.length > allowance.maxCoupons)
      return `${device} is paid for ${sales.length} coupons of ${allowance.maxCoupons} under ${id}`;
    if (faceFen > allowance.maxFaceFen)
      return `${device} is paid ${faceFen} fen of ${allowance.maxFaceFen} under ${id}`;
    if (ofHolder > allowance.maxPerHolder) return `${device} is paid for ${ofHolder} coupons of one holder under ${id}`;
    return undefined;
  }

  #booking(key: SaleKey): string | undefined {
    return this.#books.ledger.sale(key)?.booking;
  }

  #forget(key: SaleKey): void {
    this.#proven.delete(key);
    for (const index of [this.#ofShowing, this.#ofCoupon, this.#ofAllowance])
      for (const sales of index.values()) sales.delete(key);
  }

  /** A liar can use up what it was shown, one coupon a presentation, and nothing else. */
  #holdersLoss({ serial, holder, sale, state, leaseEnds }: Coupon): string | undefined {
    const { street } = this.#books;
    if (street.isPartner(holder)) return undefined;
    const taken = this.#taken.get(holder) ?? new Set<number>();
    const [device = ''] = sale?.split('/') ?? [];
    const isGone = state === 'used' || (state === 'reserved' && leaseEnds === null);
    if (!this.#lies(device) || !isGone) {
      taken.delete(serial);
      return undefined;
    }
    this.#taken.set(holder, taken.add(serial));
    const shown = street.exposures(holder);
    return taken.size > shown
      ? `${taken.size} coupons of a holder whose code liars have seen ${shown} times are ${state} by ${sale}`
      : undefined;
  }

  #merchantsHaveTheirs(): string | undefined {
    const { counters, postings } = this.#books;
    const has = new Map<SaleKey, number>();
    for (const { sale, legs } of postings)
      for (const { account, fen } of legs)
        if (account.startsWith('merchant:')) has.set(sale, (has.get(sale) ?? 0) + fen);
    for (const counter of counters) {
      if (counter.isForged) continue;
      for (const [sale, dueFen] of dueTo(counter)) {
        const key = saleKey(counter.device, sale);
        const got = has.get(key) ?? 0;
        if (got !== dueFen)
          return `${key} is honest: ${counter.merchant} has to get ${dueFen} fen for it, and gets ${got}`;
        const stands = this.#books.ledger.sale(key);
        if (stands?.booking === 'disputed') return `${key} is honest, and is disputed`;
      }
    }
    return undefined;
  }

  /** What is published are sums of postings, not of what counters say. */
  #sumsAreSums(): string | undefined {
    const published = this.#books.reconciliation();
    const redeemed = new Map<string, number>();
    for (const { legs } of this.#books.postings)
      for (const { account, fen } of legs)
        if (account.startsWith('merchant:')) redeemed.set(account, (redeemed.get(account) ?? 0) + fen);
    for (const { id } of this.#books.campaign.campaign.merchants) {
      const has = redeemed.get(`merchant:${id}`) ?? 0;
      const said = published.merchants[id]?.redeemedFen ?? 0;
      if (said !== has) return `${id} is said to have to get ${said} fen, and its postings come to ${has}`;
    }
    const stranger = Object.keys(published.merchants).find(
      (id) => !this.#books.campaign.campaign.merchants.some((merchant) => merchant.id === id),
    );
    return stranger === undefined ? undefined : `${stranger} is no merchant of the campaign, and has sums`;
  }
}

/** Of an honest counter's tape: what each of its sales with a coupon brings. */
function dueTo({ tape }: CounterBooks): ReadonlyMap<SaleId, number> {
  const due = new Map<SaleId, number>();
  for (const { record } of tape) {
    if (record.kind === 'settled' && record.serial !== null && !due.has(record.sale))
      due.set(record.sale, record.faceFen);
    // What was given back whole leaves nothing with the merchant, whatever the campaign's rule makes of the coupon.
    if (record.kind === 'refunded' && due.has(record.sale)) due.set(record.sale, 0);
  }
  return due;
}

function add(index: Map<string, Set<SaleKey>>, name: string, key: SaleKey): Set<SaleKey> {
  const sales = index.get(name) ?? new Set<SaleKey>();
  index.set(name, sales.add(key));
  return sales;
}

function recordOf(body: string): JournalRecord | undefined {
  try {
    const parsed = recordSchema.safeParse(JSON.parse(body));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
