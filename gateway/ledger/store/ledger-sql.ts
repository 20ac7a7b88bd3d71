/**
 * The ledger's tables and statements for SQLite.
 *
 * A row's whole entity is JSON in `doc`; the other columns are search keys. Everything is set-based: keys come in as JSON
 * arrays, rows leave as one JSON text.
 *
 * Tables with long rows have row ids, so that new rows are appended and only a short index is updated in random order:
 * without them a batch took half as long again.
 */

/** "CPLl" in ASCII: identifies our database files. */
export const APPLICATION_ID = 0x43504c6c;
/**
 * 2: with a staging table, which a gateway of version 1 would not read. 3: disputed money in suspense accounts, allowances
 * and presentations remembered: a gateway of version 2 would pay what this one holds back. Both older versions are upgraded
 * in place.
 */
export const SCHEMA_VERSION = 3;

/**
 * synchronous=FULL: a commit is durable before its answer (in WAL mode, NORMAL would sync at checkpoints only).
 * temp_store=memory: a batch that could fail half-way keeps undo pages, by default in a temporary file per batch. The
 * cache, in KiB, holds a district's whole book. A checkpoint every 16 MiB adds some 20 ms to a batch now and then.
 */
export const PRAGMAS = `
pragma temp_store = memory;
pragma cache_size = -65536;
pragma journal_mode = wal;
pragma synchronous = full;
pragma wal_autocheckpoint = 4000;
pragma foreign_keys = off;
`;

/** SQLite silently keeps the old value of a setting that it can't apply: this reads the actual ones. */
export const DURABILITY_SQL = `select json_object(
  'synchronous', (select synchronous from pragma_synchronous),
  'journalMode', (select journal_mode from pragma_journal_mode)) as text where ?1 = ''`;

export const TABLES = `
begin immediate;
create table if not exists meta(name text primary key, value text not null) without rowid;
create table if not exists totals(id integer primary key check (id = 1), doc text not null);
create table if not exists device(id text primary key, seq integer not null, doc text not null);
create table if not exists journal(device text not null, last integer not null, doc text not null);
create unique index if not exists journal_by_seq on journal(device, last);
create table if not exists holder(id text primary key, code text not null unique, doc text not null);
create table if not exists identity(name text not null, holder text not null, primary key (name, holder)) without rowid;
create table if not exists coupon(
  serial integer primary key, holder text not null, state text not null, sale text,
  lease_ends integer, usable_from integer not null, version integer not null);
create index if not exists coupon_by_holder on coupon(holder);
create table if not exists sale(key text primary key, holder text, serial integer, doc text not null);
create table if not exists posting(set_id integer not null, kind text not null, sale text not null, account text not null, fen integer not null);
create table if not exists tally(name text primary key, doc text not null) without rowid;
create table if not exists evidence(id integer primary key, doc text not null);
create table if not exists audit(seq integer primary key, at integer not null, hash text not null, body text not null);
create table if not exists act(id text primary key, about text, doc text not null);
create table if not exists confirmation(rrn text primary key, doc text not null);
create table if not exists document(since integer primary key, doc text not null);
create trigger if not exists audit_is_append_only before update on audit begin select raise(abort, 'audit is append-only'); end;
create trigger if not exists audit_keeps_all before delete on audit begin select raise(abort, 'audit is append-only'); end;
create trigger if not exists posting_is_append_only before update on posting begin select raise(abort, 'postings are append-only'); end;
create trigger if not exists posting_keeps_all before delete on posting begin select raise(abort, 'postings are append-only'); end;
pragma application_id = ${APPLICATION_ID};
pragma user_version = ${SCHEMA_VERSION};
commit;
`;

/** Limit of the documents read: a campaign changes a few times, and no counter still uses older ones. */
const MOST_DOCUMENTS = 50;

/** ?1: the document, as text; ?2: now. After a clock was set back the document still sorts behind the newest. */
export const KEEP_DOCUMENT = `insert into document(since, doc)
  select max(?2, coalesce((select max(since) + 1 from document), 0)), ?1
  where ?1 is not (select doc from document order by since desc limit 1)`;

/** All but the newest, newest first. */
export const EARLIER_DOCUMENTS_SQL = `select coalesce(json_group_array(json_object('campaign', json(doc), 'since', since, 'until', until)), '[]') as text from (
  select doc, since, lead(since) over (order by since) as until from document order by since desc limit ${MOST_DOCUMENTS})
  where until is not null and ?1 = ''`;

/** The highest version that counters may have heard; 0: none. The first tells whether there is such a table at all. */
export const HAS_DOCUMENTS_SQL = "select count(*) || '' as text from sqlite_schema where name = 'document' and ?1 = ''";
export const LATEST_VERSION_SQL = "select coalesce(max(doc->>'version'), 0) as text from document where ?1 = ''";

