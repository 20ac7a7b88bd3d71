/**
 * What a reviewer would tire of saying. Each rule finds its offenders by itself and says file, line and what to write
 * instead; a rule that isn't worth its message isn't here.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ROOMS = ['protocol', 'device', 'gateway', 'simulator', 'test', 'bin'] as const;

interface Source {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly lines: readonly string[];
}

const files = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name) && !entry.parentPath.includes('node_modules'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));

const sources: readonly Source[] = ROOMS.flatMap((room) => files(room, /\.ts$/)).map((path) => ({
  path,
  lines: readFileSync(join(ROOT, path), 'utf8').split('\n'),
}));
const product = sources.filter(({ path }) => !path.endsWith('.test.ts') && !path.startsWith('test/'));

const IMPORT = /(?:from|import)\s*\(?\s*'([^']+)'/g;
const TYPE_ONLY = /^\s*(?:import|export)\s+type\b/;

interface Import {
  readonly from: string;
  readonly line: number;
  /** The file it means, relative to the root; undefined for a package. */
  readonly to: string | undefined;
  readonly spec: string;
  readonly typeOnly: boolean;
}

const imports: readonly Import[] = sources.flatMap((source) => importsOf(source));

function importsOf({ path, lines }: Source): Import[] {
  const found: Import[] = [];
  let typeOnly = false;
  for (const [index, text] of lines.entries()) {
    // A statement over several lines keeps the kind of its first one.
    if (/^\s*(import|export)\b/.test(text)) typeOnly = TYPE_ONLY.test(text);
    for (const [, spec] of text.matchAll(IMPORT)) {
      if (spec === undefined || /^\s*(\*|\/\/)/.test(text)) continue;
      found.push({ from: path, line: index + 1, spec, to: target(path, spec), typeOnly });
    }
  }
  return found;
}

function target(from: string, spec: string): string | undefined {
  if (!spec.endsWith('.js')) return undefined; // a package, or a data file
  const ts = spec.replace(/\.js$/, '.ts');
  if (spec.startsWith('#')) return ts.slice(1);
  if (spec.startsWith('.')) return relative(ROOT, resolve(ROOT, dirname(from), ts));
  return undefined;
}

const roomOf = (path: string): string => path.split('/')[0] ?? '';
const at = (path: string, line: number, instead: string): string => `${path}:${line}: ${instead}`;

/** Lines that match, comments left out. */
function offences(where: readonly Source[], pattern: RegExp, instead: string): string[] {
  return where.flatMap(({ path, lines }) =>
    lines.flatMap((text, index) =>
      !/^\s*(\*|\/\*|\/\/)/.test(text) && pattern.test(text) ? [at(path, index + 1, instead)] : [],
    ),
  );
}

