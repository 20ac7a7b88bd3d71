/** CRP/1 transcripts after the manual, with their checksums written out. */
import type { SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { latin1Bytes } from '../../bytes.js';
import type { Examples } from '../../transcript.js';
import type { ReaderExample } from '../reader.js';

const line = (text: string) => ({ kind: 'bytes', bytes: latin1Bytes(`${text}\r\n`) }) as const;
const writes = (text: string) => ({ kind: 'write', bytes: latin1Bytes(`${text}\r\n`) }) as const;
const ref = 'T20261123-0001' as SaleId;

const meets = [{ kind: 'link-up' }, line('$ACK|01*2017'), line('$HELO|01|1|PX-7|SN1|12|16*2E6B')] as const;
const met = [
  writes('$HELO|01|1|example-1.0*6D25'),
  { kind: 'ready', model: 'PX-7', mark: 'SN1' },
  writes('$ACK|01*2017'),
] as const;
const charges = [{ kind: 'charge', ref, netFen: fen(5_100), timeoutS: 60 }, line('$ACK|02*1074')] as const;
const charged = [writes('$SALE|02|T20261123-0001|5100|156|60*7420'), { kind: 'accepted', ref }] as const;

export const CRP1_EXAMPLES: Examples<ReaderExample> = [
  {
    shows: 'a greeting and a charge that the bank approves',
    told: [
      ...meets,
      ...charges,
      line('$RSLT|03|T20261123-0001|APPROVED|5100|156|00|A1|000000000042|4242|UPI|20261123093000*4655'),
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
          slip: { auth: 'A1', rrn: '000000000042', last4: '4242', scheme: 'UPI', readerTime: '20261123093000' },
        },
      },
      writes('$ACK|03*0055'),
    ],
  },
  {
    shows: 'a charge that the bank declines',
    told: [
      ...meets,
      ...charges,
      line('$RSLT|03|T20261123-0001|DECLINED|5100|156|51|||||*7574'),
      { kind: 'stored', ref },
    ],
    does: [
      ...met,
      ...charged,
      { kind: 'answer', ref, answer: { kind: 'not-charged', outcome: 'declined', code: '51' } },
      writes('$ACK|03*0055'),
    ],
  },
];
