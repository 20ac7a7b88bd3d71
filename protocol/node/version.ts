/** The version of this package, from its one place, `package.json`: for `--version` and for the name that an agent gives itself. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The nearest `package.json` above, whether the source runs or the build. */
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
