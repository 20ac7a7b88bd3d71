/** Every counter learns within a quarter of a minute which coupons a commit used up and which it gave back. */
import { expect, it } from 'vitest';
import { wallMs } from '#protocol/kernel/time.js';
import { parseSpent } from '#protocol/messages/index.js';
import { applySpent, isSpent, NOTHING_SPENT, type SpentSet } from '#protocol/messages/spent.js';
import { es256Signer, es256Verifier, generatePrivateKey, hmacSha256, sha256 } from '#protocol/node/crypto.js';
import { inlineVerifier } from '#simulator/doubles/inline-verifier.js';
import { openMemoryLedger } from '#simulator/doubles/memory-ledger.js';
import { claimOp, MORNING, serialOf, testRules } from '../../test/contract/ledger-fixture.js';
import { createIssuer } from '../core/issuer.js';
import { paymentCodes } from '../core/payment-codes.js';
import type { Committed } from '../ports/ledger.js';
import { createGatewayLoop } from './gateway-loop.js';
import { SPENT_DELTA_MS } from './spent-set-publisher.js';

it('counters hear at the next delta what each commit has used up or given back', () => {
  const rules = testRules();
  const issuer = createIssuer(rules, es256Signer(generatePrivateKey()), 1);
  const memory = openMemoryLedger(rules);
  const changes: Pick<Committed, 'spent' | 'restored'>[] = [
    { spent: [serialOf(2), serialOf(5)], restored: [] },
    { spent: [serialOf(1)], restored: [serialOf(5)] },
  ];
  let board: SpentSet = NOTHING_SPENT;
  let rings: { readonly after: number; readonly ring: () => void }[] = [];
  const loop = createGatewayLoop({
    ledger: {
      ...memory,
      commit: (ops, now, done) =>
        memory.commit(ops, now, (fault, committed) => done(fault, { ...committed, ...changes.shift() })),
    },
    broker: {
      listen: (_, done) => done(undefined),
      send: () => {},
      sendAll: () => {},
      publish(_topic, payload) {
        const message = parseSpent(Buffer.from(payload));
        const applied = message.ok ? applySpent(board, message.value) : undefined;
        if (applied?.ok === true) board = applied.value.set;
      },
      close: (done) => done(),
    },
    verifier: inlineVerifier({
      campaign: rules.campaign.id,
      issuerKeys: issuer.issuerKeys,
      verifier: es256Verifier(),
    }),
    clock: {
      now: () => wallMs(MORNING),
      wakeAfter(after, ring) {
        rings.push({ after, ring });
        return () => {};
      },
    },
    sha256,
    bundle: () => issuer.bundle(wallMs(MORNING)),
    paymentCodes: paymentCodes(sha256, hmacSha256),
    campaign: rules.campaign.id,
  });
  const pass = (ms: number): void => {
    const due = rings.filter(({ after }) => after <= ms);
    rings = rings.filter(({ after }) => after > ms);
    for (const { ring } of due) ring();
  };
  const onTheBoard = (): readonly number[] => [0, 1, 2, 5].filter((serial) => isSpent(board, serialOf(serial)));
  loop.start(() => {});
  loop.claim(claimOp('ann', ['s20']), () => {});
  expect(onTheBoard()).toEqual([]);
  pass(SPENT_DELTA_MS);
  expect(onTheBoard()).toEqual([2, 5]);
  loop.claim(claimOp('ben', ['s20']), () => {});
  pass(SPENT_DELTA_MS);
  expect(onTheBoard()).toEqual([1, 2]);
});
