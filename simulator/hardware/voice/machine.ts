/**
 * A virtual voice module, SYN6288 or its kin: checks every frame, "speaks" at a talker's pace, answers busy and idle, and writes
 * down what was heard. Text is decoded with the platform's own decoders, not with the encoder's tables.
 */
import type { Machine } from '#protocol/kernel/machine.js';
import { unreachable } from '#protocol/kernel/machine.js';
import { earliestWake, later, type MonoMs } from '#protocol/kernel/time.js';
import {
  addFault,
  due,
  hear,
  mend,
  nextLate,
  QUIET_WIRE,
  say,
  type Wire,
  type WireEffect,
  type WireInput,
} from '../wire.js';

/** About what a Chinese speaker takes for one syllable, at four a second. */
const MS_PER_CHARACTER = 250;
/** Datasheet of 2016-03-09: at most 200 bytes of text. */
const MAX_TEXT_BYTES = 200;
const READY = 0x4a;
const ACCEPTED = 0x41;
const REJECTED = 0x45;
const PLAYING = 0x4e;
const IDLE = 0x4f;
const HEAD = 0xfd;

export interface VoiceOptions {
  /** SYN6288 ends a frame with the xor of its bytes; XFS5152 and its kin have none. */
  readonly checkByte?: boolean | undefined;
  /** Time it takes for one character; scenarios talk faster than people. */
  readonly msPerCharacter?: number | undefined;
  /** Datasheet: a frame with more than 8 ms between two bytes is dropped. Off by default: a pty's scheduling isn't a UART's. */
  readonly interByteMs?: number | undefined;
}

export interface Utterance {
  readonly text: string;
  readonly music: number;
  /** `cut`: a new frame, a stop or the power ended it. */
  readonly end: 'speaking' | 'whole' | 'cut';
}

export type VoiceInput = WireInput;
export type VoiceEffect =
  | WireEffect
  /** Begins to speak. */
  | { readonly kind: 'speaks'; readonly text: string }
  | { readonly kind: 'spoke'; readonly text: string; readonly whole: boolean };

export interface VoiceModule {
  readonly wire: Wire;
  readonly power: 'on' | 'off';
  readonly buffer: readonly number[];
  readonly lastByteAt: MonoMs | undefined;
  readonly utterances: readonly Utterance[];
  readonly endsAt: MonoMs | undefined;
  readonly paused: boolean;
  /** Frames that were wrong, and why: an agent that is right leaves none. */
  readonly complaints: readonly string[];
}

type Turn = {
  state: VoiceModule;
  readonly effects: VoiceEffect[];
  readonly now: MonoMs;
  readonly options: VoiceOptions;
};

export function voiceModule(options: VoiceOptions = {}): Machine<VoiceModule, VoiceInput, VoiceEffect> {
  return {
    initial: {
      wire: QUIET_WIRE,
      power: 'on',
      buffer: [],
      lastByteAt: undefined,
      utterances: [],
      endsAt: undefined,
      paused: false,
      complaints: [],
    },
    step(state, input, at) {
      const turn: Turn = { state, effects: [], now: at.mono, options };
      passTime(turn);
      take(turn, input);
      return { state: turn.state, effects: turn.effects };
    },
    wakeAt: (state) => (state.power === 'off' ? undefined : earliestWake(state.endsAt, nextLate(state.wire))),
  };
}

function set(turn: Turn, change: Partial<VoiceModule>): void {
  turn.state = { ...turn.state, ...change };
}

function take(turn: Turn, input: VoiceInput): void {
  switch (input.kind) {
    case 'bytes':
      if (turn.state.power === 'on') listen(turn, input.bytes);
      return;
    case 'wake':
      return;
    case 'power':
      if (!input.on) {
        end(turn, false);
        set(turn, { power: 'off', buffer: [] });
      } else if (turn.state.power === 'off') {
        set(turn, { power: 'on' });
        reply(turn, READY);
      }
      return;
    case 'fault':
      set(turn, { wire: addFault(turn.state.wire, input.fault) });
      return;
    case 'mend':
      set(turn, { wire: mend(turn.state.wire) });
      return;
    default:
      unreachable(input);
  }
}

function passTime(turn: Turn): void {
  const late = due(turn.state.wire, turn.now);
  set(turn, { wire: late.wire });
  turn.effects.push(...late.effects);
  if (turn.state.endsAt === undefined || turn.state.endsAt > turn.now) return;
  end(turn, true);
  reply(turn, IDLE);
}

