/**
 * The gateway believes a counter: one check left out at a time. Each mutant makes right, on its way into the ledger, the one
 * thing that the check would have found wrong; what the counter really wrote stays in the gateway's copy of its journal.
 */

import type { MemoryLedger } from '#gateway/adapters/memory-ledger.js';
import { type Leg, type PostingSet, saleKey } from '#gateway/core/book.js';
import type { Rules } from '#gateway/core/rules.js';
import type { Op, RecordsOp } from '#gateway/ports/ledger.js';
import type { Verdict } from '#gateway/ports/verifier.js';
import type { DeviceId } from '#protocol/ids.js';
import { fen } from '#protocol/money.js';
import type { JournalledCoupon, JournalRecord, RecordOf } from '#protocol/records/record.js';
import { exactly, type Interval, type WallMs } from '#protocol/time.js';
import type { Sabotage } from '../sabotage.js';
import type { Mutant } from './mutant.js';

const mutant = (id: string, words: string, sabotage: () => Sabotage): Mutant => ({
  id,
  words,
  profile: 'dishonest',
  sabotage,
});

interface At {
  readonly op: RecordsOp;
  readonly rules: Rules;
  readonly record: MemoryLedger;
  readonly now: WallMs;
}
type Charging = RecordOf<'charging'> & { readonly coupon: JournalledCoupon };
type Settled = RecordOf<'settled'>;

const isCharged = (record: JournalRecord | undefined): record is Charging =>
  record?.kind === 'charging' && record.coupon !== null;

