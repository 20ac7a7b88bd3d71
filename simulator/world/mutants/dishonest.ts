/**
 * The gateway believes a counter: one check left out at a time. Each mutant makes right, on its way into the ledger, the one
 * thing that the check would have found wrong; what the counter really wrote stays in the gateway's copy of its journal.
 */

import { type Leg, type PostingSet, saleKey } from '#gateway/ledger/book/book.js';
import { fen } from '#protocol/kernel/money.js';
import { exactly } from '#protocol/kernel/time.js';
import type { MemoryLedger } from '../../doubles/memory-ledger.js';
import {
  type At,
  type Charging,
  charged,
  isCharged,
  mutant,
  opsSeen,
  recordsSeen,
  shownAt,
  sums,
  timeSeen,
  verdictsSeen,
} from './believing.js';
import type { Mutant } from './mutant.js';

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
