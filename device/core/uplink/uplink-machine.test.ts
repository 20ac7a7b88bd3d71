import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Instant, monoMs } from '#protocol/kernel/time.js';
import { EMPTY_CHAIN } from '#protocol/records/chain.js';
import { CONNECT_TIMEOUT_MS, RECONNECT_CAP_MS, SILENCE_MS } from '../limits.js';
import { stepUplink, type UplinkInput, type UplinkState, uplinkAtRest, uplinkWakeAt } from './uplink-machine.js';

const at = (ms: number): Instant => ({ mono: monoMs(ms), wall: undefined });

function play(script: readonly (readonly [number, UplinkInput])[]): { end: UplinkState; effects: string[] } {
  let state = uplinkAtRest(at(0));
  const effects: string[] = [];
  for (const [ms, input] of script) {
    const step = stepUplink(state, input, at(ms));
    state = step.state;
    effects.push(...step.effects.map((effect) => effect.kind));
  }
  return { end: state, effects };
}

describe('the line to the gateway', () => {
  it('connects, says hello, and is up once it is welcomed', () => {
    const { end, effects } = play([
      [0, { kind: 'start' }],
      [5, { kind: 'broker-up' }],
      [9, { kind: 'welcome', have: EMPTY_CHAIN }],
    ]);
    expect(effects).toEqual(['connect', 'hello', 'online']);
    expect(end).toEqual({ at: 'up', heardAt: 9 });
  });

  it.each<[string, readonly (readonly [number, UplinkInput])[]]>([
    [
      'a client that never connects',
      [
        [0, { kind: 'start' }],
        [CONNECT_TIMEOUT_MS, { kind: 'wake', chance: 0.5 }],
      ],
    ],
    [
      'a broker that takes us and a gateway that says nothing',
      [
        [0, { kind: 'start' }],
        [1, { kind: 'broker-up' }],
        [20_000, { kind: 'wake', chance: 0.5 }],
      ],
    ],
    [
      'a line that goes silent',
      [
        [0, { kind: 'start' }],
        [1, { kind: 'broker-up' }],
        [2, { kind: 'welcome', have: EMPTY_CHAIN }],
        [2 + SILENCE_MS, { kind: 'wake', chance: 0.5 }],
      ],
    ],
    [
      'a request without an answer',
      [
        [0, { kind: 'start' }],
        [1, { kind: 'broker-up' }],
        [2, { kind: 'welcome', have: EMPTY_CHAIN }],
        [50, { kind: 'stuck', chance: 0.5 }],
      ],
    ],
  ])('throws the client away on %s, and comes back', (_name, script) => {
    const { end, effects } = play(script);
    expect(end.at).toBe('waiting');
    expect(effects).toContain('discard');
    const again = stepUplink(end, { kind: 'wake', chance: 0 }, at(Number(uplinkWakeAt(end))));
    expect(again.effects).toEqual([{ kind: 'connect' }]);
  });

  it('law: whatever happens, it always wants waking within a bounded time, and its retries never wait past the cap', () => {
    const input = fc.oneof(
      fc.constantFrom<UplinkInput>(
        { kind: 'start' },
        { kind: 'broker-up' },
        { kind: 'welcome', have: EMPTY_CHAIN },
        { kind: 'heard' },
      ),
      fc
        .double({ min: 0, max: 0.999, noNaN: true })
        .map((chance): UplinkInput => ({ kind: 'broker-down', fault: { code: 'LINE_CLOSED', what: 'reset' }, chance })),
      fc.double({ min: 0, max: 0.999, noNaN: true }).map((chance): UplinkInput => ({ kind: 'stuck', chance })),
      fc.double({ min: 0, max: 0.999, noNaN: true }).map((chance): UplinkInput => ({ kind: 'wake', chance })),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(60_000), input), { maxLength: 60 }), (script) => {
        let state = uplinkAtRest(at(0));
        let ms = 0;
        for (const [by, next] of script) {
          ms += by;
          state = stepUplink(state, next, at(ms)).state;
          expect(uplinkWakeAt(state)).toBeLessThanOrEqual(ms + Math.max(SILENCE_MS, RECONNECT_CAP_MS));
        }
      }),
    );
  });
});