/** All operations of a commit as the ledger is to see them. */
const opsSeen =
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
const recordsSeen = (
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

const charged = (id: string, words: string, change: (record: Charging, at: At) => Charging): Mutant =>
  recordsSeen(id, words, (record, at) => (isCharged(record) ? change(record, at) : record));

/** Charge and settlement together: `change` sees the coupon's tier. */
function sums(
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
const verdictsSeen = (
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
const shownAt = (verdict: Verdict, at: Interval | null): Verdict =>
  verdict.ok && at !== null ? { ...verdict, shownAt: at.earliest } : verdict;

/** The times that a lie may have, moved to where they are believed. */
const timeSeen = (id: string, words: string, moved: (at: Interval | null, now: WallMs) => Interval | null): Mutant =>
  verdictsSeen(
    id,
    words,
    (verdict, charge, { now }) =>
      moved(charge.at, now) === charge.at ? verdict : shownAt(verdict, moved(charge.at, now)),
    (record, { now }) => ({ ...record, at: moved(record.at, now) }),
  );

/** Numbers of showings made new where the check would know them again. */
function showingsForgotten(
  id: string,
  words: string,
  isForgotten: (device: DeviceId, before: ReadonlySet<string>) => boolean,
): Mutant {
  return mutant(id, words, () => {
    const usedBy = new Map<string, Set<string>>();
    let fresh = 40_000;
    const use = (name: string, by: string): void => void usedBy.set(name, (usedBy.get(name) ?? new Set()).add(by));
    return {
      ledger: opsSeen((op) => {
        if (op.kind === 'authorise' && op.presented.kind === 'verified')
          use(`${op.presented.holder} ${op.presented.counter}`, `${op.device} on line`);
        if (op.kind !== 'records') return op;
        const verdicts = new Map(op.verdicts);
        for (const [code, verdict] of op.verdicts) {
          if (!verdict.ok) continue;
          const name = `${verdict.holder} ${verdict.counter}`;
          const before = usedBy.get(name) ?? new Set<string>();
          if (isForgotten(op.device, before)) {
            fresh += 1;
            verdicts.set(code, { ...verdict, counter: fresh });
          }
          use(name, op.device);
        }
        return { ...op, verdicts };
      }),
    };
  });
}

/** Postings as they get into the book. */
const posted = (
  id: string,
  words: string,
  change: (set: PostingSet, record: MemoryLedger) => readonly PostingSet[],
): Mutant =>
  mutant(id, words, () => ({
    record(record) {
      const { book } = record;
      const apply = book.apply.bind(book);
      book.apply = (changes) =>
        apply(
          'postings' in changes
            ? ({
                ...changes,
                postings: [...postingsOf(changes)].flatMap((set) => change(set, record)),
              } as typeof changes)
            : changes,
        );
    },
  }));
const postingsOf = (changes: object): readonly PostingSet[] =>
  'postings' in changes && Array.isArray(changes.postings) ? changes.postings : [];
const times = (legs: readonly Leg[], factor: number): readonly Leg[] =>
  legs.map((leg) => ({ ...leg, fen: leg.fen * factor }));

const reservedFor = ({ record }: At, key: ReturnType<typeof saleKey>) => {
  const answer = record.book.sale(key)?.answer;
  return answer?.kind === 'reserved' ? answer : undefined;
};

export const dishonestMutants: readonly Mutant[] = [
  sums('face-believed', 'takes the face that a counter names', (record, { faceFen }) =>
    record.kind === 'charging'
      ? {
          ...record,
          coupon: { ...record.coupon, faceFen: fen(faceFen) },
          netFen: fen(Math.max(0, record.amountFen - faceFen)),
        }
      : { ...record, faceFen: fen(faceFen), netFen: fen(Math.max(0, record.amountFen - faceFen)) },
  ),
  sums('net-believed', 'takes whatever net amount a counter names', (record, { faceFen }) => ({
    ...record,
    netFen: fen(Math.max(0, record.amountFen - faceFen)),
  })),
  sums(
    'below-threshold-kept',
    'redeems a coupon off a sale that is too small for it',
    (record, { faceFen, thresholdFen }) => {
      const amountFen = fen(Math.max(record.amountFen, thresholdFen));
      return { ...record, amountFen, netFen: fen(amountFen - faceFen) };
    },
  ),
  recordsSeen('amount-believed', 'takes another amount than the one that it reserved a coupon for', (record, at) => {
    if (!isCharged(record) && record.kind !== 'settled') return record;
    const reserved = reservedFor(at, saleKey(at.op.device, record.sale));
    if (reserved === undefined) return record;
    const { netFen, faceFen } = reserved;
    return { ...record, amountFen: fen(netFen + faceFen), netFen };
  }),
  charged('threshold-believed', 'takes the threshold that a counter names', (record, { rules }) => {
    const { thresholdFen } = rules.tierOf(record.coupon.serial) ?? record.coupon;
    return { ...record, coupon: { ...record.coupon, thresholdFen } };
  }),
  charged('tier-believed', 'takes the tier that a counter names', (record, { rules }) => ({
    ...record,
    coupon: { ...record.coupon, tier: rules.tierOf(record.coupon.serial)?.id ?? record.coupon.tier },
  })),
  charged('merchant-believed', 'takes the merchant that a counter names', (record, { rules, op }) => ({
    ...record,
    merchant: rules.merchantOf(op.device) ?? record.merchant,
  })),
  mutant('merchant-asked-believed', 'reserves for any merchant that a counter names', () => ({
    ledger: opsSeen((op, { rules }) =>
      op.kind === 'authorise' ? { ...op, merchant: rules.merchantOf(op.device) ?? op.merchant } : op,
    ),
  })),
  mutant('settlement-believed', 'settles other sums than the charge had', () => {
    const charges = new Map<string, Charging>();
    return {
      ledger: opsSeen((op) => {
        if (op.kind !== 'records') return op;
        const records = op.records.map((record) => {
          if (isCharged(record)) charges.set(saleKey(op.device, record.sale), record);
          if (record?.kind !== 'settled') return record;
          const charge = charges.get(saleKey(op.device, record.sale));
          if (charge === undefined) return record;
          const { amountFen, netFen, coupon } = charge;
          return { ...record, amountFen, netFen, faceFen: coupon.faceFen, serial: coupon.serial };
        });
        return { ...op, records };
      }),
    };
  }),

  verdictsSeen('serial-believed', 'takes any true code for any coupon', (verdict, charge, { record }) => {
    const { serial } = charge.coupon;
    const owner = record.book.coupon(serial)?.holder;
    if (!verdict.ok || verdict.serials.includes(serial) || owner === undefined) return verdict;
    return { ...verdict, serials: [...verdict.serials, serial], holder: owner };
  }),
  mutant('reservation-believed', 'takes a counter’s word that a coupon was reserved for it', () => ({
    ledger: (ledger, { rules }, { book }) => ({
      ...ledger,
      commit(ops, now, done) {
        for (const op of ops) {
          if (op.kind !== 'records') continue;
          for (const record of op.records) {
            if (!isCharged(record) || record.coupon.by.kind !== 'reservation') continue;
            const key = saleKey(op.device, record.sale);
            const tier = rules.tierOf(record.coupon.serial);
            const holder = book.coupon(record.coupon.serial)?.holder;
            if (book.sale(key) !== undefined || tier === undefined || holder === undefined) continue;
            const { serial } = record.coupon;
            const { id, faceFen, thresholdFen } = tier;
            const { sale, order, merchant, amountFen, netFen } = record;
            book.putSale({
              ...{
                key,
                device: op.device,
                sale,
                order,
                merchant,
                amountFen,
                netFen,
                faceFen,
                mode: 'customer-code',
                holder,
              },
              ...{ serial, request: null, requestId: null, presented: null, state: 'asked', booking: 'none' },
              answer: { kind: 'reserved', serial, tier: id, faceFen, thresholdFen, netFen, leaseMs: rules.leaseMs },
              ...{ legs: [], flags: [], at: now },
            });
          }
        }
        ledger.commit(ops, now, done);
      },
    }),
  })),

  verdictsSeen('freshness-unchecked', 'takes a code however old it is', (verdict, charge) =>
    shownAt(verdict, charge.at),
  ),
  timeSeen('future-believed', 'takes a sale of tomorrow', (at, now) =>
    at !== null && at.earliest > now ? exactly(now) : at,
  ),
  timeSeen('past-believed', 'takes a sale of a time long before the device was given leave', (at, now) =>
    at !== null && at.latest < now - 20 * 60_000 ? exactly(now) : at,
  ),
  timeSeen('no-time-believed', 'takes a sale that was at no time', (at, now) => at ?? exactly(now)),
  timeSeen('vague-time-believed', 'takes a sale that may have been at any time of the day', (at) =>
    at !== null && at.latest - at.earliest > 90_000 ? exactly(at.latest) : at,
  ),

  mutant('allowance-invented', 'takes a sale under an allowance that nobody gave', () =>
    allowancesKnown((id, known) => !known.has(id)),
  ),
  mutant('allowance-uncounted', 'does not count what a device takes under its allowance', () => ({
    ledger: (ledger, _, { book }) => ({
      ...ledger,
      commit(ops, now, done) {
        for (const op of ops) {
          const chain = op.kind === 'records' ? book.device(op.device) : undefined;
          if (chain === undefined) continue;
          const allowances = chain.allowances?.map((issued) => ({
            ...issued,
            coupons: 0,
            faceFen: fen(0),
            holders: [],
          }));
          if (allowances !== undefined) book.devices.set(chain.device, { ...chain, allowances });
        }
        forgetHolders(book);
        // One record after another, so that no count grows within a batch either.
        ledger.commit(ops, now, done);
      },
    }),
  })),
  mutant('holders-uncounted', 'does not count how many coupons of one holder a device takes', () => ({
    ledger: (ledger, _, { book }) => ({
      ...ledger,
      commit(ops, now, done) {
        for (const op of ops) {
          const chain = op.kind === 'records' ? book.device(op.device) : undefined;
          const allowances = chain?.allowances?.map((issued) => ({ ...issued, holders: [] }));
          if (chain !== undefined && allowances !== undefined) book.devices.set(chain.device, { ...chain, allowances });
        }
        forgetHolders(book);
        ledger.commit(ops, now, done);
      },
    }),
  })),

  showingsForgotten(
    'showing-taken-twice-there',
    'lets a second counter keep a coupon by a showing that another one has used',
    (device, before) => [...before].some((other) => !other.startsWith(device)),
  ),

  recordsSeen('ended-and-settled', 'settles a sale that was given up', (record) =>
    record.kind === 'abandoned' || record.kind === 'not-charged' ? undefined : record,
  ),

  posted('disputed-is-paid', 'pays a merchant what is disputed', (set, { book }) => {
    const merchant = book.sale(set.sale)?.merchant;
    const legs = set.legs.map(
      (leg): Leg =>
        leg.account.startsWith('disputed:') && merchant != null ? { ...leg, account: `merchant:${merchant}` } : leg,
    );
    return [{ ...set, legs }];
  }),
  posted('conflict-beyond-face', 'pays twice the face for a coupon that was used before', (set) =>
    set.kind === 'conflict' ? [{ ...set, legs: times(set.legs, 2) }] : [set],
  ),
  posted('refund-beyond-paid', 'takes more back from a merchant than the sale brought', (set) =>
    set.kind === 'refund' ? [{ ...set, legs: times(set.legs, 2) }] : [set],
  ),
  posted('redeemed-and-more', 'pays a merchant a fen more than the face', (set) =>
    set.kind === 'redemption'
      ? [
          {
            ...set,
            legs: set.legs.map((leg) =>
              leg.account.startsWith('merchant:')
                ? { ...leg, fen: leg.fen + 1 }
                : { ...leg, fen: leg.account === set.legs[0]?.account ? leg.fen - 1 : leg.fen },
            ),
          },
        ]
      : [set],
  ),
];

/** How many coupons of each holder count on allowances. */
function forgetHolders(book: MemoryLedger['book']): void {
  for (const [id, holder] of book.holders) book.holders.set(id, { ...holder, takenUnder: [] });
}

/** Where a device names an allowance of the given kind, it counts on the newest of its own. */
function allowancesKnown(
  isTaken: (id: string, known: ReadonlyMap<string, DeviceId>, device: DeviceId) => boolean,
): Sabotage {
  const known = new Map<string, DeviceId>();
  const newest = new Map<DeviceId, string>();
  return {
    ledger: (ledger, _, { book }) => ({
      ...ledger,
      commit(ops, now, done) {
        const seen = ops.map((op): Op => {
          if (op.kind !== 'records') return op;
          const records = op.records.map((record) => {
            if (!isCharged(record) || record.coupon.by.kind !== 'offline') return record;
            const own = newest.get(op.device);
            if (own === undefined || !isTaken(record.coupon.by.allowance, known, op.device)) return record;
            return { ...record, coupon: { ...record.coupon, by: { ...record.coupon.by, allowance: own } } };
          });
          return { ...op, records };
        });
        ledger.commit(seen, now, (fault, committed) => {
          for (const { device, allowances = [] } of book.devices.values())
            for (const { id } of allowances) {
              known.set(id, device);
              newest.set(device, id);
            }
          done(fault, committed);
        });
      },
    }),
  };
}
