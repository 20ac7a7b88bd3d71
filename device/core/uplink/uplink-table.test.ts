/** Each input in each state of the uplink: the ignored ones, and the back-off before the next attempt. */
import { expect, it } from 'vitest';
import { type Instant, monoMs } from '#protocol/kernel/time.js';
import { EMPTY_CHAIN } from '#protocol/records/chain.js';
import { ANSWER_TIMEOUT_MS, CONNECT_TIMEOUT_MS, RECONNECT_BASE_MS, RECONNECT_CAP_MS } from '../limits.js';
import { stepUplink, type UplinkInput, type UplinkState, uplinkWakeAt } from './uplink-machine.js';

const at = (ms: number): Instant => ({ mono: monoMs(ms), wall: undefined });
const STATES = {
  waiting: { at: 'waiting', attempt: 2, retryAt: monoMs(500) },
  connecting: { at: 'connecting', attempt: 2, until: monoMs(500) },
  greeting: { at: 'greeting', attempt: 2, until: monoMs(500) },
  up: { at: 'up', heardAt: monoMs(50) },
} as const satisfies Record<UplinkState['at'], UplinkState>;
const fault = { code: 'LINE_TIMEOUT', what: 'no connection in time' } as const;
const INPUTS = {
  start: { kind: 'start' },
  'broker-up': { kind: 'broker-up' },
  'broker-down': { kind: 'broker-down', fault, chance: 0.5 },
  welcome: { kind: 'welcome', have: EMPTY_CHAIN },
  heard: { kind: 'heard' },
  stuck: { kind: 'stuck', chance: 0.5 },
} as const satisfies Partial<Record<UplinkInput['kind'], UplinkInput>>;

it.each<[keyof typeof INPUTS, UplinkState['at'], UplinkState['at'], string[]]>([
  ['start', 'waiting', 'connecting', ['connect']],
  ['start', 'connecting', 'connecting', []],
  ['start', 'greeting', 'greeting', []],
  ['start', 'up', 'up', []],
  ['broker-up', 'waiting', 'waiting', []],
  ['broker-up', 'connecting', 'greeting', ['hello']],
  ['broker-up', 'greeting', 'greeting', []],
  ['broker-up', 'up', 'up', []],
  ['broker-down', 'waiting', 'waiting', []],
  ['broker-down', 'connecting', 'waiting', ['discard', 'failed']],
  ['broker-down', 'greeting', 'waiting', ['discard', 'failed']],
  ['broker-down', 'up', 'waiting', ['discard', 'offline']],
  ['welcome', 'waiting', 'waiting', []],
  ['welcome', 'connecting', 'connecting', []],
  ['welcome', 'greeting', 'up', ['online']],
  ['welcome', 'up', 'up', []],
  ['heard', 'greeting', 'greeting', []],
  ['heard', 'up', 'up', []],
  ['stuck', 'waiting', 'waiting', []],
  ['stuck', 'connecting', 'connecting', []],
  ['stuck', 'greeting', 'greeting', []],
  ['stuck', 'up', 'waiting', ['discard', 'offline']],
])('%s while %s: %s, %j', (input, from, to, effects) => {
  const step = stepUplink(STATES[from], INPUTS[input], at(100));
  expect(step.state.at).toBe(to);
  expect(step.effects.map(({ kind }) => kind)).toEqual(effects);
  if (from === to && to !== 'up') expect(step.state).toBe(STATES[from]);
});

it('keeps an open line open from each sign of life on', () => {
  for (const input of [INPUTS.heard, INPUTS.welcome])
    expect(stepUplink(STATES.up, input, at(100)).state).toEqual({ at: 'up', heardAt: 100 });
});

it('gives each stage its own time', () => {
  expect(uplinkWakeAt(stepUplink(STATES.waiting, INPUTS.start, at(100)).state)).toBe(100 + CONNECT_TIMEOUT_MS);
  expect(uplinkWakeAt(stepUplink(STATES.connecting, INPUTS['broker-up'], at(100)).state)).toBe(100 + ANSWER_TIMEOUT_MS);
});

it.each(Object.values(STATES))('does nothing when it is woken early: %j', (state) => {
  const early = at(uplinkWakeAt(state) - 1);
  expect(stepUplink(state, { kind: 'wake', chance: 0.5 }, early)).toEqual({ state, effects: [] });
});

it('waits at random up to twice as long after each attempt, up to the cap, and counts anew once it was up', () => {
  const after = (state: UplinkState) => stepUplink(state, { kind: 'broker-down', fault, chance: 0.5 }, at(0)).state;
  for (const attempt of [1, 2, 3, 40]) {
    const most = Math.min(RECONNECT_CAP_MS, RECONNECT_BASE_MS * 2 ** attempt);
    const down = after({ at: 'connecting', attempt, until: monoMs(9) });
    expect(down).toEqual({ at: 'waiting', attempt, retryAt: Math.floor(most / 2) });
  }
  expect(after(STATES.up)).toEqual({ at: 'waiting', attempt: 0, retryAt: Math.floor(RECONNECT_BASE_MS / 2) });
  expect(stepUplink(STATES.waiting, INPUTS.start, at(0)).state).toMatchObject({ attempt: 3 });
});
