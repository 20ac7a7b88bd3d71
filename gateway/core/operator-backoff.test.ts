import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wallMs } from '#protocol/kernel/time.js';
import {
  FIRST_WAIT_MS,
  FORGOTTEN_AFTER_MS,
  FREE_TRIES,
  LONGEST_WAIT_MS,
  MAX_ADDRESSES,
  operatorBackoff,
} from './operator-backoff.js';

const NOON = wallMs(Date.UTC(2026, 10, 29, 12));
const ADDRESS = '203.0.113.7';

function guessed(times: number, address = ADDRESS) {
  const door = operatorBackoff();
  for (let n = 0; n < times; n++) door.wrong(address, NOON);
  return door;
}

describe('wrong tokens of one address', () => {
  it.each([
    [1, 0],
    [FREE_TRIES - 1, 0],
    [FREE_TRIES, FIRST_WAIT_MS],
    [FREE_TRIES + 1, 2 * FIRST_WAIT_MS],
    [FREE_TRIES + 5, 32 * FIRST_WAIT_MS],
    [FREE_TRIES + 6, LONGEST_WAIT_MS],
    [10_000, LONGEST_WAIT_MS],
  ])('%i of them: the next one waits %i ms', (times, wait) => {
    expect(guessed(times).waitMs(ADDRESS, NOON)).toBe(wait);
  });

  it('are told once, where the waiting begins', () => {
    const door = operatorBackoff();
    const told = Array.from({ length: 30 }, () => door.wrong(ADDRESS, NOON));
    expect(told.filter(Boolean)).toHaveLength(1);
    expect(told[FREE_TRIES - 1]).toBe(true);
  });

  it('keep nobody else waiting, and are forgotten with the right one or with time', () => {
    const door = guessed(50);
    expect(door.waitMs('203.0.113.8', NOON)).toBe(0);
    expect(door.waitMs(ADDRESS, wallMs(NOON + LONGEST_WAIT_MS))).toBe(0);
    expect(door.waitMs(ADDRESS, wallMs(NOON + FORGOTTEN_AFTER_MS))).toBe(0);
    const other = guessed(50);
    other.right(ADDRESS);
    expect([other.waitMs(ADDRESS, NOON), other.size]).toEqual([0, 0]);
  });

  it('lock nobody out for longer than a wait, wherever the clock is set', () => {
    const span = 10 * FORGOTTEN_AFTER_MS;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -span, max: span }), { maxLength: 60 }), fc.integer(), (leaps, end) => {
        const door = operatorBackoff();
        for (const leap of leaps) door.wrong(ADDRESS, wallMs(NOON + leap));
        const wait = door.waitMs(ADDRESS, wallMs(NOON + (end % span)));
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(LONGEST_WAIT_MS);
      }),
    );
  });

  it('of a million addresses fill no memory', () => {
    const door = operatorBackoff();
    for (let n = 0; n < MAX_ADDRESSES + 500; n++) door.wrong(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, NOON);
    expect(door.size).toBe(MAX_ADDRESSES);
  });
});

it('of one household are one wait, from whichever of its addresses they come', () => {
  const door = guessed(FREE_TRIES, '2001:DB8:1:2::9');
  expect(door.waitMs('2001:db8:1:2:3:4:5:6', NOON)).toBe(FIRST_WAIT_MS);
  expect(door.waitMs('2001:db8:1:3::9', NOON)).toBe(0);
  expect(guessed(FREE_TRIES, `::ffff:${ADDRESS}`).waitMs(ADDRESS, NOON)).toBe(FIRST_WAIT_MS);
});

it('of the address that has been quiet for the longest are forgotten first', () => {
  const door = operatorBackoff();
  const address = (n: number): string => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;
  for (let n = 0; n < FREE_TRIES; n++) for (const who of [0, 1]) door.wrong(address(who), NOON);
  for (let n = 2; n < MAX_ADDRESSES; n++) door.wrong(address(n), NOON);
  door.wrong(address(0), NOON);
  door.wrong(address(MAX_ADDRESSES), NOON);
  expect([0, 1].map((n) => door.waitMs(address(n), NOON))).toEqual([2 * FIRST_WAIT_MS, 0]);
});

it.each([
  ['at the end of the time', FORGOTTEN_AFTER_MS, true],
  ['a moment before', FORGOTTEN_AFTER_MS - 1, false],
  ['by a clock that was set back', -1, true],
])('an address begins anew %s', (_, later, isNew) => {
  const door = guessed(FREE_TRIES - 1);
  expect(door.wrong(ADDRESS, wallMs(NOON + later))).toBe(!isNew);
});
