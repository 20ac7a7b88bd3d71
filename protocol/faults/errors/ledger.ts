/** The gateway's book. One row a code; a code once used is retired, never reused. */
import type { ErrorRow } from './row.js';

export const LEDGER_ERRORS = {
  LEDGER_CANNOT_OPEN: [
    'operator',
    'never',
    'The ledger cannot be opened.',
    'Check the path or the address of the database, and its rights.',
  ],
  LEDGER_UNREADABLE: [
    'hardware',
    'never',
    'The ledger cannot be read.',
    'Keep the files as they are, and call for help before anything is restored: a ledger brought back from a copy lacks the sales since.',
  ],
  LEDGER_OF_ANOTHER_CAMPAIGN: [
    'operator',
    'never',
    'The ledger is that of another campaign.',
    'Give each campaign a ledger of its own.',
  ],
  LEDGER_OF_OTHER_TIERS: [
    'operator',
    'never',
    'The ledger has handed out coupons of other tiers than those of the campaign document.',
    'Put faces, quantities and order of the tiers back; a campaign with other ones has an id and a ledger of its own.',
  ],
  LEDGER_NOT_DURABLE: [
    'operator',
    'never',
    'SQLite did not take the settings under which an answered commit outlives a power cut.',
    'Put the data folder on a local file system (ext4, not a network share); if it is on one, report it with the log.',
  ],
  LEDGER_OF_ANOTHER_KEY: [
    'operator',
    'never',
    'The identity key is not the one that this ledger was made with: everybody could claim again.',
    'Put the right key where the configuration names it (`identityKey`), or take it from its backup.',
  ],
  LEDGER_OTHER_VERSION: [
    'operator',
    'never',
    'The ledger was written by a later version of the gateway.',
    'Start the version that wrote it, or a later one.',
  ],
  LEDGER_DISK_FULL: [
    'operator',
    'again',
    'The disk under the ledger is full; the batch was not committed.',
    'Make room; devices keep their records and send them again.',
  ],
  LEDGER_WRITE_FAILED: [
    'hardware',
    'again',
    'A batch was not committed; nothing of it counts.',
    'Look at the disk and the database log; devices send again.',
  ],
  LEDGER_CLOSED: ['ours', 'again', 'The ledger has been closed.', 'Ask again when the gateway is back.'],
  LEDGER_AUDIT_BROKEN: [
    'operator',
    'never',
    'A hash of the audit chain does not agree: the audit was changed after the fact.',
    'Keep the database as evidence and compare it with its replica.',
  ],
  GATEWAY_WENT_BACK: [
    'peer',
    'never',
    'The gateway has fewer of our records than it had acknowledged: its ledger was restored from an older copy.',
    'Call the bank; this device sends again what is missing, as far as it holds it.',
  ],
  SALE_DIFFERS: [
    'peer',
    'never',
    'This sale is known already with another content, or is past asking.',
    'Use a new sale id for a new sale.',
  ],
  REQUEST_OVERTAKEN: [
    'peer',
    'never',
    'A newer question about the same sale was answered before this one came.',
    'Nothing: the newer answer stands.',
  ],
  RECORD_UNREADABLE: [
    'operator',
    'never',
    'A device sent a record that this version of the gateway cannot read: it is kept, and nothing of it is booked.',
    'Update the gateway before its devices. What the record says about money is to be booked by hand.',
  ],
  HEAD_IMPOSSIBLE: [
    'peer',
    'never',
    'A device named a place in its journal that no journal can have; nothing was changed.',
    'Look at what speaks under this name: the agent never says so. If it is a stranger, take the device out of service and give it a new password.',
  ],
  SALE_DISPUTED: [
    'peer',
    'never',
    'A counter says that it took a coupon, and something speaks against it: nobody is paid, and its money waits in suspense.',
    'Read the evidence, ask the merchant, and decide the sale. A counter that collects these is broken or dishonest: take it out of service.',
  ],
  COUPON_SPENT_TWICE: [
    'peer',
    'never',
    'A second sale took a coupon that was used already; the account that the campaign names bears it.',
    'Read the evidence with `codeplate evidence ID`: it says whom it speaks against, if anybody.',
  ],
  SHOWING_TAKEN_TWICE: [
    'peer',
    'never',
    'Two counters took coupons by one and the same showing of a phone; the account that the campaign names bears the second.',
    'Read the evidence. A picture of a code is enough for it: look at what both counters have in common.',
  ],
  SALE_DOUBTED: [
    'peer',
    'never',
    'A counter charges for a sale that would be disputed: what it reports does not follow from what the gateway knows.',
    'Look at the counter that the log names: its clock, its merchant, its software, its people.',
  ],
  SALE_FLAGGED: [
    'peer',
    'never',
    'Something about a sale did not agree, and it was booked as it stands.',
    'Look at the sale. A line that was down at the wrong moment does this now and then; a counter that does it every day is broken.',
  ],
  DEVICE_FORKED: [
    'operator',
    'never',
    'A device sent other records under numbers that the ledger holds already: its card was cloned or a backup restored.',
    'Find out which card is the right one and keep the other as evidence; then `codeplate operator unfork DEVICE` lets the right one go on.',
  ],
} as const satisfies Record<string, ErrorRow>;
