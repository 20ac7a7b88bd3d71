/**
 * What a scanner, a till and a campaign can say that is not what it should be, to the real agent on real terminals: each
 * gets its code, nothing is written anywhere, and the next customer is served.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDeviceConfig } from '#device/config/config.js';
import { latin1Bytes, latin1Text } from '#device/drivers/bytes.js';
import { type RunningDevice, startDevice } from '#device/main.js';
import { crc16CcittFalse, crcHex } from '#protocol/codes/crc16.js';
import { isErrorCode } from '#protocol/faults/errors.js';
import { movedToToday } from '#simulator/counter/campaign-copy.js';
import { diceOf } from '#simulator/counter/dice.js';
import { readJournal } from '#simulator/counter/journal-copy.js';
import { type Rig, startRig } from '#simulator/counter/rig.js';
import { AT_REST } from '#simulator/counter/till-client.js';
import { openPty, type Pty } from '#simulator/hardware/pty.js';
import { until } from '#simulator/processes/waiting.js';

const SOON_MS = 15_000;
/** Every character that receiptline, or a template of ours, might take for something else. */
const MARKUP = '{code:1}|^^^"_`\\~---{w:*}$&';

/** A campaign in which everything that is printed is full of markup. Control bytes no gateway takes: see below. */
function markedUp(): ReturnType<typeof movedToToday> {
  const campaign = movedToToday(JSON.parse(readFileSync('campaigns/youhao-2023.json', 'utf8')), Date.now());
  const { merchants } = campaign;
  if (!Array.isArray(merchants)) throw new Error('a campaign has merchants');
  return {
    ...campaign,
    name: `消费季${MARKUP}`,
    receiptLine: `谢谢${MARKUP}`,
    merchants: merchants.map((merchant: object) => ({ ...merchant, name: `商店${MARKUP}` })),
  };
}