/** Only if a rule reads a holder's other sales. */
export const HISTORY_INDEX = 'create index if not exists sale_by_holder on sale(holder) where holder is not null';

/** The newest commit's place in the audit chain. */
const LAST_COMMIT = 'select coalesce(max(seq), 0) from audit';

/** The row element with the entity's offset, counted from 1; its length in bytes is next to it. */
const doc = (at: number): string => `cast(substr(new.docs, value->>${at}, value->>${at + 1}) as text)`;

/** The batch columns that hold rows, each for a table or two. */
export const ROW_COLUMNS = [
  ...(['audit', 'devices', 'chunks', 'holders', 'identified'] as const),
  ...(['coupons', 'sales', 'postings', 'evidence', 'tallies', 'totals', 'acts', 'confirmations'] as const),
];
const BATCH = ['docs', ...ROW_COLUMNS];

/**
 * Writes a batch by one INSERT into a view, whose trigger does the rest: one transaction and one trip to the database's
 * thread for any number of rows. It fails as a whole if anything differs from the decision's view: another gateway's commit
 * took the next place in the audit chain, or a coupon's version moved on (compare-and-set).
 *
 * Rows come as JSON, each an array of its columns; null: none. A new coupon has version 1, and its version is checked like
 * any other. (An UPDATE from such rows would first build a table of them, in 88 KiB of its own.) A row holds only the
 * entity's place in `docs`, the concatenated bytes of all entities: as JSON within JSON SQLite would read and write each
 * three times over.
 */
export const BATCH_TRIGGER = `
create temp view batch(${BATCH.join()}) as select ${BATCH.map(() => 'null').join()};
create temp trigger write_batch instead of insert on batch begin
  insert into audit(seq, at, hash, body)
    select value->>0, value->>1, value->>2, ${doc(3)} from json_each(new.audit);
  insert into coupon(serial, holder, state, sale, lease_ends, usable_from, version)
    select value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6 from json_each(new.coupons) where true
    on conflict(serial) do update set state = excluded.state, sale = excluded.sale, lease_ends = excluded.lease_ends,
      usable_from = excluded.usable_from, version = excluded.version where coupon.version = excluded.version - 1;
  select raise(abort, 'stale') where changes() <> coalesce(json_array_length(new.coupons), 0);
  insert into device(id, seq, doc) select value->>0, value->>1, ${doc(2)} from json_each(new.devices) where true
    on conflict(id) do update set seq = excluded.seq, doc = excluded.doc;
  insert into journal(device, last, doc) select value->>0, value->>1, ${doc(2)} from json_each(new.chunks);
  insert into holder(id, code, doc) select value->>0, value->>1, ${doc(2)} from json_each(new.holders) where true
    on conflict(id) do update set code = excluded.code, doc = excluded.doc;
  insert or ignore into identity(name, holder) select value->>0, value->>1 from json_each(new.identified);
  insert into sale(key, holder, serial, doc)
    select value->>0, value->>1, value->>2, ${doc(3)} from json_each(new.sales) where true
    on conflict(key) do update set holder = excluded.holder, serial = excluded.serial, doc = excluded.doc;
  insert into posting(set_id, kind, sale, account, fen)
    select value->>0, value->>1, value->>2, value->>3, value->>4 from json_each(new.postings);
  insert into evidence(id, doc) select value->>0, ${doc(1)} from json_each(new.evidence);
  insert into tally(name, doc) select value->>0, value->>1 from json_each(new.tallies) where true
    on conflict(name) do update set doc = excluded.doc;
  insert into act(id, about, doc) select value->>0, value->>1, ${doc(2)} from json_each(new.acts);
  insert into confirmation(rrn, doc) select value->>0, ${doc(1)} from json_each(new.confirmations) where true
    on conflict(rrn) do update set doc = excluded.doc;
  insert into totals(id, doc) select 1, value from json_each(new.totals) where true
    on conflict(id) do update set doc = excluded.doc;
end;
`;

export const WRITE_BATCH = `insert into batch values (${BATCH.map(() => '?').join()})`;

/**
 * Versions before 3 wrote commits of few operations to a staging table first, a ring of rows in which only those past the
 * audit chain's end count. Their batches are applied to the tables in order, and the staging table is dropped.
 */
export const HAS_DAYBOOK_SQL = `select count(*) || '' as text from sqlite_schema where name = 'daybook' and ?1 = ''`;
export const TAKE_OVER_DAYBOOK = `
insert into batch select docs, ${ROW_COLUMNS.map((column) => `body->'${column}'`).join()}
  from daybook where seq > (${LAST_COMMIT}) order by seq;
drop table daybook;
`;

