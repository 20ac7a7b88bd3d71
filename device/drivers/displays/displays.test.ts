import { describe, expect, it } from 'vitest';
import { fen } from '#protocol/kernel/money.js';
import { latin1Text } from '../bytes.js';
import type { DisplayDriver } from './display.js';
import { DISPLAYS } from './index.js';
import { led8Display } from './led8.js';

const shown = (amount: number, lamp: 'off' | 'price' | 'total' | 'received' | 'change' = 'total'): string =>
  latin1Text(led8Display.encode({ kind: 'amount', fen: fen(amount), lamp }));

describe.each(Object.entries<DisplayDriver>(DISPLAYS))('a %s display', (name, driver) => {
  it('stands in the table under its own name, and shows what its examples say', () => {
    expect(driver.name).toBe(name);
    for (const { showing, bytes } of driver.examples) expect(latin1Text(driver.encode(showing))).toBe(bytes);
    const shown = new Set(driver.examples.map(({ showing }) => showing.kind));
    const missing = (['clear', 'amount'] as const).filter((kind) => !shown.has(kind));
    expect(missing.map((kind) => `${name}: write an example of showing "${kind}"`)).toEqual([]);
  });
});

describe('an LED8 display', () => {
  it('starts empty', () => {
    expect(latin1Text(led8Display.greeting)).toBe('\x1b@\x0c');
  });

  it.each([
    [5_100, '51.00'],
    [5, '0.05'],
    [0, '0.00'],
    [-550, '-5.50'],
    [99_999_999, '999999.99'],
  ])('shows %i fen as %s', (amount, text) => {
    expect(shown(amount)).toBe(`\x1bs2\x1bQA${text}\r`);
  });

  it.each([
    ['off', '0'],
    ['price', '1'],
    ['total', '2'],
    ['received', '3'],
    ['change', '4'],
  ] as const)('lights the lamp for %s', (lamp, n) => {
    expect(shown(100, lamp)).toBe(`\x1bs${n}\x1bQA1.00\r`);
  });

  it('shows nothing rather than part of an amount with too many digits', () => {
    expect(shown(100_000_000)).toBe('\x1bs2\x0c');
    expect(shown(-10_000_000)).toBe('\x1bs2\x0c');
  });

  it('clears its digits and its lamp', () => {
    expect(latin1Text(led8Display.encode({ kind: 'clear' }))).toBe('\x1bs0\x0c');
  });
});
