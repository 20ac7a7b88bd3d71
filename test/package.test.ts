/** What `npm pack` puts into the tarball: all that its texts point at, and nothing that an installation can do without. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { z } from 'zod';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const packedSchema = z.array(z.object({ files: z.array(z.object({ path: z.string() })) }));

function packed(): ReadonlySet<string> {
  const out = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return new Set(packedSchema.parse(JSON.parse(out)).flatMap(({ files }) => files.map(({ path }) => path)));
}

/** Help and errors, which a person reads without a checkout beside it. */
const TEXTS = ['bin/commands', 'protocol/faults/errors'].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => `${folder}/${name}`),
);
const NAMED = /\b(?:docs\/[\w./-]+\.md|simulator\/[\w./-]+\.ts)\b/g;
const LINKED = /(?:\]\(|src=")([\w./-]+)[)"#]/g;

it('the tarball holds what help, errors and READMEs point at, and no source maps', () => {
  const files = packed();
  const holds = (path: string): boolean => [...files].some((file) => file === path || file.startsWith(`${path}/`));
  const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
  const named = TEXTS.flatMap((text) => [...read(text).matchAll(NAMED)].map(([path]) => ({ text, path })));
  const linked = ['README.md', 'README.zh-CN.md'].flatMap((text) =>
    [...read(text).matchAll(LINKED)].map(([, path = '']) => ({ text, path })),
  );
  expect(named.length).toBeGreaterThan(3);
  expect(linked.length).toBeGreaterThan(3);
  const missing = [...named, ...linked].filter(({ path }) => !holds(path));
  expect(missing.map(({ text, path }) => `${text} names ${path}: add it to "files" of package.json`)).toEqual([]);
  expect([...files].filter((file) => /\.(map|tsbuildinfo)$/.test(file))).toEqual([]);
}, 60_000);

it('no version is pinned by an override, which reaches nobody who installs the package', () => {
  // light-my-request 6.7 and later pull in a cookie that wants Node 22; as a dependency of ours the pin holds everywhere.
  const { overrides } = z
    .object({ overrides: z.record(z.string(), z.unknown()) })
    .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));
  const pins = Object.entries(overrides).filter(([, version]) => typeof version === 'string');
  expect(pins.map(([name]) => `${name}: pin it under "dependencies"`)).toEqual([]);
});
