import { describe, expect, it } from 'vitest';
import { UsageError } from '../usage.js';
import { command } from './replay.js';

const replay = (...args: string[]) => command().exitOverride().parseAsync(args, { from: 'user' });

describe('codeplate replay', () => {
  it.each([
    ['no seed at all, as a variable that nobody has set', [''], /<seed> takes a whole number, 0 or more, not ""/],
    ['a seed in another notation', ['1e3'], /<seed> takes a whole number/],
    [
      'a fault that there isn’t',
      ['1', '--without', 'power-cut,pwer-cut'],
      /no fault "pwer-cut". There are: .*power-cut/,
    ],
  ])('refuses %s', async (_, args, message) => {
    const refused = replay(...args);
    await expect(refused).rejects.toBeInstanceOf(UsageError);
    await expect(refused).rejects.toThrow(message);
  });
});
