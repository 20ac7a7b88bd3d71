/** Where a CRP/1 conversation stands: plain data, replaced and never changed. */
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

/** What the host has asked about, and what it heard. */
export interface Known {
  readonly ref: SaleId;
  readonly netFen: Fen;
  /** Serial number of the reader that has it, if anybody has; null where that isn't known. */
  readonly reader: string | null;
  /** STAT was sent for it: NOTFOUND may come. */
  readonly statSent: boolean;
  /** The final result, once it is there; another one later is an alarm. */
  readonly final: string | undefined;
  readonly stored: boolean;
  /** Results that wait for `stored` before their ACK. */
  readonly owed: readonly string[];
}

/** The reader's newest line: its repeat is acknowledged again and not acted on again. */
export interface Heard {
  readonly seq: string;
  readonly body: string;
  /** undefined: nothing is sent, or not yet. */
  readonly reply: readonly string[] | undefined;
}

export interface Crp1State {
  readonly link: 'down' | 'greeting' | 'ready';
  readonly awayTold: boolean;
  readonly framing: Framing;
  readonly seq: number;
  readonly sent: Sent | undefined;
  readonly queue: readonly HostMessage[];
  /** While greeting with nothing under way: when to greet (again). */
  readonly greetAt: MonoMs | undefined;
  readonly boot: string | undefined;
  /** Of its last greeting. */
  readonly serial: string | null;
  readonly heard: Heard | undefined;
  /** The charge or void that the reader has, or is about to be given. `due` once it has accepted. */
  readonly running:
    | {
        readonly ref: SaleId;
        readonly forMs: number;
        readonly due: MonoMs | undefined;
        /** When to make sure that the reader still lives. */
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

/** The reader goes away: everything under way ends, each as honestly as can be. */
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

/** Keeps what is known of this reference, unless the amount is another one; forgets the oldest where there are too many. */
export function remembering(
  known: readonly Known[],
  { ref, netFen, reader }: Pick<Known, 'ref' | 'netFen' | 'reader'>,
): readonly Known[] {
  if (known.some((one) => one.ref === ref && one.netFen === netFen)) return known;
  const others = known.filter((one) => one.ref !== ref).slice(1 - MAX_KNOWN);
  return [...others, { ref, netFen, reader, statSent: false, final: undefined, stored: false, owed: [] }];
}
