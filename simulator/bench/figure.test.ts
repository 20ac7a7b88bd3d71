import { expect, it } from 'vitest';
import { describeFigure, type Figure, isMissed } from './figure.js';

const figure = (met: boolean | null): Figure => ({ name: 'x', ratio: null, value: 1, unit: 'ms', against: 'y', met });

it.each([
  [true, '✓', false],
  [false, '✗', true],
  [null, ' ', false],
])('a figure whose limit is met (%s) is marked %j, and fails the bench: %s', (met, mark, missed) => {
  expect(describeFigure(figure(met)).slice(0, 1)).toBe(mark);
  expect(isMissed(figure(met))).toBe(missed);
});
