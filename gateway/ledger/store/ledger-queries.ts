/** Read queries on the ledger's tables, on a connection of their own, so that a long one delays no commit. */
import { wallMs } from '#protocol/kernel/time.js';
import type { Answer, EarlierDocument, Ledger } from '../../ports/ledger.js';
import type { Confirmation } from '../book/acts.js';
import { EMPTY_AUDIT, isAuditIntact } from '../book/audit.js';
import { type AuditRow, type Coupon, type SaleEntry, saleKey } from '../book/book.js';
import type { LoadedRows } from '../book/ledger-cache.js';
import { type ReadSet, readSetOf } from '../book/read-set.js';
import type { Rules } from '../decide/rules.js';
import { type CaseRows, casesOf } from '../report/cases.js';
import { type MerchantSum, type PostedSum, reconcile } from '../report/reconcile.js';
import { ledgerFaultOf } from './ledger-fault.js';
import {
  AUDIT_SQL,
  CASES_SQL,
  EARLIER_DOCUMENTS_SQL,
  EVIDENCE_SQL,
  loadSql,
  NEWEST_SQL,
  RECONCILIATION_SQL,
  SPENT_SQL,
} from './ledger-sql.js';
import { confirmationOf, entityOf, rowsOf, saleOf } from './row-documents.js';
import type { PreparedStatement, SqliteDatabase } from './sqlite.js';

type Queries = Pick<
  Ledger,
  'spent' | 'holder' | 'sale' | 'evidence' | 'reconciliation' | 'cases' | 'newestCommit' | 'auditIntact' | 'close'
> & { earlierDocuments(done: Answer<readonly EarlierDocument[]>): void };

export function ledgerQueries(reader: SqliteDatabase, rules: Rules): Queries {
  const load = reader.prepare(loadSql(false));
  const spent = reader.prepare(SPENT_SQL);
  const evidence = reader.prepare(EVIDENCE_SQL);
  const audit = reader.prepare(AUDIT_SQL);
  const openCases = reader.prepare(CASES_SQL);
  const newest = reader.prepare(NEWEST_SQL);
  const documents = reader.prepare(EARLIER_DOCUMENTS_SQL);
  const reconciliation = reader.prepare(RECONCILIATION_SQL);

  function ask<Value>(
    statement: PreparedStatement,
    parameter: string,
    { none, read = JSON.parse }: { readonly none: Value; readonly read?: (text: string) => Value },
    done: Answer<Value>,
  ): void {
    statement.text([parameter], (error, text) => {
      if (error !== undefined) return done(ledgerFaultOf(error), none);
      let value: Value;
      try {
        value = read(text);
      } catch (refused) {
        return done(ledgerFaultOf(refused instanceof Error ? refused : new Error(String(refused))), none);
      }
      done(undefined, value);
    });
  }

  const lookUp = (needs: ReadSet, done: Answer<LoadedRows>): void =>
    ask(load, JSON.stringify(needs), { none: EMPTY, read: rowsOf }, done);

  return {
    spent: (now, done) => ask(spent, String(now), { none: { serials: [], commits: 0 } }, done),
    holder(id, done) {
      lookUp({ ...NOTHING, holders: [id] }, (fault, { holders: [holder], coupons }) => {
        done(fault, holder === undefined ? undefined : { holder, coupons });
      });
    },
    sale(device, sale, done) {
      const key = saleKey(device, sale);
      lookUp({ ...NOTHING, sales: [key] }, (fault, { sales }) => {
        done(
          fault,
          sales.find((entry) => entry.key === key),
        );
      });
    },
    evidence: (done) => ask(evidence, '', { none: [] }, done),
    reconciliation(done) {
      const none: Sums = { sales: [], coupons: [], posted: [], toMerchants: [], confirmed: [] };
      ask(reconciliation, '', { none, read: sumsOf }, (fault, rows) => done(fault, reconcile(rows)));
    },
    cases(now, done) {
      ask(openCases, '', { none: NO_CASES, read: caseRowsOf }, (fault, rows) => {
        done(fault, casesOf(rows, { now, isEnrolled: rules.isEnrolled }));
      });
    },
    earlierDocuments: (done) => ask(documents, '', { none: [] }, done),
    newestCommit: (done) => ask(newest, '', { none: 0 }, (fault, at) => done(fault, at === 0 ? undefined : wallMs(at))),
    /** In pieces, because the table is as long as the campaign. */
    auditIntact(done) {
      const check = (from: typeof EMPTY_AUDIT): void => {
        ask<readonly AuditRow[]>(audit, String(from.seq), { none: [] }, (fault, rows) => {
          if (fault !== undefined || rows.length === 0) return done(fault, fault === undefined);
          if (!isAuditIntact(rules.sha256, rows, from)) return done(undefined, false);
          check(rows.at(-1) ?? from);
        });
      };
      check(EMPTY_AUDIT);
    },
    close: (done) => reader.close(done),
  };
}

const EMPTY: LoadedRows = {
  totals: null,
  audit: null,
  devices: [],
  chunks: [],
  holders: [],
  coupons: [],
  sales: [],
  tallies: [],
  acts: [],
  confirmations: [],
};
const NO_CASES: CaseRows = { devices: [], sales: [], referenced: [], confirmations: [], closings: [], evidence: [] };
const NOTHING: ReadSet = readSetOf([]);

/** Sales are sums of a few columns here; the rows themselves stay where they are. */
function sumsOf(text: string): Sums {
  const rows = JSON.parse(text) as Sums;
  return { ...rows, confirmed: rows.confirmed.map(confirmationOf) };
}

function caseRowsOf(text: string): CaseRows {
  const rows = JSON.parse(text) as CaseRows;
  return {
    ...rows,
    devices: rows.devices.map((row) => entityOf(`device ${row.device}`, row)),
    sales: rows.sales.map(saleOf),
    referenced: rows.referenced.map(saleOf),
    confirmations: rows.confirmations.map(confirmationOf),
  };
}

interface Sums {
  readonly sales: readonly SaleEntry[];
  readonly coupons: readonly Coupon[];
  readonly posted: readonly PostedSum[];
  readonly toMerchants: readonly MerchantSum[];
  readonly confirmed: readonly Confirmation[];
}
