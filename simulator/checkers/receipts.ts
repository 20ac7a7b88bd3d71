import { saleKey } from '#gateway/ledger/book/book.js';
import type { SaleId } from '#protocol/kernel/ids.js';
import type { JournalRecord, RecordOf } from '#protocol/records/record.js';
import type { Books, Checker, CounterBooks, Paper } from './books.js';
import { yuan } from './money.js';

/** Read off the paper, as a customer would. */
export const receiptsTrue: Checker = {
  name: 'receipts',
  promise: 'a receipt says what the ledger says, comes after its record, and has one original at most',
  watch(books) {
    const originals = new Set<string>();
    const recorded = new Recorded();
    return {
      seen(event) {
        if (event.kind === 'journalled') recorded.note(event.counter, event.row.record);
        if (event.kind !== 'paper') return undefined;
        const { counter, paper } = event;
        if (paper.code === undefined || !isWhole(paper) || counter.isForged) return undefined;
        if (!paper.isMarkedCopy) {
          if (originals.has(paper.code)) return `${paper.code} was printed twice as an original`;
          originals.add(paper.code);
        }
        return saysTheTruth(recorded, counter, paper);
      },
      atQuiet() {
        for (const counter of books.counters) {
          if (counter.isForged) continue;
          for (const paper of counter.papers.filter(isWhole)) {
            const wrong = agreesWithLedger(books, recorded, counter, paper);
            if (wrong !== undefined) return wrong;
          }
        }
        return undefined;
      },
    };
  },
};

/** From its head to its number: what a printer that lost its power goes on with is no receipt, and nobody takes it for one. */
const isWhole = (paper: Paper): boolean => paper.text.includes('码牌编号');

const receiptOf = (paper: Paper): string | undefined =>
  paper.code?.startsWith('CPR:') === true ? paper.code.slice('CPR:'.length) : undefined;

/** What the journals' tapes say of receipts, by their numbers. */
class Recorded {
  /** Money was permitted to move for these: which sale each is of, and whether it went back. */
  readonly #permitted = new Map<string, Permitted>();
  readonly #records = new Map<string, RecordOf<'settled'> | RecordOf<'refunded'>>();

  note({ device }: CounterBooks, record: JournalRecord): void {
    if (record.kind === 'charging')
      this.#permitted.set(`${device}-${record.sale}`, { sale: record.sale, isRefund: false });
    if (record.kind === 'refunding')
      this.#permitted.set(`${device}-${record.refund}`, { sale: record.sale, isRefund: true });
    if (record.kind !== 'settled' && record.kind !== 'refunded') return;
    // Where a number came twice the first one counts.
    const name = `${device} ${record.receipt}`;
    if (!this.#records.has(name)) this.#records.set(name, record);
  }

  of({ device }: CounterBooks, receipt: string | undefined): RecordOf<'settled'> | RecordOf<'refunded'> | undefined {
    return this.#records.get(`${device} ${receipt}`);
  }

  /** undefined: made while the journal had failed, and the receipt is all that there is of it. */
  permitted(receipt: string | undefined): Permitted | undefined {
    return receipt === undefined ? undefined : this.#permitted.get(receipt);
  }
}

interface Permitted {
  readonly sale: SaleId;
  readonly isRefund: boolean;
}

function saysTheTruth(recorded: Recorded, counter: CounterBooks, paper: Paper): string | undefined {
  const receipt = receiptOf(paper);
  const record = recorded.of(counter, receipt);
  if (record === undefined)
    return counter.hasFailedDisk || recorded.permitted(receipt) === undefined
      ? undefined
      : `receipt ${receipt} is on paper, and its record is not on the disk`;
  if (!paper.text.includes(`￥${yuan(record.netFen)}`))
    return `receipt ${receipt} does not say that ${yuan(record.netFen)} yuan were paid`;
  if (record.kind === 'settled' && record.faceFen > 0 && !paper.text.includes(`-${yuan(record.faceFen)}`))
    return `receipt ${receipt} does not say that ${yuan(record.faceFen)} yuan came off`;
  return undefined;
}

function agreesWithLedger(books: Books, recorded: Recorded, counter: CounterBooks, paper: Paper): string | undefined {
  const receipt = receiptOf(paper);
  const permitted = recorded.permitted(receipt);
  if (permitted === undefined) return undefined;
  const sale = books.ledger.sale(saleKey(counter.device, permitted.sale));
  if (sale?.state !== 'refunded' && (permitted.isRefund || sale?.state !== 'settled'))
    return `receipt ${receipt} is on paper, and the ledger has the sale as ${sale?.state ?? 'nothing'}`;
  return paper.text.includes(`￥${yuan(sale.netFen)}`) ? undefined : `receipt ${receipt} differs from the ledger`;
}
