/** A record with a duplicate name is unreadable: neither of its two values moves money. */
import { expect, it } from 'vitest';
import type { DeviceId } from '#protocol/kernel/ids.js';
import { encode } from '#protocol/messages/index.js';
import type { RecordsMessage } from '#protocol/messages/up.js';
import { hmacSha256, sha256 } from '#protocol/node/crypto.js';
import { GENESIS } from '#protocol/records/chain.js';
import { MORNING, settled } from '../../../test/contract/ledger-fixture.js';
import { paymentCodes } from '../payment-codes.js';
import { admit } from './admit.js';

const PLAIN = JSON.stringify(settled({ sale: 'a', amountFen: 1_000, serial: null }));

it.each([
  ['as our counters write it', PLAIN, true],
  ['written with spaces', PLAIN.replace(/,/g, ', '), true],
  ['with two net amounts', PLAIN.replace('"netFen":', '"netFen":99999999,"netFen":'), false],
  ['with two net amounts, one in disguise', PLAIN.replace('"netFen":', '"n\\u0065tFen":99999999,"netFen":'), false],
  ['with two of the same', PLAIN.replace('"sale":"a"', '"sale":"a","sale":"a"'), false],
  ['with two receipts within the card', PLAIN.replace('"rrn":', '"rrn":"1","rrn":'), false],
])('a record %s', (_, body, isRead) => {
  const records: RecordsMessage = { v: 1, type: 'records', id: 'x', from: 1, prev: GENESIS, bodies: [body] };
  const admitted = admit({
    device: 'd1' as DeviceId,
    payload: new TextEncoder().encode(encode(records)),
    now: MORNING,
    sha256,
    paymentCodes: paymentCodes(sha256, hmacSha256),
  });
  const op = admitted.ok ? admitted.value.op([]) : undefined;
  expect(op).toMatchObject({ bodies: [body], records: [isRead ? { kind: 'settled' } : undefined] });
});
