/**
 * Reads a file that somebody named. Bounded by what is read and not by what a directory entry says: a pipe has no size, and
 * some files have no end. Throws an Error that says what is wrong with it; what to do instead is the command's to say.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { fileFault } from '#protocol/faults/file-fault.js';

/** What is read in one go. */
const CHUNK_BYTES = 64 * 1024;

/** As `fileBytes`; `-` is standard input, which may have nothing to read just yet. */
export async function readBytes(file: string, maxBytes: number): Promise<Uint8Array> {
  if (file !== '-') return fileBytes(file, maxBytes);
  const gathered = gather(maxBytes);
  for await (const chunk of process.stdin) gathered.add(Buffer.from(chunk));
  return gathered.all();
}

/** The first line of standard input, its end left out: a scanner's port never says that it is over, and ends a code with CR. */
export async function readLine(maxBytes: number): Promise<Uint8Array> {
  const gathered = gather(maxBytes);
  for await (const chunk of process.stdin) {
    const all = Buffer.from(chunk);
    const begin = gathered.length() > 0 ? 0 : all.findIndex((byte) => !isLineEnd(byte));
    const bytes = begin < 0 ? Buffer.alloc(0) : all.subarray(begin);
    const end = bytes.findIndex(isLineEnd);
    gathered.add(end < 0 ? bytes : bytes.subarray(0, end));
    if (end >= 0) break;
  }
  return gathered.all();
}

const isLineEnd = (byte: number): boolean => byte === 0x0a || byte === 0x0d;

/** As UTF-8, with or without a byte order mark. */
export const readText = (file: string, maxBytes: number): string => utf8(fileBytes(file, maxBytes));

/** A Chinese Windows saves GBK, which would come out as a row of boxes. */
export function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error('it is not written in UTF-8; save it as UTF-8');
  }
}

function fileBytes(file: string, maxBytes: number): Uint8Array {
  try {
    return wholeFile(file, maxBytes);
  } catch (error) {
    throw new Error(file === '' ? 'no file is named' : fileFault(error), { cause: error });
  }
}

function wholeFile(file: string, maxBytes: number): Uint8Array {
  const descriptor = openSync(file, 'r');
  try {
    const gathered = gather(maxBytes);
    for (;;) {
      const chunk = new Uint8Array(CHUNK_BYTES);
      const count = readSync(descriptor, chunk, 0, CHUNK_BYTES, null);
      if (count === 0) return gathered.all();
      gathered.add(chunk.subarray(0, count));
    }
  } finally {
    closeSync(descriptor);
  }
}

function gather(maxBytes: number): { add(chunk: Uint8Array): void; length(): number; all(): Uint8Array } {
  const chunks: Uint8Array[] = [];
  let length = 0;
  return {
    add(chunk) {
      length += chunk.length;
      if (length > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`);
      chunks.push(chunk);
    },
    length: () => length,
    all: () => Buffer.concat(chunks),
  };
}
