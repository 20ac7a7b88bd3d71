import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { zoneOf } from './calendar.js';
import { parseInstant } from './instant.js';

const shanghai = zoneOf('Asia/Shanghai');
if (shanghai === undefined) throw new Error('no zone data');
const read = (text: string) => {
  const ms = parseInstant(text, shanghai);
  return ms === undefined ? undefined : new Date(ms).toISOString();
};

describe('a time that somebody types', () => {
  it.each([
    ['2023-03-28T12:00:00+08:00', '2023-03-28T04:00:00.000Z'],
    ['2023-03-28T04:00Z', '2023-03-28T04:00:00.000Z'],
    ['2023-03-28T12:00', '2023-03-28T04:00:00.000Z'],
    ['2023-03-28T12:00:00.5', '2023-03-28T04:00:00.500Z'],
    ['2023-03-27T23:30:00-04:30', '2023-03-28T04:00:00.000Z'],
    ['2024-02-29T00:00:00+08:00', '2024-02-28T16:00:00.000Z'],
  ])('%s is %s', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it.each([
    '',
    'now',
    '2023-03-28',
    '12:00',
    '2023-02-29T12:00Z',
    '2023-13-01T12:00Z',
    '2023-03-28T24:00Z',
    '2023-03-28T12:60Z',
    '2023-03-28 12:00',
    '2023-03-28T12:00+99:00',
    '1679976000000',
    '2023-03-28T12:00Z\n',
  ])('%j is none', (text) => {
    expect(read(text)).toBeUndefined();
  });

  it('is what the platform reads', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1900-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true }),
        (date) => {
          expect(read(date.toISOString())).toBe(date.toISOString());
        },
      ),
    );
  });
});
