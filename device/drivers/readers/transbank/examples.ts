/** POS Integrado transcripts: STX, fields, ETX and the xor behind them, written out. */
import type { SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { latin1Bytes } from '../../bytes.js';
import type { Examples } from '../../transcript.js';
import type { ReaderExample } from '../reader.js';

const hears = (text: string) => ({ kind: 'bytes', bytes: latin1Bytes(text) }) as const;
const writes = (text: string) => ({ kind: 'write', bytes: latin1Bytes(text) }) as const;
const ACK = '\u0006';
const ref = 'c01-20261123-000042' as SaleId;
const ready = (mark: string) => ({ kind: 'ready', model: 'Transbank POS Integrado', mark }) as const;

const LAST =
  '\u00020260|00|597029414300|12345678|000041|A12345|1000|0|0|6677|000102|DB|||CB|23112026|093015||0|\u00038';
const meets = [{ kind: 'link-up' }, hears(ACK), hears(ACK + LAST)] as const;
const met = [writes('\u00020100\u0003\u0002'), writes('\u00020250|\u0003x'), writes(ACK), ready('000102')] as const;
const charges = [{ kind: 'charge', ref, netFen: fen(5_100), timeoutS: 60 }, hears(ACK)] as const;
const charged = [writes('\u00020200|000005100|000042|||1|\u0003\u0002'), { kind: 'accepted', ref }] as const;

export const TRANSBANK_EXAMPLES: Examples<ReaderExample> = [
  {
    shows: 'a poll, the last sale, and a charge that is approved',
    told: [
      ...meets,
      ...charges,
      hears(
        '\u00020210|00|597029414300|12345678|000042|A12345|5100|0|0|6677|000103|DB|||CB|23112026|093015||0|\u00038',
      ),
      { kind: 'stored', ref },
    ],
    does: [
      ...met,
      ...charged,
      {
        kind: 'answer',
        ref,
        answer: {
          kind: 'approved',
          slip: { auth: 'A12345', rrn: '000103', last4: '6677', scheme: 'CB', readerTime: '20261123093015' },
        },
      },
      ready('000103'),
      writes(ACK),
    ],
  },
  {
    shows: 'a charge that is declined',
    told: [
      ...meets,
      ...charges,
      hears('\u00020210|01|597029414300|12345678|000042||5100|\u0003u'),
      { kind: 'stored', ref },
    ],
    does: [
      ...met,
      ...charged,
      { kind: 'answer', ref, answer: { kind: 'not-charged', outcome: 'declined', code: '01' } },
      writes(ACK),
    ],
  },
];
