/** The gateway answers too early, forgets, or books what it should not. */

import type { Coupon, PostingSet } from '#gateway/ledger/book/book.js';
import { arbitrate } from '#gateway/ledger/decide/arbitrate.js';
import type { RecordsOp } from '#gateway/ports/ledger.js';
import type { CouponSerial } from '#protocol/kernel/ids.js';
import { ZERO_FEN } from '#protocol/kernel/money.js';
import type { MemoryLedger } from '../../doubles/memory-ledger.js';
import type { Sabotage } from '../sabotage.js';
import type { Mutant } from './mutant.js';
import { recordsChanged } from './wrap.js';

const mutant = (id: string, words: string, profile: Mutant['profile'], sabotage: () => Sabotage): Mutant => ({
  id,
  words,
  profile,
  sabotage,
});

/** Coupons as the decisions see them. */
const couponsSeen =
  (change: (coupon: Coupon) => Coupon) =>
  ({ book }: MemoryLedger): void => {
    const look = book.coupon;
    Object.defineProperty(book, 'coupon', {
      value: (serial: CouponSerial) => {
        const coupon = look(serial);
        return coupon === undefined ? undefined : change(coupon);
      },
    });
  };

const heldAgain = ({ serial, holder, usableFrom, version }: Coupon): Coupon => ({
  ...{ serial, holder, usableFrom, version },
  state: 'held',
});

const SLIP = { auth: '', rrn: '', last4: '', scheme: '', readerTime: '' };

