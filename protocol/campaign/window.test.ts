import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Interval, wallMs } from '../kernel/time.js';
import { isRealDay, parseDay, zoneOf } from './calendar.js';
import type { Campaign } from './schema.js';
import { campaignBegins, claimOpens, insideWindow, nextMidnight, openings } from './window.js';

const at = (iso: string) => wallMs(Date.parse(iso));
const iso = (ms: number) => new Date(ms).toISOString();
const interval = (from: string, to = from): Interval => ({ earliest: at(from), latest: at(to) });

const window = (change: Partial<Campaign['window']> = {}): Pick<Campaign, 'window'> => ({
  window: { timeZone: 'Asia/Shanghai', firstDay: '2023-03-27', days: 15, opens: '09:00', closes: '22:00', ...change },
});

describe('the openings of a campaign', () => {
  const youhao = openings(window());

  it('are fifteen days from 09:00 until a moment before 22:00 in Shanghai', () => {
    expect(youhao).toHaveLength(15);
    expect(iso(youhao[0]?.earliest ?? 0)).toBe('2023-03-27T01:00:00.000Z');
    expect(iso(youhao[14]?.latest ?? 0)).toBe('2023-04-10T13:59:59.999Z');
  });

  it.each([
    ['the first instant of the first day', interval('2023-03-27T09:00:00+08:00'), true],
    ['a moment before it', interval('2023-03-27T08:59:59.999+08:00'), false],
    ['a moment before closing', interval('2023-03-27T21:59:59.999+08:00'), true],
    ['closing time itself', interval('2023-03-27T22:00:00+08:00'), false],
    ['the last evening', interval('2023-04-10T21:00:00+08:00'), true],
    ['the morning after', interval('2023-04-11T10:00:00+08:00'), false],
    ['a box that is unsure within the day', interval('2023-03-28T09:00:00+08:00', '2023-03-28T21:59:00+08:00'), true],
    ['a box that is unsure across 09:00', interval('2023-03-28T08:59:59+08:00', '2023-03-28T09:00:01+08:00'), false],
    ['a box that is unsure across 22:00', interval('2023-03-28T21:59:59+08:00', '2023-03-28T22:00:00+08:00'), false],
    ['a box that is unsure across a night', interval('2023-03-28T21:00:00+08:00', '2023-03-29T10:00:00+08:00'), false],
    ['a box that booted in 1970', interval('1970-01-01T02:00:00Z'), false],
  ])('%s: %s inside: %s', (_what, when, inside) => {
    expect(insideWindow(youhao, when)).toBe(inside);
  });

  it('meet at midnight as one opening where the campaign never closes', () => {
    const always = openings(window({ opens: '00:00', closes: '24:00' }));
    expect(always.map(({ earliest, latest }) => [iso(earliest), iso(latest)])).toEqual([
      ['2023-03-26T16:00:00.000Z', '2023-04-10T15:59:59.999Z'],
    ]);
  });

  it('keep to the wall clock over both changes of summer time', () => {
    const hours = (day: string, opens: string, closes: string) =>
      openings(window({ timeZone: 'Europe/Berlin', firstDay: day, days: 1, opens, closes })).map((open) => [
        iso(open.earliest),
        iso(open.latest + 1),
      ]);
    expect(hours('2023-03-25', '09:00', '22:00')).toEqual([['2023-03-25T08:00:00.000Z', '2023-03-25T21:00:00.000Z']]);
    expect(hours('2023-03-26', '09:00', '22:00')).toEqual([['2023-03-26T07:00:00.000Z', '2023-03-26T20:00:00.000Z']]);
    // 02:00 to 03:00 doesn't exist on this day: an opening or closing in it happens as the clock jumps
    expect(hours('2023-03-26', '02:30', '22:00')).toEqual([['2023-03-26T01:00:00.000Z', '2023-03-26T20:00:00.000Z']]);
    expect(hours('2023-03-26', '01:00', '02:30')).toEqual([['2023-03-26T00:00:00.000Z', '2023-03-26T01:00:00.000Z']]);
    expect(hours('2023-03-26', '02:10', '02:50')).toEqual([]);
    // 02:00 to 03:00 occurs twice on this day: the first counts
    expect(hours('2023-10-29', '02:30', '22:00')).toEqual([['2023-10-29T00:30:00.000Z', '2023-10-29T21:00:00.000Z']]);
  });

  it('leave out no hour of the year in any zone: an instant is inside exactly where its wall clock says so', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('Asia/Shanghai', 'America/St_Johns', 'Europe/Berlin', 'Pacific/Kiritimati', 'Asia/Kolkata'),
        fc.integer({ min: at('2023-01-03T00:00:00Z'), max: at('2023-12-30T00:00:00Z') }),
        (timeZone, ms) => {
          const open = openings(
            window({ timeZone, firstDay: '2023-01-01', days: 366, opens: '09:00', closes: '22:00' }),
          );
          const hour = Number(
            new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', hourCycle: 'h23' }).format(ms),
          );
          expect(insideWindow(open, { earliest: wallMs(ms), latest: wallMs(ms) })).toBe(hour >= 9 && hour < 22);
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe('the other instants of a campaign', () => {
  it('are midnight of its first day, the opening of claims and the next midnight, by its own clocks', () => {
    expect(iso(campaignBegins(window()))).toBe('2023-03-26T16:00:00.000Z');
    const claim = { opens: { day: '2023-03-27', time: '09:00' } };
    expect(iso(claimOpens({ ...window(), claim }))).toBe('2023-03-27T01:00:00.000Z');
    expect(iso(nextMidnight(window(), at('2023-03-27T23:59:59.999+08:00')))).toBe('2023-03-27T16:00:00.000Z');
    expect(iso(nextMidnight(window(), at('2023-03-28T00:00:00+08:00')))).toBe('2023-03-28T16:00:00.000Z');
  });
});

describe('the calendar', () => {
  it('counts days as the platform does', () => {
    fc.assert(
      fc.property(fc.integer({ min: -700_000, max: 2_900_000 }), (days) => {
        const text = iso(days * 86_400_000);
        fc.pre(/^\d{4}-/.test(text));
        expect(parseDay(text.slice(0, 10))).toBe(days);
      }),
    );
  });

  it('knows which days there are', () => {
    expect(isRealDay(2024, 2, 29)).toBe(true);
    expect(isRealDay(2023, 2, 29)).toBe(false);
    expect(isRealDay(1900, 2, 29)).toBe(false);
    expect(isRealDay(2000, 2, 29)).toBe(true);
    expect(isRealDay(2023, 12, 31)).toBe(true);
    expect(isRealDay(2023, 13, 1)).toBe(false);
    expect(isRealDay(2023, 4, 0)).toBe(false);
  });

  // By whole hours, by half an hour, and at one minute past midnight (St. John's until 2011).
  it.each([
    ['Asia/Shanghai', '2023-03-27T00:00:00Z'],
    ['Europe/London', '2023-03-26T01:00:00Z'],
    ['Australia/Lord_Howe', '2023-04-01T15:00:00Z'],
    ['America/St_Johns', '2010-11-07T02:31:00Z'],
  ])('law: a wall clock in %s shows what it should, in whatever order it is asked around %s', (name, change) => {
    const zone = zoneOf(name);
    const shown = new Intl.DateTimeFormat('sv-SE', { timeZone: name, dateStyle: 'short', timeStyle: 'medium' });
    const near = fc.integer({ min: -7_200_000, max: 7_200_000 }).map((by) => at(change) + by);
    fc.assert(
      fc.property(fc.array(near, { minLength: 1, maxLength: 30 }), (moments) => {
        for (const moment of moments)
          expect(iso(zone?.local(wallMs(moment)) ?? 0).slice(0, 19)).toBe(shown.format(moment).replace(' ', 'T'));
      }),
    );
  });

  it('does not know a zone that nobody has named', () => {
    expect(zoneOf('Asia/Yichun')).toBeUndefined();
    expect(zoneOf('')).toBeUndefined();
  });
});
