/** A request's body: one that asks for something else than the request moves nothing. */
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeCounter, fakeCounter } from '../../test/doubles/fake-counter.js';
import type { TillRequest } from '../ports/till.js';
import { startTillHttp, type TillHttp } from './till-http.js';

let counter: FakeCounter;
let till: TillHttp;

beforeEach(async () => {
  counter = fakeCounter();
  till = await startTillHttp({ port: 0, counter, language: 'zh', log: () => {} });
});
afterEach(() => till.stop());

async function post(
  path: string,
  body: string | Uint8Array,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`http://127.0.0.1:${till.port}${path}`, { method: 'POST', headers, body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const ACTIONS = [
  'charge',
  'cancel',
  'refund',
  'reprint',
  'ask-again',
] as const satisfies readonly TillRequest['kind'][];

describe('an action of the till', () => {
  it.each(
    ACTIONS.flatMap((action) =>
      ['{"amountFen":50}', '{"reason":"x"}', '[]', '[50]', 'null', '50', '"all"', 'true'].map((body) => [action, body]),
    ),
  )('%s with the body %s is refused and does nothing', async (action, body) => {
    expect(await post(`/v1/sales/R-1/${action}`, body)).toMatchObject({
      status: 400,
      body: { code: 'REQUEST_MALFORMED', zh: expect.any(String), what: expect.stringContaining(String(action)) },
    });
    expect(counter.requests).toEqual([]);
  });

  it('is taken with a body that says nothing', async () => {
    await post('/v1/sales', '{"order":"R-1","amountFen":25990}');
    expect(await post('/v1/sales/R-1/refund', '{}')).toMatchObject({ status: 200, body: { state: 'refunding' } });
  });

  it('says of a part of a refund that there is none', async () => {
    const { body } = await post('/v1/sales/R-1/refund', '{"amountFen":50}');
    expect(body).toMatchObject({ what: 'refund is of the whole sale: it takes no amountFen; nothing was done' });
  });

  it('resumes no printer on a request that says something else', async () => {
    expect(await post('/v1/printer/resume', '{"cancel":true}')).toMatchObject({ status: 400 });
    expect(counter.printerResumed()).toBe(0);
    expect(await post('/v1/printer/resume', '{}')).toMatchObject({ status: 202 });
  });
});

describe('a body', () => {
  it('opens no sale where one of its names stands twice', async () => {
    const answered = await post('/v1/sales', '{"order":"B-1","amountFen":100,"amountFen":10000}');
    expect(answered).toMatchObject({
      status: 400,
      body: { code: 'REQUEST_MALFORMED', what: 'amountFen is there twice' },
    });
    expect(counter.requests).toEqual([]);
  });

  it('may begin with a byte order mark, as .NET writes one', async () => {
    expect(await post('/v1/sales', '\ufeff{"order":"B-1","amountFen":100}')).toMatchObject({ status: 201 });
  });

  it('in GBK is refused as such', async () => {
    const gbk = Buffer.concat([
      Buffer.from('{"order":"'),
      Buffer.from([0xb7, 0xd1]),
      Buffer.from('","amountFen":100}'),
    ]);
    expect(await post('/v1/sales', gbk)).toMatchObject({ status: 400, body: { code: 'MESSAGE_NOT_TEXT' } });
  });
});

it('a request for two hosts is a request for none', async () => {
  const head = 'GET /v1/health HTTP/1.1\r\nhost: 127.0.0.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n';
  const answer = await new Promise<string>((resolve) => {
    let text = '';
    const socket = connect(till.port, '127.0.0.1', () => socket.write(head));
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    socket.on('close', () => resolve(text));
  });
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
});
