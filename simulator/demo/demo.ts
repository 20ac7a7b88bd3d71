/** The demo: a real gateway, two real agents on virtual hardware, customers, and an hour's trouble in about a minute. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Campaign } from '#protocol/campaign/schema.js';
import { couponCount, totalFaceFen } from '#protocol/campaign/tiers.js';
import { parseFen } from '#protocol/money.js';
import { diceOf } from '#simulator/counter/dice.js';
import type { Reconciled, Sums } from '#simulator/counter/reconcile.js';
import { startRig } from '#simulator/counter/rig.js';
import { Shop } from './shop.js';
import { STORY } from './story.js';
import { type Language, type Teller, tellTo, yuan } from './telling.js';

/** The second day of the reference campaign, mid-morning: the gateway's clock is set there, and the counters believe it. */
const STORY_TIME = '2023-03-28T10:00:00+08:00';
/** Long enough to read a line, short enough for a minute. */
const PACE_MS = 900;

export interface DemoOptions {
  readonly campaign: Campaign;
  readonly language: Language;
  /** Slower, in colours, and with a prompt at the end. */
  readonly interactive: boolean;
  readonly colours: boolean;
  readonly svgFolder: string | undefined;
  /** Where the story is told; the JSON, if asked for, goes elsewhere. */
  readonly out: { write(text: string): unknown };
}

export interface DemoResult {
  readonly sales: number;
  readonly redeemed: number;
  readonly refunded: number;
  /** Coupons taken off, in fen. */
  readonly faceFen: number;
  /** What customers paid, in fen, before refunds. */
  readonly netFen: number;
  readonly refundedFen: number;
  readonly receipts: number;
  readonly reprints: number;
  readonly evidence: number;
  /** Where the four books disagree, and what ended otherwise than it should; empty when all is well. */
  readonly differences: readonly string[];
  readonly svgFolder: string;
  readonly seconds: number;
}

export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const began = performance.now();
  const { campaign } = options;
  const svgFolder = options.svgFolder ?? mkdtempSync(path.join(tmpdir(), 'codeplate-receipts-'));
  mkdirSync(svgFolder, { recursive: true });
  const tell = tellTo(options.out, options);
  greet(tell, campaign);
  const rig = await startRig({
    counters: [
      { name: 'plate-001', merchant: campaign.merchants[1]?.id ?? '' },
      { name: 'plate-002', merchant: campaign.merchants[9]?.id ?? '' },
    ],
    campaign,
    dice: diceOf(Date.now()),
    gateway: 'here',
    clockOffsetMs: storyOffset(),
    language: options.language,
  });
  try {
    const shop = new Shop({ rig, campaign, tell, svgFolder, paceMs: options.interactive ? PACE_MS : 0 });
    await play(shop);
    const reconciled = await closeTheDay(shop);
    if (options.interactive) await takeAmounts(shop);
    const evidence = (await rig.gateway.evidence()).length;
    return await resultOf(shop, reconciled, {
      evidence,
      svgFolder,
      seconds: Math.round((performance.now() - began) / 100) / 10,
    });
  } finally {
    await rig.stop();
  }
}

function greet(tell: Teller, campaign: Campaign): void {
  tell.plain(`\n码牌 Codeplate · ${campaign.name} · ${campaign.nameEn}`);
  tell.note({
    zh: `${campaign.merchants.length}家商户，${couponCount(campaign)}张消费券，共${yuan(totalFaceFen(campaign))}元；活动时钟 ${STORY_TIME.slice(0, 16).replace('T', ' ')}`,
    en: `${campaign.merchants.length} merchants, ${couponCount(campaign)} coupons, ${yuan(totalFaceFen(campaign))} yuan; the gateway's clock is set to ${STORY_TIME.slice(0, 16).replace('T', ' ')}, inside the campaign`,
  });
  tell.note({
    zh: '真实的网关和两个柜台程序，虚拟的扫码枪、读卡器、打印机（伪终端），真实的MQTT和SQLite',
    en: 'A real gateway and two real agents; scanner, reader and printer are virtual, on pseudo-terminals; MQTT and SQLite are real',
  });
}

