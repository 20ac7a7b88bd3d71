/** The demo: a real gateway, two real agents on virtual hardware, customers, and an hour's trouble in about a minute. */
import { mkdirSync } from 'node:fs';
import type { Campaign } from '#protocol/campaign/schema.js';
import { couponCount, totalFaceFen } from '#protocol/campaign/tiers.js';
import { diceOf } from '../counter/dice.js';
import type { Reconciled, Sums } from '../counter/reconcile.js';
import { startRig } from '../counter/rig.js';
import { folderInTmp } from '../processes/at-the-end.js';
import { DEMO_SCRIPT } from './demo-script.js';
import { type Language, type Narrator, narrateTo, type Out, type Words, yuan } from './narration.js';
import { Shop } from './shop.js';
import { takeAmounts } from './typed-amounts.js';

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
  readonly out: Out;
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
  const svgFolder = options.svgFolder ?? folderInTmp('codeplate-receipts-');
  mkdirSync(svgFolder, { recursive: true });
  const tell = narrateTo(options.out, options);
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
    tellWhereReceiptsAre(shop, svgFolder);
    if (options.interactive && (await takeAmounts(shop, options.language)) > 0) {
      tellBooks(shop, await shop.rig.settle());
      tellWhereReceiptsAre(shop, svgFolder);
    }
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

function greet(tell: Narrator, campaign: Campaign): void {
  tell.title({ zh: `码牌 Codeplate · ${campaign.name}`, en: `Codeplate · ${campaign.nameEn}` });
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
  for (const chapter of DEMO_SCRIPT) {
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
  tellBooks(shop, reconciled);
  return reconciled;
}

const COLUMNS: readonly Words[] = [
  { zh: '', en: '' },
  { zh: '笔数', en: 'sales' },
  { zh: '实收', en: 'paid' },
  { zh: '用券', en: 'coupons' },
  { zh: '优惠', en: 'saved' },
  { zh: '退款', en: 'refunds' },
  { zh: '退还', en: 'back' },
];

/** A book that knows nothing of coupons (the reader's) has a dash there: it is no zero. */
const cellsOf = (sums: Sums | null): string[] =>
  sums === null
    ? COLUMNS.slice(1).map(() => '–')
    : [
        String(sums.sales),
        yuan(sums.netFen),
        sums.redeemed === null ? '–' : String(sums.redeemed),
        sums.faceFen === null ? '–' : yuan(sums.faceFen),
        String(sums.refunded),
        yuan(sums.refundedFen),
      ];

function tellBooks(shop: Shop, { journal, ledger, receipts, reader, differences }: Reconciled): void {
  shop.tell.table(COLUMNS, [
    { name: { zh: '流水账', en: 'journal' }, cells: cellsOf(journal) },
    { name: { zh: '中心账', en: 'ledger' }, cells: cellsOf(ledger) },
    { name: { zh: '小票', en: 'receipts' }, cells: cellsOf(receipts) },
    { name: { zh: '读卡器', en: 'reader' }, cells: cellsOf(reader) },
  ]);
  for (const difference of differences) shop.fail(difference);
  if (differences.length === 0) shop.tell.step({ zh: '四本账一致', en: 'All four say the same' });
}

function tellWhereReceiptsAre(shop: Shop, folder: string): void {
  shop.saveReceipts();
  shop.tell.note({
    zh: `${shop.receipts}张小票的图样（SVG）存在 ${folder}`,
    en: `Pictures (SVG) of all ${shop.receipts} receipts are in ${folder}`,
  });
}

async function resultOf(
  shop: Shop,
  reconciled: Reconciled,
  more: Pick<DemoResult, 'evidence' | 'svgFolder' | 'seconds'>,
): Promise<DemoResult> {
  const newest = await shop.rig.reconcile();
  const { journal, copies } = newest;
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