describe('the house', () => {
  it('has imports that go one way: device and gateway know the protocol, the simulator knows all, the protocol nobody', () => {
    const allowed: Readonly<Record<string, readonly string[]>> = {
      protocol: ['protocol'],
      device: ['device', 'protocol'],
      gateway: ['gateway', 'protocol'],
      simulator: ['simulator', 'device', 'gateway', 'protocol'],
      bin: ['bin', 'simulator', 'device', 'gateway', 'protocol'],
      test: ['test', 'bin', 'simulator', 'device', 'gateway', 'protocol'],
    };
    const wrong = imports
      .filter(
        ({ from, to }) =>
          to !== undefined &&
          !(
            from.endsWith('.test.ts') &&
            roomOf(from) !== 'protocol' &&
            (roomOf(to) === 'test' || to.startsWith('simulator/doubles/'))
          ),
      )
      .filter(({ from, to }) => to !== undefined && !(allowed[roomOf(from)] ?? []).includes(roomOf(to)))
      .map(({ from, line, to }) =>
        at(from, line, `${roomOf(from)} must not import ${to}; move what both need to protocol/`),
      );
    expect(wrong).toEqual([]);
  });

  it('names another room by #room/ and its own by a relative path, so that each line shows its direction', () => {
    const wrong = imports
      .filter(({ from, spec, to }) => to !== undefined && spec.startsWith('.') && roomOf(from) !== roomOf(to))
      .filter(({ from, to }) => roomOf(from) !== 'bin' && roomOf(from) !== 'test' && roomOf(to ?? '') !== 'test')
      .map(({ from, line, to }) => at(from, line, `write #${to?.replace(/\.ts$/, '.js')}`));
    expect(wrong).toEqual([]);
    const own = imports
      .filter(({ from, spec, to }) => spec.startsWith('#') && to !== undefined && roomOf(from) === roomOf(to))
      .map(({ from, line, to }) => at(from, line, `write the relative path to ${to}`));
    expect(own).toEqual([]);
  });

  it('has no import that comes back to where it started', () => {
    const edges = new Map<string, Set<string>>();
    for (const { from, to, typeOnly } of imports) {
      if (to === undefined || typeOnly || from.endsWith('.test.ts')) continue;
      edges.set(from, (edges.get(from) ?? new Set()).add(to));
    }
    const done = new Set<string>();
    const cycles: string[] = [];
    const walk = (path: string, trail: readonly string[]): void => {
      const seen = trail.indexOf(path);
      if (seen >= 0) cycles.push([...trail.slice(seen), path].join(' -> '));
      if (seen >= 0 || done.has(path)) return;
      for (const next of edges.get(path) ?? []) walk(next, [...trail, path]);
      done.add(path);
    };
    for (const path of edges.keys()) walk(path, []);
    expect(cycles).toEqual([]);
  });

  const pure = product.filter(
    ({ path }) =>
      (path.startsWith('protocol/') && !path.startsWith('protocol/node/')) ||
      /^(device|gateway)\/core\//.test(path) ||
      /^gateway\/ledger\/(book|decide|report)\//.test(path) ||
      path === 'device/till/till-rules.ts' ||
      /^device\/drivers\//.test(path),
  );

  it('keeps protocol, cores and drivers pure: time, chance and I/O come from outside', () => {
    expect([
      ...offences(pure, /from 'node:/, 'no node: here; take what it gives through a port'),
      ...offences(
        pure,
        /\bDate\b(?!\.UTC)|\bsetTimeout\b|\bsetInterval\b|\bsetImmediate\b|\bperformance\.now\b/,
        'no clock and no timer here; time comes in with the input',
      ),
      ...offences(
        pure,
        /\bMath\.random\b|\bcrypto\.(randomUUID|getRandomValues)\b/,
        'no chance here; take it through a port',
      ),
      ...offences(pure, /\bprocess\.|\bconsole\./, 'no process and no console here; return what is to be done'),
    ]).toEqual([]);
  });

  /** Adapters, the rooms named for what they speak or keep, and the two files that serve the till's HTTP. */
  const IO_ROOMS =
    /^(device|gateway)\/(adapters\/|main\.ts$|config\/config\.ts$)|^gateway\/(http|mqtt|secrets|signatures|ledger\/store)\/|^gateway\/config\/(config-findings|campaign-document)\.ts$|^device\/(till\/http-server|screen\/screens)\.ts$/;

  it('keeps I/O of device and gateway in the rooms that are for it', () => {
    const inside = product.filter(({ path }) => /^(device|gateway)\//.test(path) && !IO_ROOMS.test(path));
    expect(
      offences(
        inside,
        /from 'node:(fs|net|http|child_process|worker_threads|dgram|tls)/,
        'I/O belongs in adapters/ or a room named for a protocol',
      ),
    ).toEqual([]);
  });

  it('has every command in the table of the door', () => {
    const door = readFileSync(join(ROOT, 'bin/main.ts'), 'utf8');
    const missing = files('bin/commands', /\.ts$/).filter(
      (path) => !path.endsWith('.test.ts') && !door.includes(`./${relative('bin', path).replace(/\.ts$/, '.js')}`),
    );
    expect(missing.map((path) => `${path}: add its line to COMMANDS in bin/main.ts`)).toEqual([]);
  });

  it('has every member of a family in its index', () => {
    const families = [
      'protocol/campaign/rules',
      'device/drivers/printers/models',
      'device/drivers/scanners',
      'device/drivers/readers',
      'device/drivers/voices',
      'device/drivers/displays',
    ];
    const missing = families.flatMap((family) => {
      const index = `${family}/index.ts`;
      const reached = reachable([index]);
      return readdirSync(join(ROOT, family))
        .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
        .filter((name) => !reached.has(`${family}/${name}`))
        .map((name) => `${family}/${name}: add its line to ${index}`);
    });
    expect(missing).toEqual([]);
  });

  it('has no file that nothing leads to', () => {
    const reached = reachable([
      'bin/main.ts',
      ...sources.filter(({ path }) => path.endsWith('.test.ts')).map(({ path }) => path),
    ]);
    const workers = product.flatMap(({ lines }) =>
      lines.flatMap((text) =>
        [...text.matchAll(/'([^']*-(?:worker|process|client)[^']*)\.(?:js|ts)'/g)].map(([, name]) =>
          name?.split('/').at(-1),
        ),
      ),
    );
    const dead = product.filter(
      ({ path }) => !reached.has(path) && !workers.some((name) => name !== undefined && path.endsWith(`${name}.ts`)),
    );
    expect(dead.map(({ path }) => `${path}: nothing imports it; delete it or use it`)).toEqual([]);
  });

  it('has no folder of more than 15 files without a table of contents, and few files at the top of a room', () => {
    const folders = new Map<string, string[]>();
    for (const { path } of sources.filter(({ path }) => !path.endsWith('.test.ts'))) {
      folders.set(dirname(path), [...(folders.get(dirname(path)) ?? []), path]);
    }
    const crowded = [...folders]
      .filter(([folder, inside]) => inside.length > 15 && !inside.includes(`${folder}/index.ts`))
      // Its table of contents is COMMANDS in bin/main.ts.
      .filter(([folder]) => folder !== 'bin/commands')
      .map(([folder, { length }]) => `${folder}: ${length} files; give them rooms, or a table of contents in index.ts`);
    expect(crowded).toEqual([]);
    expect((folders.get('device') ?? []).length).toBeLessThanOrEqual(8);
  });

  it('asks of every long file what two things it is', () => {
    const long = product.filter(({ lines }) => lines.length > 520);
    expect(
      long.map(({ path, lines }) => `${path}: ${lines.length} lines; split it into rooms with one purpose each`),
    ).toEqual([]);
  });

  it('holds docs to paths that exist', () => {
    const docs = [
      'README.md',
      'README.zh-CN.md',
      ...(existsSync(join(ROOT, 'docs')) ? files('docs', /\.md$/) : []),
    ].filter((path) => existsSync(join(ROOT, path)));
    const wrong = docs.flatMap((doc) =>
      readFileSync(join(ROOT, doc), 'utf8')
        .split('\n')
        .flatMap((text, index) =>
          [...text.matchAll(/[`(]((?:protocol|device|gateway|simulator|test|bin|docs|campaigns)\/[\w./-]*[\w/])[`)#]/g)]
            .map(([, path]) => path ?? '')
            .filter((path) => !existsSync(join(ROOT, path)))
            .map((path) => at(doc, index + 1, `${path} does not exist`)),
        ),
    );
    expect(wrong).toEqual([]);
  });
});

function reachable(from: readonly string[]): Set<string> {
  const reached = new Set<string>();
  const queue = [...from];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    for (const edge of imports) if (edge.from === path && edge.to !== undefined) queue.push(edge.to);
  }
  return reached;
}
