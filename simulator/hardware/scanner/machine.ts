/**
 * A virtual 2D scanner. `line` reads whatever is held before it, with its suffix; `gm65` waits for a trigger frame,
 * acknowledges it **before** the code with no line end between, and then reads.
 */
import type { Machine } from '#protocol/kernel/machine.js';
import { unreachable } from '#protocol/kernel/machine.js';
import { earliestWake, later, type MonoMs } from '#protocol/kernel/time.js';
import { crc16 } from '../readers/crc16.js';
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

const SUFFIXES = { cr: '\r', crlf: '\r\n', lf: '\n', tab: '\t', none: '' } as const;
export type Suffix = keyof typeof SUFFIXES;
/** GM65 manual's default: one triggered read looks for so long. */
const LOOK_MS = 5000;
/** Ours: how often a scanner reads a phone that stays in view. */
const AGAIN_MS = 300;
const HEAD = [0x7e, 0x00] as const;

export interface ScannerOptions {
  readonly model?: 'line' | 'gm65' | undefined;
  readonly suffix?: Suffix | undefined;
  /** Prints `]Q1` before a QR code. */
  readonly aimPrefix?: boolean | undefined;
}

export interface Scan {
  readonly kind: 'scan';
  /** What the code says; its bytes are UTF-8, unless `bytes` are given (GBK, broken UTF-8). */
  readonly text?: string | undefined;
  readonly bytes?: Uint8Array | undefined;
  /** How often it is read while the phone stays in view. */
  readonly times?: number | undefined;
  readonly everyMs?: number | undefined;
  /** This once, instead of the scanner's own. */
  readonly suffix?: Suffix | undefined;
}

export type ScannerInput = WireInput | Scan;
export type ScannerEffect = WireEffect | { readonly kind: 'read'; readonly bytes: Uint8Array };

export interface VirtualScanner {
  readonly options: ScannerOptions;
  readonly wire: Wire;
  readonly power: 'on' | 'off';
  readonly buffer: readonly number[];
  /** Codes held before it and not yet read, with the time of each reading. */
  readonly held: readonly { readonly at: MonoMs; readonly payload: Uint8Array }[];
  /** Triggered, and looking until then. */
  readonly looksUntil: MonoMs | undefined;
}

export function virtualScanner(options: ScannerOptions = {}): Machine<VirtualScanner, ScannerInput, ScannerEffect> {
  return {
    initial: { options, wire: QUIET_WIRE, power: 'on', buffer: [], held: [], looksUntil: undefined },
    step(before, input, at) {
      const effects: ScannerEffect[] = [];
      const late = due(before.wire, at.mono);
      effects.push(...late.effects);
      let state: VirtualScanner = { ...before, wire: late.wire };
      switch (input.kind) {
        case 'bytes':
          if (state.power === 'on') state = commanded(state, input.bytes, at.mono, effects);
          break;
        case 'wake':
          break;
        case 'power':
          state = { ...state, power: input.on ? 'on' : 'off', buffer: [], looksUntil: undefined, held: [] };
          break;
        case 'fault':
          state = { ...state, wire: addFault(state.wire, input.fault) };
          break;
        case 'mend':
          state = { ...state, wire: mend(state.wire) };
          break;
        case 'scan':
          if (state.power === 'on') state = { ...state, held: [...state.held, ...readings(state, input, at.mono)] };
          break;
        default:
          unreachable(input);
      }
      return { state: look(state, at.mono, effects), effects };
    },
    wakeAt: (state) => earliestWake(nextLate(state.wire), ...(canRead(state) ? state.held.map((code) => code.at) : [])),
  };
}

const canRead = (state: VirtualScanner): boolean => state.options.model !== 'gm65' || state.looksUntil !== undefined;

function readings(state: VirtualScanner, scan: Scan, now: MonoMs): { at: MonoMs; payload: Uint8Array }[] {
  const prefix = state.options.aimPrefix === true ? ']Q1' : '';
  const suffix = SUFFIXES[scan.suffix ?? state.options.suffix ?? 'cr'];
  const code = scan.bytes ?? Buffer.from(scan.text ?? '', 'utf8');
  const payload = Uint8Array.from([...Buffer.from(prefix), ...code, ...Buffer.from(suffix)]);
  return Array.from({ length: scan.times ?? 1 }, (_, i) => ({
    at: later(now, i * (scan.everyMs ?? AGAIN_MS)),
    payload,
  }));
}

function look(before: VirtualScanner, now: MonoMs, effects: ScannerEffect[]): VirtualScanner {
  let state = before;
  if (state.looksUntil !== undefined && state.looksUntil < now) state = { ...state, looksUntil: undefined };
  for (const code of before.held) {
    if (code.at > now || state.power === 'off' || !canRead(state)) continue;
    // A triggered read takes one code and stops looking.
    state = { ...state, held: state.held.filter((other) => other !== code), looksUntil: undefined };
    const said = say(state.wire, 'SCAN', code.payload, now);
    state = { ...state, wire: said.wire };
    effects.push({ kind: 'read', bytes: code.payload }, ...said.effects);
  }
  return state;
}

/** GM65: `7E 00 | type | length | address 2 | data | CRC`; CRC `AB CD` means "don't check". */
function commanded(before: VirtualScanner, bytes: Uint8Array, now: MonoMs, effects: ScannerEffect[]): VirtualScanner {
  if (before.options.model !== 'gm65') return before;
  let state = before;
  let rest = [...before.buffer, ...bytes];
  for (;;) {
    const start = rest.indexOf(HEAD[0]);
    rest = start < 0 ? [] : rest.slice(start);
    const length = rest[3];
    if (length === undefined || rest.length < 6 + length + 2) break;
    const frame = Uint8Array.from(rest.slice(0, 8 + length));
    rest = rest.slice(8 + length);
    const heard = hear(state.wire, 'TRIGGER', frame);
    state = { ...state, wire: heard.wire };
    effects.push(...heard.effects);
    for (const command of heard.frames) state = obey(state, command, now, effects);
  }
  return { ...state, buffer: rest };
}

function obey(before: VirtualScanner, frame: Uint8Array, now: MonoMs, effects: ScannerEffect[]): VirtualScanner {
  const crc = ((frame.at(-2) ?? 0) << 8) | (frame.at(-1) ?? 0);
  if (frame[1] !== HEAD[1] || (crc !== 0xabcd && crc !== crc16(frame.subarray(2, -2), 0))) return before;
  const said = say(before.wire, 'ACK', acknowledgement(), now);
  effects.push(...said.effects);
  const trigger = frame[2] === 0x08 && frame[4] === 0x00 && frame[5] === 0x02 && frame[6] === 0x01;
  return { ...before, wire: said.wire, looksUntil: trigger ? later(now, LOOK_MS) : before.looksUntil };
}

/** `02 00 | type 00 | length 01 | 00 | CRC 33 31`. */
function acknowledgement(): Uint8Array {
  const body = [0x00, 0x01, 0x00];
  const crc = crc16(Uint8Array.from(body), 0);
  return Uint8Array.from([0x02, 0x00, ...body, crc >> 8, crc & 0xff]);
}
