/** The virtual CRP/1 reader as data: what it is told, what it does, and everything that it remembers. */
import type { MonoMs } from '#protocol/kernel/time.js';
import type { Wire, WireEffect, WireInput } from '../../wire.js';
import type { Bank, Payment, Stages } from '../bank.js';
import { type CrpBuffer, EMPTY } from './frame.js';
import type { CrpState, CrpStore } from './store.js';

/** Manual: T1 at 115200 Bd, three transmissions in all. */
export const T1_MS = 500;
export const TRANSMISSIONS = 3;
/** Manual: RSLT is resent every second, three times. */
export const RSLT_RESEND_MS = 1000;
export const RSLT_TRANSMISSIONS = 4;
/** Ours: how long a reader that lost power while online needs to learn from the bank what became of it. */
export const RECOVER_MS = 300;
export const VOID_MS = 40;

export interface CrpOptions {
  readonly model?: string | undefined;
  readonly serial?: string | undefined;
  readonly slots?: number | undefined;
  /** What the reader makes of a payment that was online when its power went. */
  readonly afterPowerCut?: 'recovers' | 'unknown' | undefined;
  /** Noise that the power-up circuit puts on the line. */
  readonly bootGarbage?: Uint8Array | undefined;
  /** Its flash from an earlier life. */
  readonly store?: CrpStore | undefined;
}

export type CrpInput =
  | WireInput
  /** What the next payments will be, in order; after them, approved again. */
  | { readonly kind: 'pays'; readonly payments: readonly Payment[] }
  | { readonly kind: 'usually'; readonly payment: Payment }
  /** The next RSLT speaks of something else: a firmware that mixes up its buffers. */
  | { readonly kind: 'forge'; readonly field: 'ref' | 'amount' | 'currency' };

export type CrpEffect =
  | WireEffect
  | { readonly kind: 'stage'; readonly ref: string; readonly state: CrpState }
  /** The host has acknowledged the result: the reader may forget it. */
  | { readonly kind: 'taken'; readonly ref: string };

/** A line of the reader's own that wants an ACK. */
export interface Outgoing {
  readonly verb: string;
  readonly seq: string;
  readonly frame: string;
  readonly ref: string;
  readonly bytes: Uint8Array;
  readonly sent: number;
  readonly limit: number;
  readonly everyMs: number;
}

export interface Link {
  readonly buffer: CrpBuffer;
  readonly heard: { readonly seq: string; readonly body: string } | undefined;
  readonly seq: string;
  readonly outbox: readonly Outgoing[];
  readonly resendAt: MonoMs | undefined;
  readonly greeted: boolean;
}
export const FRESH_LINK: Link = {
  buffer: EMPTY,
  heard: undefined,
  seq: '00',
  outbox: [],
  resendAt: undefined,
  greeted: false,
};

export interface Running {
  readonly ref: string;
  readonly payment: Payment;
  readonly stages: Stages;
  readonly phase: 'CARD' | 'ONLINE';
}

export interface CrpReader {
  readonly options: CrpOptions;
  /** Flash: the only part of the reader itself that survives its power. */
  readonly store: CrpStore;
  /** The world outside. */
  readonly bank: Bank;
  readonly wire: Wire;
  readonly power: 'on' | 'off';
  readonly powerBackAt: MonoMs | undefined;
  readonly link: Link;
  readonly running: Running | undefined;
  /** PENDING references and when the reader will know. */
  readonly resolving: readonly { readonly ref: string; readonly at: MonoMs }[];
  readonly forge: readonly ('ref' | 'amount' | 'currency')[];
}
