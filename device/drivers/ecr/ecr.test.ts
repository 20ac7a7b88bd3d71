import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixedZone } from '#protocol/campaign/calendar.js';
import { crc16CcittFalse, crcHex } from '#protocol/codes/crc16.js';
import { REASON_CODES } from '#protocol/faults/reasons.js';
import { monoMs, wallMs } from '#protocol/kernel/time.js';
import { localTime } from '../../core/receipt/local-time.js';
import type { SaleView } from '../../ports/till.js';
import { latin1Bytes, latin1Text } from '../bytes.js';
import {
  ECR_SILENCE_MS,
  EMPTY_ECR_BUFFER,
  encodeEcrError,
  encodeEcrHere,
  encodeEcrSale,
  feedEcr,
  MAX_ECR_LINE,
  parseEcrLine,
} from './ecr.js';

const seal = (body: string): string => `${body}*${crcHex(crc16CcittFalse(latin1Bytes(body)))}`;

const NOW = monoMs(5_000);
const zone = fixedZone(8 * 3_600_000);
const once = { again: false, clock: (at: ReturnType<typeof wallMs>) => localTime(zone, at) };

function fed(...chunks: Uint8Array[]) {
  let buffer = EMPTY_ECR_BUFFER;
  return chunks.flatMap((chunk) => {
    const step = feedEcr(buffer, chunk, NOW);
    buffer = step.buffer;
    return step.requests;
  });
}

const sale = {
  order: 'T1*2|3%4',
  sale: 'S-1',
  state: 'settled',
  amountFen: 25_990,
  netFen: 21_990,
  coupon: { faceFen: 4_000, thresholdFen: 20_000, offline: false },
  reason: null,
  next: null,
  receipt: 'R-77',
  card: null,
  outcome: null,
  code: null,
  openedAt: wallMs(Date.parse('2026-11-24T08:31:07Z')),
  settledAt: wallMs(Date.parse('2026-11-24T08:32:49Z')),
  line: { zh: '', en: '' },
} as unknown as SaleView;

