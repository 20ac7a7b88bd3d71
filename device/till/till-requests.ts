/**
 * Handles the till's requests: whether one is allowed now, whether it is already done, and the sale's state as the answer.
 *
 * An `open` is answered once the sale's first record is durable, together with every repeat that arrived meanwhile.
 */
import type { OrderNo, SaleId } from '#protocol/kernel/ids.js';
import { unreachable } from '#protocol/kernel/machine.js';
import type { OrderDay } from '../core/sale/business-day.js';
import { isFinal, type Sale, type SaleInput } from '../core/sale/sale.js';
import type { SaleIndex } from '../core/sale/sale-index.js';
import { viewOf } from '../core/sale/sale-view.js';
import type { TillReply, TillRequest } from '../ports/till.js';
import { faultOfRequest, isAlreadySo, refusal } from './till-rules.js';

type Opening = Extract<TillRequest, { kind: 'open' }>;
type Reply = (reply: TillReply) => void;

export interface TillRequestsOptions {
  readonly saleIndex: SaleIndex;
  /** Read again for each request. */
  readonly status: () => {
    /** No record can be written any more. */
    readonly journalFailed: boolean;
    /** The campaign lets a counter sell at full price nevertheless. */
    readonly sellsWithoutJournal: boolean;
    readonly readerReady: boolean;
    readonly readerMark: string | null;
    readonly printerThere: boolean;
    /** The sale at the counter. */
    readonly current: Sale | undefined;
  };
  /** The sale's business day relative to now. */
  readonly dayOf: (sale: Sale) => OrderDay;
  /** The sale needs a record and can't get one. */
  readonly isBlocked: (sale: SaleId) => boolean;
  readonly nextRefund: () => SaleId;
  /**
   * Begins a sale, returns its id through `begun`, and has it recorded; `opened` is called once that is durable, perhaps
   * before this returns.
   */
  readonly begin: (request: Opening, begun: (sale: SaleId) => void) => void;
  readonly step: (sale: Sale, input: SaleInput) => void;
  /** False if this very copy already waits for the printer. */
  readonly reprint: (sale: Sale) => boolean;
}

export class TillRequests {
  readonly #options: TillRequestsOptions;
  /** Requests that wait for their sale's first record. */
  readonly #opening = new Map<SaleId, Reply[]>();

  constructor(options: TillRequestsOptions) {
    this.#options = options;
  }

  answer(request: TillRequest, reply: Reply): void {
    const { saleIndex, status, isBlocked } = this.#options;
    // A sale whose order number was used again is still found by its own id.
    const named = saleIndex.ofOrder(request.order);
    if (request.kind === 'open') {
      this.#open(request, named, reply);
      return;
    }
    const sale = named ?? ofItsOwnNumber(saleIndex, request.order);
    if (sale === undefined) {
      reply(refusal('ORDER_UNKNOWN', null));
      return;
    }
    if (isAlreadySo(request.kind, sale)) {
      reply({ ok: true, sale: viewOf(sale), again: true });
      return;
    }
    const { readerReady, printerThere, current } = status();
    const fault = faultOfRequest(request.kind, sale, {
      journalFailed: isBlocked(sale.facts.sale),
      readerReady,
      printerThere,
      busy: current !== undefined,
    });
    if (fault !== undefined) {
      reply(refusal(fault, sale));
      return;
    }
    const done = this.#perform(request, sale);
    reply({ ok: true, sale: viewOf(saleIndex.get(sale.facts.sale) ?? sale), again: !done });
  }

  /** The sale's first record is durable: answers its requests. */
  opened(sale: Sale): void {
    const replies = this.#opening.get(sale.facts.sale) ?? [];
    this.#opening.delete(sale.facts.sale);
    // Repeats that arrived before the answer.
    for (const [index, reply] of replies.entries()) reply({ ok: true, sale: viewOf(sale), again: index > 0 });
  }

  /** No further first record will be durable. */
  journalFailed(): void {
    for (const [, replies] of this.#opening) for (const reply of replies) reply(refusal('JOURNAL_FAILED', null));
    this.#opening.clear();
  }

  /** False: nothing was done, because it was already done. */
  #perform({ kind }: Exclude<TillRequest, Opening>, sale: Sale): boolean {
    const { status, step, nextRefund, reprint } = this.#options;
    const { readerMark } = status();
    switch (kind) {
      case 'look':
        return true;
      case 'charge':
        step(sale, { kind: 'charge', readerMark });
        return true;
      case 'cancel':
        step(sale, { kind: 'cancel', by: 'till' });
        return true;
      case 'refund':
        step(sale, { kind: 'refund', refund: nextRefund(), readerMark });
        return true;
      case 'reprint':
        return reprint(sale);
      case 'ask-again':
        step(sale, { kind: 'ask-again' });
        return true;
      default:
        return unreachable(kind);
    }
  }

  #open(request: Opening, existing: Sale | undefined, reply: Reply): void {
    // An order without a charge may come again, as a new sale; after `abandoned` a till sends it at once, while the record
    // is still on its way to the disk.
    const over = existing?.at === 'not-charged' || existing?.at === 'abandoned' || existing?.at === 'abandoning';
    // An unresolved sale keeps its number, because a person identifies it by that.
    const day = existing !== undefined && isFinal(existing) ? this.#options.dayOf(existing) : 'same';
    if (existing !== undefined && !over && day !== 'another') {
      if (existing.facts.amountFen !== request.amountFen) reply(refusal('ORDER_DIFFERS', existing));
      else if (day === 'unsure') reply(refusal('ORDER_DAY_UNKNOWN', existing));
      else if (existing.at === 'opening') this.#opening.get(existing.facts.sale)?.push(reply);
      else reply({ ok: true, sale: viewOf(existing), again: true });
      return;
    }
    const { journalFailed, sellsWithoutJournal, current } = this.#options.status();
    if (journalFailed && !sellsWithoutJournal) reply(refusal('JOURNAL_FAILED', null));
    else if (current !== undefined) reply(refusal('COUNTER_BUSY', current));
    else this.#options.begin(request, (sale) => this.#opening.set(sale, [reply]));
  }
}

/** `s000001-d728d6`, as in every answer's `sale`. */
const OWN_NUMBER = /^s\d{6,15}-[0-9a-f]{6}$/;

function ofItsOwnNumber(saleIndex: SaleIndex, order: OrderNo): Sale | undefined {
  return OWN_NUMBER.test(order) ? saleIndex.get(saleId(order)) : undefined;
}

const saleId = (text: string): SaleId => text as SaleId;
