import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { monoMs, wallMs } from '#protocol/kernel/time.js';
import { anchored, DRIFT_PPM, floored, intervalAt, keptAnchor, noTime, restored } from './trusted-time.js';

const T = 1_680_000_000_000;
const DAY = 86_400_000;

const told = (askedAt: number, heardAt: number) =>
  anchored(noTime, { time: wallMs(T), askedAt: monoMs(askedAt), heardAt: monoMs(heardAt) });

describe('the time that a counter trusts', () => {
  it('is unknown until the gateway has spoken, whatever year the box believes in', () => {
    expect(intervalAt(noTime, monoMs(5_000))).toBeUndefined();
    expect(intervalAt(floored(noTime, wallMs(T)), monoMs(5_000))).toBeUndefined();
  });

  it('is as wide as the answer took, and widens by 50 ppm', () => {
    const time = told(1_000, 1_200);
    expect(intervalAt(time, monoMs(1_200))).toEqual({ earliest: T, latest: T + 200 });
    expect(intervalAt(time, monoMs(1_200 + DAY))).toEqual({ earliest: T + DAY - 4_320, latest: T + DAY + 200 + 4_320 });
  });

  it('is still narrow enough for a fresh code after seven days offline', () => {
    const interval = intervalAt(told(0, 50), monoMs(7 * DAY));
    expect(interval === undefined ? undefined : interval.latest - interval.earliest).toBeLessThan(61_000);
  });

  it('never goes back before what the journal has seen', () => {
    const time = floored(told(0, 0), wallMs(T + 60_000));
    expect(intervalAt(time, monoMs(1_000))).toEqual({ earliest: T + 60_000, latest: T + 60_000 });
  });

  it('survives a restart of the agent, and not a restart of the box', () => {
    const kept = keptAnchor(told(0, 0), 'boot-a');
    if (kept === undefined) throw new Error('nothing kept');
    expect(intervalAt(restored(noTime, kept, 'boot-a', monoMs(9_000)), monoMs(10_000))?.latest).toBe(T + 10_001);
    expect(intervalAt(restored(noTime, kept, 'boot-b', monoMs(9_000)), monoMs(10_000))).toBeUndefined();
  });

  it('law: holds the true time, whenever the gateway read its clock, with any drift within the crystal’s 50 ppm', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -DRIFT_PPM, max: DRIFT_PPM }),
        fc.array(
          fc.record({
            after: fc.nat(3 * DAY),
            there: fc.nat(30_000),
            back: fc.nat(30_000),
            looks: fc.array(fc.nat(4 * DAY), { maxLength: 4 }),
          }),
          { minLength: 1, maxLength: 12 },
        ),
        (ppm, answers) => {
          let time = noTime;
          let truth = T;
          const mono = (at: number) => monoMs((at - T) * (1 + ppm / 1e6));
          for (const { after, there, back, looks } of answers) {
            const askedAt = mono(truth + after);
            truth += after + there + back;
            time = anchored(time, { time: wallMs(truth - back), askedAt, heardAt: mono(truth) });
            for (const passed of [0, ...looks]) {
              const interval = intervalAt(time, mono(truth + passed));
              if (interval === undefined) continue; // too wide to be useful
              expect(interval.earliest).toBeLessThanOrEqual(truth + passed);
              // The round trip is measured on the drifting clock too: two milliseconds in a minute.
              expect(interval.latest).toBeGreaterThanOrEqual(truth + passed - 3);
            }
          }
        },
      ),
    );
  });
});
