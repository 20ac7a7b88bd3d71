import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixedZone, zoneOf } from '#protocol/campaign/calendar.js';
import { type Instant, type Interval, type MonoMs, monoMs, wallMs } from '#protocol/kernel/time.js';
import { type BusinessDays, type Happened, LONGEST_DAY_MS, type OrderDay, orderDay } from './business-day.js';

const DAYS: BusinessDays = { orders: 'daily', beginsMs: 4 * 3_600_000, zone: fixedZone(8 * 3_600_000) };
const at = (text: string): number => Date.parse(`2023-03-${text}:00+08:00`);
const sure = (text: string, widthMs = 2_000): Interval => ({
  earliest: wallMs(at(text) - widthMs),
  latest: wallMs(at(text) + widthMs),
});
const happened = (text: string | null, mono: number | null = null, notAfter: string | null = null): Happened => ({
  at: text === null ? null : sure(text),
  mono: mono === null ? null : monoMs(mono),
  notAfter: notAfter === null ? null : wallMs(at(notAfter)),
});
const HOUR = 3_600_000;
const NOW = monoMs(1_000 * HOUR);
const ago = (hours: number): MonoMs => monoMs(NOW - hours * HOUR);
const now = (text: string | null): Instant => ({ mono: NOW, wall: text === null ? undefined : sure(text) });

describe('an order number that comes again', () => {
  it.each<[string, Happened, Happened | null, Instant, OrderDay]>([
    ['this morning', happened('28T09:00'), happened('28T09:01'), now('28T17:00'), 'same'],
    ['yesterday', happened('27T17:00'), happened('27T17:01'), now('28T09:00'), 'another'],
    ['last night, before the cut', happened('27T23:50'), happened('27T23:51'), now('28T03:30'), 'same'],
    ['last night, and the cut is over', happened('27T23:50'), happened('27T23:51'), now('28T04:01'), 'another'],
    ['a minute ago, across the cut', happened('28T03:50'), happened('28T03:59'), now('28T04:00'), 'same'],
    ['and is under way still', happened('27T17:00'), null, now('28T09:00'), 'same'],
    ['when no clock was trusted, here and now', happened(null, ago(3)), happened(null, ago(3)), now(null), 'unsure'],
    ['when none was trusted, a minute ago', happened(null, ago(1)), happened(null, ago(0.02)), now(null), 'same'],
    ['when none was trusted, 26 hours ago', happened(null, ago(26)), happened(null, ago(26)), now(null), 'another'],
    [
      'of this life, with the time known since',
      happened(null, ago(3)),
      happened(null, ago(3)),
      now('28T12:00'),
      'same',
    ],
    ['of this life, yesterday', happened(null, ago(20)), happened(null, ago(20)), now('28T12:00'), 'another'],
    ['of an earlier life that knew no time', happened(null), happened(null), now('28T12:00'), 'unsure'],
    [
      'of an earlier life, before a record of yesterday',
      happened(null, null, '27T18:00'),
      happened(null),
      now('28T12:00'),
      'another',
    ],
    [
      'of an earlier life, before a record of today',
      happened(null, null, '28T10:00'),
      happened(null),
      now('28T12:00'),
      'unsure',
    ],
    ['dated, and this box knows no time now', happened('28T09:00'), happened('28T09:01'), now(null), 'unsure'],
  ])('%s', (_, opened, ended, instant, expected) => {
    expect(orderDay({ opened, ended }, instant, DAYS)).toBe(expected);
    expect(orderDay({ opened, ended }, instant, { ...DAYS, orders: 'forever' })).toBe('same');
  });

  it('is never called another day within one, nor the same on another, by whatever is known', () => {
    const zone = zoneOf('America/Santiago') ?? fixedZone(0);
    const day = 86_400_000;
    const known = fc.record({ sale: fc.boolean(), mono: fc.boolean(), now: fc.boolean() });
    fc.assert(
      fc.property(
        fc.integer({ min: at('01T00:00'), max: at('31T00:00') }),
        fc.integer({ min: 700_000, max: 3 * day }),
        fc.integer({ min: 0, max: 300_000 }),
        fc.integer({ min: 0, max: day / 2 }),
        known,
        (opens, passes, width, beginsMs, knows) => {
          const around = (ms: number): Interval => ({ earliest: wallMs(ms - width), latest: wallMs(ms + width) });
          const truth = opens + passes;
          const mono = knows.mono ? monoMs(NOW - passes) : null;
          const when: Happened = { at: knows.sale ? around(opens) : null, mono, notAfter: null };
          const days: BusinessDays = { orders: 'daily', beginsMs, zone };
          const found = orderDay(
            { opened: when, ended: when },
            { mono: NOW, wall: knows.now ? around(truth) : undefined },
            days,
          );
          const dayOf = (ms: number): number => Math.floor((zone.local(wallMs(ms)) - beginsMs) / day);
          // Just ended, as far as the intervals allow: a repeat, whatever the day.
          const isRepeat = passes - 2 * width <= 600_000;
          if (found === 'another') expect(dayOf(opens)).toBeLessThan(dayOf(truth));
          if (found === 'same' && !isRepeat) expect(dayOf(opens)).toBe(dayOf(truth));
          if (knows.mono && passes > LONGEST_DAY_MS) expect(found).toBe('another');
        },
      ),
    );
  });
});
