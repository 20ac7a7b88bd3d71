/**
 * Where the journal stood, in a small file beside it: the witness by which a counter notices for itself, without the
 * gateway, that its journal ends too early: an older copy was brought back, the end was damaged, or the card has lost
 * what it had confirmed.
 *
 * It is written after the commit that it speaks of, so it never knows more than the disk; and without an fsync, so after
 * a power cut it may know less. Then it proves less, and nothing is wrong. One that can't be read proves nothing.
 */
import { close, constants, openSync, readFileSync, write } from 'node:fs';
import type { Sha256 } from '#protocol/kernel/crypto.js';
import type { ChainHead } from '#protocol/records/chain.js';

/** Well inside one 512-byte sector, so a power cut leaves the old or the new. */
const SEQ_DIGITS = 16;
const FORM = /^(\d{16}) ([0-9a-f]{64}) ([0-9a-f]{64})\n$/;

export interface HeadFile {
  /** Notes it soon; of several only the last. */
  note(head: ChainHead): void;
  close(done: () => void): void;
}

const fileOf = (journal: string): string => `${journal}.head`;

/** What the witness says; undefined where there is none, or none that can be trusted. */
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

/** Opened once the journal is ours alone. Created if need be, never emptied: until the first note the old one speaks. */
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
    // A witness that can't be written is a weaker witness. A disk that fails shows in the journal itself.
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
