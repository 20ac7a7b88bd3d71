/** SQLite's failures, as the ledger tells of them. */
import type { LedgerFault } from '../../ports/ledger.js';

/** Of a disk that fails or lies, not of one that is full or of a lock that is held. */
const DISK_TROUBLE = /^SQLITE_(IOERR|CORRUPT|NOTADB|READONLY)/;

export const isDiskTrouble = (error: Error): boolean => DISK_TROUBLE.test(error.message);

/** Another connection committed in between: its audit row has our place, or a coupon's version is not the one we saw. */
export const isOvertaken = (error: Error): boolean => error.message.startsWith('SQLITE_CONSTRAINT');

export const ledgerFaultOf = (error: Error): LedgerFault => ({
  code: error.message.startsWith('SQLITE_FULL') ? 'LEDGER_DISK_FULL' : 'LEDGER_WRITE_FAILED',
  message: error.message,
});
