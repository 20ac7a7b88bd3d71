/** The counter's parts by themselves: the journal beside the bare disk, a receipt's rendering. */
import { join } from 'node:path';
import { openJournal } from '#device/adapters/journal/sqlite-journal.js';
import { receiptDocument, sampleReceipt } from '#device/core/receipt/receipt.js';
import { printerModels, renderReceipt, warmUp } from '#device/drivers/printers/index.js';
import type { Journal } from '#device/ports/journal.js';
import type { OrderNo, ReceiptNo, SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { sha256 } from '#protocol/node/crypto.js';
import type { JournalRecord } from '#protocol/records/record.js';
import { exampleReceipt } from '../doubles/example-receipt.js';
import { type Figure, quantile } from './figure.js';
import { inFolder } from './in-folder.js';
import { medianFdatasyncMs } from './raw-limits.js';

const APPENDS = 300;
const GROUPS = 20;
const GROUP = 500;
const RENDERS = 200;

const opened = (n: number): JournalRecord => ({
  kind: 'opened',
  sale: `s${n}` as SaleId,
  order: `A${n}` as OrderNo,
  amountFen: fen(25_990),
  at: null,
});

const append = (journal: Journal, records: readonly JournalRecord[]): Promise<void> =>
  new Promise((resolve, reject) =>
    journal.append(records, (fault) => (fault === undefined ? resolve() : reject(new Error(fault.message)))),
  );

export const benchJournal = (): Promise<readonly Figure[]> =>
  inFolder(async (folder) => {
    const fdatasyncMs = medianFdatasyncMs(join(folder, 'sync'));
    const result = await openJournal(join(folder, 'journal.sqlite'), { sha256 });
    if (!result.ok) throw new Error(result.fault.message);
    const journal = result.value;
    const times: number[] = [];
    for (let n = 0; n < APPENDS; n++) {
      const began = performance.now();
      await append(journal, [opened(n)]);
      times.push(performance.now() - began);
    }
    const began = performance.now();
    for (let group = 0; group < GROUPS; group++)
      await append(
        journal,
        Array.from({ length: GROUP }, (_, n) => opened(n)),
      );
    const perSecond = (GROUPS * GROUP) / ((performance.now() - began) / 1_000);
    await new Promise<void>((done) => journal.close(done));
    const median = quantile(times, 0.5);
    return [
      {
        name: 'journal: one record, durable, median',
        ratio: median / fdatasyncMs,
        value: median,
        unit: 'ms',
        against: `a bare fdatasync took ${fdatasyncMs.toFixed(2)} ms`,
        met: null,
      },
      {
        name: `journal: records in groups of ${GROUP}`,
        ratio: null,
        value: perSecond,
        unit: 'records/s',
        against: 'durable, hash-chained',
        met: null,
      },
    ];
  });

export async function benchReceipt(): Promise<readonly Figure[]> {
  return [...printerModels.values()].map((model): Figure => {
    const layout = { columns: model.columns, language: 'zh' } as const;
    warmUp(model, sampleReceipt(layout));
    const times: number[] = [];
    for (let n = 0; n < RENDERS; n++) {
      const began = performance.now();
      renderReceipt(receiptDocument({ ...exampleReceipt, receipt: `plate-001-s${n}` as ReceiptNo }, layout), model);
      times.push(performance.now() - began);
    }
    const p99 = quantile(times, 0.99);
    return {
      name: `receipt: rendered for ${model.name}, p99`,
      ratio: null,
      value: p99,
      unit: 'ms',
      against: `median ${quantile(times, 0.5).toFixed(2)} ms; within the 10 ms to the first byte`,
      met: p99 <= 10,
    };
  });
}
