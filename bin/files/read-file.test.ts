import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBytes, readText } from './read-file.js';

const codeplate = fileURLToPath(new URL('../codeplate.js', import.meta.url));
/** 友好, as a Chinese Windows saves it. */
const GBK = Uint8Array.of(0xd3, 0xd1, 0xba, 0xc3);
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'codeplate-read-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function written(content: string | Uint8Array): string {
  const file = join(folder, 'file');
  writeFileSync(file, content);
  return file;
}

describe('a file that somebody named', () => {
  it('is read whole, up to its limit and not beyond', async () => {
    const file = written('x'.repeat(200_000));
    expect(await readBytes(file, 200_000)).toHaveLength(200_000);
    await expect(readBytes(file, 199_999)).rejects.toThrow('more than 199999 bytes');
  });

  it('need not have an end', async () => {
    await expect(readBytes('/dev/zero', 1_000_000)).rejects.toThrow('more than 1000000 bytes');
  });

  it('is UTF-8, with or without a byte order mark, and nothing else', () => {
    expect(readText(written('友好'), 100)).toBe('友好');
    expect(readText(written('\ufeff友好'), 100)).toBe('友好');
    expect(() => readText(written(GBK), 100)).toThrow('save it as UTF-8');
  });
});

const OF_TEXT: readonly [string, readonly string[]][] = [
  ['device', ['device', '--check', '--config']],
  ['gateway', ['gateway', '--config']],
  ['simulate', ['simulate']],
  ['evidence', ['evidence', '--file']],
  ['quote', ['quote', '--fen', '1', '--holds', '20', '--campaign']],
];
const run = (args: readonly string[], file: string) =>
  spawnSync(process.execPath, [codeplate, ...args, file], { encoding: 'utf8', timeout: 20_000 });

it.each([...OF_TEXT, ['render', ['render']] as const])(
  'codeplate %s says so of a file without an end, and leaves with 2',
  (_, args) => {
    const { status, stdout, stderr } = run(args, '/dev/zero');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/\/dev\/zero.*it has more than \d+ bytes/);
  },
);

it.each([...OF_TEXT.filter(([name]) => name !== 'simulate'), ['render', ['render']] as const])(
  'codeplate %s says in words why a file cannot be read, and what to do',
  (_, args) => {
    for (const [file, why] of [
      [folder, 'it is a folder'],
      [join(folder, 'nowhere', 'file.json'), 'there is no such file'],
      ['', 'no file is named'],
    ] as const) {
      const { status, stdout, stderr } = run(args, file);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toContain(why);
      expect(stderr).toMatch(/Give the path|Name a|codeplate init DIR/);
    }
  },
);

it('a campaign that is nested deeper than the stack is none', () => {
  const { status, stderr } = run(
    ['quote', '--fen', '1', '--holds', '20', '--campaign'],
    written(`${'['.repeat(200_000)}${']'.repeat(200_000)}`),
  );
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(/^CAMPAIGN_UNREADABLE: .*: nested deeper than 32 levels\n/),
  });
});

it.each(OF_TEXT)('codeplate %s takes no GBK', (_, args) => {
  const file = written(Uint8Array.of(...Buffer.from('{"a": "'), ...GBK, ...Buffer.from('"}')));
  const { status, stdout, stderr } = run(args, file);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain('it is not written in UTF-8; save it as UTF-8');
});
