/** Where this package lies, whether what runs is its source or its build. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAM = path.join('bin', 'codeplate.js');

export function packageFolder(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (folder !== path.dirname(folder)) {
    if (existsSync(path.join(folder, PROGRAM))) return folder;
    folder = path.dirname(folder);
  }
  throw new Error(`${PROGRAM} was not found above this file`);
}

/** What a child process of ours runs. */
export const programFile = (): string => path.join(packageFolder(), PROGRAM);
