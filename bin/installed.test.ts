/** What a program that runs the commands meets where they fail, and where the installed package has no pseudo-terminals. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const BIN = fileURLToPath(new URL('codeplate.js', import.meta.url));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'codeplate-installed-'));
  writeFileSync(join(folder, 'bad.json'), '{"version":0}');
  writeFileSync(join(folder, 'bad.yaml'), 'name: Bad\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Without `@lydell/node-pty`, as `npm install codeplate` leaves it: whoever imports it is told that there is none. */
const HOOKS = `export const resolve = (name, context, next) => {
  if (name.startsWith('@lydell/node-pty')) throw Object.assign(new Error('not found: ' + name), { code: 'ERR_MODULE_NOT_FOUND' });
  return next(name, context);
};`;
const asUrl = (script: string): string => `data:text/javascript,${encodeURIComponent(script)}`;
const WITHOUT_PTY = [
  '--import',
  asUrl(`import { register } from 'node:module'; register(${JSON.stringify(asUrl(HOOKS))});`),
];

const run = (line: string, nodeArguments: readonly string[] = []) =>
  spawnSync(process.execPath, [...nodeArguments, BIN, ...line.split(' ')], {
    cwd: folder,
    encoding: 'utf8',
    input: '',
    timeout: 30_000,
  });

describe('--json prints one object where the command fails', () => {
  it.each([
    ['quote --campaign bad.json --fen 1 --holds 20 --json', 1, 'CAMPAIGN_INVALID'],
    ['quote --campaign gone.json --fen 1 --holds 20 --json', 2, 'CAMPAIGN_UNREADABLE'],
    ['quote --fen 1 --holds 20 --json', 2, null],
    ['quote --campaign youhao-2023 --fen 0 --holds 20 --json', 2, 'AMOUNT_NOT_POSITIVE'],
    ['simulate bad.yaml --json', 2, 'SCENARIO_INVALID'],
    ['simulate nothing-of-it --json', 2, null],
    ['gateway --config gone.yaml --json', 2, 'CONFIG_UNREADABLE'],
    ['gateway --config gone.yaml --check --json', 2, 'CONFIG_UNREADABLE'],
    ['device --config bad.yaml --json', 2, 'CONFIG_INVALID'],
    ['explore --minutes 0 --json', 2, null],
    ['operator cases --http http://127.0.0.1:1 --token gone --json', 2, null],
    ['nothing-of-it --json', 2, null],
  ])('codeplate %s', (line, exitCode, code) => {
    const { status, stdout, stderr } = run(line);
    expect(JSON.parse(stdout)).toEqual({ error: { code, message: expect.stringMatching(/\S/) } });
    expect({ status, isSaid: stderr !== '' }).toEqual({ status: exitCode, isSaid: true });
  });

  it('and names an option that is spelt wrong beside the one that is missing for it', () => {
    const { status, stdout, stderr } = run('quote --campain youhao-2023 --json');
    const words = "unknown option '--campain', and required option '--campaign <file>' not specified";
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toEqual({ error: { code: null, message: words } });
    expect(stderr).toContain(words);
  });

  it('and no second one where the problems are the answer', () => {
    const { status, stdout } = run('device --config bad.yaml --check --json');
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ config: 'bad.yaml', problems: expect.any(Array) });
  });
});

describe('without pseudo-terminals', () => {
  const ADVICE = /npm install @lydell\/node-pty@1/;

  it.each(['demo --once --json', 'simulate happy-day --seed 1 --json', 'bench agent --json'])(
    'codeplate %s says so before it starts, what to install, and leaves with 3',
    (line) => {
      const { status, stdout, stderr } = run(line, WITHOUT_PTY);
      const error = { code: 'PSEUDO_TERMINALS_MISSING', message: expect.stringMatching(ADVICE) };
      expect(JSON.parse(stdout)).toEqual({ error });
      expect(stderr).toMatch(/^PSEUDO_TERMINALS_MISSING: [^\n]*\n$/);
      expect(status).toBe(3);
    },
  );

  it('no JUnit file is left for a reader to find empty', () => {
    expect(run('simulate happy-day --seed 1 --junit out.xml', WITHOUT_PTY).status).toBe(3);
    expect(existsSync(join(folder, 'out.xml'))).toBe(false);
  });

  it('the virtual hardware says that it is not ready', () => {
    const { status, stdout } = run('virtual-hardware', WITHOUT_PTY);
    expect(status).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ ready: false, error: { code: 'PSEUDO_TERMINALS_MISSING' } });
  });
});
