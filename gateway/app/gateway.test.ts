/** The whole gateway over real TCP: sales, retained messages, bad messages, and admission. Claims are in claims.test.ts. */
import { connect as connectTcp } from 'node:net';
import { describe, expect, it } from 'vitest';
import { paymentCodeAt } from '#protocol/codes/payment-code.js';
import { wallMs } from '#protocol/kernel/time.js';
import { openBundle } from '#protocol/messages/bundle.js';
import { parseBundle, parseSpent } from '#protocol/messages/index.js';
import { es256Verifier, hmacSha256 } from '#protocol/node/crypto.js';
import {
  base,
  type Counter,
  claimGrant,
  closing,
  connect,
  counter,
  gateway,
  gatewayForEachTest,
  get,
  now,
  OPERATOR,
  PASSWORD,
  present,
  restartGateway,
} from '../../test/contract/gateway-for-each-test.js';
import { charging, settled } from '../../test/contract/ledger-fixture.js';

gatewayForEachTest();

describe('a sale', () => {
  it('goes from a claim to a redemption that everybody sees alike', async () => {
    const { grant, holder, token } = await claimGrant();
    const plate = await counter();
    expect(await plate.hello()).toMatchObject({ type: 'welcome', have: { seq: 0 } });
    expect(await plate.hears(({ type }) => type === 'allowance')).toMatchObject({ keyId: 1 });
    expect(await plate.authorise('a', present(grant, 1), 30_000)).toMatchObject({
      type: 'authorised',
      sale: 'a',
      answer: { kind: 'reserved', serial: 7, tier: 's80', faceFen: 8_000, netFen: 22_000 },
    });
    const sale = { sale: 'a', amountFen: 30_000, serial: 7 };
    expect(await plate.records(charging(sale), settled(sale))).toMatchObject({ type: 'have', ...plate.head });
    expect((await get('/v1/reconciliation', OPERATOR)).json).toMatchObject({
      redeemed: 1,
      redeemedFen: 8_000,
      postingsFen: 0,
    });
    expect((await get(`/v1/holders/${holder}/coupons`, token)).json).toEqual({
      coupons: [
        { serial: 0, tier: 's20', faceFen: 2_000, thresholdFen: 10_000, state: 'held', usableFrom: 0 },
        { serial: 7, tier: 's80', faceFen: 8_000, thresholdFen: 30_000, state: 'used', usableFrom: 0 },
      ],
    });
    expect((await get(`/v1/holders/${holder}/coupons`, 'guess')).status).toBe(401);
  });

  it('takes the payment code of this minute, once, for one sale, and no other', async () => {
    const { payment } = await claimGrant();
    const shown = paymentCodeAt(payment, now(), hmacSha256);
    const [plate, other] = [await counter('d1'), await counter('d2')];
    const refused = (reason: string) => ({ answer: { kind: 'refused', reason } });
    expect(await plate.authorise('a', shown, 30_000)).toMatchObject({ answer: { serial: 7 } });
    expect(await plate.authorise('a', shown, 30_000)).toMatchObject({ answer: { serial: 7 } });
    expect(await plate.authorise('b', shown, 30_000)).toMatchObject(refused('payment-code-used'));
    expect(await other.authorise('a', shown, 30_000)).toMatchObject(refused('payment-code-used'));
    expect(await other.authorise('c', '6200000000000000000', 30_000)).toMatchObject(refused('no-coupon-held'));
    const late = paymentCodeAt(payment, wallMs(now() - 90_000), hmacSha256);
    expect(await other.authorise('d', late, 30_000)).toMatchObject(refused('payment-code-expired'));
    const early = paymentCodeAt(payment, wallMs(now() + 90_000), hmacSha256);
    expect(await other.authorise('e', early, 30_000)).toMatchObject(refused('phone-clock-ahead'));
  });

  it('lets no counter guess payment codes: it is stopped, somebody is told, and others go on', async () => {
    const { payment } = await claimGrant();
    const [plate, other] = [await counter('d1'), await counter('d2')];
    const reasons: unknown[] = [];
    for (let guess = 0; guess < 12; guess += 1) {
      const reply = await plate.authorise(`g${guess}`, `62${payment.number}${String(guess).padStart(8, '0')}`, 30_000);
      reasons.push(reply.type === 'authorised' && reply.answer.kind === 'refused' && reply.answer.reason);
    }
    expect(reasons).toEqual([...Array(10).fill('payment-code-wrong'), ...Array(2).fill('too-many-wrong-codes')]);
    const shown = paymentCodeAt(payment, now(), hmacSha256);
    expect(await plate.authorise('a', shown, 30_000)).toMatchObject({ answer: { reason: 'too-many-wrong-codes' } });
    expect(await other.authorise('a', shown, 30_000)).toMatchObject({ answer: { kind: 'reserved' } });
    const metrics = await (
      await fetch(`${base()}/metrics`, { headers: { authorization: `Bearer ${OPERATOR}` } })
    ).text();
    expect(metrics).toContain('codeplate_gateway_alarms_total{code="COUNTER_GUESSES_CODES"} 1');
  });

  it('gets no coupon for a code that is stale, forged, damaged or shown before', async () => {
    const { grant } = await claimGrant();
    const [one, two] = [await counter('d1'), await counter('d2')];
    const code = present(grant, 5);
    const refusal = async (plate: Counter, sale: string, shown: string) => {
      const reply = await plate.authorise(sale, shown, 30_000);
      return reply.type === 'authorised' && reply.answer.kind === 'refused' ? reply.answer.reason : reply;
    };
    expect(await refusal(one, 'a', present(grant, 1, wallMs(now() - 90_000)))).toBe('presentation-stale');
    expect(await refusal(one, 'b', present(grant.with(60, (grant[60] ?? 0) ^ 1), 1))).toBe('presentation-forged');
    expect(await refusal(one, 'c', code.slice(0, -1))).toBe('presentation-malformed');
    expect(await one.authorise('d', code, 30_000)).toMatchObject({ answer: { kind: 'reserved' } });
    expect(await refusal(two, 'd', code)).toBe('presentation-replayed');
  });

  it('is still there after a restart of the gateway', async () => {
    const { grant } = await claimGrant();
    const before = await counter();
    await before.authorise('a', present(grant, 1), 30_000);
    const sale = { sale: 'a', amountFen: 30_000, serial: 7 };
    await before.records(charging(sale), settled(sale));
    await restartGateway();
    const after = await counter();
    after.head = before.head;
    expect(await after.hello()).toMatchObject({ type: 'welcome', have: before.head });
    expect(await after.authorise('b', present(grant, 2), 30_000)).toMatchObject({ answer: { serial: 0 } });
  });
});

