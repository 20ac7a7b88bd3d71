import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from '@lydell/node-pty';
import { afterAll, beforeAll, it } from 'vitest';
import { until } from '../processes/waiting.js';

const SOON_MS = 20_000;
const AMOUNTS = new URL('../../dist/simulator/demo/typed-amounts.js', import.meta.url).href;
/** The prompt alone, with a shop that sells nothing and only says what it is told to say. */
const SCRIPT = `const { takeAmounts } = await import(${JSON.stringify(AMOUNTS)});
const say = ({ en }) => console.log(en);
await takeAmounts({
  campaign: { tiers: [] },
  tell: { trouble: say, step: say },
  customer: async () => null,
  present: () => '',
  sell: async () => ({ line: { en: 'Paid.' } }),
  show: async () => say({ en: 'QR' }),
}, 'en');
console.log('left by ' + 'itself');`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'codeplate-job-'));
  writeFileSync(join(folder, 'prompt.mjs'), SCRIPT);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('Ctrl-Z at the prompt gives the shell back, npm and its shell included, and fg gives the keyboard back', async () => {
  const shell = spawn('bash', ['--norc', '--noprofile', '-i'], {
    cwd: folder,
    env: { ...process.env, PS1: 'shell> ' },
  });
  let screen = '';
  let isOver = false;
  shell.onData((text) => {
    screen += text;
  });
  shell.onExit(() => {
    isOver = true;
  });
  const says = async (words: string | RegExp): Promise<void> => {
    await until(String(words), SOON_MS, () => (screen.search(words) >= 0 ? true : undefined));
    screen = '';
  };
  try {
    await says('shell> ');
    // In a shell of its own, as npm runs its scripts.
    shell.write(`sh -c '"${process.execPath}" prompt.mjs; true'\r`);
    await says('￥');
    for (const word of ['first', 'second']) {
      shell.write('\x1a');
      await says('Stopped');
      shell.write('fg\r');
      await says('￥');
      shell.write(`${word}\r`);
      await says(`"${word}" is no amount`);
    }
    // The sentence below the receipt, where a window of 24 rows still shows it.
    shell.write('12\r');
    await says(/QR\s+Paid\.[^￥]*￥/);
    shell.write('\r');
    await says('left by itself');
    shell.write('exit\r');
    await until('the end of the shell', SOON_MS, () => (isOver ? true : undefined));
  } finally {
    // A shell that hangs up takes its stopped jobs with it.
    if (!isOver) process.kill(shell.pid, 'SIGHUP');
  }
}, 90_000);
