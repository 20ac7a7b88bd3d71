import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wallMs } from '#protocol/kernel/time.js';
import { addressName, TokenBuckets } from './token-buckets.js';

describe('a bucket', () => {
  it('never gives more than its burst and what has flown in since, whatever the clock does', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 600 }),
        fc.array(fc.integer({ min: -30_000, max: 60_000 }), { maxLength: 200 }),
        (burst, perMinute, steps) => {
          const buckets = new TokenBuckets({ burst, perMinute });
          let [now, forward, given] = [1_000_000, 0, 0];
          for (const step of steps) {
            now += step;
            forward += Math.max(0, step);
            if (buckets.spend('a', wallMs(Math.max(0, now))) === 0) given += 1;
          }
          expect(given).toBeLessThanOrEqual(burst + (forward * perMinute) / 60_000 + 1e-6);
        },
      ),
    );
  });

  it('says how long to wait, and gives again then, not before', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.double({ min: 0.05, max: 600, noNaN: true }),
        (burst, perMinute) => {
          const buckets = new TokenBuckets({ burst, perMinute });
          const at = 1_000_000;
          for (let spent = 0; spent < burst; spent += 1) expect(buckets.spend('a', wallMs(at))).toBe(0);
          const waitMs = buckets.spend('a', wallMs(at));
          expect(waitMs).toBeGreaterThan(0);
          expect(buckets.spend('b', wallMs(at))).toBe(0);
          if (waitMs > 2) expect(buckets.spend('a', wallMs(at + waitMs - 2))).toBeGreaterThan(0);
          expect(buckets.spend('a', wallMs(at + waitMs + 1))).toBe(0);
        },
      ),
    );
  });

  it('is remembered for so many names, the one unused for longest going first', () => {
    const buckets = new TokenBuckets({ burst: 1, perMinute: 1 }, 3);
    for (const name of ['a', 'b', 'c']) buckets.spend(name, wallMs(0));
    expect(buckets.spend('a', wallMs(0))).toBeGreaterThan(0);
    buckets.spend('d', wallMs(0));
    expect(buckets.size).toBe(3);
    expect(buckets.spend('a', wallMs(0))).toBeGreaterThan(0);
    expect(buckets.spend('b', wallMs(0))).toBe(0);
  });
});

it.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['a proxy', undefined],
  ['', undefined],
  ['cafe', undefined],
])('the address %s is known as %s', (address, name) => {
  expect(addressName(address)).toBe(name);
});

it('a bucket that is half full again says the other half', () => {
  const buckets = new TokenBuckets({ burst: 1, perMinute: 1 });
  expect(buckets.spend('a', wallMs(0))).toBe(0);
  expect(buckets.spend('a', wallMs(30_000))).toBe(30_000);
});
