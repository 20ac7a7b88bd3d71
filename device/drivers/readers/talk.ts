/**
 * One step of a reader's conversation, as an object that lives for the duration of `step`.
 *
 * Its states are replaced and never mutated, and its effects accumulate in order. The two drivers share the methods for
 * effects to the host.
 */
import type { SaleId } from '#protocol/kernel/ids.js';
import type { Instant } from '#protocol/kernel/time.js';
import type { ReaderAnswer, ReaderEffect } from './reader.js';

export abstract class ReaderTalk<State extends object> {
  readonly effects: ReaderEffect[] = [];

  constructor(
    public state: State,
    protected readonly at: Instant,
  ) {}

  protected set(change: Partial<State>): void {
    this.state = { ...this.state, ...change };
  }

  protected write(bytes: Uint8Array): void {
    this.effects.push({ kind: 'write', bytes });
  }

  protected answer(ref: SaleId, answer: ReaderAnswer): void {
    this.effects.push({ kind: 'answer', ref, answer });
  }

  protected cannotSay(ref: SaleId, why: string): void {
    this.answer(ref, { kind: 'cannot-say', why });
  }

  protected refuse(ref: SaleId, code: string): void {
    this.effects.push({ kind: 'refused', ref, code });
  }

  protected silent(ref: SaleId, why: string): void {
    this.effects.push({ kind: 'silent', ref, why });
  }

  protected alert(code: string, what: string): void {
    this.effects.push({ kind: 'alert', code, what });
  }

  protected noise(code: string, what: string): void {
    this.effects.push({ kind: 'noise', code, what });
  }
}