function listen(turn: Turn, bytes: Uint8Array): void {
  const { lastByteAt, buffer } = turn.state;
  const { interByteMs } = turn.options;
  const gap = interByteMs !== undefined && lastByteAt !== undefined && turn.now - lastByteAt > interByteMs;
  if (gap && buffer.length > 0) complain(turn, 'a pause inside a frame');
  let rest = [...(gap ? [] : buffer), ...bytes];
  for (;;) {
    const start = rest.indexOf(HEAD);
    rest = start < 0 ? [] : rest.slice(start);
    const [, high, low] = rest;
    if (high === undefined || low === undefined) break;
    const length = high * 256 + low;
    const check = turn.options.checkByte === false ? 0 : 1;
    if (length < 1 + check || length > MAX_TEXT_BYTES + 2 + check) {
      complain(turn, `a frame of ${length} bytes`);
      reply(turn, REJECTED);
      rest = rest.slice(1);
      continue;
    }
    if (rest.length < 3 + length) break;
    const heard = hear(
      turn.state.wire,
      COMMANDS[rest[3] ?? 0] ?? 'UNKNOWN',
      Uint8Array.from(rest.slice(0, 3 + length)),
    );
    set(turn, { wire: heard.wire });
    turn.effects.push(...heard.effects);
    for (const frame of heard.frames) obey(turn, frame, heard.nak !== undefined);
    rest = rest.slice(3 + length);
  }
  set(turn, { buffer: rest, lastByteAt: turn.now });
}

function obey(turn: Turn, frame: Uint8Array, refuse: boolean): void {
  const content = turn.options.checkByte === false ? frame : frame.subarray(0, -1);
  const xor = content.reduce((sum, byte) => sum ^ byte, 0);
  const agrees = content === frame || xor === frame[frame.length - 1];
  if (!agrees) complain(turn, 'a wrong check byte');
  if (refuse || !agrees) {
    reply(turn, REJECTED);
    return;
  }
  switch (frame[3]) {
    case 0x01:
      speak(turn, frame[4] ?? 0, content.subarray(5));
      return;
    case 0x02:
      reply(turn, ACCEPTED);
      end(turn, false);
      return;
    case 0x03:
    case 0x04:
      set(turn, { paused: frame[3] === 0x03 });
      reply(turn, ACCEPTED);
      return;
    case 0x21:
      reply(turn, turn.state.endsAt === undefined ? IDLE : PLAYING);
      return;
    default:
      complain(turn, `command ${frame[3]}`);
      reply(turn, REJECTED);
  }
}

function speak(turn: Turn, parameter: number, bytes: Uint8Array): void {
  const text = decode(parameter & 0x07, bytes);
  if (text === undefined || text.length === 0) {
    complain(turn, text === undefined ? `text not in encoding ${parameter & 0x07}` : 'an empty text');
    reply(turn, REJECTED);
    return;
  }
  end(turn, false); // a new text cuts off the running one
  const utterance: Utterance = { text, music: parameter >> 3, end: 'speaking' };
  const length = (turn.options.msPerCharacter ?? MS_PER_CHARACTER) * text.length;
  set(turn, { utterances: [...turn.state.utterances, utterance], endsAt: later(turn.now, length) });
  turn.effects.push({ kind: 'speaks', text });
  reply(turn, ACCEPTED);
}

function end(turn: Turn, whole: boolean): void {
  const last = turn.state.utterances.at(-1);
  if (turn.state.endsAt === undefined || last === undefined) return;
  const ended: Utterance = { ...last, end: whole ? 'whole' : 'cut' };
  set(turn, { utterances: [...turn.state.utterances.slice(0, -1), ended], endsAt: undefined });
  turn.effects.push({ kind: 'spoke', text: last.text, whole });
}

/** The encodings by their number: GB2312 and GBK are read as their superset. */
function decode(encoding: number, bytes: Uint8Array): string | undefined {
  const label = ['gb18030', 'gb18030', 'big5', 'utf-16be'][encoding];
  if (label === undefined) return undefined;
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function reply(turn: Turn, byte: number): void {
  if (turn.state.power === 'off') return;
  const said = say(turn.state.wire, REPLIES[byte] ?? 'REPLY', Uint8Array.of(byte), turn.now);
  set(turn, { wire: said.wire });
  turn.effects.push(...said.effects);
}

function complain(turn: Turn, what: string): void {
  set(turn, { complaints: [...turn.state.complaints, what] });
}

/** Names for faults. */
const COMMANDS: Readonly<Record<number, string>> = { 1: 'SPEAK', 2: 'STOP', 3: 'PAUSE', 4: 'RESUME', 33: 'QUERY' };
const REPLIES: Readonly<Record<number, string>> = {
  [READY]: 'READY',
  [ACCEPTED]: 'ACCEPTED',
  [REJECTED]: 'REJECTED',
  [PLAYING]: 'PLAYING',
  [IDLE]: 'IDLE',
};