/** Identifies the file before anything in it is changed. */
export const ORIGIN_SQL = `select json_object(
  'application', (select application_id from pragma_application_id),
  'version', (select user_version from pragma_user_version),
  'tables', (select count(*) from sqlite_schema)) as text where ?1 = ''`;

export const FACT_TO_READ_SQL = 'select value as text from meta where name = ?1';

/** Inserts a fact about the ledger unless it has one, and returns the stored one. */
export const FACT_SQL = `insert into meta(name, value) values (?1, ?2)
  on conflict(name) do update set value = value returning value as text`;

const list = (column: string, rows: string): string =>
  `'[' || coalesce((select group_concat(${column}, ',') from ${rows}), '') || ']'`;

export const COUPON_ROW =
  "json_object('serial', serial, 'holder', holder, 'state', state, 'sale', sale, 'leaseEnds', lease_ends, 'usableFrom', usable_from, 'version', version)";

/** `journalOf`, of the device in row `d`. */
const JOURNAL_OF_D = "iif(coalesce(d.doc->>'journals', 0) = 0, d.id, d.id || '~' || (d.doc->>'journals'))";

/** The one parameter is a `ReadSet` as JSON; the answer fills a `MemoryBook`. */
export const loadSql = (withHistory: boolean): string => `
with
  need(j) as materialized (select ?1),
  h(id) as materialized (
    select value from need, json_each(need.j, '$.holders')
    union select holder.id from need, json_each(need.j, '$.codes') k cross join holder on holder.code = k.value
    union select identity.holder from need, json_each(need.j, '$.identities') k cross join identity on identity.name = k.value
    union select sale.holder from need, json_each(need.j, '$.sales') k cross join sale on sale.key = k.value where sale.holder is not null
    union select coupon.holder from need, json_each(need.j, '$.serials') k cross join coupon on coupon.serial = k.value
    union select coupon.holder from need, json_each(need.j, '$.sales') k cross join sale on sale.key = k.value
      cross join coupon on coupon.serial = sale.serial),
  asked(key) as materialized (select value from need, json_each(need.j, '$.sales')),
  c(serial) as materialized (
    select value from need, json_each(need.j, '$.serials')
    union select coupon.serial from h cross join coupon on coupon.holder = h.id
    union select sale.serial from asked cross join sale on sale.key = asked.key where sale.serial is not null),
  coupons as materialized (select coupon.* from c cross join coupon on coupon.serial = c.serial),
  s(key) as materialized (
    select key from asked
    union select sale from coupons where state = 'used'
    union select sale.doc->>'$.offline.earlier' from asked cross join sale on sale.key = asked.key where sale.doc->>'$.offline.earlier' is not null
    union select shown.value->>'sale' from need, json_each(need.j, '$.showings') w
      cross join holder on holder.id = substr(w.value, instr(w.value, ' ') + 1), json_each(holder.doc, '$.showings') shown
      where shown.value->>'counter' = cast(w.value as integer)
    ${withHistory ? 'union select sale.key from h cross join sale on sale.holder = h.id' : ''})
select '{"totals":' || coalesce((select doc from totals), 'null')
  || ',"audit":' || coalesce((select json_object('seq', seq, 'hash', hash) from audit order by seq desc limit 1), 'null')
  || ',"devices":' || ${list('device.doc', "need, json_each(need.j, '$.devices') k cross join device on device.id = k.value")}
  || ',"chunks":' || ${list(
    'journal.doc',
    `need, json_each(need.j, '$.probes') p
      cross join device d on d.id = p.value->>'device' and d.seq >= p.value->>'seq'
      cross join journal on journal.rowid = (select rowid from journal
        where device = ${JOURNAL_OF_D} and last >= p.value->>'seq' order by last limit 1)`,
  )}
  || ',"holders":' || ${list('holder.doc', 'h cross join holder on holder.id = h.id')}
  || ',"coupons":' || ${list(COUPON_ROW, 'coupons')}
  || ',"sales":' || ${list('sale.doc', 's cross join sale on sale.key = s.key')}
  || ',"tallies":' || ${list('tally.doc', "need, json_each(need.j, '$.tallies') k cross join tally on tally.name = k.value")}
  || ',"acts":' || ${list('act.doc', "need, json_each(need.j, '$.acts') k cross join act on act.id = k.value")}
  || ',"confirmations":' || ${list('confirmation.doc', "need, json_each(need.j, '$.references') k cross join confirmation on confirmation.rrn = k.value")}
  || '}' as text
`;

/** Number of rows that `WHOLE_SQL` would return. */
export const ROWS_SQL = `select (select count(*) from sale) + (select count(*) from coupon) + (select count(*) from holder)
  || '' as text where ?1 = ''`;

