/** The journal does not do what it says. */
import { EMPTY_CHAIN, nextHash } from '#protocol/records/chain.js';
import type { JournalRecord } from '#protocol/records/record.js';
import type { Mutant } from './mutant.js';
import { journalWith } from './wrap.js';

/** Calls back at once for these, while the record is still on its way to the disk. */
const answersEarly = (id: string, words: string, kinds: readonly JournalRecord['kind'][]): Mutant => ({
  id,
  words,
  profile: 'hell',
  sabotage: () => ({
    journal: (journal, { life, scheduler }) =>
      journalWith(journal, {
        append(records, done) {
          if (!records.every(({ kind }) => kinds.includes(kind))) return journal.append(records, done);
          let told = false;
          // Early where the card is slow enough for it to matter; the rest of the chain goes on as it should.
          scheduler.after(0, () =>
            life.enter(() => {
              told = true;
              done(undefined, journal.head);
            }),
          );
          journal.append(records, (fault, head) => {
            if (!told) done(fault, head);
          });
        },
      }),
  }),
});

export const journalMutants: readonly Mutant[] = [
  answersEarly('charge-before-journal', 'commands the charge before its permission is on the disk', [
    'charging',
    'refunding',
  ]),
  answersEarly('print-before-journal', 'prints and announces before the settlement is on the disk', [
    'settled',
    'refunded',
  ]),
  {
    id: 'lost-sync',
    words: 'does not wait for fsync (`synchronous=OFF`): a power cut takes the last records with it',
    profile: 'hell',
    sabotage: () => ({
      powerCut(disk) {
        if (disk.rows.length > 3) disk.rows.length -= 2;
      },
    }),
  },
  {
    id: 'write-error-swallowed',
    words: 'takes a failed write for a success',
    profile: 'hell',
    sabotage: () => ({
      journal: (journal) =>
        journalWith(journal, {
          append: (records, done) => journal.append(records, (_, head) => done(undefined, head)),
        }),
    }),
  },
  {
    id: 'chain-check-skipped',
    words: 'skips the chain check at the start: a flipped bit is believed',
    profile: 'hell',
    sabotage: () => ({
      disk(disk, { sha256 }) {
        let { hash } = EMPTY_CHAIN;
        for (const [at, row] of disk.rows.entries()) {
          hash = nextHash(sha256, hash, row.body);
          disk.rows[at] = { body: row.body, hash };
        }
      },
    }),
  },
  {
    id: 'oldest-dropped',
    words: 'drops the oldest unsent record on overflow (of ten)',
    profile: 'rough',
    sabotage: () => ({
      journal: (journal) =>
        journalWith(journal, {
          read: (after, limit, done) =>
            journal.read(after, limit, (fault, batch) =>
              done(fault, batch.records.length > 10 ? { ...batch, records: batch.records.slice(1) } : batch),
            ),
        }),
    }),
  },
];
