/** A virtual LED8 customer display: eight digits, four lamps, 2400 Bd, and not a word back. */
import type { Machine } from '#protocol/kernel/machine.js';
import { unreachable } from '#protocol/kernel/machine.js';
import { addFault, hear, mend, QUIET_WIRE, type Wire, type WireEffect, type WireInput } from '../wire.js';

export const LAMPS = ['off', 'price', 'total', 'received', 'change'] as const;
export type Lamp = (typeof LAMPS)[number];
/** Eight digits; the decimal point shares its digit's place. */
const DIGITS = 8;
const ESC = 0x1b;
const CR = 0x0d;

export type DisplayInput = WireInput;
export type DisplayEffect = WireEffect | { readonly kind: 'shows'; readonly digits: string; readonly lamp: Lamp };

export interface Display {
  readonly wire: Wire;
  readonly power: 'on' | 'off';
  /** What a customer reads. */
  readonly digits: string;
  readonly lamp: Lamp;
  readonly buffer: readonly number[];
  /** Bytes that mean nothing to it: an agent that is right sends none. */
  readonly complaints: readonly string[];
}

const DARK = { digits: '', lamp: 'off' as Lamp, buffer: [] as readonly number[] };

export function ledDisplay(): Machine<Display, DisplayInput, DisplayEffect> {
  return {
    initial: { wire: QUIET_WIRE, power: 'on', ...DARK, complaints: [] },
    step(state, input) {
      switch (input.kind) {
        case 'bytes': {
          if (state.power === 'off') return { state, effects: [] };
          const heard = hear(state.wire, 'SHOW', input.bytes);
          let next: Display = { ...state, wire: heard.wire };
          for (const bytes of heard.frames) next = draw(next, bytes);
          const changed = next.digits !== state.digits || next.lamp !== state.lamp;
          const shows: DisplayEffect = { kind: 'shows', digits: next.digits, lamp: next.lamp };
          return { state: next, effects: [...heard.effects, ...(changed ? [shows] : [])] };
        }
        case 'wake':
          return { state, effects: [] };
        case 'power':
          return { state: { ...state, ...DARK, power: input.on ? 'on' : 'off' }, effects: [] };
        case 'fault':
          return { state: { ...state, wire: addFault(state.wire, input.fault) }, effects: [] };
        case 'mend':
          return { state: { ...state, wire: mend(state.wire) }, effects: [] };
        default:
          return unreachable(input);
      }
    },
    wakeAt: () => undefined,
  };
}

function draw(before: Display, bytes: Uint8Array): Display {
  let state = before;
  let rest = [...before.buffer, ...bytes];
  const complain = (what: string): void => {
    state = { ...state, complaints: [...state.complaints, what] };
  };
  while (rest.length > 0) {
    const [first, second, third] = rest;
    if (first === 0x0c) {
      state = { ...state, digits: '' };
      rest = rest.slice(1);
    } else if (first !== ESC) {
      complain(`byte ${first?.toString(16)}`);
      rest = rest.slice(1);
    } else if (second === undefined) break;
    else if (second === 0x40) {
      state = { ...state, ...DARK };
      rest = rest.slice(2);
    } else if (second === 0x73) {
      if (third === undefined) break;
      const lamp = LAMPS[third - 0x30];
      if (lamp === undefined) complain(`lamp ${third}`);
      else state = { ...state, lamp };
      rest = rest.slice(3);
    } else if (second === 0x51) {
      const end = rest.indexOf(CR);
      if (end < 0 && rest.length < 3 + 2 * DIGITS) break;
      const digits = String.fromCharCode(...rest.slice(3, end < 0 ? undefined : end));
      const fits = third === 0x41 && end >= 0 && /^-?[\d.]+$/.test(digits) && digits.replace('.', '').length <= DIGITS;
      if (fits) state = { ...state, digits };
      else complain(`digits ${JSON.stringify(digits)}`);
      rest = end < 0 ? [] : rest.slice(end + 1);
    } else {
      complain(`ESC ${second.toString(16)}`);
      rest = rest.slice(2);
    }
  }
  return { ...state, buffer: rest };
}