/** The whole book except the journals, in the same form. */
export const WHOLE_SQL = `
select '{"totals":' || coalesce((select doc from totals), 'null')
  || ',"audit":' || coalesce((select json_object('seq', seq, 'hash', hash) from audit order by seq desc limit 1), 'null')
  || ',"chunks":[],"devices":' || ${list('doc', 'device')}
  || ',"holders":' || ${list('doc', 'holder')}
  || ',"coupons":' || ${list(COUPON_ROW, 'coupon')}
  || ',"sales":' || ${list('doc', 'sale')}
  || ',"tallies":' || ${list('doc', 'tally')}
  || ',"acts":' || ${list('doc', 'act')}
  || ',"confirmations":' || ${list('doc', 'confirmation')}
  || '}' as text where ?1 = ''
`;

/** Number of commits so far. */
export const COMMITS_SQL = `select (${LAST_COMMIT}) || '' as text where ?1 = ''`;
export const SPENT_SQL = `select json_object(
  'commits', (select coalesce(max(seq), 0) from audit),
  'serials', (select json_group_array(serial) from coupon
    where state = 'used' or (state = 'held' and usable_from > cast(?1 as integer)))) as text`;
export const NEWEST_SQL = "select coalesce((select at from audit order by seq desc limit 1), 0) as text where ?1 = ''";
export const EVIDENCE_SQL = `select ${list('doc', 'evidence')} as text where ?1 = ''`;
/** Listed at most, per kind. */
const MOST_CASES = 1_000;
const REFERENCE = "doc->'reference'->>'rrn'";
const SUSPECT =
  "doc->>'state' in ('charging', 'unknown') or (doc->>'state' = 'settled' and doc->>'booking' in ('disputed', 'conflict')) or (doc->>'state' = 'refunded' and doc->>'booking' = 'disputed')";
/** Sales that share a reference, or that the acquirer knows with another amount, merchant or device. */
const REFERENCED = `
  select doc from sale where ${REFERENCE} in (
    select ${REFERENCE} as rrn from sale where ${REFERENCE} is not null group by rrn having count(*) > 1
    union select rrn from sale join confirmation on rrn = sale.${REFERENCE} where sale.doc->>'netFen' <> confirmation.doc->>'netFen'
      or sale.doc->>'merchant' <> confirmation.doc->>'merchant' or sale.doc->>'device' <> confirmation.doc->>'device'
  ) order by ${REFERENCE} limit ${MOST_CASES}`;
/** The rows of `casesOf`. */
export const CASES_SQL = `select '{"devices":' || ${list('doc', `(select doc from device where doc->>'fork' is not null limit ${MOST_CASES})`)}
  || ',"sales":' || ${list('doc', `(select doc from sale where ${SUSPECT} order by doc->>'at' limit ${MOST_CASES})`)}
  || ',"referenced":' || ${list('doc', `(${REFERENCED})`)}
  || ',"confirmations":' || ${list('doc', `(select c.doc from confirmation c where c.rrn in (select doc->'reference'->>'rrn' from (${REFERENCED})))`)}
  || ',"closings":' || ${list("json_object('about', about, 'at', doc->>'at')", "(select about, doc from act where doc->>'act' = 'close')")}
  || ',"evidence":' || ${list(
    "json_object('id', id, 'kind', doc->>'kind', 'about', json_array(doc->>'device', doc->>'$.detail.sale', doc->>'$.detail.first.sale', doc->>'$.detail.second.sale'))",
    'evidence',
  )}
  || '}' as text where ?1 = ''`;
export const AUDIT_SQL = `select ${list(
  "json_object('seq', seq, 'at', at, 'hash', hash, 'body', body)",
  '(select * from audit where seq > ?1 order by seq limit 2000)',
)} as text`;
export const RECONCILIATION_SQL = `select '{"sales":' || ${list(
  `json_object('key', key, 'device', doc->>'device', 'reference', doc->'reference', 'merchant', doc->>'merchant', 'state', doc->>'state', 'booking', doc->>'booking', 'netFen', doc->>'netFen', 'flags', doc->'flags', 'refunds', doc->'refunds')`,
  "sale where doc->>'state' in ('settled', 'refunded')",
)} || ',"coupons":' || ${list("json_object('state', state)", 'coupon')}
  || ',"posted":' || ${list('json_array(kind, account, fen)', '(select kind, account, sum(fen) as fen from posting group by kind, account)')}
  || ',"toMerchants":' || ${list(
    `json_array(sale, substr(account, ${'merchant:'.length + 1}), fen)`,
    "(select sale, account, sum(fen) as fen from posting where account glob 'merchant:*' group by sale, account)",
  )}
  || ',"confirmed":' || ${list('doc', 'confirmation')}
  || '}' as text where ?1 = ''`;
