import fc from 'fast-check';
import { expect, it } from 'vitest';
import { utcText } from './clock-text.js';

const byDate = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

it.each([
  '1000-01-01 00:00:00',
  '1900-02-28 23:59:59',
  '1900-03-01 00:00:00',
  '1969-12-31 23:59:59',
  '1970-01-01 00:00:00',
  '2000-02-29 12:00:00',
  '2023-03-27 09:05:11',
  '2024-02-29 00:00:00',
  '2024-12-31 23:59:59',
  '2100-03-01 00:00:00',
  '2400-12-31 10:10:10',
])('%s is written as it is', (text) => {
  expect(utcText(Date.parse(`${text.replace(' ', 'T')}Z`))).toBe(text);
});

it('law: writes what a calendar of its own shows, from the year 1000 to 9999', () => {
  const [from, to] = [Date.UTC(1000, 0, 1), Date.UTC(9999, 11, 31, 23, 59, 59, 999)];
  fc.assert(
    fc.property(fc.integer({ min: from, max: to }), (ms) => {
      expect(utcText(ms)).toBe(byDate(ms));
    }),
  );
});

it('law: is right on each day of a whole round of leap years', () => {
  for (let ms = Date.UTC(1999, 11, 31); ms < Date.UTC(2401, 0, 2); ms += 86_400_000)
    if (utcText(ms) !== byDate(ms)) expect(utcText(ms)).toBe(byDate(ms));
});
