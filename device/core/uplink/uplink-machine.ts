/**
 * The connection to the gateway: connects, says hello, detects silence, and rebuilds everything.
 *
 * MQTT clients have been seen to stop reconnecting for ever. So the client is discarded at the first doubt, and this
 * machine, not the client, decides when to retry.
 *
 *   waiting -> connecting -> greeting -> up -> waiting ...
 */
import { type Step, unreachable } from '#protocol/kernel/machine.js';
import { type Instant, later, type MonoMs } from '#protocol/kernel/time.js';
import type { ChainHead } from '#protocol/records/chain.js';
import { ANSWER_TIMEOUT_MS, CONNECT_TIMEOUT_MS, RECONNECT_BASE_MS, RECONNECT_CAP_MS, SILENCE_MS } from '../limits.js';
import type { UplinkFault } from './uplink-fault.js';

export type UplinkState =
  | { readonly at: 'waiting'; readonly attempt: number; readonly retryAt: MonoMs }
  | { readonly at: 'connecting'; readonly attempt: number; readonly until: MonoMs }
  /** Hello is sent; its answer reports the gateway's head of our journal. */
  | { readonly at: 'greeting'; readonly attempt: number; readonly until: MonoMs }
  | { readonly at: 'up'; readonly heardAt: MonoMs };

export type UplinkInput =
  | { readonly kind: 'start' }
  | { readonly kind: 'broker-up' }
  /** `chance`: uniform in [0, 1), drawn by the caller, for the back-off. */
  | { readonly kind: 'broker-down'; readonly fault: UplinkFault; readonly chance: number }
  | { readonly kind: 'welcome'; readonly have: ChainHead }
  /** Any other message of the gateway: it is alive. */
  | { readonly kind: 'heard' }
  /** A request of ours went unanswered. */
  | { readonly kind: 'stuck'; readonly chance: number }
  | { readonly kind: 'wake'; readonly chance: number };

export type UplinkEffect =
  | { readonly kind: 'connect' }
  | { readonly kind: 'discard' }
  | { readonly kind: 'hello' }
  | { readonly kind: 'online'; readonly have: ChainHead }
  /** The connection was up and has dropped. */
  | { readonly kind: 'offline'; readonly fault: UplinkFault }
  /** A connection attempt failed. */
  | { readonly kind: 'failed'; readonly fault: UplinkFault };

type UplinkStep = Step<UplinkState, UplinkEffect>;

export const uplinkAtRest = (at: Instant): UplinkState => ({ at: 'waiting', attempt: 0, retryAt: at.mono });

export function stepUplink(state: UplinkState, input: UplinkInput, at: Instant): UplinkStep {
  switch (input.kind) {
    case 'start':
      return state.at === 'waiting' ? connect(state.attempt, at) : { state, effects: [] };
    case 'broker-up':
      if (state.at !== 'connecting') return { state, effects: [] };
      return {
        state: { at: 'greeting', attempt: state.attempt, until: later(at.mono, ANSWER_TIMEOUT_MS) },
        effects: [{ kind: 'hello' }],
      };
    case 'broker-down':
      return state.at === 'waiting' ? { state, effects: [] } : fallBack(state, input.fault, input.chance, at);
    case 'welcome':
      if (state.at !== 'greeting') return heard(state, at);
      return { state: { at: 'up', heardAt: at.mono }, effects: [{ kind: 'online', have: input.have }] };
    case 'heard':
      return heard(state, at);
    case 'stuck':
      return state.at === 'up'
        ? fallBack(state, { code: 'LINE_UNANSWERED', what: 'a request was not answered' }, input.chance, at)
        : { state, effects: [] };
    case 'wake':
      return stepWake(state, input.chance, at);
    default:
      return unreachable(input);
  }
}

export function uplinkWakeAt(state: UplinkState): MonoMs {
  switch (state.at) {
    case 'waiting':
      return state.retryAt;
    case 'connecting':
    case 'greeting':
      return state.until;
    case 'up':
      return later(state.heardAt, SILENCE_MS);
    default:
      return unreachable(state);
  }
}

function stepWake(state: UplinkState, chance: number, at: Instant): UplinkStep {
  if (at.mono < uplinkWakeAt(state)) return { state, effects: [] };
  switch (state.at) {
    case 'waiting':
      return connect(state.attempt, at);
    case 'connecting':
      return fallBack(state, { code: 'LINE_TIMEOUT', what: 'no connection in time' }, chance, at);
    case 'greeting':
      return fallBack(
        state,
        { code: 'LINE_UNANSWERED', what: 'connected, but the gateway does not answer' },
        chance,
        at,
      );
    case 'up':
      return fallBack(state, { code: 'LINE_SILENT', what: 'no message for too long' }, chance, at);
    default:
      return unreachable(state);
  }
}

const connect = (attempt: number, at: Instant): UplinkStep => ({
  state: { at: 'connecting', attempt: attempt + 1, until: later(at.mono, CONNECT_TIMEOUT_MS) },
  effects: [{ kind: 'connect' }],
});

const heard = (state: UplinkState, at: Instant): UplinkStep => ({
  state: state.at === 'up' ? { at: 'up', heardAt: at.mono } : state,
  effects: [],
});

function fallBack(
  state: Exclude<UplinkState, { at: 'waiting' }>,
  fault: UplinkFault,
  chance: number,
  at: Instant,
): UplinkStep {
  const attempt = state.at === 'up' ? 0 : state.attempt;
  const ceiling = Math.min(RECONNECT_CAP_MS, RECONNECT_BASE_MS * 2 ** attempt);
  return {
    state: { at: 'waiting', attempt, retryAt: later(at.mono, Math.floor(chance * ceiling)) },
    effects: [{ kind: 'discard' }, { kind: state.at === 'up' ? 'offline' : 'failed', fault }],
  };
}
