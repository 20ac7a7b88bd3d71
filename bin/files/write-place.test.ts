import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dataFolder, outputFile, outputFolder } from './write-place.js';

const BIN = fileURLToPath(new URL('../codeplate.js', import.meta.url));
/** Long before any of these commands would be through with its work. */
const AT_ONCE_MS = 15_000;

let folder: string;
/** An ordinary file: nothing can be made below it, whoever one is. */
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'codeplate-place-'));
  file = join(folder, 'file');
  writeFileSync(file, 'mine');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  spawnSync(process.execPath, [BIN, ...args], {
    encoding: 'utf8',
    timeout: AT_ONCE_MS,
    env: { ...process.env, ...env },
  });

describe('a place that nothing can be written to', () => {
  it.each([
    ['a folder for pictures that is a file', ['demo', '--once', '--svg-dir', 'FILE']],
    ['a folder to keep things in below a file', ['simulate', 'happy-day', '--keep', 'FILE/in']],
    ['a folder without a name', ['simulate', 'happy-day', '--keep', '']],
    ['a report below a file', ['simulate', 'happy-day', '--junit', 'FILE/report.xml']],
    ['a chart below a file', ['explore', '--campaign', 'youhao-2023', '--svg', 'FILE/chart.svg']],
    ['a configuration in a file', ['init', 'FILE']],
  ])('is wrong use, said in one line and before any work: %s', (_, args) => {
    const { status, stdout, stderr } = run(args.map((word) => word.replace('FILE', file)));
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^OUTPUT_UNWRITABLE: .*Name a place where you may write\.\n$/);
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  it.each(['demo', 'simulate'])('%s says so of the folder for temporary files', (command) => {
    const args = command === 'demo' ? ['demo', '--once', '--json'] : ['simulate', 'happy-day', '--json'];
    const { status, stderr } = run(args, { TMPDIR: file });
    expect(status).toBe(1);
    expect(stderr).toMatch(/OUTPUT_UNWRITABLE: .*TMPDIR is .*Name a place where you may write\.\n$/);
  });

  // Node 20's own way to make a folder in /proc never comes back.
  it.skipIf(process.platform !== 'linux').each(['/proc', '/proc/codeplate/x'])('is found out in %s too', (place) => {
    expect(() => outputFolder(place, '--keep')).toThrow(/^OUTPUT_UNWRITABLE/);
    expect(() => dataFolder(place, { tried: true })).toThrow(expect.objectContaining({ code: 'DATA_UNWRITABLE' }));
  });
});

describe('a data folder that is a file', () => {
  const LEAST = {
    gateway: 'campaign: youhao-2023.json\ndevices: []',
    device: 'device: p1\nmerchant: yh-01\ncampaign: youhao-2023\ngateway: { url: "mqtt://127.0.0.1:1" }',
  };

  it.each(['gateway', 'device'] as const)('ends codeplate %s with one line that says what to do', (command) => {
    const config = join(folder, 'config.yaml');
    writeFileSync(config, `${LEAST[command]}\ndata: file\n`);
    const { status, stdout, stderr } = run([command, '--config', config]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^DATA_UNWRITABLE: .*file is not a folder\. Name under `data` .*\n$/);
  });
});

describe('a place that can be written to', () => {
  it('is made, its parents too, and for a data folder closed to others', () => {
    outputFolder(join(folder, 'a', 'b'), '--keep');
    dataFolder(join(folder, 'data', 'inner'), { tried: true });
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual([]);
    expect(readdirSync(join(folder, 'data', 'inner'))).toEqual([]);
    expect(statSync(join(folder, 'data')).mode & 0o077).toBe(0);
  });

  it('keeps what stands in it until there is something to put in its place, and leaves none empty', () => {
    outputFile(file, '--svg');
    expect(readFileSync(file, 'utf8')).toBe('mine');
    outputFile(join(folder, 'fresh'), '--svg');
    expect(existsSync(join(folder, 'fresh'))).toBe(false);
  });
});
