import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LINE_ERRORS, type UplinkFaultCode } from '#protocol/faults/errors/line.js';
import { type Instant, monoMs } from '#protocol/kernel/time.js';
import { SAID_AGAIN_MS, UPLINK_WORDS, type UplinkTrouble, withFault } from './uplink-fault.js';

const at = (ms: number): Instant => ({ mono: monoMs(ms), wall: undefined });
const CODES = Object.keys(LINE_ERRORS) as UplinkFaultCode[];

describe('why there is no line', () => {
  it('law: is said at once, each cause once a minute at most, and the time counts from the first failure', () => {
    const script = fc.array(fc.tuple(fc.nat(40_000), fc.constantFrom(...CODES)), { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(script, (attempts) => {
        let trouble: UplinkTrouble | undefined;
        let ms = 0;
        const said = new Map<UplinkFaultCode, number>();
        const first = attempts[0]?.[0] ?? 0;
        for (const [by, code] of attempts) {
          ms += by;
          const last = said.get(code);
          const step = withFault(trouble, { code, what: 'so' }, at(ms));
          trouble = step.trouble;
          expect(step.isNews).toBe(last === undefined || ms - last >= SAID_AGAIN_MS);
          if (step.isNews) said.set(code, ms);
          expect(trouble).toMatchObject({ fault: { code }, since: first });
        }
      }),
    );
  });

  it.each(CODES)('%s has words for the person at the counter, short enough for a line on the screen', (code) => {
    const { zh, en } = UPLINK_WORDS[code];
    expect(zh).toMatch(/\p{Script=Han}/u);
    expect(zh.length).toBeLessThanOrEqual(30);
    expect(en.length).toBeLessThanOrEqual(90);
  });
});
