/**
 * A scanner that types lines: nearly every USB-COM and TTL module out of the box.
 *
 * It sends a code and an end, nothing else, so most of this file rejects whatever isn't that.
 *
 * Rules 1. A scan ends at CR, LF or CR LF; at TAB if the port is configured so; after a silence if it has no suffix. 2. The
 * text is valid UTF-8 without control bytes. Anything else is noise with a code, and changes nothing. 3. Debounce: a code
 * that stays in view is read repeatedly, and the same text within SAME_CODE_MS of its last sight is one scan. A code that
 * came before a sale wanted one is reported again once it is wanted: the customer held up the phone before the amount was
 * typed, and it is still there. 4. However the bytes are cut into chunks, the scans are the same.
 *
 * Noise never quotes content: a customer's code is as good as a card number.
 */
import { type Machine, unreachable } from '#protocol/kernel/machine.js';
import { type Instant, later, type MonoMs } from '#protocol/kernel/time.js';
import { EMPTY_FRAMING, type Framed, type Framing, feed, MAX_SCAN_BYTES } from './framing.js';
import type { ScannerDriver, ScannerEffect, ScannerInput, ScannerOptions } from './scanner.js';

/**
 * Without a suffix only silence ends a scan. 100 ms is a hundred byte times at 9600 Bd: no scanner pauses that long inside
 * one.
 */
export const IDLE_FLUSH_MS = 100;
/**
 * With a suffix, an incomplete scan that waits this long has lost its end; kept, it would prefix the next customer's code.
 */
export const LOST_END_MS = 1_000;
/** Modules repeat a code in view every 0.3 to 1 s; a customer doesn't show the same code twice that fast on purpose. */
export const SAME_CODE_MS = 1_500;
/** No scanner reads more different codes than this within SAME_CODE_MS; the oldest is forgotten. */
const MAX_REMEMBERED = 8;

/** AIM symbology identifier, ISO/IEC 15424: `]`, code letter, modifier. */
const AIM_PREFIX = /^\][A-Za-z][0-9A-Za-z]/;
const CONTROL = /\p{Cc}/u;

export interface LineState {
  readonly framing: Framing;
  readonly lastByte: MonoMs | undefined;
  /** A sale waits for a code. */
  readonly wanted: boolean;
  /** `heeded`: a sale wanted it when it was reported. */
  readonly seen: readonly { readonly text: string; readonly until: MonoMs; readonly heeded: boolean }[];
}

const utf8 = (text: string): ScannerInput => ({ kind: 'bytes', bytes: new TextEncoder().encode(text) });

export const lineScanner: ScannerDriver<LineState> = {
  name: 'line',
  baudRate: 9_600,
  heeds: ['suffix', 'stripAimPrefix'],
  examples: [
    {
      shows: 'two codes, each with its end',
      told: [{ kind: 'link-up' }, utf8('6212345678901234567\rhttps://qr.95516.com/a\r')],
      does: [
        { kind: 'scanned', text: '6212345678901234567' },
        { kind: 'scanned', text: 'https://qr.95516.com/a' },
      ],
    },
    {
      shows: 'a code with an AIM prefix, ended by silence',
      options: { suffix: 'none', stripAimPrefix: true },
      told: [{ kind: 'link-up' }, utf8(']Q1消费券'), { kind: 'pass', ms: IDLE_FLUSH_MS }],
      does: [{ kind: 'scanned', text: '消费券' }],
    },
    {
      shows: 'group separators of a drug box (GS1), then a payment code',
      told: [{ kind: 'link-up' }, utf8('0109501101020917\u001d10LOT7\r6212345678901234567\r')],
      does: [
        { kind: 'noise', code: 'SCAN_CONTROL_BYTES' },
        { kind: 'scanned', text: '6212345678901234567' },
      ],
    },
  ],
  create: lineMachine,
};

export function lineMachine(options: ScannerOptions): Machine<LineState, ScannerInput, ScannerEffect> {
  const silenceMs = options.suffix === 'none' ? IDLE_FLUSH_MS : LOST_END_MS;

  function wakeAt(state: LineState): MonoMs | undefined {
    if (state.lastByte === undefined) return undefined;
    return later(state.lastByte, silenceMs);
  }

  /** Silence ends the current bytes: a whole scan without a suffix, a broken one otherwise. */
  function rest(state: LineState, at: Instant, effects: ScannerEffect[]): LineState {
    const due = wakeAt(state);
    if (due === undefined || at.mono < due) return state;
    const { buffer } = state.framing;
    const quiet: LineState = { ...state, framing: EMPTY_FRAMING, lastByte: undefined };
    if (buffer.length === 0) return quiet;
    if (options.suffix === 'none') return take(quiet, { kind: 'line', bytes: buffer }, at, effects);
    effects.push(noise('SCAN_WITHOUT_END', `${buffer.length} bytes came without a line end`));
    return quiet;
  }

  function take(state: LineState, framed: Framed, at: Instant, effects: ScannerEffect[]): LineState {
    if (framed.kind === 'too-long') {
      effects.push(noise('SCAN_TOO_LONG', `more than ${MAX_SCAN_BYTES} bytes without a line end`));
      return state;
    }
    const decoded = decodeUtf8(framed.bytes);
    if (decoded === undefined) {
      effects.push(noise('SCAN_NOT_TEXT', `${framed.bytes.length} bytes that are not UTF-8`));
      return state;
    }
    if (CONTROL.test(decoded)) {
      effects.push(noise('SCAN_CONTROL_BYTES', `${framed.bytes.length} bytes with control characters among them`));
      return state;
    }
    const text = options.stripAimPrefix ? decoded.replace(AIM_PREFIX, '') : decoded;
    if (text === '') return state;
    const seen = state.seen.filter((other) => other.until > at.mono);
    const before = seen.find((other) => other.text === text);
    if (before === undefined) effects.push({ kind: 'scanned', text });
    const others = seen.filter((other) => other.text !== text).slice(1 - MAX_REMEMBERED);
    const heeded = before?.heeded ?? state.wanted;
    return { ...state, seen: [...others, { text, until: later(at.mono, SAME_CODE_MS), heeded }] };
  }

  return {
    initial: { framing: EMPTY_FRAMING, lastByte: undefined, wanted: false, seen: [] },
    wakeAt,
    step(before, input, at) {
      const effects: ScannerEffect[] = [];
      let state = rest(before, at, effects);
      switch (input.kind) {
        case 'bytes': {
          const { framing, framed } = feed(state.framing, input.bytes, options.suffix === 'tab');
          for (const one of framed) state = take(state, one, at, effects);
          const midway = framing.buffer.length > 0 || framing.skipping;
          state = { ...state, framing, lastByte: midway ? at.mono : undefined };
          break;
        }
        case 'link-up':
        case 'link-lost':
          state = { ...state, framing: EMPTY_FRAMING, lastByte: undefined };
          break;
        case 'look': {
          // Free-running modules, which read whenever a code is in view.
          const { wanted } = input;
          state = { ...state, wanted, seen: wanted ? state.seen.filter(({ heeded }) => heeded) : state.seen };
          break;
        }
        case 'wake':
          break;
        default:
          return unreachable(input);
      }
      return { state, effects };
    },
  };
}

const noise = (code: string, what: string): ScannerEffect => ({ kind: 'noise', code, what });

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