describe('bad input at a counter', () => {
  let rig: Rig;
  const log: { code?: string; [field: string]: unknown }[] = [];

  beforeAll(async () => {
    rig = await startRig({
      counters: [{ name: 'plate-001', merchant: 'yh-02' }],
      campaign: markedUp(),
      dice: diceOf(7),
      agents: 'here',
      gateway: 'here',
      devices: [],
      onLog: (_, line) => log.push(JSON.parse(line)),
    });
  });
  afterAll(() => rig.stop());

  const books = async (): Promise<string> => {
    const { journal, reader, paper } = await rig.counter('plate-001').books();
    const ledger = await (
      await fetch(`${rig.gateway.url}/v1/reconciliation`, { headers: rig.gateway.asOperator })
    ).text();
    return JSON.stringify([journal, reader, paper.length, ledger]);
  };
  const codes = (): string[] => log.flatMap(({ code }) => code ?? []);
  const said = (code: string): Promise<true> =>
    until(`the log says ${code}`, SOON_MS, () => (codes().includes(code) ? true : undefined));

  it('from the scanner is noise with a code; what was scanned is in no log, and the sale waits for a real code', async () => {
    const { till, scanner } = rig.counter('plate-001');
    await till.open('SCAN-1', 25_990);
    const before = await books();
    const secret = '6212345678901234567';
    const gbk = Uint8Array.of(0xcf, 0xfb, 0xb7, 0xd1, 0xc8, 0xaf);
    const bad: readonly (readonly [Uint8Array, string])[] = [
      [latin1Bytes(secret.repeat(300)), 'SCAN_TOO_LONG'],
      [gbk, 'SCAN_NOT_TEXT'],
      [Uint8Array.of(...latin1Bytes(secret), 0xe4, 0xbd), 'SCAN_NOT_TEXT'],
      [latin1Bytes(`${secret}\u001bp0`), 'SCAN_CONTROL_BYTES'],
      [latin1Bytes(`\u0000${secret}`), 'SCAN_CONTROL_BYTES'],
    ];
    for (const [bytes, code] of bad) {
      log.length = 0;
      await scanner.scanBytes(bytes);
      await said(code);
    }
    expect(JSON.stringify(log)).not.toContain(secret.slice(0, 8));
    expect(await till.look('SCAN-1')).toMatchObject({ state: 'opened' });
    expect(await books()).toBe(before);

    const customer = await rig.customer(['yuan-40']);
    await scanner.scan(customer.present(rig.now()));
    const sale = await till.follow('SCAN-1', ({ state }) => AT_REST.has(state), { withinMs: SOON_MS, what: 'at rest' });
    expect(sale).toMatchObject({ state: 'settled', netFen: 21_990 });
  });

  it('from codes that are text but no coupon leaves the sale open, with a reason', async () => {
    const { till, scanner } = rig.counter('plate-001');
    for (const [at, text] of ['__proto__', 'CP1:AAAA', `CP1:${'A'.repeat(296)}`, '消费券{w:*}|', ' '].entries()) {
      const order = `TEXT-${at}`;
      await till.open(order, 25_990);
      await scanner.scan(text);
      const seen = await till.follow(order, ({ reason }) => reason !== null, {
        withinMs: SOON_MS,
        what: 'has a reason',
        looking: true,
      });
      expect(seen).toMatchObject({ state: 'opened', netFen: 25_990, coupon: null });
      expect(await till.press(order, 'cancel')).toMatchObject({ ok: true });
      await till.follow(order, ({ state }) => AT_REST.has(state), { withinMs: SOON_MS, what: 'at rest' });
    }
  });

  it('from the till over HTTP is answered with a code, and no book has changed', async () => {
    const base = `http://127.0.0.1:${rig.counter('plate-001').till.port}`;
    await rig.settle();
    const before = await books();
    const post = async (body: string | Uint8Array<ArrayBuffer>, type = 'application/json') => {
      const response = await fetch(`${base}/v1/sales`, { method: 'POST', headers: { 'content-type': type }, body });
      return (await response.json()) as { code: string; zh: string; en: string };
    };
    const bad: readonly (readonly [string | Uint8Array<ArrayBuffer>, string?])[] = [
      ...['-1', '0', '0.5', '9007199254740993', '1e999', '"5100"', '[5100]', 'null', 'true', '{"valueOf":1}'].map(
        (amount) => [`{"order":"BAD","amountFen":${amount}}`] as const,
      ),
      ['{"order":"BAD","amountFen":1,"__proto__":{"amountFen":5100}}'],
      ['{"__proto__":{"order":"BAD","amountFen":5100}}'],
      ['{"order":"付款","amountFen":1}'],
      ['{"order":"a\\u0000b","amountFen":1}'],
      ['{"order":{"toString":1},"amountFen":1}'],
      ['['.repeat(2_000)],
      ['{"order":"BAD","amountFen":1}'.padEnd(5_000)],
      [Uint8Array.from(Buffer.from('{"order":"\xcf\xfb","amountFen":1}', 'latin1'))],
      ['order=BAD&amountFen=5100', 'application/x-www-form-urlencoded'],
      ['{"order":"BAD","amountFen":5100}', 'text/plain'],
    ];
    for (const [body, type] of bad) {
      const answered = await post(body, type);
      expect(isErrorCode(answered.code), `${body} got ${JSON.stringify(answered)}`).toBe(true);
      expect(answered.zh).toMatch(/\p{Script=Han}/u);
    }
    for (const order of ['__proto__', 'constructor', 'hasOwnProperty', '..%2f..%2fjournal'])
      expect(await (await fetch(`${base}/v1/sales/${order}`)).json()).toMatchObject({ code: 'ORDER_UNKNOWN' });
    expect(await (await fetch(`${base}/v1/sales/BAD`)).json()).toMatchObject({ code: 'ORDER_UNKNOWN' });
    expect(await books()).toBe(before);
  });

  it('is not an order number that looks like a field of every object: those are sales like any other', async () => {
    const { till } = rig.counter('plate-001');
    for (const order of ['__proto__', 'constructor', 'toString']) {
      expect(await till.open(order, 100)).toMatchObject({ ok: true, sale: { order, state: 'opened', amountFen: 100 } });
      expect(await till.open(order, 200)).toMatchObject({ ok: false, code: 'ORDER_DIFFERS' });
      expect(await till.press(order, 'cancel')).toMatchObject({ ok: true });
      const over = await till.follow(order, ({ state }) => AT_REST.has(state), { withinMs: SOON_MS, what: 'at rest' });
      expect(over.state).toBe('abandoned');
    }
  });

  it('in names, texts and order numbers is printed as the text that it is, and commands no printer', async () => {
    const { till, paper } = rig.counter('plate-001');
    const order = MARKUP.replaceAll(' ', '');
    expect(await till.open(order, 12_345)).toMatchObject({ ok: true });
    expect(await till.press(order, 'charge')).toMatchObject({ ok: true });
    const sale = await till.follow(order, ({ state }) => AT_REST.has(state), { withinMs: SOON_MS, what: 'at rest' });
    expect(sale.state).toBe('settled');
    const copy = await until('the receipt', SOON_MS, () => paper.ofReceipt(sale.receipt ?? '')[0]);
    const text = copy.lines.join('\n');
    expect(text).toContain(`商店${MARKUP}`);
    expect(text).toContain(order);
    expect(copy.netFen).toBe(12_345);
    expect(copy.pieces).toHaveLength(1);
    const [piece] = copy.pieces;
    expect(piece?.items.filter(({ kind }) => kind === 'image')).toEqual([]);
    expect(piece?.items.filter(({ kind }) => kind === 'qr')).toHaveLength(1);
    expect((await rig.settle()).differences).toEqual([]);
  });
});

