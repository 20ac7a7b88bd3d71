/** What the mutants of a believing gateway are made of: wrappers that change what the ledger gets to see. */

import type { Rules } from '#gateway/ledger/decide/rules.js';
import type { Op, RecordsOp } from '#gateway/ports/ledger.js';
import type { Verdict } from '#gateway/ports/verifier.js';
import type { Interval, WallMs } from '#protocol/kernel/time.js';
import type { JournalledCoupon, JournalRecord, RecordOf } from '#protocol/records/record.js';
import type { MemoryLedger } from '../../doubles/memory-ledger.js';
import type { Sabotage } from '../sabotage.js';
import type { Mutant } from './mutant.js';

export const mutant = (id: string, words: string, sabotage: () => Sabotage): Mutant => ({
  id,
  words,
  profile: 'dishonest',
  sabotage,
});

export interface At {
  readonly op: RecordsOp;
  readonly rules: Rules;
  readonly record: MemoryLedger;
  readonly now: WallMs;
}
export type Charging = RecordOf<'charging'> & { readonly coupon: JournalledCoupon };
export type Settled = RecordOf<'settled'>;

export const isCharged = (record: JournalRecord | undefined): record is Charging =>
  record?.kind === 'charging' && record.coupon !== null;

/** All operations of a commit as the ledger is to see them. */
export const opsSeen =
  (change: (op: Op, at: Omit<At, 'op'>) => Op): NonNullable<Sabotage['ledger']> =>
  (ledger, { rules }, record) => ({
    ...ledger,
    commit: (ops, now, done) =>
      ledger.commit(
        ops.map((op) => change(op, { rules, record, now })),
        now,
        done,
      ),
  });

/** Records as the ledger is to see them; undefined: as if it couldn't be read. */
export const recordsSeen = (
  id: string,
  words: string,
  change: (record: JournalRecord, at: At) => JournalRecord | undefined,
): Mutant =>
  mutant(id, words, () => ({
    ledger: opsSeen((op, at) =>
      op.kind === 'records'
        ? {
            ...op,
            records: op.records.map((record) => (record === undefined ? record : change(record, { ...at, op }))),
          }
        : op,
    ),
  }));

export const charged = (id: string, words: string, change: (record: Charging, at: At) => Charging): Mutant =>
  recordsSeen(id, words, (record, at) => (isCharged(record) ? change(record, at) : record));

/** Charge and settlement together: `change` sees the coupon's tier. */
export function sums(
  id: string,
  words: string,
  change: <Money extends Charging | Settled>(record: Money, tier: { faceFen: number; thresholdFen: number }) => Money,
): Mutant {
  return recordsSeen(id, words, (record, { rules }) => {
    if (isCharged(record)) {
      const tier = rules.tierOf(record.coupon.serial);
      return tier === undefined ? record : change(record, tier);
    }
    if (record.kind !== 'settled' || record.serial === null) return record;
    const tier = rules.tierOf(record.serial);
    return tier === undefined ? record : change(record, tier);
  });
}

/** What was said of a presentation, with the charge that names it. */
export const verdictsSeen = (
  id: string,
  words: string,
  change: (verdict: Verdict, charge: Charging, at: At) => Verdict,
  also: (record: JournalRecord, at: At) => JournalRecord = (record) => record,
): Mutant =>
  mutant(id, words, () => ({
    ledger: opsSeen((op, at) => {
      if (op.kind !== 'records') return op;
      const verdicts = new Map(op.verdicts);
      for (const record of op.records) {
        const by = isCharged(record) ? record.coupon.by : undefined;
        const verdict = by?.kind === 'offline' ? verdicts.get(by.presentation) : undefined;
        if (isCharged(record) && by?.kind === 'offline' && verdict !== undefined)
          verdicts.set(by.presentation, change(verdict, record, { ...at, op }));
      }
      const records = op.records.map((record) => (record === undefined ? record : also(record, { ...at, op })));
      return { ...op, verdicts, records };
    }),
  }));

/** Shown at the very time of the sale. */
export const shownAt = (verdict: Verdict, at: Interval | null): Verdict =>
  verdict.ok && at !== null ? { ...verdict, shownAt: at.earliest } : verdict;

/** The times that a lie may have, moved to where they are believed. */
export const timeSeen = (
  id: string,
  words: string,
  moved: (at: Interval | null, now: WallMs) => Interval | null,
): Mutant =>
  verdictsSeen(
    id,
    words,
    (verdict, charge, { now }) =>
      moved(charge.at, now) === charge.at ? verdict : shownAt(verdict, moved(charge.at, now)),
    (record, { now }) => ({ ...record, at: moved(record.at, now) }),
  );
