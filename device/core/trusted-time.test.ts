import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { monoMs, wallMs } from '#protocol/time.js';
import { anchored, floored, intervalAt, keptAnchor, noTime, restored } from './trusted-time.js';

const T = 1_680_000_000_000;
const DAY = 86_400_000;

describe('the time that a counter trusts', () => {
  it('is unknown until the gateway has spoken, whatever year the box believes in', () => {
    expect(intervalAt(noTime, monoMs(5_000))).toBeUndefined();
    expect(intervalAt(floored(noTime, wallMs(T)), monoMs(5_000))).toBeUndefined();
  });

  it('is as wide as the answer took, and widens by 50 ppm', () => {
    const time = anchored(noTime, wallMs(T), monoMs(1_000), monoMs(1_200));
    expect(intervalAt(time, monoMs(1_200))).toEqual({ earliest: T, latest: T + 200 });
    expect(intervalAt(time, monoMs(1_200 + DAY))).toEqual({ earliest: T + DAY - 4_320, latest: T + DAY + 200 + 4_320 });
  });

  it('is still narrow enough for a fresh code after seven days off line', () => {
    const interval = intervalAt(anchored(noTime, wallMs(T), monoMs(0), monoMs(50)), monoMs(7 * DAY));
    expect(interval === undefined ? undefined : interval.latest - interval.earliest).toBeLessThan(61_000);
  });

  it('never goes back before what the journal has seen', () => {
    const time = floored(anchored(noTime, wallMs(T), monoMs(0), monoMs(0)), wallMs(T + 60_000));
    expect(intervalAt(time, monoMs(1_000))).toEqual({ earliest: T + 60_000, latest: T + 60_000 });
  });

  it('is not set back by a beacon that was under way for a week', () => {
    const time = anchored(anchored(noTime, wallMs(T), monoMs(0), monoMs(0)), wallMs(T - 7 * DAY), null, monoMs(1_000));
    expect(intervalAt(time, monoMs(1_000))?.earliest).toBe(T + 1_000 - 1);
  });

  it('survives a restart of the agent, and not a restart of the box', () => {
    const kept = keptAnchor(anchored(noTime, wallMs(T), monoMs(0), monoMs(0)), 'boot-a');
    if (kept === undefined) throw new Error('nothing kept');
    expect(intervalAt(restored(noTime, kept, 'boot-a', monoMs(9_000)), monoMs(10_000))?.latest).toBe(T + 10_001);
    expect(intervalAt(restored(noTime, kept, 'boot-b', monoMs(9_000)), monoMs(10_000))).toBeUndefined();
  });

  it('law: holds the true time whatever is heard when, with any drift within the crystal’s 50 ppm', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -50, max: 50 }),
        fc.array(fc.record({ after: fc.nat(3 * DAY), asked: fc.boolean(), underWay: fc.nat(60_000) }), {
          minLength: 1,
          maxLength: 12,
        }),
        (ppm, heard) => {
          let time = noTime;
          let truth = T;
          const mono = (at: number) => monoMs((at - T) * (1 + ppm / 1e6));
          for (const { after, asked, underWay } of heard) {
            truth += after + underWay;
            // What the gateway said was true when it said it, and it said it while the request was under way.
            time = anchored(
              time,
              wallMs(truth - (asked ? underWay / 2 : underWay)),
              asked ? mono(truth - underWay) : null,
              mono(truth),
            );
            const interval = intervalAt(time, mono(truth));
            if (interval === undefined || (!asked && heard[0]?.asked !== true)) continue;
            expect(interval.earliest).toBeLessThanOrEqual(truth + 1);
            expect(interval.latest).toBeGreaterThanOrEqual(truth - 1);
          }
        },
      ),
    );
  });
});
