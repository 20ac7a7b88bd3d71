/** This package's version, read from `package.json`, for `--version` and for the agent's name on the wire. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The nearest `package.json` above, both from source and from the build. */
export const VERSION = versionAbove(dirname(fileURLToPath(import.meta.url)));

function versionAbove(folder: string): string {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) {
    if (folder === dirname(folder)) throw new Error('no package.json was found above this file');
    return versionAbove(dirname(folder));
  }
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return version;
}
