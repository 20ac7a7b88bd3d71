/** What nobody could have meant is wrong use: an option that would be ignored, a number that `Number` would make something of. */
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { command as evidence } from './commands/evidence.js';
import { command as explore } from './commands/explore.js';
import { command as powercut } from './commands/powercut.js';
import { command as reconnects } from './commands/reconnects.js';
import { command as replay } from './commands/replay.js';
import { command as simulate } from './commands/simulate.js';
import { seedOption } from './numbers.js';
import { UsageError } from './usage.js';

const COMMANDS: Readonly<Record<string, () => Command>> = { evidence, explore, powercut, reconnects, replay, simulate };

const refusal = async (line: string): Promise<unknown> => {
  const [name = '', ...words] = line.split(' ');
  try {
    await COMMANDS[name]?.()
      .exitOverride()
      .configureOutput({ writeErr: () => {} })
      .parseAsync(
        words.map((word) => (word === "''" ? '' : word)),
        { from: 'user' },
      );
    return 'it was done';
  } catch (error) {
    return error;
  }
};

describe('an option that would be ignored', () => {
  it.each([
    ['explore --svg chart.svg', /--svg has no effect without --campaign FILE: leave it out/],
    [
      'explore --campaign youhao-2023 --minutes 5 --workers 2',
      /--minutes and --workers have no effect with --campaign/,
    ],
    ['explore --mutants lost-sync --profile hell', /--profile has no effect with --mutants/],
    ['simulate happy-day --times 3', /--times has no effect without --chaos: leave it out, or add --chaos/],
    ['simulate --list --seed 3', /--seed has no effect with --list/],
    ['simulate happy-day --list', /leave "happy-day" out/],
    ['replay 4711 --json --step', /--step has no effect with --json/],
    ['replay 4711 --json --only c1', /--only has no effect with --json/],
    ['replay 4711 --only zz', /no "zz" in this world. There are: c1, .*gateway, world/],
    ['replay 4711 --profile calm --counters 1 --only c2', /no "c2" in this world. There are: c1, gateway, world/],
    ['evidence 3 --file evidence-3.json', /is it 3 or evidence-3\.json/],
    ['evidence --file evidence-3.json --token operator', /--token has no effect with --file/],
    ['evidence --issuer-key 1=A7Ev', /--issuer-key has no effect where only a list/],
  ])('is wrong use: codeplate %s', async (line, says) => {
    const refused = await refusal(line);
    expect(refused).toBeInstanceOf(UsageError);
    expect(String(refused)).toMatch(says);
  });
});

describe('a seed', () => {
  it.each(['0', '16420338711', '9007199254740991'])('may be %s', (seed) => {
    expect(seedOption('--seed')(seed)).toBe(Number(seed));
  });
  it('has others after it, where there are to be several runs', async () => {
    expect(String(await refusal('simulate happy-day --seed 9007199254740991 --runs 2'))).toMatch(
      /has no 1 seeds after/,
    );
  });
});

describe('a number that nobody could have meant', () => {
  const ODD = ["''", '-1', '1.5', '0x10', '1e9', '9007199254740993'];
  it.each(
    [
      'explore --seeds',
      'explore --from',
      'explore --workers',
      'explore --mutants lost-sync --seeds',
      'explore --campaign youhao-2023 --from',
      'replay',
      'replay 1 --counters',
      'powercut --only world --seed',
      'simulate happy-day --runs',
      'reconnects --cases',
    ].flatMap((line) => ODD.map((number) => `${line} ${number}`)),
  )('is wrong use: codeplate %s', async (line) => {
    const refused = await refusal(line);
    // A seed that begins with a dash is taken for an option.
    expect(refused).toMatchObject({ message: expect.stringMatching(/takes a whole number|unknown option/) });
  });

  it.each(
    ['explore --minutes', 'replay 1 --fault-minutes'].flatMap((line) =>
      ["''", '0', '-1', '0x10', '1e9'].map((number) => `${line} ${number}`),
    ),
  )('is wrong use: codeplate %s', async (line) => {
    expect(await refusal(line)).toMatchObject({ message: expect.stringMatching(/takes a number above 0, not "/) });
  });

  it('is one of more threads than any machine has cores for', async () => {
    expect(String(await refusal('explore --workers 100000'))).toMatch(/--workers takes a whole number, 1 to 256/);
  });
});
