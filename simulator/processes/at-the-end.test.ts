import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { until } from './waiting.js';

const PROGRAM = fileURLToPath(new URL('../../bin/codeplate.js', import.meta.url));
/** As it was built: signals are for processes. */
const AT_THE_END = new URL('../../dist/simulator/processes/at-the-end.js', import.meta.url).href;
const PATIENCE_MS = 60_000;

/** Processes that name this folder on their command line. */
function processesOf(folder: string): string[] {
  const commandOf = (pid: string): string => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    } catch {
      return ''; // it has just ended
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(commandOf)
    .filter(
      (command) => command.includes(path.join(folder, 'plate')) || command.includes(path.join(folder, 'gateway')),
    );
}

/** Puts something away, and takes its time: `begun` on standard output, then the file. */
const SLOW = `
import { writeFileSync, writeSync } from 'node:fs';
const { atTheEnd } = await import(process.argv[1]);
atTheEnd(() => {
  writeSync(1, 'begun');
  for (const end = performance.now() + 300; performance.now() < end; );
  writeFileSync(process.argv[2], 'put away');
});
setInterval(() => {}, 1_000);
writeSync(1, 'ready');
`;

it('who is told to end twice puts everything away all the same', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'codeplate-twice-'));
  const done = path.join(folder, 'done');
  const child = spawn(process.execPath, ['--input-type=module', '--eval', SLOW, AT_THE_END, done]);
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  try {
    child.stdout.on('data', () => child.kill('SIGINT'));
    expect(await ended).toBe(130);
    expect(readFileSync(done, 'utf8')).toBe('put away');
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});

it('a scenario that is told to end takes gateway and agents with it', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'codeplate-end-'));
  const scenario = spawn(process.execPath, [PROGRAM, 'simulate', 'happy-day', '--keep', folder], { stdio: 'ignore' });
  const ended = new Promise<number | null>((resolve) => scenario.once('exit', (code) => resolve(code)));
  try {
    await until('gateway and agent', PATIENCE_MS, () => (processesOf(folder).length >= 2 ? true : undefined));
    scenario.kill('SIGTERM');
    expect(await ended).toBe(143);
    await until(
      'nothing left',
      PATIENCE_MS,
      () => (processesOf(folder).length === 0 ? true : undefined),
      () => processesOf(folder).join('\n'),
    );
  } finally {
    scenario.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});
