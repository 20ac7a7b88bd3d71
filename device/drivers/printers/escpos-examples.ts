/** Status transcripts of ESC/POS printers by kind of status: the tests play them against every model of that kind. */
import type { ReceiptNo } from '#protocol/kernel/ids.js';
import type { Examples, Transcript } from '../transcript.js';
import type { PrinterEffect, PrinterInput, PrinterModel, PrintJob } from './printer.js';

type PrinterExample = Transcript<PrinterInput, PrinterEffect>;

const bytes = (...list: readonly number[]): Uint8Array => Uint8Array.from(list);
const job: PrintJob = {
  id: 'R-1.1',
  receipt: 'R-1' as ReceiptNo,
  copy: 'original',
  bytes: bytes(0x41, 0x0a),
};
const written = { kind: 'written', fault: undefined } as const;
const asks = (n: number) => ({ kind: 'write', bytes: bytes(0x10, 0x04, n) }) as const;
const says = (...list: readonly number[]) => ({ kind: 'bytes', bytes: bytes(...list) }) as const;
/** Automatic status back: online, paper present. */
const AT_EASE = says(0x10, 0x00, 0x00, 0x00);
const asksForAll = { kind: 'write', bytes: bytes(0x1d, 0x61, 0x0e) } as const;
const sent = { kind: 'write', bytes: job.bytes } as const;

export const ESCPOS_EXAMPLES = {
  none: [
    {
      shows: 'a receipt that nobody confirms',
      told: [{ kind: 'link-up' }, { kind: 'print', job }, written, { kind: 'pass', ms: 60_000 }],
      does: [sent, { kind: 'done', job, outcome: 'unconfirmed' }],
    },
  ],
  'dle-eot': [
    {
      shows: 'a receipt that is confirmed by an answer',
      told: [
        ...[{ kind: 'link-up' } as const, written, says(0x12), written, says(0x12)],
        ...[{ kind: 'print', job } as const, written, says(0x12), written, says(0x12)],
        ...[written, written, says(0x12), written, says(0x12)],
      ],
      does: [
        ...[asks(1), asks(4), { kind: 'paper', paper: 'ok' } as const, asks(1), asks(4)],
        ...[sent, asks(1), asks(4), { kind: 'done', job, outcome: 'printed' } as const],
      ],
    },
  ],
  asb: [
    {
      shows: 'a receipt that the printer confirms by itself',
      told: [
        ...[{ kind: 'link-up' } as const, written, AT_EASE],
        ...[{ kind: 'print', job } as const, written, AT_EASE],
        ...[written, written, AT_EASE],
      ],
      does: [
        ...[asksForAll, { kind: 'paper', paper: 'ok' } as const],
        ...[asksForAll, sent, asksForAll, { kind: 'done', job, outcome: 'printed' } as const],
      ],
    },
  ],
} as const satisfies Record<PrinterModel['status'], Examples<PrinterExample>>;
