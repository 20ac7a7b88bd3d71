/** A release's fixtures as a test finds them: folders under `test/fixtures`, unpacked where a database is to be opened. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url));

/** The oldest first: `0.1.0`. */
export const RELEASES: readonly string[] = readdirSync(FIXTURES)
  .flatMap((name) => (name.startsWith('release-') ? [name.slice('release-'.length)] : []))
  .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));

export class Release {
  readonly #folder: string;

  constructor(version: string) {
    this.#folder = join(FIXTURES, `release-${version}`);
  }

  text = (name: string): string => readFileSync(join(this.#folder, name), 'utf8');
  json = (name: string): unknown => JSON.parse(this.text(name));
  names = (part: string): readonly string[] => readdirSync(join(this.#folder, part)).toSorted();

  /** Copies a part into `to` as a disk had it: what is packed is unpacked. */
  unpack(part: string, to: string): void {
    mkdirSync(to, { recursive: true });
    for (const entry of readdirSync(join(this.#folder, part), { withFileTypes: true })) {
      const from = join(this.#folder, part, entry.name);
      if (entry.isDirectory()) this.unpack(join(part, entry.name), join(to, entry.name));
      else if (!entry.name.endsWith('.gz')) copyFileSync(from, join(to, entry.name));
      else writeFileSync(join(to, entry.name.slice(0, -'.gz'.length)), gunzipSync(readFileSync(from)));
    }
  }
}
