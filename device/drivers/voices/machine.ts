/**
 * The conversation with a voice module, one for all models.
 *
 * Rules 1. A new speak frame cuts off the running one, so the next sentence waits until the module reports idle. 2. After
 * SPEAKING_MS the module is queried; without an answer the driver gives up on this sentence, never on the next. 3. A
 * sentence is spoken at most once per id, even if its outcome is unknown: silence does less harm than an amount announced
 * twice. `replay` repeats it on purpose. 4. Sentences that waited past their time are dropped. 5. Frames are at least
 * FRAME_GAP_MS apart.
 */
import { type Machine, unreachable } from '#protocol/kernel/machine.js';
import { earliestWake, type Instant, later, type MonoMs } from '#protocol/kernel/time.js';
import { queryFrame, speakFrame, type VoiceModel } from './frame.js';
import { type EncodedText, encodeText } from './text.js';
import type { VoiceDriver, VoiceEffect, VoiceInput } from './voice.js';

/** The datasheet's shortest pause between two frames. */
export const FRAME_GAP_MS = 8;
/** 200 bytes are 100 characters, and the module speaks some eight a second; our sentences are far shorter. */
export const SPEAKING_MS = 15_000;
/** A query is answered within a few milliseconds. */
export const QUERY_MS = 500;
/** How often, and how many times, a module that reports speaking is queried again. */
export const STILL_SPEAKING_MS = 1_000;
const MAX_QUERIES = 15;
/** A longer queue means that nobody listens at this counter; the oldest is dropped. */
export const MAX_WAITING = 8;
/** Ids of spoken sentences: as many sales as a busy counter makes in some hours. */
const MAX_REMEMBERED = 256;

const READY = 0x4a;
const ACCEPTED = 0x41;
const REJECTED = 0x45;
const PLAYING = 0x4e;
const IDLE = 0x4f;

interface Sentence {
  readonly id: string;
  readonly pieces: readonly EncodedText[];
  readonly staleAt: MonoMs;
}

interface Speaking {
  readonly id: string;
  readonly pieces: readonly EncodedText[];
  /** 41 or 4E has arrived: only from now on does 4F mean the end of this piece. */
  readonly heard: boolean;
  readonly queries: number;
  /** A query is pending, and its answer counts regardless of earlier bytes. */
  readonly asked: boolean;
  readonly due: MonoMs;
}

export interface VoiceState {
  readonly open: boolean;
  readonly waiting: readonly Sentence[];
  readonly speaking: Speaking | undefined;
  /** No frame before this time. */
  readonly quietUntil: MonoMs | undefined;
  readonly said: readonly string[];
}

export function voiceDriver(model: VoiceModel, examples: VoiceDriver['examples']): VoiceDriver<VoiceState> {
  return { name: model.name, baudRate: model.baudRate, examples, create: () => voiceMachine(model) };
}

