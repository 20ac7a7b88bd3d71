/**
 * docs/till-http.md and docs/ecr.md, walked line by line against the agent: the real loop behind the real doors, with a reader
 * and a gateway that say what the text around each example says. What a till's author copies from there is what is answered.
 */
import { readFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { latin1Bytes, latin1Text } from '#device/drivers/bytes.js';
import { AGENT } from '#device/main.js';
import type { SerialLink, SerialLinkEvents } from '#device/ports/serial-link.js';
import { startTillEcr } from '#device/till/till-ecr.js';
import { startTillHttp, type TillHttp } from '#device/till/till-http.js';
import { monoMs, wallMs } from '#protocol/kernel/time.js';
import { memoryDisk } from '#simulator/doubles/memory-journal.js';
import { counter } from './doubles/counter-bench.js';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const OPENED = wallMs(Date.parse('2026-11-24T08:31:07+08:00'));
const PAID_AFTER_MS = 102_000;
const CARD = { auth: '000001', rrn: '900001000001', last4: '0042', scheme: 'UNIONPAY', readerTime: '20261124083249' };

function shop() {
  const box = counter(memoryDisk(), true, {
    agent: AGENT,
    time: { anchor: { earliest: OPENED, latest: OPENED, heardAt: monoMs(1_000) }, floor: OPENED },
    hexes: ['d728d6', '5b1e07', 'e94c1a'],
  });
  box.goOnline(OPENED);
  return {
    ...box,
    /** The customer shows a code, and the gateway reserves 40 yuan off. */
    showCode(): void {
      box.scan('6212345678901234567');
      box.synced();
      const asked = box.sent.findLast(({ type }) => type === 'authorise');
      if (asked?.type !== 'authorise') throw new Error('nothing was asked');
      const coupon = { serial: 4_001, tier: 'yuan-40', faceFen: 4_000, thresholdFen: 20_000 };
      const answer = { kind: 'reserved', ...coupon, netFen: 21_990, leaseMs: 180_000 };
      box.down({ type: 'authorised', re: asked.id, sale: asked.sale, answer });
      box.synced();
    },
    approve(order: string): void {
      box.pass(PAID_AFTER_MS);
      box.hear({ kind: 'answer', ref: box.sale(order), answer: { kind: 'approved', slip: CARD } });
      box.synced();
    },
    decline(order: string): void {
      box.synced();
      box.hear({
        kind: 'answer',
        ref: box.sale(order),
        answer: { kind: 'not-charged', outcome: 'declined', code: '51' },
      });
      box.synced();
    },
  };
}

let till: TillHttp | undefined;
afterEach(() => till?.stop());

it('docs/till-http.md: each request is answered as it says', async () => {
  const box = shop();
  const running = await startTillHttp({ port: 0, counter: box.loop, language: 'zh', log: () => {} });
  till = running;
  const blocks = [...read('docs/till-http.md').matchAll(/^```console\n([\s\S]*?)^```/gm)].map(([, text = '']) => text);
  const examples = blocks.flatMap((block) =>
    block
      .trimEnd()
      .split('\n$ ')
      .map((step) => step.replace(/^\$ /, '')),
  );
  expect(examples.length).toBeGreaterThanOrEqual(9);
  for (const example of examples) {
    const [command = '', expected = ''] = example.split('\n');
    if (command.includes('A-2001?wait')) {
      box.showCode();
      box.approve('A-2001');
    }
    if (command.includes('A-2002?wait')) box.decline('A-2002');
    const [, path = ''] = /http:\/\/127\.0\.0\.1:8787([^\s']*)/.exec(command) ?? [];
    const [, body] = /-d '([^']*)'/.exec(command) ?? [];
    const asked = fetch(`http://127.0.0.1:${running.port}${path}`, {
      method: body !== undefined || command.includes('-X POST') ? 'POST' : 'GET',
      ...(body !== undefined && { body, headers: { 'content-type': 'application/json' } }),
    }).then((response) => response.text());
    expect(await whileSyncing(box.synced, asked), command).toBe(expected);
  }
  const [, hello] = /`GET \/v1\/hello` \|[^`]*`([^`]*)`/.exec(read('docs/till-http.md')) ?? [];
  expect(await (await fetch(`http://127.0.0.1:${running.port}/v1/hello`)).text()).toBe(hello);
});

/** The disk is as slow as the test wants: it is quick while the till waits. */
async function whileSyncing<T>(synced: () => void, answer: Promise<T>): Promise<T> {
  let answered = false;
  const done = answer.finally(() => {
    answered = true;
  });
  while (!answered) {
    synced();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return done;
}

it('docs/ecr.md: each line is answered as it says', () => {
  const box = shop();
  const said: string[] = [];
  let events: SerialLinkEvents | undefined;
  const link: SerialLink = {
    start: (given) => {
      events = given;
      given.onState('open', undefined);
    },
    write: (bytes, done) => {
      said.push(latin1Text(bytes).trimEnd());
      done(undefined);
    },
    stop: () => {},
  };
  const ecr = startTillEcr({ link, counter: box.loop, log: () => {}, now: () => monoMs(0) });
  const lines = [...read('docs/ecr.md').matchAll(/^```\n([\s\S]*?)^```/gm)].flatMap(([, text = '']) =>
    text.trimEnd().split('\n'),
  );
  expect(lines.length).toBeGreaterThanOrEqual(20);
  let happened = 0;
  for (const line of lines) {
    const text = line.slice(2);
    if (line.startsWith('> ')) {
      expect(said, 'answers that the page leaves out').toEqual([]);
      events?.onBytes(latin1Bytes(`${text}\r\n`));
      box.synced();
      continue;
    }
    if (said.length === 0) {
      // Nobody asked: what the text above it says has happened.
      happened += 1;
      if (happened === 1) box.showCode();
      else if (text.includes('A-2001')) box.approve('A-2001');
      else box.decline('A-2002');
    }
    expect(said.shift()).toBe(text);
  }
  expect(said).toEqual([]);
  ecr.stop();
});
