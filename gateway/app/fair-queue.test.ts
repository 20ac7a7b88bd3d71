/** However fast one device sends, the gateway's queue keeps room for the others. */
import { expect, it } from 'vitest';
import type { DeviceId } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import type { DownMessage } from '#protocol/messages/down.js';
import { es256Signer, es256Verifier, generatePrivateKey, hmacSha256, sha256 } from '#protocol/node/crypto.js';
import { EMPTY_CHAIN } from '#protocol/records/chain.js';
import { inlineVerifier } from '#simulator/doubles/inline-verifier.js';
import { openMemoryLedger } from '#simulator/doubles/memory-ledger.js';
import { charging, MORNING, testRules } from '../../test/contract/ledger-fixture.js';
import { createIssuer } from '../core/issuer.js';
import { paymentCodes } from '../core/payment-codes.js';
import type { BrokerEvents } from '../ports/broker.js';
import { createGatewayLoop } from './gateway-loop.js';

const LOUD = 'loud' as DeviceId;
const QUIET = 'quiet' as DeviceId;

/** A gateway whose ledger commits, and whose verifier answers, only when the test says so. */
function slowGateway() {
  const rules = testRules();
  const issuer = createIssuer(rules, es256Signer(generatePrivateKey()), 1);
  const ledger = openMemoryLedger(rules);
  const commits: (() => void)[] = [];
  const said: [DeviceId, DownMessage][] = [];
  const checks: { readonly jobs: number; answer(): void }[] = [];
  let broker: BrokerEvents | undefined;
  const verifier = inlineVerifier({
    campaign: rules.campaign.id,
    issuerKeys: issuer.issuerKeys,
    verifier: es256Verifier(),
  });
  const loop = createGatewayLoop({
    ledger: { ...ledger, commit: (...asked) => void commits.push(() => ledger.commit(...asked)) },
    broker: {
      listen(events, done) {
        broker = events;
        done(undefined);
      },
      send: (device, payload) => void said.push([device, JSON.parse(payload) as DownMessage]),
      sendAll: () => {},
      publish: () => {},
      close: (done) => done(),
    },
    verifier: {
      ...verifier,
      verify: (from, jobs, done) =>
        void checks.push({ jobs: jobs.length, answer: () => verifier.verify(from, jobs, done) }),
    },
    clock: { now: () => wallMs(MORNING), wakeAfter: () => () => {} },
    sha256,
    bundle: () => issuer.bundle(wallMs(MORNING)),
    paymentCodes: paymentCodes(sha256, hmacSha256),
    campaign: rules.campaign.id,
  });
  loop.start(() => {});
  const says = (device: DeviceId, message: object): void =>
    broker?.onMessage(device, Buffer.from(JSON.stringify(message)));
  return { loop, commits, said, checks, says };
}

it('a device that asks ten thousand times during one slow commit is turned away, and the next one is not', () => {
  const { loop, commits, said, says } = slowGateway();
  const hello = (device: DeviceId, id: string): void =>
    says(device, { v: 1, type: 'hello', id, agent: 'test', boot: 1, head: EMPTY_CHAIN });

  for (let asked = 0; asked < 10_000; asked += 1) hello(LOUD, `q${asked}`);
  hello(QUIET, 'q');
  expect(loop.waiting).toBeLessThanOrEqual(201);
  const turnedAway = said.filter(([, { type }]) => type === 'rejected');
  expect(turnedAway.length).toBeGreaterThan(9_000);
  expect(turnedAway.every(([device]) => device === LOUD)).toBe(true);

  for (let next = commits.shift(); next !== undefined; next = commits.shift()) next();
  expect(said.filter(([device, { type }]) => device === QUIET && type === 'welcome')).toHaveLength(1);
  said.length = 0;
  hello(LOUD, 'later');
  for (let next = commits.shift(); next !== undefined; next = commits.shift()) next();
  expect(said).toMatchObject([[LOUD, { type: 'welcome' }]]);
});

it('a device that has presentations checked without end leaves the checking to others', () => {
  const { commits, said, checks, says } = slowGateway();
  const shown = { sale: 'a', amountFen: 30_000, serial: 7, presentation: `CP1:${'A'.repeat(300)}` };
  const bodies = Array.from({ length: 80 }, () => JSON.stringify(charging(shown)));
  const records = (id: string) => ({ v: 1, type: 'records', id, from: 1, prev: EMPTY_CHAIN.hash, bodies });
  const outstanding = () => checks.reduce((sum, { jobs }) => sum + jobs, 0);

  for (let sent = 0; sent < 100; sent += 1) says(LOUD, records(`r${sent}`));
  // An outbox sends two such messages at a time.
  expect(outstanding()).toBeGreaterThanOrEqual(160);
  expect(outstanding()).toBeLessThan(400);
  expect(said.every(([, { type }]) => type === 'rejected')).toBe(true);

  for (const { answer } of checks.splice(0)) answer();
  for (let next = commits.shift(); next !== undefined; next = commits.shift()) next();
  said.length = 0;
  says(LOUD, records('later'));
  expect([said, outstanding()]).toEqual([[], 80]);
});
