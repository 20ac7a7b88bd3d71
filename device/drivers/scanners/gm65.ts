/**
 * GM65, GM861 and relatives: a line scanner that also takes commands.
 *
 * After a trigger it first sends a short acknowledgement frame without a line end, and only then the code. This driver
 * removes the frame, so that it doesn't prefix the code's text; the rest is the line scanner's job.
 *
 * A triggered module reads one code and stops, or gives up after some seconds. While a sale wants a code the driver
 * triggers it again after each, so that a customer with the wrong wallet can hold up another code.
 *
 * Reply frame (GM65 user manual, serial command set): `02 00 | type | len | data | CRC`; CRC-16/XMODEM over type to data.
 */
import { crc16Xmodem } from '#protocol/codes/crc16.js';
import { type Machine, unreachable } from '#protocol/kernel/machine.js';
import { earliestWake, type Instant, later, type MonoMs } from '#protocol/kernel/time.js';
import { joinBytes, latin1Bytes, NO_BYTES } from '../bytes.js';
import { betweenScans, isEnd } from './framing.js';
import { type LineState, lineMachine } from './line.js';
import type { ScannerDriver, ScannerEffect, ScannerInput, ScannerOptions } from './scanner.js';

/** Writes one byte, 01, to address 0002: read once. `AB CD` in place of a CRC means that there is none. */
export const TRIGGER_FRAME = Uint8Array.of(0x7e, 0x00, 0x08, 0x01, 0x00, 0x02, 0x01, 0xab, 0xcd);
/** The module answers within a few milliseconds; at 9600 Bd its seven bytes take 7 ms. */
export const REPLY_MS = 500;
/** Duration of one triggered read (manual, single read time: 5 s by default) plus the reply's transmission. */
export const READ_MS = 5_500;
/** After a code the customer or the cashier has to act first; reading the same code again would be useless. */
export const AFTER_CODE_MS = 1_000;
/** A reply to a trigger carries one byte; a longer one is not a reply. */
const MAX_REPLY_DATA = 16;

const REPLY_HEAD = [0x02, 0x00] as const;
const DONE = 0x00;

export interface Gm65State {
  readonly line: LineState;
  /** The beginning of a reply frame. */
  readonly reply: Uint8Array;
  readonly replyDue: MonoMs | undefined;
  readonly open: boolean;
  readonly wanted: boolean;
  /** The time of the next trigger while a code is wanted. */
  readonly lookAt: MonoMs | undefined;
}

const bytes = (...parts: readonly (readonly number[] | string)[]): ScannerInput => ({
  kind: 'bytes',
  bytes: joinBytes(...parts.map((part) => (typeof part === 'string' ? latin1Bytes(part) : part))),
});
/** The manual's reply to one trigger: done, one byte of data. */
const TAKEN = [0x02, 0x00, 0x00, 0x01, 0x00, 0x33, 0x31];

export const gm65Scanner: ScannerDriver<Gm65State> = {
  name: 'gm65',
  baudRate: 9_600,
  heeds: ['suffix', 'stripAimPrefix'],
  examples: [
    {
      shows: 'a trigger, its reply without an end, and the code behind it',
      told: [
        { kind: 'link-up' },
        { kind: 'look', wanted: true },
        bytes(TAKEN, '6212345678901234567\r'),
        { kind: 'look', wanted: false },
      ],
      does: [
        { kind: 'write', bytes: TRIGGER_FRAME },
        { kind: 'scanned', text: '6212345678901234567' },
      ],
    },
    {
      shows: 'a reply that was damaged on the way, and control bytes in a code',
      told: [
        { kind: 'link-up' },
        { kind: 'look', wanted: true },
        bytes(TAKEN.with(6, 0x30), '62\u001d12\r'),
        { kind: 'look', wanted: false },
      ],
      does: [
        { kind: 'write', bytes: TRIGGER_FRAME },
        { kind: 'noise', code: 'SCANNER_REPLY_CRC' },
        { kind: 'noise', code: 'SCAN_CONTROL_BYTES' },
      ],
    },
  ],
  create: gm65Machine,
};

