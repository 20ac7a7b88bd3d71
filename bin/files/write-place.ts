/**
 * Where a command is to write: made and tried before the work begins, not found out after it. The system's own word says
 * why it can't be; the code and what to do instead come from the registry.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from '#protocol/faults/errors.js';
import { UsageError } from '../usage.js';

/** Customers' codes and the gateway's keys stand in there: nobody else on this machine has business with them. */
const OWN_FOLDER_MODE = 0o700;

/** A folder that somebody named for what comes out; `named` is how: `--keep`. Throws UsageError. */
export function outputFolder(folder: string, named: string): void {
  orWrongUse(`${named} ${folder}`, () => {
    // Nobody means the folder that they are in by that: it is a variable that was never set.
    if (folder === '') throw new Error('no folder is named');
    makeFolder(folder);
    tryFolder(folder);
  });
}

/**
 * A file that somebody named. What stands in it stays until there is something to put in its place; a file that wasn't there
 * isn't left behind empty, which a reader of JUnit takes for a broken report. Throws UsageError.
 */
export function outputFile(file: string, named: string): void {
  orWrongUse(`${named} ${file}`, () => {
    const isFresh = lstatSync(file, { throwIfNoEntry: false }) === undefined;
    closeSync(openSync(file, 'a'));
    if (isFresh) rmSync(file);
  });
}

/** Into a file that was tried before: whatever happens now is no wrong use. */
export function writeOutput(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw unwritable(file, error);
  }
}

/**
 * The data folder of a configuration, for its owner only. Throws ConfigError where it can't be made; with `tried`, also where
 * nothing can be written into it.
 */
export function dataFolder(folder: string, { tried }: { readonly tried: boolean }): void {
  try {
    makeFolder(folder, OWN_FOLDER_MODE);
    if (tried) tryFolder(folder);
  } catch (error) {
    throw new ConfigError('DATA_UNWRITABLE', { detail: `${wordsOf(error)}.`, cause: error });
  }
}

/** The same without making anything; undefined: it could be made, or is there, and may be written to. */
export function whyUnwritable(folder: string): string | undefined {
  const path = resolve(folder);
  if (!existsSync(path)) return whyUnwritable(dirname(path));
  if (!statSync(path).isDirectory()) return `${path} is not a folder`;
  try {
    accessSync(path, constants.W_OK);
    return undefined;
  } catch {
    return `this user may not write into ${path}`;
  }
}

/** One by one from the top: Node 20's own `recursive` never returns where an existing parent takes no folders, as /proc. */
export function makeFolder(folder: string, mode?: number): void {
  const path = resolve(folder);
  if (!existsSync(path)) {
    makeFolder(dirname(path), mode);
    mkdirSync(path, { mode });
  } else if (!statSync(path).isDirectory()) throw new Error(`${path} is not a folder`);
}

/** The least that can be written: what stops it stops all the rest. */
export function tryFolder(folder: string): void {
  rmdirSync(mkdtempSync(join(resolve(folder), '.codeplate-')));
}

function orWrongUse(what: string, attempt: () => void): void {
  try {
    attempt();
  } catch (error) {
    const { code, message } = unwritable(what.trim(), error);
    throw new UsageError(`${code}: ${message}`);
  }
}

const unwritable = (what: string, error: unknown): ConfigError =>
  new ConfigError('OUTPUT_UNWRITABLE', { detail: `${what}: ${wordsOf(error)}.`, cause: error });

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
