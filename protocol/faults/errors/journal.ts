/** The device's journal. After a failed write it is closed for good: no coupons until service has been. One row a code; a code once used is retired, never reused. */
import type { ErrorRow } from './row.js';

export const JOURNAL_ERRORS = {
  JOURNAL_CANNOT_OPEN: [
    'operator',
    'never',
    'The journal cannot be opened.',
    'Check that the path is a file in a folder that the agent may write to.',
  ],
  JOURNAL_IN_USE: ['operator', 'never', 'Another agent has this journal open.', 'Stop the other agent first.'],
  JOURNAL_READ_ONLY: [
    'operator',
    'never',
    'The journal cannot be written to.',
    'Make its file and its folder writable for the user that runs the agent.',
  ],
  JOURNAL_NOT_A_DATABASE: [
    'hardware',
    'never',
    'The file is not a journal, or its head is damaged.',
    'Keep the file as it is and call service.',
  ],
  JOURNAL_NOT_OURS: [
    'operator',
    'never',
    'The file is a database, but not a journal of this agent.',
    'Name another file in the configuration.',
  ],
  JOURNAL_OTHER_VERSION: [
    'operator',
    'never',
    'The journal was written by a newer agent.',
    'Start the version that wrote it.',
  ],
  JOURNAL_INCOMPLETE: [
    'hardware',
    'never',
    'Part of the journal is missing.',
    'Keep the file as it is and call service.',
  ],
  JOURNAL_CORRUPT: [
    'hardware',
    'never',
    'The journal is damaged: a stored record differs from the one written.',
    'Keep the file as it is, replace the card and call service.',
  ],
  JOURNAL_CHAIN_BROKEN: [
    'hardware',
    'never',
    'A record of the journal does not continue the chain of the ones before.',
    'Keep the file as it is and call service.',
  ],
  JOURNAL_OLDER_THAN_ACKNOWLEDGED: [
    'operator',
    'never',
    'The gateway has acknowledged records that this journal does not hold: an older copy was restored.',
    'Keep both copies and call service; never start on the older one.',
  ],
  JOURNAL_NOT_DURABLE: [
    'operator',
    'never',
    'SQLite did not apply the settings that let a confirmed record survive a power cut.',
    'Put the data folder on a local file system (ext4, not a network share); if it is on one, report it with the log.',
  ],
  JOURNAL_CUT_SHORT: [
    'operator',
    'never',
    'The journal lacks the last records that this counter wrote: an older copy was restored, or the card lost its end.',
    'Keep the card as it is and call service; never start on an older copy.',
  ],
  JOURNAL_FORKED: [
    'operator',
    'never',
    "The gateway holds other records under this device's numbers: the card was cloned or a backup restored.",
    'Stop this device, keep its card as evidence, and list it under a new id among the `devices` of the gateway with an empty data folder.',
  ],
  JOURNAL_FULL: [
    'operator',
    'never',
    'The disk is full.',
    'Free space on the card and start the agent again; never delete the journal.',
  ],
  JOURNAL_WRITE_FAILED: [
    'hardware',
    'never',
    'A record could not be made durable.',
    'Replace the card; the agent starts no coupon sale until then.',
  ],
  JOURNAL_READ_FAILED: [
    'hardware',
    'never',
    'The journal cannot be read back.',
    'Replace the card and keep the old one.',
  ],
  JOURNAL_FAILED: [
    'hardware',
    'never',
    'The journal has failed; this counter takes no coupons.',
    'Call service; sales at full price go on where the campaign permits it.',
  ],
  JOURNAL_OVERLOADED: [
    'ours',
    'again',
    'More records wait for the disk than the agent keeps in memory.',
    'Wait for the disk; replace a card this slow.',
  ],
  JOURNAL_RECORD_INVALID: [
    'ours',
    'never',
    'A record would be unreadable after it was written; nothing was written.',
    'Report it with the log.',
  ],
  JOURNAL_RECORD_UNREADABLE: [
    'operator',
    'never',
    'A record is whole, but this version of the agent cannot read it.',
    'Start the version that wrote it.',
  ],
  JOURNAL_READ_OUT_OF_RANGE: [
    'ours',
    'never',
    'The journal does not have the requested records.',
    'Report it with the log.',
  ],
  JOURNAL_CLOSED: ['ours', 'never', 'The journal has been closed.', 'Start the agent again.'],
  KEEP_WRITE_FAILED: [
    'hardware',
    'again',
    "The gateway's documents (campaign, allowance, spent set) could not be stored.",
    'Free space on the card; they are requested again at the next start.',
  ],
} as const satisfies Record<string, ErrorRow>;
