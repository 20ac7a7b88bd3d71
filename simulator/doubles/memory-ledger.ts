/** The ledger of a simulated world: everything in memory, answers at once. Durable as long as the object lives. */

import { ownerOf } from '#gateway/ledger/book/accounts.js';
import { isAuditIntact } from '#gateway/ledger/book/audit.js';
import {
  type AuditRow,
  type Changes,
  type Evidence,
  type Leg,
  type PostingSet,
  saleKey,
} from '#gateway/ledger/book/book.js';
import { MemoryBook } from '#gateway/ledger/book/memory-book.js';
import { arbitrate } from '#gateway/ledger/decide/arbitrate.js';
import type { Rules } from '#gateway/ledger/decide/rules.js';
import { type CaseRows, casesOf, salesIn } from '#gateway/ledger/report/cases.js';
import { type MerchantSum, type PostedSum, reconcile } from '#gateway/ledger/report/reconcile.js';
import type { Ledger } from '#gateway/ports/ledger.js';
import { wallMs } from '#protocol/kernel/time.js';

export interface MemoryLedger extends Ledger {
  /** For checkers, which look at everything. */
  readonly book: MemoryBook;
  readonly postings: readonly PostingSet[];
  readonly auditRows: readonly AuditRow[];
  readonly evidenceRows: readonly Evidence[];
}

export function openMemoryLedger(rules: Rules): MemoryLedger {
  const book = new MemoryBook(rules.campaign.tiers.length);
  const postings: PostingSet[] = [];
  const auditRows: AuditRow[] = [];
  const evidenceRows: Evidence[] = [];
  /** The newest first. */
  const documents: { readonly text: string; readonly since: number }[] = [];
  return {
    book,
    postings,
    auditRows,
    evidenceRows,
    commit(ops, now, done) {
      const { committed, changes } = arbitrate(book, rules, ops, now);
      if (changes !== undefined) write(changes);
      done(undefined, committed);
    },
    spent(now, done) {
      const notYet = [...book.restored].filter((serial) => (book.coupon(serial)?.usableFrom ?? 0) > now);
      done(undefined, { serials: [...book.used, ...notYet], commits: book.audit.seq });
    },
    holder(id, done) {
      const holder = book.holder(id);
      const coupons = book.couponsOf(id).flatMap((serial) => book.coupon(serial) ?? []);
      done(undefined, holder === undefined ? undefined : { holder, coupons });
    },
    sale: (device, sale, done) => done(undefined, book.sale(saleKey(device, sale))),
    evidence: (done) => done(undefined, [...evidenceRows]),
    reconciliation(done) {
      const posted = postings.flatMap(({ kind, legs }) =>
        legs.map(({ account, fen }): PostedSum => [kind, account, fen]),
      );
      const toMerchants = postings.flatMap(({ sale, legs: moved }) => moved.flatMap((leg) => toMerchant(sale, leg)));
      const confirmed = [...book.confirmations.values()];
      const [sales, coupons] = [[...book.sales.values()], [...book.coupons.values()]];
      done(undefined, reconcile({ sales, coupons, posted, toMerchants, confirmed }));
    },
    cases: (now, done) => done(undefined, casesOf(caseRows(), { now, isEnrolled: rules.isEnrolled })),
    keepDocument(campaign, now, done) {
      const text = JSON.stringify(campaign);
      const isSame = documents[0]?.text === text;
      const after = documents[0] === undefined ? now : Math.max(now, documents[0].since + 1);
      if (!isSame) documents.unshift({ text, since: after });
      done(
        undefined,
        documents.slice(1).map(({ text: kept, since }, at) => {
          return { campaign: JSON.parse(kept) as unknown, since, until: documents[at]?.since ?? since };
        }),
      );
    },
    newestCommit(done) {
      const newest = auditRows.at(-1);
      done(undefined, newest === undefined ? undefined : wallMs(newest.at));
    },
    auditIntact: (done) => done(undefined, isAuditIntact(rules.sha256, auditRows)),
    close: (done) => done(),
  };

  function toMerchant(sale: string, { account, fen }: Leg): MerchantSum[] {
    const owner = ownerOf(account);
    return owner?.kind === 'merchant' ? [[sale, owner.id, fen]] : [];
  }

  function caseRows(): CaseRows {
    const sales = [...book.sales.values()];
    return {
      devices: [...book.devices.values()],
      sales,
      referenced: sales,
      confirmations: [...book.confirmations.values()],
      closings: [...book.acts.values()].filter(({ act }) => act === 'close'),
      evidence: evidenceRows.map(({ id, kind, device, detail }) => ({ id, kind, about: [device, ...salesIn(detail)] })),
    };
  }

  function write(changes: Changes): void {
    book.apply(changes);
    postings.push(...changes.postings);
    evidenceRows.push(...changes.evidence);
    if (changes.totals !== null) book.totals = changes.totals;
    if (changes.audit !== null) {
      auditRows.push(changes.audit);
      book.audit = { seq: changes.audit.seq, hash: changes.audit.hash };
    }
  }
}