export const gatewayMutants: readonly Mutant[] = [
  mutant('acknowledged-before-commit', 'answers before its ledger has committed', 'hell', () => ({
    ledger: (ledger, { rules, life, scheduler }, { book }) => ({
      ...ledger,
      commit(ops, now, done) {
        const { committed } = arbitrate(book, rules, ops, now);
        ledger.commit(ops, now, () => {});
        scheduler.after(0, () => life.enter(() => done(undefined, committed)));
      },
    }),
  })),
  mutant('commit-error-swallowed', 'answers as if a failed commit had succeeded', 'hell', () => ({
    ledger: (ledger, { rules }, { book }) => ({
      ...ledger,
      commit(ops, now, done) {
        const { committed } = arbitrate(book, rules, ops, now);
        ledger.commit(ops, now, (fault, really) => done(undefined, fault === undefined ? really : committed));
      },
    }),
  })),
  mutant('reserved-given-again', 'reserves a coupon that another sale has reserved', 'flash-sale', () => ({
    record: couponsSeen((coupon) => (coupon.state === 'reserved' ? heldAgain(coupon) : coupon)),
  })),
  mutant('lease-cut-short', 'lets a lease lapse long before the counter’s count of it', 'flash-sale', () => ({
    record: couponsSeen((coupon) =>
      coupon.leaseEnds == null ? coupon : { ...coupon, leaseEnds: coupon.leaseEnds - 110_000 },
    ),
  })),
  mutant('hold-lapses', 'lets the lease run on although the counter has said that it charges', 'hell', () => ({
    ledger: (ledger) =>
      recordsChanged(ledger, (record) => (record.kind === 'charging' ? { ...record, coupon: null } : record)),
  })),
  mutant('used-taken-again', 'redeems a coupon that is used', 'hell', () => ({
    record: couponsSeen((coupon) => (coupon.state === 'used' ? heldAgain(coupon) : coupon)),
  })),
  mutant('booked-twice', 'books a repeated batch once more', 'rough', () => ({
    ledger: (ledger, _, record) => ({
      ...ledger,
      commit(ops, now, done) {
        const repeated = ops.filter(
          (op): op is RecordsOp => op.kind === 'records' && op.from <= (record.book.device(op.device)?.seq ?? 0),
        );
        const sales = new Set(
          repeated.flatMap((op) =>
            op.records.flatMap((entry) => (entry?.kind === 'settled' ? [`${op.device}/${entry.sale}`] : [])),
          ),
        );
        const again = record.postings.filter((set) => sales.has(set.sale) && set.kind === 'redemption');
        ledger.commit(ops, now, (fault, committed) => {
          Array.prototype.push.apply(record.postings, again);
          done(fault, committed);
        });
      },
    }),
  })),
  mutant('fen-lost', 'loses a fen when it splits a face among sponsors', 'calm', () => ({
    record({ postings }) {
      Object.defineProperty(postings, 'push', {
        value: (...sets: PostingSet[]) =>
          Array.prototype.push.apply(
            postings,
            sets.map((set) => ({
              ...set,
              legs: set.legs.map((leg, at) => (at === 0 ? { ...leg, fen: leg.fen + 1 } : leg)),
            })),
          ),
      });
    },
  })),
  mutant('budget-forgotten', 'hands coupons out past the budget', 'flash-sale', () => ({
    ledger: (ledger, _, { book }) => ({
      ...ledger,
      commit(ops, now, done) {
        book.totals = { ...book.totals, claimedFen: ZERO_FEN };
        ledger.commit(ops, now, done);
        book.totals = { ...book.totals, claimedFen: ZERO_FEN };
      },
    }),
  })),
  mutant('person-forgotten', 'does not know a person again by phone, ID card and device', 'flash-sale', () => ({
    record({ book }) {
      Object.defineProperty(book, 'holdersWith', { value: () => [] });
    },
  })),
  mutant('fork-accepted', 'takes records whose chain differs from its own', 'hell', () => ({
    ledger: (ledger, _, { book }) => ({
      ...ledger,
      commit(ops, now, done) {
        for (const op of ops) {
          if (op.kind !== 'records' && op.kind !== 'hello') continue;
          const mine = book.device(op.device);
          const theirs = op.kind === 'records' ? { seq: op.from - 1, hash: op.prev } : op.head;
          if (mine !== undefined && theirs.seq < mine.seq)
            book.devices.set(op.device, { ...mine, ...theirs, fork: null });
        }
        ledger.commit(ops, now, done);
      },
    }),
  })),
  mutant('redeemed-at-charging', 'redeems when the counter says that it charges', 'calm', () => ({
    ledger: (ledger) =>
      recordsChanged(ledger, (record, { device }) =>
        record.kind === 'charging' && record.coupon !== null
          ? {
              kind: 'settled',
              sale: record.sale,
              order: record.order,
              amountFen: record.amountFen,
              netFen: record.netFen,
              serial: record.coupon.serial,
              faceFen: record.coupon.faceFen,
              receipt: `${device}-${record.sale}` as never,
              card: SLIP,
              at: record.at,
            }
          : record,
      ),
  })),
  mutant('released-on-unknown', 'gives the coupon back when nobody knows how the charge ended', 'hell', () => ({
    ledger: (ledger) =>
      recordsChanged(ledger, (record) =>
        record.kind === 'unknown' ? { kind: 'abandoned', sale: record.sale, why: 'timeout', at: record.at } : record,
      ),
  })),
  mutant('reservation-kept', 'keeps a coupon reserved after its sale came to nothing', 'rough', () => ({
    ledger: (ledger) => recordsChanged(ledger, (record) => (record.kind === 'not-charged' ? undefined : record)),
  })),
  mutant('spent-unpublished', 'publishes no change of the spent set', 'calm', () => ({
    ledger: (ledger) => ({
      ...ledger,
      commit: (ops, now, done) =>
        ledger.commit(ops, now, (fault, committed) => done(fault, { ...committed, spent: [], restored: [] })),
    }),
  })),
  mutant('conflict-discarded', 'discards a redemption whose coupon is used already', 'hell', () => ({
    ledger: (ledger, _, { book }) =>
      recordsChanged(ledger, (record) =>
        record.kind === 'settled' && record.serial !== null && book.coupon(record.serial)?.state === 'used'
          ? undefined
          : record,
      ),
  })),
  mutant(
    'refund-gives-back',
    'gives a refunded coupon back where the campaign says that it stays used',
    'rough',
    () => ({
      rules: (rules) => ({ ...rules, campaign: { ...rules.campaign, refund: 'restored-if-full' } }),
    }),
  ),
];
