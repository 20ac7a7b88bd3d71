/** One recorded life of a workload, in the process that strace watches. */
import { openSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { subjectNamed } from './subjects.js';

const ordersSchema = z.object({
  workload: z.enum(['journal', 'ledger']),
  life: z.int().min(1),
  folder: z.string(),
  marks: z.string(),
});

export async function liveUnderRecord(orders: unknown): Promise<void> {
  const { workload, life, folder, marks } = ordersSchema.parse(orders);
  const fd = openSync(marks, 'w');
  // Synchronous: a mark stands in the trace exactly where it was made.
  await subjectNamed(workload).live(life, folder, (text) => writeSync(fd, `${text}\n`));
}