describe('bad input on the serial line of a till', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'codeplate-bad-ecr-'));
  const lines: string[] = [];
  let device: RunningDevice;
  let pty: Pty;

  beforeAll(async () => {
    pty = await openPty({ link: path.join(folder, 'till') });
    let rest = '';
    pty.onData((bytes) => {
      const parts = (rest + latin1Text(bytes)).split('\r\n');
      rest = parts.pop() ?? '';
      lines.push(...parts.map((line) => line.replace(/\*....$/, '')));
    });
    const config = parseDeviceConfig(
      `{device: plate-001, merchant: yh-02, campaign: youhao-2023, data: data, gateway: {url: "mqtt://127.0.0.1:1"}, till: {ecr: {path: ${pty.link}}}}`,
      path.join(folder, 'device.yaml'),
    );
    if (!config.ok) throw new Error(JSON.stringify(config.fault));
    const opened = new Promise<void>((resolve) => {
      void startDevice(config.value, {
        log: (_, code, { port } = {}) => code === 'PORT_OPEN' && port === 'till' && resolve(),
      }).then((running) => {
        device = running;
      });
    });
    await opened;
  });
  afterAll(async () => {
    await device.stop();
    await pty.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const seal = (body: string): string => `${body}*${crcHex(crc16CcittFalse(latin1Bytes(body)))}\r\n`;
  const answers = async (sent: Uint8Array | string, count = 1): Promise<string[]> => {
    lines.length = 0;
    pty.write(typeof sent === 'string' ? latin1Bytes(sent) : sent);
    return until(`${count} answers`, SOON_MS, () => (lines.length >= count ? [...lines] : undefined));
  };
  const journalled = async (): Promise<number> =>
    (await readJournal(path.join(folder, 'data', 'journal.sqlite'))).records.length;

  it('is answered with ERR and a code, is written nowhere, and the next line is served', async () => {
    const bad: readonly (readonly [string | Uint8Array, string])[] = [
      [seal('PAY|T-1|-1'), 'ERR|T-1|AMOUNT_NOT_POSITIVE'],
      [seal('PAY|T-1|0'), 'ERR|T-1|AMOUNT_NOT_POSITIVE'],
      [seal('PAY|T-1|51.00'), 'ERR|T-1|AMOUNT_NOT_A_WHOLE_NUMBER'],
      [seal('PAY|T-1|9007199254740993'), 'ERR|T-1|AMOUNT_NOT_A_WHOLE_NUMBER'],
      [seal('PAY|T-1|100000000'), 'ERR|T-1|AMOUNT_TOO_LARGE'],
      [seal('PAY|T-1|1e3'), 'ERR|T-1|AMOUNT_NOT_A_WHOLE_NUMBER'],
      [seal('PAY|T-1|0x10'), 'ERR|T-1|AMOUNT_NOT_A_WHOLE_NUMBER'],
      [seal('PAY|T-1|'), 'ERR|T-1|AMOUNT_NOT_A_WHOLE_NUMBER'],
      [seal('PAY|T-1|100|100'), 'ERR|T-1|ECR_FORMAT'],
      [seal('PAY|a b|100'), 'ERR||ORDER_MALFORMED'],
      [seal(`PAY|${'x'.repeat(65)}|100`), 'ERR||ORDER_MALFORMED'],
      [seal('__proto__|T-1'), 'ERR|T-1|ECR_UNKNOWN_COMMAND'],
      [seal('LOOK|__proto__'), 'ERR|__proto__|ORDER_UNKNOWN'],
      [seal('PAY|%00|100'), 'ERR||ECR_FORMAT'],
      ['PAY|T-1|100*0000\r\n', 'ERR||ECR_CRC'],
      ['PAY|T-1|100\r\n', 'ERR||ECR_FORMAT'],
      [Uint8Array.of(0xcf, 0xfb, 0xb7, 0xd1, 0x0d), 'ERR||ECR_FORMAT'],
      [Uint8Array.of(0, 1, 2, 0x1b, 0x40, 0x0d), 'ERR||ECR_FORMAT'],
      [`${'x'.repeat(100_000)}\r\n`, 'ERR||ECR_LINE_TOO_LONG'],
    ];
    for (const [sent, answer] of bad) {
      expect(await answers(sent), String(sent).slice(0, 60)).toEqual([answer]);
    }
    expect(await journalled()).toBe(0);
    expect(await answers(seal('PAY|__proto__|100'))).toEqual([
      expect.stringMatching(/^SALE\|__proto__\|opened\|100\|100\|0\|\|/),
    ]);
    expect(await journalled()).toBe(1);
  });
});