describe('what a counter must know to go on without a line', () => {
  it('is retained: the signed campaign and the spent set', async () => {
    const client = await connect({ clientId: 'd1' });
    const received = new Map<string, Uint8Array>();
    const both = new Promise<void>((resolve) => {
      client.on('message', (topic, payload) => {
        received.set(topic, payload);
        if (received.size === 2) resolve();
      });
    });
    await client.subscribeAsync(['codeplate/v1/campaign/test-2023', 'codeplate/v1/campaign/test-2023/spent'], {
      qos: 1,
    });
    await both;
    const envelope = parseBundle(received.get('codeplate/v1/campaign/test-2023') ?? new Uint8Array());
    if (!envelope.ok) throw new Error(envelope.fault.what);
    const bundle = openBundle(envelope.value, gateway.issuerKeys, es256Verifier());
    expect(bundle).toMatchObject({ ok: true, value: { campaign: { id: 'test-2023' } } });
    const spent = parseSpent(received.get('codeplate/v1/campaign/test-2023/spent') ?? new Uint8Array());
    expect(spent).toMatchObject({ ok: true, value: { type: 'spent', bits: '' } });
  });
});

describe('bad messages', () => {
  it.each([
    ['another version', '{"v":2,"type":"hello","id":"x"}', 'MESSAGE_VERSION_UNKNOWN'],
    ['another type', '{"v":1,"type":"sing","id":"x"}', 'MESSAGE_TYPE_UNKNOWN'],
    ['no JSON', 'hello', 'MESSAGE_NOT_JSON'],
    ['a list', '[]', 'MESSAGE_MALFORMED'],
    ['a hello without a head', '{"v":1,"type":"hello","id":"x","__proto__":{"head":1}}', 'MESSAGE_MALFORMED'],
    ['an amount beyond any', '{"v":1,"type":"authorise","id":"x","amountFen":9007199254740993}', 'MESSAGE_MALFORMED'],
    ['half a character', Buffer.from([0x7b, 0xe4, 0xbd]), /^MESSAGE_NOT_/],
    ['GBK', Buffer.from([0x7b, 0x22, 0xd6, 0xd0, 0x22]), /^MESSAGE_NOT_/],
  ])('get their reason: %s', async (_, payload, code) => {
    const plate = await counter();
    plate.send(payload);
    const reply = await plate.hears(({ type }) => type === 'rejected');
    expect(reply).toMatchObject({ code: typeof code === 'string' ? code : expect.stringMatching(code) });
    expect(await plate.hello()).toMatchObject({ type: 'welcome' });
  });

  it('that hold a record of a newer counter are acknowledged, and somebody is told that it is booked nowhere', async () => {
    const plate = await counter();
    const sale = { sale: 'a', amountFen: 30_000, serial: null };
    const newer = { ...settled(sale), tipFen: 500 };
    expect(await plate.records(charging(sale), newer)).toMatchObject({ type: 'have', seq: 2 });
    const metrics = await (
      await fetch(`${base()}/metrics`, { headers: { authorization: `Bearer ${OPERATOR}` } })
    ).text();
    expect(metrics).toContain('codeplate_gateway_alarms_total{code="RECORD_UNREADABLE"} 1');
  });

  it('of more than 64 KiB end the connection, and nothing else', async () => {
    const [loud, other] = [await counter('d1'), await counter('d2')];
    const closed = closing(loud.client);
    loud.send(' '.repeat(65_537));
    expect(await loud.hears(({ type }) => type === 'rejected')).toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    loud.send(' '.repeat(70_000));
    await closed;
    expect(await other.hello()).toMatchObject({ type: 'welcome' });
    expect(await (await counter('d1')).hello()).toMatchObject({ type: 'welcome' });
  });
});

