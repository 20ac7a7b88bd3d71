import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const codeplate = fileURLToPath(new URL('../codeplate.js', import.meta.url));
/** FS & 友好 LF, ESC z (which nobody knows), a partial cut. */
const RECEIPT = Uint8Array.of(0x1c, 0x26, 0xd3, 0xd1, 0xba, 0xc3, 0x0a, 0x1b, 0x7a, 0x1d, 0x56, 66, 0);

let folder = '';
let file = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'codeplate-render-'));
  file = join(folder, 'receipt.bin');
  writeFileSync(file, RECEIPT);
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (args: readonly string[], input?: Uint8Array) =>
  spawnSync(process.execPath, [codeplate, 'render', ...args], {
    encoding: 'utf8',
    input: Buffer.from(input ?? []),
    maxBuffer: 64 * 1024 * 1024,
  });

describe('codeplate render', () => {
  it('draws the paper in the terminal, and lists on standard error what a printer would not understand', () => {
    const { status, stdout, stderr } = run([file]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^┌─{34}┐\n│ 友好 +│\n└─{34}┘\n$/);
    expect(stderr).toBe('offset 7: 1B 7A (unknown)\n');
  });

  it('takes a model by its name in device.yaml, and says of a stream that it was made for wider paper', () => {
    const wide = Buffer.from(`${'-'.repeat(48)}\n`);
    const narrow = run(['-'], wide);
    expect([narrow.status, narrow.stderr]).toEqual([0, expect.stringContaining('made for wider paper')]);
    const onItsModel = run(['-', '--model', 'xprinter-80'], wide);
    expect([onItsModel.stdout, onItsModel.stderr]).toEqual([expect.stringMatching(/^┌─{50}┐\n│ -{48} │\n/), '']);
    expect(run(['-', '--model', 'generic-58'], Buffer.from('short\n')).stderr).toBe('');
    expect(run(['-', '--model', 'laser'], wide).status).toBe(2);
  });

  it('lists no more than a screenful of what it would not understand', () => {
    const { status, stderr } = run(['-'], new Uint8Array(1_000).fill(0x01));
    expect(status).toBe(0);
    expect(stderr.split('\n').filter((line) => line.startsWith('offset '))).toHaveLength(40);
    expect(stderr).toMatch(/\n… and 960 more; --json lists them all\.\n$/);
  });

  it('says it as one JSON object', () => {
    const { stdout, stderr } = run(['--json', file]);
    expect(JSON.parse(stdout)).toMatchObject({
      documents: [{ lines: ['友好'], qr: [], cut: { mode: 'partial' }, drawer: [] }],
      unknown: [{ offset: 7, bytes: '1B 7A' }],
    });
    expect(stderr).toBe('');
  });

  it('reads standard input, on 80 mm paper where asked', () => {
    const { stdout } = run(['-', '--columns', '48'], RECEIPT);
    expect(stdout).toMatch(/^┌─{50}┐\n/);
  });

  it('draws a picture', () => {
    expect(run([file, '--svg']).stdout).toMatch(/^<svg .*\n[\s\S]*>友<[\s\S]*>好<[\s\S]*<\/svg>\n$/);
  });

  it('prints as a printer with fewer characters would', () => {
    const bytes = Uint8Array.of(0x1c, 0x26, 0xe9, 0x46, 0x0a); // 镕, which GB2312 lacks
    expect(JSON.parse(run(['-', '--json'], bytes).stdout).documents[0].lines).toEqual(['镕']);
    expect(JSON.parse(run(['-', '--json', '--charset', 'gb2312'], bytes).stdout).documents[0].lines).toEqual([' F']);
  });

  it.each(['--text', '--svg', '--json'])('shows the beginning of what has no end, and says so: %s', (form) => {
    // ESC d 255: 255 lines. Three megabytes of it are a hundred kilometres of paper.
    const endless = Uint8Array.from({ length: 3_000_000 }, (_, at) => [0x1b, 0x64, 255][at % 3] ?? 0);
    const { status, stdout, stderr } = run(['-', form], endless);
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /^Only the beginning is shown, some 250 m of paper.* of 3000000 bytes are left out: cut the file/,
    );
    expect(stdout.length).toBeLessThan(10_000_000);
    if (form === '--json') expect(JSON.parse(stdout).leftOut).toBeGreaterThan(2_900_000);
  });

  it.each([
    ['a file that isn’t there', ['nowhere.bin'], /Can't read nowhere\.bin/],
    ['a folder', [tmpdir()], /Can't read/],
    ['no file', [], /missing required argument 'file'/],
    ['two forms at once', ['x.bin', '--svg', '--json'], /cannot be used with/],
    ['a width that no paper has', ['x.bin', '--columns', '40'], /Allowed choices are 32, 48/],
  ])('leaves with 2 and says what to do: %s', (_, args, message) => {
    const { status, stdout, stderr } = run(args);
    expect(status).toBe(2);
    if (args.includes('--json'))
      expect(JSON.parse(stdout)).toMatchObject({ error: { message: expect.stringMatching(message) } });
    else expect(stdout).toBe('');
    expect(stderr).toMatch(message);
  });

  it('says so where nothing at all would be printed', () => {
    expect(run(['-'])).toMatchObject({ status: 0, stdout: '', stderr: 'Nothing would be printed.\n' });
  });
});
