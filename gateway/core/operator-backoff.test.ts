import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wallMs } from '#protocol/kernel/time.js';
import {
  FIRST_WAIT_MS,
  FORGOTTEN_AFTER_MS,
  FREE_TRIES,
  LONGEST_WAIT_MS,
  MAX_ADDRESSES,
  networkOf,
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

it.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:DB8:1:2::9', '2001:db8:1:2'],
  ['2001:db8::9', '2001:db8:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['::1', '0:0:0:0'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