const storyOffset = (): number => Date.parse(STORY_TIME) - Date.now();

async function play(shop: Shop): Promise<void> {
  for (const chapter of STORY) {
    shop.tell.chapter(chapter.title);
    try {
      await chapter.play(shop);
    } catch (error) {
      // Whatever else happens, the books are compared: they are what counts.
      shop.fail(error instanceof Error ? error.message : String(error));
    }
  }
}

async function closeTheDay(shop: Shop): Promise<Reconciled> {
  shop.tell.chapter({ zh: '日终对账', en: 'The end of the day: four books' });
  const reconciled = await shop.rig.settle();
  const row = (name: string, sums: Sums | null): string[] =>
    sums === null
      ? [name, '–', '–', '–', '–', '–', '–']
      : [
          name,
          String(sums.sales),
          yuan(sums.netFen),
          sums.redeemed === null ? '' : String(sums.redeemed),
          sums.faceFen === null ? '' : yuan(sums.faceFen),
          String(sums.refunded),
          yuan(sums.refundedFen),
        ];
  shop.tell.table([
    ['', '笔数 sales', '实收 paid', '用券 coupons', '优惠 saved', '退款 refunds', '退还 refunded'],
    row('流水账 journal', reconciled.journal),
    row('中心账 ledger', reconciled.ledger),
    row('小票   receipts', reconciled.receipts),
    row('读卡器 reader', reconciled.reader),
  ]);
  for (const difference of reconciled.differences) shop.fail(difference);
  if (reconciled.differences.length === 0) shop.tell.step({ zh: '四本账一致', en: 'All four say the same' });
  return reconciled;
}

/** The counter stays open: an amount is a sale to a customer who holds one coupon of each tier. */
async function takeAmounts(shop: Shop): Promise<void> {
  const faces = shop.campaign.tiers.map(({ faceFen }) => faceFen / 100);
  shop.tell.plain(
    `\n  输入金额（元）收一笔款，回车结束。Type an amount in yuan for another sale (the customer holds ${faces.join(', ')}); Enter alone ends.`,
  );
  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: '  ￥ ' });
  lines.prompt();
  for await (const line of lines) {
    const text = line.trim();
    if (text === '' || text === 'q') break;
    await sellTyped(shop, text, faces);
    lines.prompt();
  }
  lines.close();
}

async function sellTyped(shop: Shop, text: string, faces: readonly number[]): Promise<void> {
  const digits = /^(\d{1,6})(?:\.(\d{1,2}))?$/.exec(text);
  const amount = parseFen(digits === null ? text : Number(`${digits[1]}${(digits[2] ?? '').padEnd(2, '0')}`));
  if (!amount.ok) {
    shop.tell.trouble({ zh: `“${text}”不是金额，例如 259.90`, en: `"${text}" is no amount; write for example 259.90` });
    return;
  }
  const customer = await shop.customer(...faces);
  const sale = await shop.sell(amount.value, shop.present(customer));
  shop.tell.step(sale.line);
  await shop.show(sale);
}

async function resultOf(
  shop: Shop,
  reconciled: Reconciled,
  more: Pick<DemoResult, 'evidence' | 'svgFolder' | 'seconds'>,
): Promise<DemoResult> {
  const newest = await shop.rig.reconcile();
  shop.saveReceipts();
  const { journal, copies } = newest;
  shop.tell.note({
    zh: `${shop.receipts}张小票的图样在 ${more.svgFolder}`,
    en: `Pictures of all ${shop.receipts} receipts are in ${more.svgFolder}`,
  });
  return {
    sales: journal.sales,
    redeemed: journal.redeemed ?? 0,
    refunded: journal.refunded,
    faceFen: journal.faceFen ?? 0,
    netFen: journal.netFen,
    refundedFen: journal.refundedFen,
    receipts: copies.originals,
    reprints: copies.reprints,
    ...more,
    differences: [...new Set([...shop.failures, ...reconciled.differences, ...newest.differences])],
  };
}
