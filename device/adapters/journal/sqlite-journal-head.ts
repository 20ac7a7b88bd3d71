/**
 * The witness: the journal's last known head, in a small file beside it.
 *
 * With it a counter notices without the gateway that its journal ends too early: a restored older copy, a damaged end, or a
 * card that lost what it had confirmed.
 *
 * It is written after its commit, so it never knows more than the disk. It is written without an fsync, so after a power
 * cut it may know less; then it proves less, and nothing is wrong. An unreadable witness proves nothing.
 */
import { close, constants, openSync, readFileSync, write } from 'node:fs';
import type { Sha256 } from '#protocol/kernel/crypto.js';
import type { ChainHead } from '#protocol/records/chain.js';

/** Well inside one 512-byte sector, so a power cut leaves the old or the new. */
const SEQ_DIGITS = 16;
const FORM = /^(\d{16}) ([0-9a-f]{64}) ([0-9a-f]{64})\n$/;

export interface HeadFile {
  /** Writes the head soon; several pending heads collapse into the last. */
  note(head: ChainHead): void;
  close(done: () => void): void;
}

const fileOf = (journal: string): string => `${journal}.head`;

/** The witness's head; undefined if it is missing or invalid. */
export function readHead(journal: string, sha256: Sha256): ChainHead | undefined {
  let text: string;
  try {
    text = readFileSync(fileOf(journal), 'latin1');
  } catch {
    return undefined;
  }
  const [, seq = '', hash = '', check] = FORM.exec(text) ?? [];
  return check !== undefined && check === sha256(`${seq} ${hash}`) ? { seq: Number(seq), hash } : undefined;
}

/**
 * Opens the witness once the journal is locked by this process. Creates it if needed and never truncates it: until the
 * first write the old head stays valid.
 */
export function openHead(journal: string, sha256: Sha256): HeadFile {
  try {
    return headFileOn(openSync(fileOf(journal), constants.O_RDWR | constants.O_CREAT, 0o600), sha256);
  } catch {
    return headFileOn(undefined, sha256);
  }
}

function headFileOn(fd: number | undefined, sha256: Sha256): HeadFile {
  let waiting: ChainHead | undefined;
  let writing = false;
  let onIdle: (() => void) | undefined;

  const next = (): void => {
    if (writing) return;
    if (waiting === undefined || fd === undefined) {
      onIdle?.();
      return;
    }
    const { seq, hash } = waiting;
    waiting = undefined;
    writing = true;
    const text = `${String(seq).padStart(SEQ_DIGITS, '0')} ${hash}`;
    // An unwritable witness is a weaker witness. A failing disk shows in the journal itself.
    write(fd, Buffer.from(`${text} ${sha256(text)}\n`, 'latin1'), 0, undefined, 0, () => {
      writing = false;
      next();
    });
  };

  return {
    note(head) {
      waiting = head;
      next();
    },
    close(done) {
      onIdle = () => {
        onIdle = undefined;
        if (fd === undefined) done();
        else close(fd, () => done());
      };
      next();
    },
  };
}