describe('ECR/1, the serial line of a till', () => {
  it.each([
    ['PAY|T-1|25990', { kind: 'open', order: 'T-1', amountFen: 25_990 }],
    ['CHARGE|T-1', { kind: 'charge', order: 'T-1' }],
    ['CANCEL|T-1', { kind: 'cancel', order: 'T-1' }],
    ['REFUND|T-1', { kind: 'refund', order: 'T-1' }],
    ['REPRINT|T-1', { kind: 'reprint', order: 'T-1' }],
    ['ASK|T-1', { kind: 'ask-again', order: 'T-1' }],
    ['LOOK|a%2Ab%7Cc%25', { kind: 'look', order: 'a*b|c%' }],
  ])('understands %s', (body, request) => {
    expect(parseEcrLine(seal(body))).toEqual({ ok: true, value: request });
  });

  it.each([
    ['a wrong CRC', 'PAY|T-1|100*0000', '', 'ECR_CRC'],
    ['no CRC', 'PAY|T-1|100', '', 'ECR_FORMAT'],
    [
      'a CRC in small letters',
      seal('LOOK|1')
        .replace(/[A-F]/g, (c) => c.toLowerCase())
        .replace(/\*(\d+)$/, '*a$1'),
      '',
      'ECR_FORMAT',
    ],
    ['no order', seal('PAY||100'), '', 'ORDER_MALFORMED'],
    ['a space in the order', seal('PAY|a b|100'), '', 'ORDER_MALFORMED'],
    ['an order of 65 characters', seal(`PAY|${'x'.repeat(65)}|100`), '', 'ORDER_MALFORMED'],
    ['an escape of its own', seal('LOOK|a%41'), '', 'ECR_FORMAT'],
    ['an unknown command', seal('DROP|T-1'), 'T-1', 'ECR_UNKNOWN_COMMAND'],
    ['a property of every object', seal('constructor|T-1'), 'T-1', 'ECR_UNKNOWN_COMMAND'],
    ['a field too many', seal('CHARGE|T-1|1'), 'T-1', 'ECR_FORMAT'],
    ['no amount', seal('PAY|T-1'), 'T-1', 'ECR_FORMAT'],
    ['yuan', seal('PAY|T-1|259.90'), 'T-1', 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    ['zero', seal('PAY|T-1|0'), 'T-1', 'AMOUNT_NOT_POSITIVE'],
    ['a negative amount', seal('PAY|T-1|-5'), 'T-1', 'AMOUNT_NOT_POSITIVE'],
    ['an amount beyond the reader’s', seal('PAY|T-1|100000000'), 'T-1', 'AMOUNT_TOO_LARGE'],
    ['an amount beyond 2^53', seal('PAY|T-1|9007199254740993'), 'T-1', 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    ['hexadecimal', seal('PAY|T-1|0x10'), 'T-1', 'AMOUNT_NOT_A_WHOLE_NUMBER'],
  ])('refuses %s and changes nothing', (_, line, order, code) => {
    expect(parseEcrLine(line)).toEqual({ ok: false, fault: { order, code } });
  });

  it('takes CR, LF or both as the end of a line', () => {
    for (const end of ['\r', '\n', '\r\n']) {
      expect(fed(latin1Bytes(`${seal('LOOK|1')}${end}${seal('LOOK|2')}${end}`)).map((r) => r.ok)).toEqual([true, true]);
    }
  });

  it('understands the same wherever the line is cut', () => {
    const bytes = latin1Bytes(`${seal('PAY|T-1|100')}\r\nnoise\r\n${seal('CHARGE|T-1')}\r\n`);
    const whole = fed(bytes);
    expect(whole).toHaveLength(3);
    for (let at = 0; at <= bytes.length; at++) expect(fed(bytes.subarray(0, at), bytes.subarray(at))).toEqual(whole);
    expect(fed(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(whole);
  });

  it('throws away a line without an end, and understands the next one', () => {
    const long = latin1Bytes('x'.repeat(100_000));
    const { buffer } = feedEcr(EMPTY_ECR_BUFFER, long, NOW);
    expect(buffer.text.length).toBeLessThanOrEqual(MAX_ECR_LINE);
    const after = feedEcr(buffer, latin1Bytes(`\r\n${seal('LOOK|1')}\r\n`), NOW).requests;
    expect(after.map((r) => (r.ok ? r.value.kind : r.fault.code))).toEqual(['ECR_LINE_TOO_LONG', 'look']);
  });

  it('forgets half a line after a silence, says so, and understands the next one', () => {
    const half = feedEcr(EMPTY_ECR_BUFFER, latin1Bytes('PAY|A-1|25'), NOW).buffer;
    const soon = feedEcr(half, latin1Bytes(`${seal('PAY|A-1|2599').slice(10)}\r`), monoMs(NOW + ECR_SILENCE_MS - 1));
    expect(soon.requests).toMatchObject([{ ok: true, value: { kind: 'open', amountFen: 2_599 } }]);
    const late = feedEcr(half, latin1Bytes(`${seal('LOOK|A-1')}\r`), monoMs(NOW + ECR_SILENCE_MS));
    expect(late.requests).toEqual([
      { ok: false, fault: { order: '', code: 'ECR_HALF_LINE' } },
      { ok: true, value: { kind: 'look', order: 'A-1' } },
    ]);
    const endless = feedEcr(EMPTY_ECR_BUFFER, latin1Bytes('x'.repeat(500)), NOW).buffer;
    const after = feedEcr(endless, latin1Bytes(`${seal('LOOK|A-1')}\r`), monoMs(NOW + ECR_SILENCE_MS)).requests;
    expect(after.map(({ ok }) => ok)).toEqual([false, true]);
  });

  it('says that it is there, and who', () => {
    expect(parseEcrLine(seal('HELLO'))).toEqual({ ok: true, value: { kind: 'hello' } });
    expect(parseEcrLine(seal('HELLO|x'))).toEqual({ ok: false, fault: { order: '', code: 'ECR_FORMAT' } });
    const here = latin1Text(encodeEcrHere({ agent: 'codeplate-0.1.0', device: 'plate-001' }));
    expect(here).toBe(`${seal('HERE|ECR/1|codeplate-0.1.0|plate-001')}\r\n`);
    expect(parseEcrLine(here.trimEnd())).toMatchObject({ ok: false, fault: { code: 'ECR_OWN_LINE' } });
  });

  it('never fails on noise, and keeps no more than a line of it', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 5 }), (chunks) => {
        let buffer = EMPTY_ECR_BUFFER;
        for (const chunk of chunks) {
          const step = feedEcr(buffer, chunk, NOW);
          buffer = step.buffer;
          for (const request of step.requests) expect(request.ok).toBe(false);
          expect(buffer.text.length).toBeLessThanOrEqual(MAX_ECR_LINE);
        }
      }),
    );
  });

  it('tells how a sale stands, escaped and sealed', () => {
    const line = latin1Text(encodeEcrSale(sale, once));
    expect(line).toBe(
      `${seal('SALE|T1%2A2%7C3%254|settled|25990|21990|4000|R-77||||20261124163107|20261124163249|0')}\r\n`,
    );
    const declined = { ...sale, state: 'not-charged', outcome: 'declined', code: '51', settledAt: null } as const;
    expect(latin1Text(encodeEcrSale(declined, { ...once, again: true }))).toContain(
      '|not-charged|25990|21990|4000|R-77||declined|51|20261124163107||1*',
    );
    expect(latin1Text(encodeEcrError('T-1', 'COUNTER_BUSY'))).toBe(`${seal('ERR|T-1|COUNTER_BUSY')}\r\n`);
  });

  it('fits every answer into one line', () => {
    for (const reason of REASON_CODES) {
      const longest = encodeEcrSale(
        {
          ...sale,
          order: '%'.repeat(64) as SaleView['order'],
          state: 'refund-unknown',
          amountFen: 99_999_999 as SaleView['amountFen'],
          netFen: 10_000_000 as SaleView['netFen'],
          // The longest device name, and a sale number that no counter will reach.
          receipt: `${'d'.repeat(32)}-s999999-abcdef` as SaleView['receipt'],
          reason,
          outcome: 'not-found',
          code: '|'.repeat(32),
        },
        { ...once, again: true },
      );
      expect(longest.length, reason).toBeLessThanOrEqual(MAX_ECR_LINE);
    }
  });
});
