import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type WallMs, wallMs } from '#protocol/kernel/time.js';
import { type FakeCounter, fakeCounter, settledWithCoupon, wholeHealth } from '../../test/doubles/fake-counter.js';
import type { TillFault } from '../ports/till.js';
import type { ScreenTexts } from '../screen/screen.js';
import { MAX_STREAMS } from '../screen/screens.js';
import { startTillHttp, type TillHttp } from './till-http.js';

let counter: FakeCounter;
let till: TillHttp;
let base: string;
const codes: string[] = [];

beforeEach(async () => {
  codes.length = 0;
  counter = fakeCounter();
  till = await startTillHttp({ port: 0, counter, language: 'zh', log: (_, code) => codes.push(code) });
  base = `http://127.0.0.1:${till.port}`;
});
afterEach(() => till.stop());

const json = { 'content-type': 'application/json' };

async function post(path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${base}${path}`, {
    method: 'POST',
    ...(body === undefined ? {} : { headers: json, body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function get(path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${base}${path}`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** `fetch` writes its own Host and Origin; a hostile page's browser writes others. */
const raw = (method: string, path: string, headers: Record<string, string>): Promise<number> =>
  new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port: till.port, method, path, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('error', reject);
    request.end();
  });

describe('the till’s HTTP', () => {
  it('opens a sale once, however often the till asks for it', async () => {
    const first = await post('/v1/sales', { order: 'T-1', amountFen: 25_990 });
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({ order: 'T-1', state: 'opened', amountFen: 25_990, netFen: 25_990 });
    const again = await post('/v1/sales', { order: 'T-1', amountFen: 25_990 });
    expect(first.body).toMatchObject({ again: false });
    expect(again).toEqual({ status: 200, body: { ...first.body, again: true } });
    const differs = await post('/v1/sales', { order: 'T-1', amountFen: 100 });
    expect(differs.status).toBe(409);
    expect(differs.body).toMatchObject({
      code: 'ORDER_DIFFERS',
      sale: { ...first.body, again: true },
      zh: expect.any(String),
    });
  });

  it('says that a sale is new where the order’s old one was given up', async () => {
    await post('/v1/sales', { order: 'T-1', amountFen: 100 });
    await post('/v1/sales/T-1/cancel');
    expect(await post('/v1/sales', { order: 'T-1', amountFen: 200 })).toMatchObject({
      status: 201,
      body: { state: 'opened', amountFen: 200 },
    });
    expect((await post('/v1/sales', { order: 'T-1', amountFen: 200 })).status).toBe(200);
  });

  it.each([
    ['charge', 'charge', 'charging'],
    ['cancel', 'cancel', 'abandoned'],
    ['refund', 'refund', 'refunding'],
    ['reprint', 'reprint', 'opened'],
    ['ask-again', 'ask-again', 'checking'],
  ])('hands on %s', async (action, kind, state) => {
    await post('/v1/sales', { order: 'T/1?', amountFen: 100 });
    const answered = await post(`/v1/sales/${encodeURIComponent('T/1?')}/${action}`);
    expect(answered).toMatchObject({ status: 200, body: { state } });
    expect(counter.requests.at(-1)).toEqual({ kind, order: 'T/1?' });
  });

  it('takes a key pressed by a client that names the type of a body and sends none', async () => {
    await post('/v1/sales', { order: 'T-1', amountFen: 100 });
    expect(await post('/v1/sales/T-1/charge', '')).toMatchObject({ status: 200, body: { state: 'charging' } });
  });

  it.each<[TillFault, number]>([
    ['ORDER_DIFFERS', 409],
    ['ORDER_UNKNOWN', 404],
    ['ORDER_DAY_UNKNOWN', 409],
    ['COUNTER_BUSY', 409],
    ['NOT_IN_THIS_STATE', 409],
    ['READER_AWAY', 503],
    ['PRINTER_AWAY', 503],
    ['JOURNAL_FAILED', 503],
  ])('says %s with status %i', async (fault, status) => {
    counter.refuseNext(fault);
    expect(await post('/v1/sales/T-1/charge')).toMatchObject({ status, body: { code: fault, zh: '不行', en: 'no' } });
  });

  it.each([
    ['text for an amount', { order: 'T', amountFen: '100' }, 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    ['half a fen', { order: 'T', amountFen: 100.5 }, 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    ['nothing to pay', { order: 'T', amountFen: 0 }, 'AMOUNT_NOT_POSITIVE'],
    ['a negative amount', { order: 'T', amountFen: -1 }, 'AMOUNT_NOT_POSITIVE'],
    ['more than the reader takes', { order: 'T', amountFen: 100_000_000 }, 'AMOUNT_TOO_LARGE'],
    ['more than 2^53', '{"order":"T","amountFen":9007199254740993}', 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    ['infinity', '{"order":"T","amountFen":1e999}', 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    ['no amount', { order: 'T' }, /AMOUNT_NOT_A_WHOLE_NUMBER|REQUEST_MALFORMED/],
    ['no order', { amountFen: 1 }, /ORDER_MALFORMED|REQUEST_MALFORMED/],
    ['a number for an order', { order: 1, amountFen: 1 }, 'ORDER_MALFORMED'],
    ['an order of 65 characters', { order: 'x'.repeat(65), amountFen: 1 }, 'ORDER_MALFORMED'],
    ['an order with a line end', { order: 'a\nb', amountFen: 1 }, 'ORDER_MALFORMED'],
    ['an unknown key', { order: 'T', amountFen: 1, amount: 5 }, 'REQUEST_MALFORMED'],
    ['a list', [1, 2], 'REQUEST_MALFORMED'],
    ['null', 'null', 'REQUEST_MALFORMED'],
    ['broken JSON', '{"order":', 'MESSAGE_NOT_JSON'],
    ['an empty body', '', 'REQUEST_MALFORMED'],
    ['a prototype', '{"order":"T","amountFen":1,"__proto__":{"x":1}}', 'REQUEST_MALFORMED'],
    [
      'a constructor',
      '{"order":"T","amountFen":1,"constructor":{"prototype":{"x":1}}}',
      /MESSAGE_NOT_JSON|REQUEST_MALFORMED/,
    ],
  ])('refuses %s with a code and a sentence', async (_, body, code) => {
    const answered = await post('/v1/sales', body);
    expect(answered.status).toBe(400);
    expect(answered.body).toMatchObject({
      code: expect.stringMatching(code),
      zh: expect.stringMatching(/./),
      en: expect.stringMatching(/./),
    });
    expect(counter.requests).toEqual([]);
  });

  it('refuses bodies that are too long or are not JSON, and addresses that do not exist', async () => {
    expect(await post('/v1/sales', { order: 'x'.repeat(10_000), amountFen: 1 })).toMatchObject({
      status: 413,
      body: { code: 'REQUEST_TOO_LARGE' },
    });
    const form = await fetch(`${base}/v1/sales`, { method: 'POST', body: '{"order":"T","amountFen":1}' });
    expect(form.status).toBe(415);
    expect((await get('/v2/sales')).body).toMatchObject({ code: 'NO_SUCH_ADDRESS' });
    expect(await post('/v1/sales/T/explode')).toMatchObject({ status: 404, body: { code: 'NO_SUCH_ADDRESS' } });
    expect(await get(`/v1/sales/${'x'.repeat(65)}`)).toMatchObject({ status: 400, body: { code: 'ORDER_MALFORMED' } });
    expect(await get('/v1/sales/%E0%A4%A')).toMatchObject({ status: 400, body: { code: 'REQUEST_MALFORMED' } });
    expect(counter.requests).toEqual([]);
  });

  it('takes a request that breaks off in its body for what it is: no request, and no fault', async () => {
    const socket = connect(till.port, '127.0.0.1');
    const head = `POST /v1/sales HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 40\r\n\r\n`;
    await new Promise<void>((sent) => socket.write(`${head}{"order":`, () => sent()));
    socket.destroy();
    expect(await get('/v1/health')).toEqual({ status: 200, body: wholeHealth });
    expect(counter.requests).toEqual([]);
    expect(codes).toEqual([]);
  });

  it('answers HEAD like GET, without the text', async () => {
    expect(await raw('HEAD', '/v1/health', { host: `127.0.0.1:${till.port}` })).toBe(200);
    expect(await raw('HEAD', '/v1/events', { host: `127.0.0.1:${till.port}` })).toBe(404);
    expect(await raw('PUT', '/v1/health', { host: `127.0.0.1:${till.port}` })).toBe(404);
  });

  it('is for this machine only: no other name, no other web page', async () => {
    const host = `127.0.0.1:${till.port}`;
    expect(await raw('GET', '/v1/health', { host: 'evil.example' })).toBe(421);
    expect(await raw('GET', '/v1/health', { host: '127.0.0.1.evil.example' })).toBe(421);
    expect(await raw('GET', '/v1/health', { host: `localhost:${till.port}` })).toBe(200);
    expect(await raw('POST', '/v1/printer/resume', { host, origin: 'http://evil.example' })).toBe(403);
    expect(await raw('POST', '/v1/printer/resume', { host, origin: 'null' })).toBe(403);
    expect(await raw('POST', '/v1/printer/resume', { host, 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(counter.printerResumed()).toBe(0);
    expect(await raw('POST', '/v1/printer/resume', { host, origin: `http://${host}` })).toBe(202);
    expect(counter.printerResumed()).toBe(1);
  });

  it('lets a till wait for the next state of its sale', async () => {
    await post('/v1/sales', { order: 'T-1', amountFen: 25_990 });
    const waiting = get('/v1/sales/T-1?wait=25');
    while (counter.requests.filter((request) => request.kind === 'look').length < 2) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    counter.change('T-1', { line: { zh: '', en: 'still opened' } });
    counter.change('T-1', settledWithCoupon);
    expect((await waiting).body).toMatchObject({ state: 'settled', netFen: 21_990 });
    // It has ended: there is nothing to wait for.
    expect((await get('/v1/sales/T-1?wait=25')).body).toMatchObject({ state: 'settled' });
    expect((await get('/v1/sales/T-1?wait=25&after=charging')).body).toMatchObject({ state: 'settled' });
    expect(await get('/v1/sales/T-9?wait=25')).toMatchObject({ status: 404, body: { code: 'ORDER_UNKNOWN' } });
    expect(await get('/v1/sales/T-1?wait=26')).toMatchObject({ status: 400, body: { code: 'REQUEST_MALFORMED' } });
    expect(await get('/v1/sales/T-1?wait=-1')).toMatchObject({ status: 400 });
    expect(await get('/v1/sales/T-1?wait=1&wait=2')).toMatchObject({ status: 400 });
  });

  it('ends a wait when its time is over, and answers how the sale stands', async () => {
    await post('/v1/sales', { order: 'T-1', amountFen: 100 });
    expect((await get('/v1/sales/T-1?wait=1')).body).toMatchObject({ state: 'opened' });
  });

  it('says when a sale was opened and paid, why it was not, and who answers', async () => {
    await post('/v1/sales', { order: 'T-1', amountFen: 25_990 });
    const at = (text: string): WallMs => wallMs(Date.parse(text));
    counter.change('T-1', {
      ...settledWithCoupon,
      openedAt: at('2026-11-24T00:31:07.400Z'),
      settledAt: at('2026-11-24T00:32:49Z'),
    });
    expect((await get('/v1/sales/T-1')).body).toMatchObject({
      openedAt: '2026-11-24T08:31:07+08:00',
      settledAt: '2026-11-24T08:32:49+08:00',
      outcome: null,
      again: false,
    });
    counter.change('T-1', { state: 'not-charged', outcome: 'declined', code: '51', settledAt: null });
    expect((await get('/v1/sales/T-1')).body).toMatchObject({ outcome: 'declined', code: '51', settledAt: null });
    expect(await get('/v1/hello')).toEqual({
      status: 200,
      body: { api: 'till/1', agent: 'codeplate-test', device: 'plate-001' },
    });
  });

  it('shows the health of the counter', async () => {
    expect(await get('/v1/health')).toEqual({ status: 200, body: wholeHealth });
  });

  it('counts sales by outcome, and shows what is unsent', async () => {
    counter.now.health = { ...wholeHealth, online: false, unsent: { records: 7, fen: 5_100, oldestMs: 61_500 } };
    await post('/v1/sales', { order: 'T-1', amountFen: 25_990 });
    counter.change('T-1', settledWithCoupon);
    counter.change('T-1', settledWithCoupon);
    const text = await (await fetch(`${base}/metrics`)).text();
    expect(text).toContain('codeplate_sales_total{outcome="settled",coupon="yes"} 1');
    expect(text).toContain('codeplate_coupon_face_fen_total 4000');
    expect(text).toContain('codeplate_unsent_records 7');
    expect(text).toContain('codeplate_unsent_fen 5100');
    expect(text).toContain('codeplate_unsent_oldest_seconds 61.5');
    expect(text).toContain('codeplate_online 0');
    expect(text).toContain('codeplate_port_state{port="reader"} 1');
    expect(text).not.toContain('port="voice"');
  });

  it('refuses to start on a port that is taken, and leaves nothing behind', async () => {
    const other = fakeCounter();
    await expect(startTillHttp({ port: till.port, counter: other, language: 'zh', log: () => {} })).rejects.toThrow(
      /EADDRINUSE/,
    );
    expect(other.watchers()).toBe(0);
  });

  it('ends long polls and screens when it stops', async () => {
    await post('/v1/sales', { order: 'T-1', amountFen: 100 });
    const poll = get('/v1/sales/T-1?wait=25').catch(() => undefined);
    const screen = await fetch(`${base}/v1/events`);
    await till.stop();
    await poll;
    await screen.text().catch(() => '');
    expect(counter.watchers()).toBe(0);
  });
});

describe('the counter’s screen', () => {
  it('is one page with nothing fetched from elsewhere, and may run its own script only', async () => {
    const response = await fetch(base);
    const page = await response.text();
    const policy = response.headers.get('content-security-policy') ?? '';
    const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1];
    expect(policy).toContain("default-src 'none'");
    expect(page).toContain(`<script nonce="${nonce}">`);
    expect(page).not.toMatch(/https?:\/\//);
    // No welcome before the agent's first event.
    expect(page).toContain('正在连接本机程序…');
    expect(page).not.toContain('欢迎光临');
    expect(await (await fetch(`${base}/?lang=en`)).text()).toContain('Connecting to the agent…');
    expect(await (await fetch(`${base}/?lang=en&lang=zh`)).text()).toContain('正在连接本机程序…');
  });

  it('follows the sale', async () => {
    const aborter = new AbortController();
    const response = await fetch(`${base}/v1/events?lang=en`, { signal: aborter.signal });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const until = async (what: string): Promise<void> => {
      while (!text.includes(what)) text += (await reader?.read())?.value ?? '';
    };
    await until('Welcome');
    await post('/v1/sales', { order: 'T-1', amountFen: 25_990 });
    await until('Show the coupon code');
    counter.change('T-1', settledWithCoupon);
    await until('You saved 40.00 yuan');
    aborter.abort();
  });

  it('beats, and gives the place of the oldest screen to the seventeenth', async () => {
    const aborter = new AbortController();
    const open = async (): Promise<ReadableStreamDefaultReader<string>> => {
      const { body } = await fetch(`${base}/v1/events`, { signal: aborter.signal });
      if (body === null) throw new Error('no stream');
      return body.pipeThrough(new TextDecoderStream()).getReader();
    };
    const oldest = await open();
    let text = '';
    while (!text.includes('event: beat')) text += (await oldest.read()).value ?? '';
    for (let more = 1; more < MAX_STREAMS; more++) await open();
    const newest = await open();
    for (let end = false; !end; ) {
      const { done, value } = await oldest.read();
      text += value ?? '';
      end = done;
    }
    expect(text.trimEnd().split('\n\n').at(-1)).toBe('event: replaced\ndata: {}');
    expect((await newest.read()).value).toContain('event: beat');
    aborter.abort();
  });

  it('stays with the customer who is at the counter when an earlier sale comes out of a person’s hands', async () => {
    const aborter = new AbortController();
    const response = await fetch(`${base}/v1/events?lang=en`, { signal: aborter.signal });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const shown: ScreenTexts[] = [];
    let text = '';
    const until = async (isSo: (texts: ScreenTexts) => boolean): Promise<ScreenTexts> => {
      for (;;) {
        const found = shown.find(isSo);
        if (found !== undefined) return found;
        text += (await reader?.read())?.value ?? '';
        const [rest = '', ...whole] = text.split('\n\n').reverse();
        text = rest;
        shown.push(
          ...whole
            .reverse()
            .filter((event) => event.startsWith('data: '))
            .map((event) => JSON.parse(event.slice('data: '.length)) as ScreenTexts),
        );
      }
    };
    await post('/v1/sales', { order: 'A-1', amountFen: 25_990 });
    counter.change('A-1', { state: 'unknown' });
    await post('/v1/sales', { order: 'B-1', amountFen: 5_100 });
    await until(({ order }) => order === 'Order B-1');
    shown.length = 0;
    counter.change('A-1', settledWithCoupon);
    // What became of the other stands below.
    const texts = await until(({ tiles }) => tiles.some(({ value }) => value.startsWith('A-1 ￥219.90')));
    expect(texts).toMatchObject({ order: 'Order B-1', net: 'Total ￥51.00', mood: 'working' });
    aborter.abort();
  });
});