describe('the door', () => {
  it.each([
    ['__proto__', '__proto__', PASSWORD],
    ['an unknown device', 'd9', PASSWORD],
    ['a wrong password', 'd1', 'guess'],
  ])('stays shut for %s', async (_, clientId, password) => {
    await expect(connect({ clientId, username: clientId, password })).rejects.toThrow();
  });

  it.each([
    ['noise', Buffer.alloc(200_000, 0x78)],
    ['a CONNECT that goes on and on', Buffer.concat([Buffer.from([0x10, 0x80, 0x80, 0x40]), Buffer.alloc(100_000)])],
    ['a publish before any CONNECT', Buffer.from([0x30, 0x02, 0x00, 0x00])],
  ])('is closed on %s', async (_, bytes) => {
    const socket = connectTcp(gateway.mqttPort, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(bytes);
    await closing(socket);
    expect(await (await counter()).hello()).toMatchObject({ type: 'welcome' });
  });

  it('lets a device write and read its own topics only', async () => {
    const plate = await counter('d1');
    for (const topic of ['codeplate/v1/d2/down', 'codeplate/v1/+/up', '#', '$SYS/#']) {
      await expect(plate.client.subscribeAsync(topic)).rejects.toThrow();
    }
    expect(await plate.hello()).toMatchObject({ type: 'welcome' });
    const closed = closing(plate.client);
    plate.client.publish('codeplate/v1/d2/up', '{}', { qos: 1 });
    await closed;
  });

  // Each costs the broker a KiB of memory, and an attacker can invent campaign names without end.
  it('lets a device read a few campaigns, and no thousand', async () => {
    const plate = await counter('d1');
    const topics = Array.from({ length: 1_000 }, (_, n) => `codeplate/v1/campaign/c${n}`);
    const granted = await new Promise<readonly unknown[]>((resolve) => {
      plate.client.subscribe(topics, { qos: 1 }, (_error, _topics, suback) => resolve(suback?.granted ?? []));
    });
    expect(granted).toHaveLength(1_000);
    expect(granted.filter((code) => code === 1).length).toBeLessThan(20);
    await expect(plate.client.subscribeAsync('codeplate/v1/campaign/one-more')).rejects.toThrow();
    await plate.client.subscribeAsync(topics.slice(0, 2), { qos: 1 });
    expect(await plate.hello()).toMatchObject({ type: 'welcome' });
  });

  it('has one session a device: the newer one', async () => {
    const old = await counter('d1');
    const closed = closing(old.client);
    const young = await counter('d1');
    await closed;
    expect(await young.hello()).toMatchObject({ type: 'welcome' });
  });
});
