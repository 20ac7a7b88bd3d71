/** The list of what the product is made of (`npm sbom`, CycloneDX) says what the lock file says, nothing less and nothing more. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Component {
  readonly purl: string;
}

interface Locked {
  readonly version?: string;
  readonly name?: string;
  readonly link?: boolean;
}

it('has every package of the lock file, in its version', () => {
  const written = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const { bomFormat, components } = JSON.parse(written) as { bomFormat: string; components: readonly Component[] };
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Locked> };
  const locked = Object.entries(packages).flatMap(([path, { name, version, link }]) =>
    path === '' || link === true ? [] : [purlOf(name ?? path.replace(/^.*node_modules\//, ''), version)],
  );
  expect(bomFormat).toBe('CycloneDX');
  expect(sorted(components.map(({ purl }) => purl))).toEqual(sorted(locked));
});

/** A package under another name is what it really is (https://github.com/package-url/purl-spec, type npm). */
const purlOf = (name: string, version = ''): string => `pkg:npm/${name.replace('@', '%40')}@${version}`;

const sorted = (all: readonly string[]): readonly string[] => [...new Set(all)].sort();
