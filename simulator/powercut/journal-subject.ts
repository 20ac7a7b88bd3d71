/**
 * The device's journal under power cuts. Lives: a first start, appends one by one and in groups, a clean end and another
 * start, a `kill -9` with an append under way; then a start that recovers, checkpoints in between, acknowledgements, two
 * clean ends. Record N is the same text in every life, so whoever finds it knows whether it is itself.
 */
import path from 'node:path';
import { openJournal } from '#device/adapters/journal/sqlite-journal.js';
import type { Journal, StoredRecord } from '#device/ports/journal.js';
import { sha256 } from '#protocol/node/crypto.js';
import { type ChainHead, EMPTY_CHAIN, extend } from '#protocol/records/chain.js';
import { type JournalRecord, recordSchema } from '#protocol/records/record.js';
import { SOUND, type Subject, type Verdict } from './subject.js';

/** A checkpoint every few commits instead of every thousand pages, so that cuts fall before, in and after many. */
const CHECKPOINT_PAGES = 24;

const file = (folder: string): string => path.join(folder, 'data', 'journal.sqlite');

export const journalSubject: Subject = {
  name: 'journal',
  lives: 2,
  outlivesGarbling: true,
  ignores: (name) => name.endsWith('-shm'),

  async live(life, folder, mark) {
    if (life === 1) await firstLife(folder, mark);
    else await secondLife(folder, mark);
  },

  async judge(folder, marks) {
    const told = readMarks(marks);
    const found: StoredRecord[] = [];
    const opened = await openJournal(file(folder), { sha256, onRecord: (record) => found.push(record) });
    if (!opened.ok) return { ...SOUND, corrupt: 1, why: `${opened.fault.code}: ${opened.fault.message}` };
    const journal = opened.value;
    const verdict = compare(found, journal, told);
    const next = verdict === SOUND ? await goesOn(journal) : undefined;
    await new Promise<void>((done) => journal.close(done));
    return next === undefined ? verdict : { ...SOUND, corrupt: 1, why: next };
  },
};

// -- lives

type Mark = (text: string) => void;

async function firstLife(folder: string, mark: Mark): Promise<void> {
  const first = await open(folder, mark);
  for (let n = 0; n < 4; n++) await append(first, 1, mark);
  await Promise.all([append(first, 1, mark), append(first, 2, mark), append(first, 1, mark)]);
  first.acknowledge(first.head);
  await close(first);
  const second = await open(folder, mark);
  for (let n = 0; n < 3; n++) await append(second, 1, mark);
  await append(second, 12, mark);
  await append(second, 1, mark);
  const underWay = [append(second, 3, mark), append(second, 1, mark)];
  await underWay[0];
  process.kill(process.pid, 'SIGKILL');
}

async function secondLife(folder: string, mark: Mark): Promise<void> {
  for (let start = 0; start < 2; start++) {
    const journal = await open(folder, mark);
    for (let n = 0; n < 8; n++) {
      await append(journal, 1, mark);
      if (n % 3 === 0) await Promise.all([append(journal, 2, mark), append(journal, 4, mark)]);
      if (n % 4 === 2) journal.acknowledge(journal.head);
    }
    await append(journal, 20, mark);
    await append(journal, 1, mark);
    await close(journal);
  }
}

async function open(folder: string, mark: Mark): Promise<Journal> {
  const opened = await openJournal(file(folder), { sha256, checkpointPages: CHECKPOINT_PAGES });
  if (!opened.ok) {
    // A life in which an fsync fails may end here; the cuts go on before and after.
    mark(`fault ${opened.fault.code}`);
    process.exit(0);
  }
  // What a start has read is acted upon: from here on it is as safe as what was called back.
  mark(`safe ${opened.value.head.seq} ${opened.value.head.hash}`);
  asked = opened.value.head.seq;
  return opened.value;
}

/** The highest number handed to `append` so far. */
let asked = 0;

function append(journal: Journal, count: number, mark: Mark): Promise<void> {
  const records = Array.from({ length: count }, (_, n) => recordAt(asked + 1 + n));
  asked += count;
  mark(`asked ${asked}`);
  return new Promise((resolve) => {
    journal.append(records, (fault, head) => {
      mark(fault === undefined ? `safe ${head.seq} ${head.hash}` : `fault ${fault.code}`);
      resolve();
    });
  });
}

const close = (journal: Journal): Promise<void> => new Promise((resolve) => journal.close(resolve));

/** Every seventh is as long as a note may be, so that pages fill and split. */
function recordAt(seq: number): JournalRecord {
  const why = seq % 7 === 0 ? `${seq} `.repeat(60).slice(0, 119) : `record ${seq}`;
  return recordSchema.parse({ kind: 'unknown', sale: `S-${seq}`, why, at: { earliest: seq, latest: seq + 1 } });
}

// -- judgement

interface Told {
  readonly asked: number;
  readonly safe: ChainHead;
}

function readMarks(marks: readonly string[]): Told {
  let told: Told = { asked: 0, safe: EMPTY_CHAIN };
  for (const mark of marks) {
    const [what, seq, hash = ''] = mark.split(' ');
    if (what === 'asked') told = { ...told, asked: Number(seq) };
    if (what === 'safe') told = { asked: Math.max(told.asked, Number(seq)), safe: { seq: Number(seq), hash } };
  }
  return told;
}

function compare(found: readonly StoredRecord[], journal: Journal, { asked: most, safe }: Told): Verdict {
  if (journal.head.seq < safe.seq) {
    const lost = safe.seq - journal.head.seq;
    return { ...SOUND, lost, why: `record ${safe.seq} was called back, and the journal ends at ${journal.head.seq}` };
  }
  const bodies = found.map(({ body }) => body);
  const doubled = bodies.length - new Set(bodies).size;
  if (doubled > 0) return { ...SOUND, doubled, why: `${doubled} records are there twice` };
  const strange = found.findIndex(({ seq, body }, at) => seq !== at + 1 || body !== JSON.stringify(recordAt(seq)));
  if (strange >= 0) return { ...SOUND, corrupt: 1, why: `record ${strange + 1} is not what was written` };
  if (found.length > most) return { ...SOUND, corrupt: 1, why: `record ${found.length} was never asked for` };
  const { hash } = extend(sha256, EMPTY_CHAIN, bodies.slice(0, safe.seq));
  if (hash !== safe.hash) return { ...SOUND, corrupt: 1, why: `the chain at ${safe.seq} is another one` };
  if (journal.acknowledged.seq > journal.head.seq) return { ...SOUND, corrupt: 1, why: 'acknowledged beyond its end' };
  return SOUND;
}

/** The next record follows the last: a state that can't be written to is no recovery. */
function goesOn(journal: Journal): Promise<string | undefined> {
  const { seq } = journal.head;
  return new Promise((resolve) => {
    journal.append([recordAt(seq + 1)], (fault, head) => {
      if (fault !== undefined) resolve(`nothing can be appended: ${fault.code}`);
      else resolve(head.seq === seq + 1 ? undefined : `record ${seq + 1} got the number ${head.seq}`);
    });
  });
}
