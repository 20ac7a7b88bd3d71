/** The counter's screen in a real browser: what a cashier sees when the agent dies, freezes, comes back, or is left alone. */
import { writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { troublesOf } from '#device/core/troubles.js';
import type { CounterHealth, SaleView } from '#device/ports/till.js';
import { screenTexts } from '#device/screen/screen.js';
import { screenPage } from '#device/screen/screen-page.js';
import type { OrderNo, SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { openedSale, settledWithCoupon, wholeHealth } from '../doubles/fake-counter.js';
import { Browser, CHROMIUM, type Page } from './chromium.js';

/** As short as they can be for a machine that does twenty other things: the beat comes ten times as often. */
const TIMES = { silentMs: 2_000, reconnectMs: 50, reconnectCapMs: 200 };
const BEAT_MS = 200;

/** What an agent would send, and how it can fail. */
class Agent {
  #server: Server | undefined;
  #streams: ServerResponse[] = [];
  #beats: NodeJS.Timeout | undefined;
  #port = 0;
  isFrozen = false;
  readonly posts: string[] = [];

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      const language = request.url?.includes('lang=en') === true ? 'en' : 'zh';
      if (request.method === 'POST') this.posts.push(request.url ?? '');
      if (request.url?.startsWith('/v1/events') !== true) {
        response.setHeader('content-type', 'text/html; charset=utf-8');
        response.end(screenPage(language, 'n', TIMES));
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      this.#streams.push(response);
    });
    await new Promise<void>((done) => server.listen(this.#port, '127.0.0.1', done));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    this.#beats = setInterval(() => this.#send('event: beat\ndata: {}\n\n'), BEAT_MS);
  }

  get streams(): number {
    return this.#streams.length;
  }

  url(language: 'zh' | 'en' = 'zh'): string {
    return `http://127.0.0.1:${this.#port}/?lang=${language}`;
  }

  show(sale: SaleView | undefined, language: 'zh' | 'en' = 'zh', health: CounterHealth = wholeHealth): void {
    this.#send(`data: ${JSON.stringify(screenTexts(health, sale, language))}\n\n`);
  }

  /** The newest screen, not the others. */
  replace(): void {
    this.#streams.pop()?.end('event: replaced\ndata: {}\n\n');
  }

  async die(): Promise<void> {
    clearInterval(this.#beats);
    this.#streams = [];
    const server = this.#server;
    await new Promise<void>((done) => {
      if (server === undefined) done();
      else server.close(() => done());
      server?.closeAllConnections();
    });
    this.#server = undefined;
  }

  #send(event: string): void {
    if (!this.isFrozen) for (const stream of this.#streams) stream.write(event);
  }
}

const settled: SaleView = { ...openedSale('A-2001' as OrderNo, fen(25_990)), ...settledWithCoupon };
const COVERED = `!document.getElementById('cover').hidden`;
const text = (id: string): string => `document.getElementById('${id}').textContent`;

/** For people: where the pictures are wanted. */
async function keepPicture(page: Page, name: string): Promise<void> {
  const { SCREEN_PICTURES: folder } = process.env;
  if (folder !== undefined) writeFileSync(join(folder, `screen-${name}.png`), await page.picture());
}

describe.skipIf(CHROMIUM === undefined)('the counter’s screen in Chromium', () => {
  let browser: Browser;
  let agent: Agent;
  let page: Page;
  beforeAll(() => {
    browser = Browser.start(CHROMIUM ?? '');
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    agent = new Agent();
    await agent.start();
    page = await browser.page();
    await page.size(1024, 600);
    await page.go(agent.url());
    await page.until(`document.readyState === 'complete'`);
  });
  afterEach(() => agent.die());

  async function connected(): Promise<void> {
    while (agent.streams === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async function paid(): Promise<void> {
    await connected();
    agent.show(settled);
    await page.until(`${text('state')} === '付款成功'`);
  }

  it('welcomes nobody before the agent has been heard', async () => {
    expect(await page.value(text('state'))).toBe('正在连接本机程序…');
    await connected();
    agent.show(undefined);
    await page.until(`${text('state')} === '欢迎光临'`);
  });

  it('covers itself when the agent freezes, leaves no "paid" behind, and comes back by itself', async () => {
    await paid();
    agent.isFrozen = true;
    await page.until(COVERED);
    expect(await page.value(`document.body.innerText`)).toContain('程序无应答，请勿收款');
    expect(await page.value(`document.body.innerText`)).not.toMatch(/付款成功|219\.90/);
    await keepPicture(page, 'frozen');
    const box = `(({ width, height }) => [width, height])(document.getElementById('cover').getBoundingClientRect())`;
    expect(await page.value(box)).toEqual([1024, 600]);
    agent.isFrozen = false;
    await page.until(`!(${COVERED})`);
    agent.show(undefined);
    await page.until(`${text('state')} === '欢迎光临'`);
  });

  it('forgets what it showed as soon as the agent dies, covers itself, and is back with the next agent', async () => {
    await paid();
    await agent.die();
    await page.until(`${text('state')} === '正在重新连接…' && ${text('net')} === ''`);
    await page.until(COVERED);
    await agent.start();
    await page.until(`!(${COVERED})`);
    agent.show(settled);
    await page.until(`${text('state')} === '付款成功'`);
  });

  it('says so when another screen has taken its place, stays so, and comes back at a tap', async () => {
    await paid();
    agent.replace();
    await page.until(COVERED);
    expect(await page.value(`document.body.innerText`)).toContain('本屏已停用');
    await new Promise((resolve) => setTimeout(resolve, TIMES.silentMs + 10 * TIMES.reconnectCapMs));
    expect(agent.streams).toBe(0);
    await page.value(`document.getElementById('cover').click()`);
    await connected();
    await page.until(`!(${COVERED})`);
  });

  it('asks the reader again about the payment that nobody could clear up, at a tap', async () => {
    await connected();
    const unresolved = [
      { order: 'A/7' as OrderNo, sale: 's000007-d728d6' as SaleId, state: 'unknown', netFen: fen(5_100) } as const,
    ];
    agent.show(undefined, 'zh', {
      ...wholeHealth,
      unresolved,
      troubles: [{ code: 'payment-unknown', zh: '不明', en: '' }],
    });
    await page.until(`${text('ask')} === '再次查询 A/7 ￥51.00'`);
    await page.value(`document.getElementById('ask').click()`);
    while (agent.posts.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(agent.posts).toEqual(['/v1/sales/s000007-d728d6/ask-again']);
  });

  it('shows a payment with a coupon online and offline: the two pictures of docs/till-http.md', async () => {
    const zh = '14:30前还可离线用券30张、共1500元';
    const offline = { ...wholeHealth.offline, reason: null, couponsLeft: 30, line: { zh, en: '' } };
    await page.size(800, 480);
    await paid();
    expect(await page.value(`document.body.innerText`)).toMatch(/-￥40\.00[\s\S]*￥219\.90/);
    agent.show(settled, 'zh', { ...wholeHealth, offline });
    await page.until(`document.body.innerText.includes('14:30')`);
    await keepPicture(page, 'manual-online');
    const oldestMs = 12 * 60_000;
    const troubles = troublesOf({
      journal: undefined,
      forked: false,
      unknown: [],
      readerReady: true,
      ports: {},
      paper: 'ok',
      jobsWaiting: 0,
      online: false,
      wasOnline: true,
      why: undefined,
      offline: offline.line,
      spentSilenceMs: null,
      unsent: { records: 24, oldestMs },
    });
    const unsent = { records: 24, fen: fen(114_300), oldestMs };
    const coupon = { faceFen: fen(4_000), thresholdFen: fen(20_000), offline: true };
    agent.show({ ...settled, coupon }, 'zh', {
      ...wholeHealth,
      online: false,
      offline,
      troubles,
      unsent,
    });
    await page.until(`${text('state')} === '付款成功' && document.body.innerText.includes('离线')`);
    await keepPicture(page, 'manual-offline');
  });

  it.each([
    [1024, 600],
    [800, 480],
    [480, 800],
    [360, 640],
  ])('cuts nothing off at %i x %i, with an order of 64 characters and everything that can be wrong', async (w, h) => {
    await page.size(w, h);
    const order = `ORDER-${'0123456789'.repeat(5)}ABCDEFGH` as OrderNo;
    expect(order).toHaveLength(64);
    const troubles = troublesOf({
      journal: undefined,
      forked: false,
      unknown: [order],
      readerReady: true,
      ports: { printer: 'lost' },
      paper: 'ok',
      jobsWaiting: 2,
      online: false,
      wasOnline: true,
      why: undefined,
      offline: wholeHealth.offline.line,
      spentSilenceMs: null,
      unsent: { records: 0, oldestMs: null },
    });
    const unresolved = [{ order, sale: 's000001-d728d6' as SaleId, state: 'unknown', netFen: fen(999_999) } as const];
    const health = { ...wholeHealth, online: false, troubles, jobsWaiting: 2, unresolved };
    for (const language of ['zh', 'en'] as const) {
      await page.go(agent.url(language));
      const before = agent.streams;
      while (agent.streams === before) await new Promise((resolve) => setTimeout(resolve, 20));
      agent.show({ ...settled, order, receipt: `plate-001-s000001-d728d6` as never }, language, health);
      await page.until(`${text('net')} !== ''`);
      const outside = `[...document.querySelectorAll('h1, p:not(:empty), span:not(:empty), li, dd, button:not([hidden])')]
        .filter((each) => each.offsetParent !== null)
        .filter((each) => { const r = each.getBoundingClientRect(); return r.left < -1 || r.right > innerWidth + 1 || r.top < -1 || r.bottom > innerHeight + 1; })
        .map((each) => each.id || each.textContent)`;
      await keepPicture(page, `${w}x${h}-${language}`);
      expect(await page.value(outside), language).toEqual([]);
    }
  });
});
