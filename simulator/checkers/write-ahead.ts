import type { Checker, CounterBooks } from './books.js';

/** Before the reader takes a command, the record that permits it is on the disk; and nobody pays one order twice. */
export const writeAhead: Checker = {
  name: 'write ahead',
  promise:
    'no charge without its durable record, none for another amount, none twice for one order; no result is called stored that is not',
  watch() {
    const orders = new Map<string, string>();
    return {
      seen(event) {
        if (event.kind === 'commanded') {
          const { counter, ref } = event;
          if (permission(counter, ref) === undefined && !counter.hasFailedDisk)
            return `${counter.device}: the reader has taken ${ref}, and no record on the disk permits it`;
        }
        if (event.kind === 'taken' && !event.counter.isForged && !isStored(event.counter, event.ref))
          return `${event.counter.device}: the reader hears that the result of ${event.ref} is stored, and no record has it`;
        if (event.kind !== 'moved') return undefined;
        const { counter, entry } = event;
        const permitted = permission(counter, entry.ref);
        if (permitted === undefined) return undefined;
        if (permitted.netFen !== entry.amountFen)
          return `${counter.device}/${entry.ref}: permitted ${permitted.netFen} fen, moved ${entry.amountFen}`;
        if (entry.kind !== 'sale' || counter.isForged || permitted.order === undefined) return undefined;
        const name = `${counter.device} ${permitted.order}`;
        const before = orders.get(name);
        orders.set(name, entry.ref);
        return before === undefined || before === entry.ref || wentBack(counter, before)
          ? undefined
          : `order ${permitted.order} was paid as ${before} and again as ${entry.ref}`;
      },
    };
  },
};

function permission(
  { tape }: CounterBooks,
  ref: string,
): { readonly netFen: number; readonly order: string | undefined } | undefined {
  for (let at = tape.length - 1; at >= 0; at--) {
    const record = tape[at]?.record;
    if (record?.kind === 'charging' && record.sale === ref) return { netFen: record.netFen, order: record.order };
    if (record?.kind === 'refunding' && record.refund === ref) return { netFen: record.netFen, order: undefined };
  }
  return undefined;
}

/** The reader forgets a result that it is told is stored: from then on only the journal knows. */
function isStored({ tape }: CounterBooks, ref: string): boolean {
  return tape.some(({ record }) => {
    switch (record.kind) {
      case 'settled':
      case 'not-charged':
        return record.sale === ref;
      case 'refunded':
      case 'refund-failed':
        return record.refund === ref;
      default:
        return false;
    }
  });
}

const wentBack = (counter: CounterBooks, ref: string): boolean => counter.takenBack.has(ref);
