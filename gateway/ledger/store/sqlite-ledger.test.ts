/** The ledger after its disk has failed: nothing that SQLite reports from then on proves anything (fail-stop). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimOp, commit, MORNING, testRules } from '../../../test/contract/ledger-fixture.js';
import { type Committed, type Ledger, NOTHING_COMMITTED, type Op } from '../../ports/ledger.js';
import { openSqlite, type SqliteDatabase } from './sqlite.js';
import { type LedgerHost, openSqliteLedger } from './sqlite-ledger.js';

const RULES = testRules();

let folder: string;
let file: string;
let open: Ledger[];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'codeplate-failing-'));
  file = path.join(folder, 'ledger.db');
  open = [];
});
afterEach(async () => {
  for (const one of open) await promisify(one.close.bind(one))();
  rmSync(folder, { recursive: true, force: true });
});

/** A disk whose next statement fails in the requested way. */
function failing(): { readonly host: LedgerHost; next: string | undefined; asked: number } {
  const disk = {
    next: undefined as string | undefined,
    asked: 0,
    host: {
      open: (name, done) => openSqlite(name, (error, database) => done(error, failingOn(database))),
    } as LedgerHost,
  };
  const refused = (): Error | undefined => {
    disk.asked += 1;
    const what = disk.next;
    disk.next = undefined;
    return what === undefined ? undefined : new Error(what);
  };
  const failingOn = (database: SqliteDatabase): SqliteDatabase => ({
    ...database,
    prepare(sql) {
      const statement = database.prepare(sql);
      return {
        run(parameters, done) {
          const error = refused();
          if (error === undefined) statement.run(parameters, done);
          else setImmediate(() => done(error));
        },
        text: statement.text,
      };
    },
  });
  return disk;
}
const opened = async (host: LedgerHost): Promise<Ledger> => {
  const ledger = await openSqliteLedger(file, RULES, host);
  open.push(ledger);
  return ledger;
};
const outcome = (ledger: Ledger, ops: readonly Op[]): Promise<string> =>
  new Promise((resolve) => {
    ledger.commit(ops, MORNING, (fault, committed: Committed) => {
      resolve(fault?.code ?? (committed === NOTHING_COMMITTED ? 'nothing' : 'stored'));
    });
  });

describe('after a statement that failed', () => {
  it.each(['SQLITE_IOERR: disk I/O error', 'SQLITE_CORRUPT: database disk image is malformed', 'SQLITE_READONLY: no'])(
    'of %s the ledger takes nothing more and asks the disk nothing more, until it is opened anew',
    async (message) => {
      const disk = failing();
      const ledger = await opened(disk.host);
      expect(await outcome(ledger, [claimOp('ann', ['s20'])])).toBe('stored');
      disk.next = message;
      expect(await outcome(ledger, [claimOp('ben', ['s20'])])).toBe('LEDGER_WRITE_FAILED');
      const { asked } = disk;
      expect(await outcome(ledger, [claimOp('cat', ['s20'])])).toBe('LEDGER_WRITE_FAILED');
      expect(disk.asked).toBe(asked);

      const again = await opened(failing().host);
      const [claimed] = await commit(again, [claimOp('dan', ['s20'])], MORNING);
      expect(claimed).toMatchObject({ kind: 'claimed', serials: [1] });
    },
  );

  it('of a full disk it goes on as soon as there is room, and knows nothing of what was not stored', async () => {
    const disk = failing();
    const ledger = await opened(disk.host);
    disk.next = 'SQLITE_FULL: database or disk is full';
    expect(await outcome(ledger, [claimOp('ann', ['s20'])])).toBe('LEDGER_DISK_FULL');
    const [claimed] = await commit(ledger, [claimOp('ben', ['s20'])], MORNING);
    expect(claimed).toMatchObject({ kind: 'claimed', serials: [0] });
  });
});
