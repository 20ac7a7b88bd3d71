/** The state of a CRP/1 conversation: plain data, replaced and never mutated. */
import type { SaleId } from '#protocol/kernel/ids.js';
import type { Fen } from '#protocol/kernel/money.js';
import type { MonoMs } from '#protocol/kernel/time.js';
import type { ReaderEffect } from '../reader.js';
import { BETWEEN_LINES, type Framing } from './frame.js';
import { MAX_KNOWN } from './limits.js';
import { type HostMessage, isCharge } from './messages.js';

export interface Sent {
  readonly message: HostMessage;
  readonly seq: string;
  readonly bytes: Uint8Array;
  readonly times: number;
  readonly due: MonoMs;
}

/** A reference that the host has asked about, and the answers so far. */
export interface Known {
  readonly ref: SaleId;
  readonly netFen: Fen;
  /** Serial number of the reader that has the charge; null if unknown or none. */
  readonly reader: string | null;
  /** A STAT was sent for it, so NOTFOUND may come. */
  readonly statSent: boolean;
  /** The final result once it has arrived; a different one later raises an alert. */
  readonly final: string | undefined;
  readonly stored: boolean;
  /** Results that wait for `stored` before their ACK. */
  readonly owed: readonly string[];
}

/** The reader's newest line: a repeat is acknowledged again but not processed again. */
export interface Heard {
  readonly seq: string;
  readonly body: string;
  /** undefined: no reply, or not yet. */
  readonly reply: readonly string[] | undefined;
}

export interface Crp1State {
  readonly link: 'down' | 'greeting' | 'ready';
  readonly awayTold: boolean;
  readonly framing: Framing;
  readonly seq: number;
  readonly sent: Sent | undefined;
  readonly queue: readonly HostMessage[];
  /** While greeting with nothing in flight: the time of the next greeting. */
  readonly greetAt: MonoMs | undefined;
  readonly boot: string | undefined;
  /** From its last greeting. */
  readonly serial: string | null;
  readonly heard: Heard | undefined;
  /** The charge or void that the reader has, or is about to get. `due` once it has accepted. */
  readonly running:
    | {
        readonly ref: SaleId;
        readonly forMs: number;
        readonly due: MonoMs | undefined;
        /** The time of the next liveness probe. */
        readonly lookAt: MonoMs | undefined;
      }
    | undefined;
  /** STAT acknowledged, its result outstanding. */
  readonly asked: readonly { readonly ref: SaleId; readonly due: MonoMs }[];
  readonly known: readonly Known[];
}

export const INITIAL: Crp1State = {
  link: 'down',
  awayTold: false,
  framing: BETWEEN_LINES,
  seq: 0,
  sent: undefined,
  queue: [],
  greetAt: undefined,
  boot: undefined,
  serial: null,
  heard: undefined,
  running: undefined,
  asked: [],
  known: [],
};

/** The reader goes away: everything in flight ends with the most honest outcome. */
export function leftBehind({ sent, queue, running, asked, awayTold }: Crp1State, why: string): readonly ReaderEffect[] {
  const effects: ReaderEffect[] = [];
  if (running !== undefined) {
    const { ref } = running;
    const unsent = queue.some((message) => isCharge(message));
    effects.push(unsent ? { kind: 'refused', ref, code: 'AWAY' } : { kind: 'silent', ref, why });
  }
  const stats = [sent?.message, ...queue].flatMap((message) => (message?.kind === 'STAT' ? [message.ref] : []));
  for (const ref of new Set([...stats, ...asked.map((one) => one.ref)])) {
    if (ref !== running?.ref) effects.push({ kind: 'silent', ref, why });
  }
  if (!awayTold) effects.push({ kind: 'away', why });
  return effects;
}

/** Remembers this reference, unless it is known with another amount; evicts the oldest beyond the limit. */
export function remembering(
  known: readonly Known[],
  { ref, netFen, reader }: Pick<Known, 'ref' | 'netFen' | 'reader'>,
): readonly Known[] {
  if (known.some((one) => one.ref === ref && one.netFen === netFen)) return known;
  const others = known.filter((one) => one.ref !== ref).slice(1 - MAX_KNOWN);
  return [...others, { ref, netFen, reader, statSent: false, final: undefined, stored: false, owed: [] }];
}
