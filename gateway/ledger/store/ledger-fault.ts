/** Maps SQLite's errors to the ledger's faults. */
import { LedgerError } from '#protocol/faults/errors.js';
import type { LedgerFault } from '../../ports/ledger.js';

/** Errors of a failing or lying disk, as opposed to a full one or a held lock. */
const DISK_TROUBLE = /^SQLITE_(IOERR|CORRUPT|NOTADB|READONLY)/;

export const isDiskTrouble = (error: Error): boolean => DISK_TROUBLE.test(error.message);

/** Another connection committed in between: its audit row has our place, or a coupon's version differs. */
export const isOvertaken = (error: Error): boolean => error.message.startsWith('SQLITE_CONSTRAINT');

/** A row that can't be says so itself. */
function codeOf(error: Error): string {
  if (error instanceof LedgerError) return error.code;
  return error.message.startsWith('SQLITE_FULL') ? 'LEDGER_DISK_FULL' : 'LEDGER_WRITE_FAILED';
}

export const ledgerFaultOf = (error: Error): LedgerFault => ({
  code: codeOf(error),
  message: error.message,
});
