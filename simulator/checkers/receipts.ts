import { saleKey } from '#gateway/core/book.js';
import type { SaleId } from '#protocol/ids.js';
import type { Books, Checker, CounterBooks, Paper } from './books.js';
import { yuan } from './money.js';

/** Read off the paper, as a customer would. */
export const receiptsTrue: Checker = {
  name: 'receipts',
  promise: 'a receipt says what the ledger says, comes after its record, and has one original at most',
  watch(books) {
    const originals = new Set<string>();
    return {
      seen(event) {
        if (event.kind !== 'paper') return undefined;
        const { counter, paper } = event;
        if (paper.code === undefined || !isWhole(paper) || counter.isForged) return undefined;
        if (!paper.isMarkedCopy) {
          if (originals.has(paper.code)) return `${paper.code} was printed twice as an original`;
          originals.add(paper.code);
        }
        return saysTheTruth(counter, paper);
      },
      atQuiet() {
        for (const counter of books.counters) {
          if (counter.isForged) continue;
          for (const paper of counter.papers.filter(isWhole)) {
            const wrong = agreesWithLedger(books, counter, paper);
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

function saysTheTruth(counter: CounterBooks, paper: Paper): string | undefined {
  const receipt = receiptOf(paper);
  const record = counter.tape.find(
    ({ record }) => (record.kind === 'settled' || record.kind === 'refunded') && record.receipt === receipt,
  )?.record;
  if (record === undefined)
    return counter.hasFailedDisk || !hasRecords(counter, receipt)
      ? undefined
      : `receipt ${receipt} is on paper, and its record is not on the disk`;
  if (record.kind !== 'settled' && record.kind !== 'refunded') return undefined;
  if (!paper.text.includes(`￥${yuan(record.netFen)}`))
    return `receipt ${receipt} does not say that ${yuan(record.netFen)} yuan were paid`;
  if (record.kind === 'settled' && record.faceFen > 0 && !paper.text.includes(`-${yuan(record.faceFen)}`))
    return `receipt ${receipt} does not say that ${yuan(record.faceFen)} yuan came off`;
  return undefined;
}

/** A sale made while the journal had failed has no record at all, and its receipt is all that there is of it. */
const hasRecords = ({ tape, device }: CounterBooks, receipt: string | undefined): boolean =>
  tape.some(({ record }) => record.kind === 'charging' && `${device}-${record.sale}` === receipt);

function agreesWithLedger(books: Books, counter: CounterBooks, paper: Paper): string | undefined {
  const receipt = receiptOf(paper);
  if (receipt === undefined || !hasRecords(counter, receipt)) return undefined;
  const sale = books.ledger.sale(saleKey(counter.device, receipt.slice(counter.device.length + 1) as SaleId));
  if (sale?.state !== 'settled' && sale?.state !== 'refunded')
    return `receipt ${receipt} is on paper, and the ledger has the sale as ${sale?.state ?? 'nothing'}`;
  return paper.text.includes(`￥${yuan(sale.netFen)}`) ? undefined : `receipt ${receipt} differs from the ledger`;
}
