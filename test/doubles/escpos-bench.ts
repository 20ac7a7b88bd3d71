/** A printer and the port in front of it for tests of its conversation, and what it did, told as a transcript. */

import { createPrinter } from '#device/drivers/printers/escpos.js';
import type { EscposState } from '#device/drivers/printers/escpos-state.js';
import { generic58 } from '#device/drivers/printers/models/generic-58.js';
import type { PrinterEffect, PrinterInput, PrinterModel, PrintJob } from '#device/drivers/printers/printer.js';
import type { ReceiptNo } from '#protocol/kernel/ids.js';
import { monoMs } from '#protocol/kernel/time.js';

export const model = (status: PrinterModel['status']): PrinterModel => ({ ...generic58, status });
export const JOB_BYTES = 1200; // three chunks
/** A job's bytes are all its own sign, so that the transcript shows whose they are. */
export const job = (id: string, copy: PrintJob['copy'] = 'original', length = JOB_BYTES): PrintJob => ({
  id,
  receipt: id.replace(/\.\d+$/, '') as ReceiptNo,
  copy,
  bytes: new Uint8Array(length).fill(id.charCodeAt(0)),
});

export const say = (effect: PrinterEffect): string => {
  switch (effect.kind) {
    case 'write': {
      const [first, second, third] = effect.bytes;
      if (first === 0x10 && second === 0x04) return `ask ${third}`;
      if (first === 0x1d && second === 0x61) return 'ask asb';
      return `send ${first === 0 ? 'padding' : String.fromCharCode(first ?? 0)} ${effect.bytes.length}`;
    }
    case 'done':
      return `done ${effect.job.id} ${effect.outcome}`;
    case 'held':
      return `held ${effect.job.id} ${effect.why}`;
    case 'broken':
      return `broken ${effect.job.id} ${effect.why}`;
    case 'paper':
      return `paper ${effect.paper}`;
    case 'noise':
      return `noise ${effect.code}`;
  }
};

/** A printer and the port in front of it, driven by hand. */
export class PrinterBench {
  readonly #machine;
  state: EscposState;
  now = 1000;
  #heard: string[] = [];

  constructor(status: PrinterModel['status'], mayBeTorn = false) {
    this.#machine = createPrinter(model(status), { mayBeTorn });
    this.state = this.#machine.initial;
  }
  tell(...inputs: readonly PrinterInput[]): this {
    for (const input of inputs) {
      const { state, effects } = this.#machine.step(this.state, input, { mono: monoMs(this.now), wall: undefined });
      this.state = state;
      this.#heard.push(...effects.map(say));
    }
    return this;
  }
  bytes(...bytes: readonly number[]): this {
    return this.tell({ kind: 'bytes', bytes: Uint8Array.from(bytes) });
  }
  written(times = 1, fault?: string): this {
    for (let i = 0; i < times; i++) this.tell({ kind: 'written', fault });
    return this;
  }
  /** Answers of a printer that is asked: each question is written, then answered. */
  answers(...bytes: readonly number[]): this {
    for (const byte of bytes) this.written().bytes(byte);
    return this;
  }
  print(id: string, copy?: PrintJob['copy']): this {
    return this.tell({ kind: 'print', job: job(id, copy) });
  }
  /** Lets time pass to the next deadline. */
  wake(): this {
    const at = this.#machine.wakeAt(this.state);
    if (at === undefined) throw new Error('the printer waits for no deadline');
    this.now = Math.max(this.now, at);
    return this.tell({ kind: 'wake' });
  }
  get wakeIn(): number | undefined {
    const at = this.#machine.wakeAt(this.state);
    return at === undefined ? undefined : at - this.now;
  }
  /** What it did since the last look. */
  get did(): readonly string[] {
    const heard = this.#heard;
    this.#heard = [];
    return heard;
  }
  quietly(): this {
    this.#heard = [];
    return this;
  }
}

export const up: PrinterInput = { kind: 'link-up' };
export const lost: PrinterInput = { kind: 'link-lost', why: 'unplugged' };
export const look: PrinterInput = { kind: 'look' };
export const resume: PrinterInput = { kind: 'resume' };
export const ONLINE = 0x12;
export const OFFLINE = 0x1a;
export const PAPER_OK = 0x12;
export const PAPER_LOW = 0x1e;
export const PAPER_OUT = 0x72;
export const COVER = 0x16;
export const ERROR = 0x52;
export const CUTTER = 0x1a;
/** Automatic status, whole frames. */
export const OK = [0x10, 0x00, 0x00, 0x00];
export const OUT = [0x18, 0x00, 0x0c, 0x00];

export const speaking = (): PrinterBench => new PrinterBench('dle-eot').tell(up).answers(ONLINE, PAPER_OK).quietly();
