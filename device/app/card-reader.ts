/** The counter's view of the card reader: its connection, its mark, and its answers about a charge. */
import type { SaleId } from '#protocol/kernel/ids.js';
import { unreachable } from '#protocol/kernel/machine.js';
import type { ReaderEffect } from '../drivers/readers/reader.js';
import type { Log } from '../ports/log.js';

/** The reader's events for a sale; its port handles bytes and line faults. */
export type ReaderEvent = Exclude<ReaderEffect, { kind: 'write' | 'noise' | 'alert' }>;
export type ReaderReply = Extract<ReaderEvent, { kind: 'answer' | 'refused' | 'silent' }>;

export interface CardReaderEvents {
  onReady(): void;
  /** The reader has accepted or continues the charge: an answer is near. */
  onProgress(): void;
  onReply(sale: SaleId, word: ReaderReply): void;
}

export class CardReader {
  readonly #log: Log;
  readonly #events: CardReaderEvents;
  ready = false;
  /** From its last greeting; distinguishes a charge from the reader's earlier ones. */
  mark: string | null = null;

  constructor(log: Log, events: CardReaderEvents) {
    this.#log = log;
    this.#events = events;
  }

  receive(news: ReaderEvent): void {
    switch (news.kind) {
      case 'ready':
        this.ready = true;
        this.mark = news.mark;
        this.#log('info', 'READER_READY', { model: news.model });
        this.#events.onReady();
        return;
      case 'away':
        this.ready = false;
        this.#log('warn', 'READER_AWAY', { why: news.why });
        return;
      case 'accepted':
      case 'progress':
        this.#log('debug', 'READER_PROGRESS', {
          ref: news.ref,
          step: news.kind === 'progress' ? news.step : 'accepted',
        });
        this.#events.onProgress();
        return;
      case 'answer':
      case 'refused':
      case 'silent':
        this.#events.onReply(news.ref, news);
        return;
      default:
        unreachable(news);
    }
  }
}
