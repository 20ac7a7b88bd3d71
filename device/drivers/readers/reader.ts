/**
 * The interface of a card reader driver: a conversation that moves money.
 *
 * The reader charges the net amount under the sale's id. Only the reader knows whether money moved.
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
  /**
   * Queries the outcome of this reference. `netFen` and `mark` come from the journal, for readers that keep only their last
   * sale.
   */
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
 * The reader's answer about a reference. `approved` and the not-charged family are final. `running`: ask again.
 * `cannot-say`: UNKNOWN, EXPIRED, or a last sale that may be another one.
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
   * The reader's conversation has begun (HELO answered, poll acknowledged). `mark`: the journal keeps it with a charge for
   * a later `ask`; it identifies this reader, or the position of the reader's own book.
   */
  | { readonly kind: 'ready'; readonly model: string; readonly mark: string | null }
  | { readonly kind: 'away'; readonly why: string }
  /** The charge or void reached the reader, which has stored it. */
  | { readonly kind: 'accepted'; readonly ref: SaleId }
  | { readonly kind: 'progress'; readonly ref: SaleId; readonly step: 'card' | 'pin' | 'online' | 'print' | 'remove' }
  | { readonly kind: 'answer'; readonly ref: SaleId; readonly answer: ReaderAnswer }
  /** The command was certainly not accepted (BUSY, FORMAT, never sent). Safe to give up or retry. */
  | { readonly kind: 'refused'; readonly ref: SaleId; readonly code: string }
  /** The command's arrival is unknown: no ACK after every transmission, or the port died in mid-command. */
  | { readonly kind: 'silent'; readonly ref: SaleId; readonly why: string }
  /** A result for another reference, amount or currency than requested. Raises an alert, and never counts as this sale's. */
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
  /** The agent's name and version, for the greeting. */
  readonly agent: string;
  /** The port's actual speed: timeouts are longer on a slow line. */
  readonly baudRate: number;
}
