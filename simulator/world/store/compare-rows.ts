/** Every row of a stored ledger against the ledger in memory: what a batch left out would not show in its answer. */
import { promisify } from 'node:util';
import type { LoadedRows } from '#gateway/ledger/book/ledger-cache.js';
import { WHOLE_SQL } from '#gateway/ledger/store/ledger-sql.js';
import { rowsOf } from '#gateway/ledger/store/row-documents.js';
import { openSqliteToRead } from '#gateway/ledger/store/sqlite.js';
import type { Answer, Ledger } from '#gateway/ports/ledger.js';
import type { MemoryLedger } from '../../doubles/memory-ledger.js';

export interface Stores {
  readonly file: string;
  readonly ledger: Ledger;
  readonly record: MemoryLedger;
}

/** What is different, the first of it; undefined: nothing. */
export async function compareRows({ file, ledger, record }: Stores): Promise<string | undefined> {
  const { book } = record;
  const stored = await wholeOf(file);
  const memory: Rows = {
    totals: [book.totals],
    devices: [...book.devices.values()],
    holders: [...book.holders.values()],
    coupons: [...book.coupons.values()],
    sales: [...book.sales.values()],
    tallies: [...book.tallies.values()],
    acts: [...book.acts.values()],
    confirmations: [...book.confirmations.values()],
    reconciliation: [await asked(record.reconciliation)],
    evidence: await asked(record.evidence),
    audit: [book.audit],
  };
  const sqlite: Rows = {
    ...stored,
    totals: [stored.totals ?? book.totals],
    reconciliation: [await asked(ledger.reconciliation)],
    evidence: await asked(ledger.evidence),
    audit: [stored.audit ?? book.audit],
  };
  for (const kind of KINDS) {
    const what = differenceOf(sqlite[kind], memory[kind]);
    if (what !== undefined) return `${kind}: ${what}`;
  }
  return (await asked(ledger.auditIntact)) ? undefined : 'the audit chain of the stored ledger is broken';
}

const KINDS = [
  ...(['audit', 'totals', 'devices', 'holders', 'coupons', 'sales', 'tallies'] as const),
  ...(['acts', 'confirmations', 'evidence', 'reconciliation'] as const),
];
type Rows = Readonly<Record<(typeof KINDS)[number], readonly unknown[]>>;

function differenceOf(stored: readonly unknown[], memory: readonly unknown[]): string | undefined {
  const [one, other] = [stored.map(inOrder).toSorted(), memory.map(inOrder).toSorted()];
  const at = Array.from({ length: Math.max(one.length, other.length) }).findIndex((_, row) => one[row] !== other[row]);
  if (at < 0) return undefined;
  return `SQLite holds ${one[at] ?? 'nothing'} where the ledger in memory holds ${other[at] ?? 'nothing'}`;
}

/** As JSON, whatever order the names came in. */
const inOrder = (row: unknown): string =>
  JSON.stringify(row, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );

const asked = <Value>(ask: (done: Answer<Value>) => void): Promise<Value> =>
  new Promise((resolve, reject) =>
    ask((fault, value) => (fault === undefined ? resolve(value) : reject(new Error(fault.message)))),
  );

async function wholeOf(file: string): Promise<LoadedRows> {
  const database = await promisify(openSqliteToRead)(file);
  try {
    return rowsOf(await promisify(database.prepare(WHOLE_SQL).text)(['']));
  } finally {
    await new Promise<void>((closed) => database.close(closed));
  }
}
