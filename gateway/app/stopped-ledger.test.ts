/** A stopped ledger answers at once; the loop copes with it however many operations wait. */
import { expect, it } from 'vitest';
import { wallMs } from '#protocol/kernel/time.js';
import { es256Signer, es256Verifier, generatePrivateKey, hmacSha256, sha256 } from '#protocol/node/crypto.js';
import { inlineVerifier } from '#simulator/doubles/inline-verifier.js';
import { openMemoryLedger } from '#simulator/doubles/memory-ledger.js';
import { claimOp, MORNING, testRules } from '../../test/contract/ledger-fixture.js';
import { createIssuer } from '../core/issuer.js';
import { paymentCodes } from '../core/payment-codes.js';
import { type Ledger, NOTHING_COMMITTED } from '../ports/ledger.js';
import { createGatewayLoop } from './gateway-loop.js';

/** More than the stack could hold if each answer ran inside the previous one. */
const WAITING = 20_000;
const claimOf = (n: number) => claimOp(`c${n}`, ['s20']);

function gatewayWith(commit: (memory: Ledger, ...asked: Parameters<Ledger['commit']>) => void) {
  const rules = testRules();
  const issuer = createIssuer(rules, es256Signer(generatePrivateKey()), 1);
  const memory = openMemoryLedger(rules);
  const [campaign, committed] = [rules.campaign.id, [] as number[]];
  const loop = createGatewayLoop({
    ledger: { ...memory, commit: (...asked) => commit(memory, ...asked) },
    broker: {
      listen: (_, done) => done(undefined),
      send: () => {},
      sendAll: () => {},
      publish: () => {},
      close: (done) => done(),
    },
    verifier: inlineVerifier({ campaign, issuerKeys: issuer.issuerKeys, verifier: es256Verifier() }),
    clock: { now: () => wallMs(MORNING), wakeAfter: () => () => {} },
    sha256,
    bundle: () => issuer.bundle(wallMs(MORNING)),
    paymentCodes: paymentCodes(sha256, hmacSha256),
    campaign,
    events: { committed: (operations) => void committed.push(operations) },
  });
  loop.start(() => {});
  return { loop, committed };
}

it('everybody who waited while the disk failed hears so, and the gateway stops in order', () => {
  let fail = (): void => {};
  let isStopped = false;
  const { loop, committed } = gatewayWith((_memory, _ops, _now, done) => {
    const answer = () => done({ code: 'LEDGER_WRITE_FAILED', message: 'SQLITE_IOERR' }, NOTHING_COMMITTED);
    if (isStopped) return answer();
    fail = () => {
      isStopped = true;
      answer();
    };
  });
  const codes: (string | undefined)[] = [];
  for (let n = 0; n < WAITING; n += 1) loop.claim(claimOf(n), (fault) => void codes.push(fault?.code));
  fail();
  expect(codes).toHaveLength(WAITING);
  expect(new Set(codes)).toEqual(new Set(['LEDGER_WRITE_FAILED']));
  expect([loop.waiting, loop.fault?.code]).toEqual([0, 'LEDGER_WRITE_FAILED']);
  expect(committed).toEqual([]);
  let hasStopped = false;
  loop.stop(() => {
    hasStopped = true;
  });
  expect(hasStopped).toBe(true);
});

it('one that a batch stumbles over fails alone, and the others are stored in their order', () => {
  let begin = (): void => {};
  let hasBegun = false;
  const { loop, committed } = gatewayWith((memory, ops, now, done) => {
    const answer = () => {
      if (ops.some((op) => op.kind === 'claim' && op.holder === claimOf(7).holder)) {
        return done({ code: 'LEDGER_WRITE_FAILED', message: 'no' }, NOTHING_COMMITTED);
      }
      memory.commit(ops, now, done);
    };
    if (hasBegun) return answer();
    hasBegun = true;
    begin = answer;
  });
  const answered: [number, string | undefined][] = [];
  for (let n = 0; n < WAITING; n += 1) loop.claim(claimOf(n), (fault) => void answered.push([n, fault?.code]));
  begin();
  expect(answered.map(([n]) => n)).toEqual(Array.from({ length: WAITING }, (_, n) => n));
  expect(answered.filter(([, code]) => code !== undefined)).toEqual([[7, 'LEDGER_WRITE_FAILED']]);
  expect(committed.reduce((sum, operations) => sum + operations, 0)).toBe(WAITING - 1);
  expect(loop.fault).toBeUndefined();
});
