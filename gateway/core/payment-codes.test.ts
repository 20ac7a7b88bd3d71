/** Numbers and secrets of payment codes: the same for ever under one key, and nobody's under another. */
import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { PAYMENT_NUMBER, PAYMENT_STEP_MS, type PaymentNumber, paymentCodeAt } from '#protocol/codes/payment-code.js';
import { wallMs } from '#protocol/kernel/time.js';
import { hmacSha256 } from '#protocol/node/crypto.js';
import { holderId, MORNING } from '../../test/contract/ledger-fixture.js';
import { paymentCodes } from './payment-codes.js';

const under = (key: string) => paymentCodes((text) => createHmac('sha256', key).update(text).digest('hex'), hmacSha256);
const codes = under('a key');
const ann = holderId('ann');

it('a holder has four numbers of nine digits to choose from, the same each time, under this key alone', () => {
  const numbers = codes.numbersFor(ann);
  expect([numbers.length, new Set(numbers).size]).toEqual([4, 4]);
  for (const number of numbers) expect(number).toMatch(PAYMENT_NUMBER);
  expect(codes.numbersFor(ann)).toEqual(numbers);
  for (const others of [codes.numbersFor(holderId('ben')), under('another').numbersFor(ann)])
    expect(others.filter((number) => numbers.includes(number))).toEqual([]);
});

it('a number is 48 bits of a keyed hash, as phones of release 0.1 were told', () => {
  const hex = createHmac('sha256', 'a key').update(`payment number\n${ann}\n2`).digest('hex');
  const number = (BigInt(`0x${hex.slice(0, 12)}`) % 1_000_000_000n).toString().padStart(9, '0');
  expect(codes.numbersFor(ann)[2]).toBe(number);
  const short = paymentCodes(() => `00000000000f${'0'.repeat(52)}`, hmacSha256);
  expect(short.numbersFor(ann)[0]).toBe('000000015');
});

it('a secret is 32 bytes of the gateway’s key and the number', () => {
  const number = '000000015' as PaymentNumber;
  const hex = createHmac('sha256', 'a key').update(`payment code\n${number}`).digest('hex');
  expect(Buffer.from(codes.secretOf(number)).toString('hex')).toBe(hex);
});

it.each([
  ['just now', 0, { ok: true, value: MORNING / PAYMENT_STEP_MS }],
  ['a step later', PAYMENT_STEP_MS, { ok: true, value: MORNING / PAYMENT_STEP_MS }],
  ['two steps later', 2 * PAYMENT_STEP_MS, { ok: false, fault: 'payment-code-expired' }],
  ['two steps earlier', -2 * PAYMENT_STEP_MS, { ok: false, fault: 'phone-clock-ahead' }],
])('a code that a phone shows is read %s', (_, later, step) => {
  const [number] = codes.numbersFor(ann);
  if (number === undefined) throw new Error('no number');
  const code = paymentCodeAt({ number, secret: codes.secretOf(number) }, MORNING, hmacSha256);
  expect(codes.read(code, wallMs(MORNING + later))).toEqual({ number, step });
  expect(under('another').read(code, MORNING)?.step.ok).toBe(false);
});

it.each(['', `63${'0'.repeat(17)}`, `62${'0'.repeat(16)}`, `62${'0'.repeat(18)}`])('%j is no payment code', (code) => {
  expect(codes.read(code, MORNING)).toBeUndefined();
});
