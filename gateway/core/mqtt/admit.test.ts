/** Admission: a device's message becomes an operation under the device's own name, after its presentations are checked. */
import { describe, expect, it } from 'vitest';
import { exactly } from '#protocol/kernel/time.js';
import { hmacSha256, sha256 } from '#protocol/node/crypto.js';
import { EMPTY_CHAIN } from '#protocol/records/chain.js';
import { abandoned, charging, holderId, MORNING, settled, signedBy } from '../../../test/contract/ledger-fixture.js';
import { type Body, d1, of, offline } from '../../../test/contract/one-book.js';
import type { Verdict } from '../../ports/verifier.js';
import { paymentCodes } from '../payment-codes.js';
import { type Admitted, admit } from './admit.js';

const codes = paymentCodes(sha256, hmacSha256);
const hello: Body = { v: 1, type: 'hello', id: 'h1', agent: 'x', boot: 1, head: EMPTY_CHAIN };
const question: Body = {
  v: 1,
  type: 'authorise',
  id: 'q1',
  sale: 'a',
  order: 'o-1',
  merchant: 'm1',
  amountFen: 30_000,
  mode: 'plate',
  presented: { kind: 'verifiable', code: 'CP1:ANN' },
};
const records = (...bodies: readonly (Body | string)[]): Body => ({
  v: 1,
  type: 'records',
  id: 'r1',
  from: 5,
  prev: 'f'.repeat(64),
  bodies: bodies.map((body) => (typeof body === 'string' ? body : JSON.stringify(body))),
});

const letIn = (message: Body | string) => {
  const text = typeof message === 'string' ? message : JSON.stringify(message);
  return admit({ device: d1, payload: new TextEncoder().encode(text), now: MORNING, sha256, paymentCodes: codes });
};
function admitted(message: Body): Admitted {
  const result = letIn(message);
  if (!result.ok) throw new Error(JSON.stringify(result.fault));
  return result.value;
}
const verdict = signedBy('ann', [7], 5);
const forged: Verdict = { ok: false, reason: 'presentation-forged' };

it.each([
  ['nothing', ''],
  ['no JSON', '{'],
  ['no message', '{}'],
  ['a message that there is not', { ...hello, type: 'goodbye' }],
  ['a question of no fen', { ...question, amountFen: 0 }],
  ['a question without a code', { ...question, presented: { kind: 'opaque', code: '' } }],
  ['records from nowhere', { ...records(), from: 0 }],
])('%s is refused', (_what, message) => {
  expect(letIn(message).ok).toBe(false);
});

it('a hello is the device’s own, whatever it says of itself', () => {
  const { id, records: count, jobs, op } = admitted({ ...hello, device: 'd2' });
  expect([id, count, jobs]).toEqual(['h1', 0, []]);
  expect(op([])).toEqual({ kind: 'hello', device: 'd1', id: 'h1', head: EMPTY_CHAIN });
});

describe('a question', () => {
  it('with a verifiable code is one job at this very time, and an operation by its verdict', () => {
    const { id, records: count, jobs, op } = admitted(question);
    expect([id, count, jobs]).toEqual(['q1', 0, [{ code: 'CP1:ANN', at: exactly(MORNING) }]]);
    const asked = op([verdict]);
    expect(asked).toMatchObject({
      kind: 'authorise',
      device: 'd1',
      id: 'q1',
      sale: 'a',
      order: 'o-1',
      merchant: 'm1',
      amountFen: 30_000,
      mode: 'plate',
      presented: { kind: 'verified', holder: holderId('ann'), nonce: 5, evidence: 'CP1:ANN' },
    });
    expect(op([forged])).toMatchObject({ presented: { kind: 'refused', reason: 'presentation-forged' } });
    // Without a verdict nothing is trusted.
    expect(op([])).toMatchObject({ presented: { kind: 'refused', reason: 'presentation-malformed' } });
  });

  it('with a payment code needs no signature, and carries the code and what it says', () => {
    const code = `62${'0'.repeat(17)}`;
    const { jobs, op } = admitted({ ...question, presented: { kind: 'opaque', code } });
    expect(jobs).toEqual([]);
    expect(op([])).toMatchObject({ presented: { kind: 'opaque', code, readCode: codes.read(code, MORNING) } });
  });

  it('is the same request only where everything asked is the same, its id aside', () => {
    const fingerprint = (change: Body): string => {
      const op = admitted({ ...question, ...change }).op([verdict]);
      return op.kind === 'authorise' ? op.request : '';
    };
    const same = fingerprint({});
    expect(fingerprint({ id: 'q2' })).toBe(same);
    const others = [
      { order: 'o-2' },
      { merchant: 'm2' },
      { amountFen: 30_001 },
      { mode: 'customer-code' },
      { presented: { kind: 'verifiable', code: 'CP1:BEN' } },
    ].map(fingerprint);
    expect(new Set([same, ...others]).size).toBe(6);
  });
});

describe('records', () => {
  it('are read one by one; those of a later version, and what is no JSON, stay as they came', () => {
    const bodies = [abandoned('a'), '{"kind":"later"}', 'no JSON', charging(of('b', null))];
    const { id, records: count, jobs, op } = admitted(records(...bodies));
    expect([id, count, jobs]).toEqual(['r1', 4, []]);
    const taken = op([]);
    if (taken.kind !== 'records') throw new Error(taken.kind);
    expect(taken).toMatchObject({ device: 'd1', id: 'r1', from: 5, prev: 'f'.repeat(64) });
    expect(taken.bodies.slice(1, 3)).toEqual(['{"kind":"later"}', 'no JSON']);
    expect(taken.records.map((record) => record?.kind)).toEqual(['abandoned', undefined, undefined, 'charging']);
    expect(taken.verdicts.size).toBe(0);
  });

  it('bring the presentations of what was taken offline, each judged by its record’s time, not by now', () => {
    const two = records(
      charging(offline('a', 7, 'A')),
      settled(of('a')),
      charging(of('c')),
      charging(offline('b', 4, 'B')),
    );
    const { jobs, op } = admitted(two);
    expect(jobs).toEqual([
      { code: 'CP1:A', at: undefined },
      { code: 'CP1:B', at: undefined },
    ]);
    const both = op([verdict, forged]);
    expect(both.kind === 'records' && [...both.verdicts]).toEqual([
      ['CP1:A', verdict],
      ['CP1:B', forged],
    ]);
    const one = op([verdict]);
    expect(one.kind === 'records' && [...one.verdicts]).toEqual([['CP1:A', verdict]]);
  });
});
