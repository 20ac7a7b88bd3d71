import { expect, it } from 'vitest';
import type { OrderNo, ReceiptNo, SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { exactly, type Instant, monoMs, wallMs } from '#protocol/kernel/time.js';
import { sha256 } from '#protocol/node/crypto.js';
import type { ChainHead } from '#protocol/records/chain.js';
import type { JournalRecord } from '#protocol/records/record.js';
import { openMemoryJournal } from '#simulator/doubles/memory-journal.js';
import { OUTBOX_BATCH_RECORDS } from '../core/limits.js';
import { EventQueue } from '../runtime/event-queue.js';
import { Unsent } from './unsent.js';

const NOON = 1_680_000_000_000;
const MINUTE = 60_000;
const head = (seq: number): ChainHead => ({ seq, hash: 'a'.repeat(64) });
const at = (ms: number, known = true): Instant => ({
  mono: monoMs(ms),
  wall: known ? exactly(wallMs(NOON + ms)) : undefined,
});
const settled = (netFen: number, minute: number): JournalRecord => ({
  kind: 'settled',
  sale: 's1' as SaleId,
  order: 'A' as OrderNo,
  amountFen: fen(netFen),
  netFen: fen(netFen),
  serial: null,
  faceFen: fen(0),
  receipt: 'r' as ReceiptNo,
  card: { auth: '', rrn: '', last4: '', scheme: '', readerTime: '' },
  at: exactly(wallMs(NOON + minute * MINUTE)),
});

it('counts what waits, and takes off what has arrived', () => {
  const unsent = new Unsent(head(0), head(0));
  unsent.grew(settled(5_100, 0), head(1), monoMs(0));
  unsent.grew(settled(900, 1), head(2), monoMs(MINUTE));
  expect(unsent.summary(at(2 * MINUTE))).toEqual({ records: 2, fen: 6_000, oldestMs: 2 * MINUTE });
  unsent.acknowledged(head(1));
  expect(unsent.summary(at(2 * MINUTE))).toEqual({ records: 1, fen: 900, oldestMs: MINUTE });
  unsent.acknowledged(head(2));
  expect(unsent.summary(at(3 * MINUTE))).toEqual({ records: 0, fen: 0, oldestMs: null });
});

it('counts what an earlier life left, also where the line was quicker than the count', () => {
  const unsent = new Unsent(head(3), head(0));
  const left = [settled(100, -60), settled(200, -50), settled(400, -40)].map((record, n) => ({ seq: n + 1, record }));
  unsent.grew(settled(800, 0), head(4), monoMs(0));
  unsent.acknowledged(head(1));
  unsent.found(left, monoMs(10));
  expect(unsent.summary(at(20))).toEqual({ records: 3, fen: 1_400, oldestMs: 50 * MINUTE + 20 });
  unsent.acknowledged(head(3));
  expect(unsent.summary(at(20))).toEqual({ records: 1, fen: 800, oldestMs: 20 });
});

it('reads it from the journal, page by page, and no more than was there at the start', () => {
  const opened = openMemoryJournal({ sha256 });
  if (!opened.ok) throw new Error(opened.fault.message);
  const journal = opened.value;
  const many = OUTBOX_BATCH_RECORDS + 7;
  for (let n = 0; n < many; n++) journal.append([settled(100, -60)], () => {});
  const unsent = new Unsent(journal.head, journal.acknowledged);
  const began = journal.head;
  journal.append([settled(5, 0)], (_fault, at) => unsent.grew(settled(5, 0), at, monoMs(0)));
  expect(began.seq).toBe(many);
  unsent.load(journal, new EventQueue(), monoMs(0));
  expect(unsent.summary(at(0))).toEqual({ records: many + 1, fen: many * 100 + 5, oldestMs: 60 * MINUTE });
});

it('knows no age from before its start while it trusts no clock', () => {
  const unsent = new Unsent(head(1), head(0));
  unsent.found([{ seq: 1, record: settled(100, -60) }], monoMs(0));
  expect(unsent.summary(at(5, false)).oldestMs).toBe(5);
});
