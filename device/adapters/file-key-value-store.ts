/**
 * The key-value store on disk: one small file per key, replaced by rename, so that a power cut leaves the old value or the
 * new one.
 */
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyValueStore, StoredName } from '../ports/key-value-store.js';
import type { Log } from '../ports/log.js';

export interface FileKeyValueStore extends KeyValueStore {
  /** Resolves once every pending write is on disk. */
  settled(): Promise<void>;
}

export function fileKeyValueStore(folder: string, log: Log): FileKeyValueStore {
  // Nothing depends on it: the gateway sends the value again. A failing disk shows in the journal.
  const unkept = (name: string, error: unknown): void =>
    log('warn', 'KEEP_WRITE_FAILED', { name, why: error instanceof Error ? error.message : String(error) });
  try {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) mkdirSync(folder);
  } catch (error) {
    unkept('the folder', error);
  }
  const path = (name: StoredName): string => join(folder, `${name}.json`);
  /** The pending write of each key: only the newest value counts. */
  const waiting = new Map<StoredName, string>();
  let writing: Promise<void> | undefined;

  const writeAll = async (): Promise<void> => {
    for (let next = waiting.entries().next().value; next !== undefined; next = waiting.entries().next().value) {
      const [name, text] = next;
      waiting.delete(name);
      try {
        await replace(path(name), text);
      } catch (error) {
        unkept(name, error);
      }
    }
    writing = undefined;
  };

  return {
    load(name) {
      try {
        return readFileSync(path(name), 'utf8');
      } catch {
        return undefined;
      }
    },
    save(name, text) {
      waiting.set(name, text);
      writing ??= writeAll();
    },
    settled: () => writing ?? Promise.resolve(),
  };
}

async function replace(path: string, text: string): Promise<void> {
  const next = `${path}.new`;
  const file = await open(next, 'w');
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(next, path);
}
