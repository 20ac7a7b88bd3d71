/**
 * Reads a file that somebody named. Bounded by what is read and not by what a directory entry says: a pipe has no size, and
 * some files have no end. Throws an Error that says what is wrong with it; what to do instead is the command's to say.
 */
import { closeSync, openSync, readSync } from 'node:fs';

/** What is read in one go. */
const CHUNK_BYTES = 64 * 1024;

/** `file`: a path, or 0 for standard input. */
export function readBytes(file: string | 0, maxBytes: number): Uint8Array {
  const descriptor = file === 0 ? 0 : openSync(file, 'r');
  try {
    const chunks: Uint8Array[] = [];
    for (let length = 0; ; ) {
      const chunk = new Uint8Array(CHUNK_BYTES);
      const count = readSync(descriptor, chunk, 0, CHUNK_BYTES, null);
      if (count === 0) return Buffer.concat(chunks);
      length += count;
      if (length > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`);
      chunks.push(chunk.subarray(0, count));
    }
  } finally {
    if (file !== 0) closeSync(descriptor);
  }
}

/** As UTF-8, with or without a byte order mark. A Chinese Windows saves GBK, which would come out as a row of boxes. */
export function readText(file: string | 0, maxBytes: number): string {
  const bytes = readBytes(file, maxBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error('it is not written in UTF-8; save it as UTF-8');
  }
}