export function voiceMachine(model: VoiceModel): Machine<VoiceState, VoiceInput, VoiceEffect> {
  return {
    initial: { open: false, waiting: [], speaking: undefined, quietUntil: undefined, said: [] },
    wakeAt(state) {
      const stale = earliestStale(state.waiting);
      if (state.speaking !== undefined) return earliestWake(state.speaking.due, stale);
      return earliestWake(state.open ? state.quietUntil : undefined, stale);
    },
    step(before, input, at) {
      const effects: VoiceEffect[] = [];
      let state = before;
      switch (input.kind) {
        case 'link-up':
          state = { ...state, open: true, speaking: undefined, quietUntil: later(at.mono, FRAME_GAP_MS) };
          break;
        case 'link-lost':
          if (state.speaking !== undefined) effects.push({ kind: 'dropped', id: state.speaking.id, why: 'no-voice' });
          state = { ...state, open: false, speaking: undefined };
          break;
        case 'bytes':
          for (const byte of input.bytes) state = readReply(state, byte, at, effects);
          break;
        case 'say':
          state = queue(state, input, effects);
          break;
        case 'wake':
          break;
        default:
          return unreachable(input);
      }
      state = lookAtClock(state, at, effects);
      state = speakNext(state, at, effects);
      return { state, effects };
    },
  };

  function readReply(state: VoiceState, byte: number, at: Instant, effects: VoiceEffect[]): VoiceState {
    const { speaking } = state;
    switch (byte) {
      case READY: // it has (re)started, and speaks no more
        if (speaking === undefined) return state;
        effects.push({ kind: 'dropped', id: speaking.id, why: 'no-voice' });
        return ended(state, at);
      case ACCEPTED:
        return speaking === undefined ? state : { ...state, speaking: { ...speaking, heard: true } };
      case PLAYING:
        if (speaking === undefined) return state;
        return {
          ...state,
          speaking: speaking.asked
            ? { ...speaking, heard: true, asked: false, due: later(at.mono, STILL_SPEAKING_MS) }
            : { ...speaking, heard: true },
        };
      case REJECTED:
        if (speaking === undefined) return state;
        effects.push({ kind: 'dropped', id: speaking.id, why: 'rejected' });
        return ended(state, at);
      case IDLE:
        if (speaking === undefined || !(speaking.heard || speaking.asked)) return state;
        return pieceSpoken(state, speaking, at, effects);
      default:
        effects.push({ kind: 'noise', code: 'VOICE_UNKNOWN_BYTE', what: `byte ${byte.toString(16)} means nothing` });
        return state;
    }
  }

  function pieceSpoken(state: VoiceState, speaking: Speaking, at: Instant, effects: VoiceEffect[]): VoiceState {
    const [, ...pieces] = speaking.pieces;
    const quiet = ended(state, at);
    if (pieces.length === 0) {
      effects.push({ kind: 'spoken', id: speaking.id });
      return quiet;
    }
    // The rest of a sentence goes first and never goes stale.
    return { ...quiet, waiting: [{ id: speaking.id, pieces, staleAt: NEVER }, ...quiet.waiting] };
  }

  function queue(state: VoiceState, say: Extract<VoiceInput, { kind: 'say' }>, effects: VoiceEffect[]): VoiceState {
    const underWay = state.speaking?.id === say.id || state.waiting.some((sentence) => sentence.id === say.id);
    if (underWay || (!say.replay && state.said.includes(say.id))) return state;
    const pieces = encodeText(say.text);
    if (pieces.length === 0) {
      effects.push({ kind: 'noise', code: 'VOICE_NOTHING_TO_SAY', what: `an empty sentence for ${say.id}` });
      return state;
    }
    const waiting = [...state.waiting, { id: say.id, pieces, staleAt: say.staleAt }];
    const left = waiting.length > MAX_WAITING ? waiting.splice(0, 1) : [];
    for (const { id } of left) effects.push({ kind: 'dropped', id, why: 'stale' });
    return { ...state, waiting };
  }

  function lookAtClock(before: VoiceState, at: Instant, effects: VoiceEffect[]): VoiceState {
    let state = before;
    const { speaking } = state;
    if (speaking !== undefined && at.mono >= speaking.due) {
      if (speaking.asked || speaking.queries >= MAX_QUERIES) {
        effects.push({ kind: 'dropped', id: speaking.id, why: 'no-voice' });
        state = ended(state, at);
      } else {
        effects.push({ kind: 'write', bytes: queryFrame(model) });
        const asked = { asked: true, queries: speaking.queries + 1, due: later(at.mono, QUERY_MS) };
        state = { ...state, speaking: { ...speaking, ...asked } };
      }
    }
    const stale = state.waiting.filter((sentence) => at.mono >= sentence.staleAt);
    for (const { id } of stale) effects.push({ kind: 'dropped', id, why: 'stale' });
    if (stale.length > 0) state = { ...state, waiting: state.waiting.filter((sentence) => !stale.includes(sentence)) };
    const quietOver = state.quietUntil !== undefined && at.mono >= state.quietUntil;
    return quietOver ? { ...state, quietUntil: undefined } : state;
  }

  function speakNext(state: VoiceState, at: Instant, effects: VoiceEffect[]): VoiceState {
    const [next, ...waiting] = state.waiting;
    const [piece] = next?.pieces ?? [];
    if (!state.open || state.speaking !== undefined || state.quietUntil !== undefined) return state;
    if (next === undefined || piece === undefined) return state;
    effects.push({ kind: 'write', bytes: speakFrame(model, piece.encoding, piece.bytes) });
    return {
      ...state,
      waiting,
      said: [...state.said.filter((id) => id !== next.id), next.id].slice(-MAX_REMEMBERED),
      speaking: {
        id: next.id,
        pieces: next.pieces,
        heard: false,
        queries: 0,
        asked: false,
        due: later(at.mono, SPEAKING_MS),
      },
    };
  }
}

const NEVER = Number.POSITIVE_INFINITY as MonoMs;

const ended = (state: VoiceState, at: Instant): VoiceState => ({
  ...state,
  speaking: undefined,
  quietUntil: later(at.mono, FRAME_GAP_MS),
});

const earliestStale = (waiting: readonly Sentence[]): MonoMs | undefined => {
  const earliest = Math.min(...waiting.map((sentence) => sentence.staleAt));
  return Number.isFinite(earliest) ? (earliest as MonoMs) : undefined;
};
