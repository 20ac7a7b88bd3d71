/**
 * What must not outlive this process, however it ends: agents are processes of their own, in groups of their own, and a
 * Ctrl-C or a supervisor's SIGTERM would leave them behind with their ports, terminals and files.
 */
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { constants as system, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '#protocol/faults/errors.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** In the order in which they are run: those that were asked for last come first. */
const waiting: (() => void)[] = [];
let isInstalled = false;

/** Runs it at the end of this process. The returned function takes it back. Must not wait for anything. */
export function atTheEnd(run: () => void): () => void {
  install();
  waiting.unshift(run);
  return () => {
    const at = waiting.indexOf(run);
    if (at >= 0) waiting.splice(at, 1);
  };
}

export interface Folder {
  readonly path: string;
  remove(): void;
}

/** A folder of its own, gone with `remove` or with this process. */
export function temporaryFolder(prefix: string, above: string = tmpdir()): Folder {
  const path = folderIn(above, prefix);
  // Tried again: a child that is being killed may write one more file in there.
  const remove = (): void => rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  const takeBack = atTheEnd(remove);
  return {
    path,
    remove() {
      takeBack();
      remove();
    },
  };
}

/** One that stays. */
export const folderInTmp = (prefix: string): string => folderIn(tmpdir(), prefix);

/** Where files live in memory on Linux, if there is such a place; else where temporary files go. */
export function memoryFolder(): string {
  try {
    accessSync(SHARED_MEMORY, constants.W_OK);
    return SHARED_MEMORY;
  } catch {
    return tmpdir();
  }
}

const SHARED_MEMORY = '/dev/shm';

function folderIn(above: string, prefix: string): string {
  try {
    return mkdtempSync(join(above, prefix));
  } catch (error) {
    throw new ConfigError('OUTPUT_UNWRITABLE', { detail: `TMPDIR is ${tmpdir()}: ${String(error)}.`, cause: error });
  }
}

function install(): void {
  if (isInstalled) return;
  isInstalled = true;
  process.on('exit', () => {
    for (const run of waiting.splice(0)) run();
  });
  // Not once: whoever is impatient presses Ctrl-C again, and without a listener the second one would end this process in the
  // middle of putting away.
  for (const signal of SIGNALS) process.on(signal, () => process.exit(128 + system.signals[signal]));
}
