/**
 * What every card reader driver is: a conversation that moves money. The reader is asked for the net amount under the
 * sale's id; nobody but the reader says whether money moved.
 */

import type { SaleId } from '#protocol/kernel/ids.js';
import type { Machine } from '#protocol/kernel/machine.js';
import type { Fen } from '#protocol/kernel/money.js';
import type { CardSlip } from '#protocol/records/record.js';
import type { Examples, Transcript } from '../transcript.js';

export type ReaderInput =
  | { readonly kind: 'link-up' }
  | { readonly kind: 'link-lost'; readonly why: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'wake' }
  | { readonly kind: 'charge'; readonly ref: SaleId; readonly netFen: Fen; readonly timeoutS: number }
  | { readonly kind: 'cancel'; readonly ref: SaleId }
  /** What became of this reference? `netFen` and `mark` are what the journal holds, for readers that keep only their last sale. */
  | { readonly kind: 'ask'; readonly ref: SaleId; readonly netFen: Fen; readonly mark: string | null }
  | {
      readonly kind: 'void';
      readonly ref: SaleId;
      readonly original: SaleId;
      readonly netFen: Fen;
      readonly slip: CardSlip;
    }
  /** The host has made this result durable: the reader may forget it (CRP/1: ACK of RSLT). */
  | { readonly kind: 'stored'; readonly ref: SaleId };

/**
 * What the reader says of a reference. `approved` and the not-charged family are final. `running`: ask again.
 * `cannot-say`: UNKNOWN, EXPIRED, or a last sale that isn't ours to judge.
 */
export type ReaderAnswer =
  | { readonly kind: 'approved'; readonly slip: CardSlip }
  | {
      readonly kind: 'not-charged';
      readonly outcome: 'declined' | 'cancelled' | 'timeout' | 'error' | 'not-found';
      readonly code: string;
    }
  | { readonly kind: 'running' }
  | { readonly kind: 'cannot-say'; readonly why: string };

export type ReaderEffect =
  | { readonly kind: 'write'; readonly bytes: Uint8Array }
  /**
   * The reader is there and its conversation has begun (HELO answered, poll acknowledged). `mark`: what the journal keeps with
   * a charge for a later `ask`: which reader this is, or where the reader's own book stands.
   */
  | { readonly kind: 'ready'; readonly model: string; readonly mark: string | null }
  | { readonly kind: 'away'; readonly why: string }
  /** The charge or void reached the reader, which has stored it. */
  | { readonly kind: 'accepted'; readonly ref: SaleId }
  | { readonly kind: 'progress'; readonly ref: SaleId; readonly step: 'card' | 'pin' | 'online' | 'print' | 'remove' }
  | { readonly kind: 'answer'; readonly ref: SaleId; readonly answer: ReaderAnswer }
  /** The command was certainly not taken (BUSY, FORMAT, never sent). Safe to give up or try again. */
  | { readonly kind: 'refused'; readonly ref: SaleId; readonly code: string }
  /** Nobody knows whether the command arrived: no ACK after every transmission, or the port died in mid-command. */
  | { readonly kind: 'silent'; readonly ref: SaleId; readonly why: string }
  /** A result for another reference, amount or currency than asked for. Alarmed, never taken as this sale's. */
  | { readonly kind: 'alert'; readonly code: string; readonly what: string }
  | { readonly kind: 'noise'; readonly code: string; readonly what: string };

export type ReaderExample = Transcript<ReaderInput, ReaderEffect>;

export interface ReaderDriver<State = unknown> {
  readonly name: string;
  readonly baudRate: number;
  readonly examples: Examples<ReaderExample>;
  create(options: ReaderOptions): Machine<State, ReaderInput, ReaderEffect>;
}

export interface ReaderOptions {
  /** Name and version, told to the reader in its greeting. */
  readonly agent: string;
  /** The speed that the port really has: what is waited for takes longer on a slow line. */
  readonly baudRate: number;
}