export function gm65Machine(options: ScannerOptions): Machine<Gm65State, ScannerInput, ScannerEffect> {
  const lines = lineMachine(options);
  const tabEnds = options.suffix === 'tab';

  function pass(state: Gm65State, input: ScannerInput, at: Instant, effects: ScannerEffect[]): Gm65State {
    const { state: line, effects: more } = lines.step(state.line, input, at);
    effects.push(...more);
    const hasRead = more.length > 0 && state.wanted;
    return { ...state, line, lookAt: hasRead ? later(at.mono, AFTER_CODE_MS) : state.lookAt };
  }

  function trigger(state: Gm65State, at: Instant, effects: ScannerEffect[]): Gm65State {
    if (!state.open || !state.wanted) return { ...state, lookAt: undefined };
    effects.push({ kind: 'write', bytes: TRIGGER_FRAME });
    return { ...state, replyDue: later(at.mono, REPLY_MS), lookAt: later(at.mono, READ_MS) };
  }

  /** Byte by byte, because a frame may begin wherever a scan ends. */
  function take(before: Gm65State, bytes: Uint8Array, at: Instant, effects: ScannerEffect[]): Gm65State {
    let state = before;
    for (let from = 0; from < bytes.length; ) {
      if (state.reply.length > 0 || (betweenScans(state.line.framing) && bytes[from] === REPLY_HEAD[0])) {
        state = replyByte(state, bytes.subarray(from, from + 1), at, effects);
        from++;
        continue;
      }
      let to = from;
      while (to < bytes.length && !isEnd(bytes[to] ?? 0, tabEnds)) to++;
      state = pass(state, { kind: 'bytes', bytes: bytes.subarray(from, to + 1) }, at, effects);
      from = to + 1;
    }
    return state;
  }

  function replyByte(state: Gm65State, byte: Uint8Array, at: Instant, effects: ScannerEffect[]): Gm65State {
    const reply = joinBytes(state.reply, byte);
    const length = reply[3];
    const notAReply = reply.length === 2 ? reply[1] !== REPLY_HEAD[1] : length !== undefined && length > MAX_REPLY_DATA;
    if (notAReply) return pass({ ...state, reply: NO_BYTES }, { kind: 'bytes', bytes: reply }, at, effects);
    if (length === undefined || reply.length < length + 6)
      return { ...state, reply, replyDue: later(at.mono, REPLY_MS) };
    const body = reply.subarray(2, length + 4);
    const crc = ((reply[length + 4] ?? 0) << 8) | (reply[length + 5] ?? 0);
    if (crc16Xmodem(body) !== crc) effects.push(noise('SCANNER_REPLY_CRC', 'a reply frame with a wrong checksum'));
    else if (body[0] !== DONE)
      effects.push(noise('SCANNER_REFUSED', `the scanner refused the trigger, type ${body[0]}`));
    return { ...state, reply: NO_BYTES, replyDue: undefined };
  }

  return {
    initial: {
      line: lines.initial,
      reply: NO_BYTES,
      replyDue: undefined,
      open: false,
      wanted: false,
      lookAt: undefined,
    },
    wakeAt: (state) => earliestWake(lines.wakeAt(state.line), state.replyDue, state.lookAt),
    step(before, input, at) {
      const effects: ScannerEffect[] = [];
      let state = before;
      if (state.replyDue !== undefined && at.mono >= state.replyDue) {
        effects.push(noise('SCANNER_SILENT', 'the scanner did not acknowledge the trigger'));
        state = { ...state, reply: NO_BYTES, replyDue: undefined };
      }
      switch (input.kind) {
        case 'bytes':
          state = take(state, input.bytes, at, effects);
          break;
        case 'look':
          state = pass(state, input, at, effects);
          if (input.wanted !== state.wanted) state = trigger({ ...state, wanted: input.wanted }, at, effects);
          break;
        case 'link-up':
        case 'link-lost': {
          const open = input.kind === 'link-up';
          state = pass({ ...state, reply: NO_BYTES, replyDue: undefined, open }, input, at, effects);
          state = trigger(state, at, effects);
          break;
        }
        case 'wake':
          state = pass(state, input, at, effects);
          break;
        default:
          return unreachable(input);
      }
      if (state.lookAt !== undefined && at.mono >= state.lookAt) state = trigger(state, at, effects);
      return { state, effects };
    },
  };
}

const noise = (code: string, what: string): ScannerEffect => ({ kind: 'noise', code, what });
