/**
 * The story that the demo plays: one lively hour at a counter, its troubles included. Nothing is acted: every line tells
 * what the real agent, gateway and virtual hardware did, and a step that ends otherwise than it should fails the demo.
 */
import { checkEvidence, evidenceSchema } from '#protocol/evidence/evidence.js';
import { es256Verifier, sha256 } from '#protocol/node/crypto.js';
import { until } from '../processes/waiting.js';
import { type Words, yuan } from './narration.js';
import type { Shop } from './shop.js';

export interface Chapter {
  readonly title: Words;
  play(shop: Shop): Promise<void>;
}

const WAIT_MS = 60_000;

/** Who pays for an offline double spend, as the campaign names them. */
const BEARER = { sponsor: '主办方', merchant: '商户', bank: '银行' } as const;

const tiers: Chapter = {
  title: { zh: '各档消费券', en: 'A coupon of each tier' },
  async play(shop) {
    const sums = [
      [20, 13_850],
      [40, 25_990],
      [80, 36_600],
    ] as const;
    for (const [face, amount] of sums) {
      const customer = await shop.customer(face);
      const sale = await shop.sell(amount, shop.present(customer));
      shop.judge(
        sale,
        { state: 'settled', couponFen: face * 100 },
        { zh: `${face}元券`, en: `The ${face} yuan coupon` },
      );
      if (face === 40) await shop.show(sale);
    }
  },
};

const rules: Chapter = {
  title: { zh: '活动规则', en: 'The rules of the campaign' },
  async play(shop) {
    const two = await shop.customer(20, 80);
    shop.judge(
      await shop.sell(28_800, shop.present(two)),
      { state: 'settled', couponFen: 2_000 },
      { zh: '持有20元券和80元券，未满300元', en: 'Holds 20 and 80 yuan, below 300' },
    );
    const below = await shop.customer(20, 40);
    shop.judge(
      await shop.sell(9_200, shop.present(below)),
      { state: 'settled', couponFen: null, reason: 'below-threshold' },
      { zh: '未到门槛', en: 'Below the threshold' },
    );
    const order = shop.nextOrder();
    await shop.open(20_000, order);
    await shop.counter.scanner.scan('134567890123456789');
    const refused = await shop.counter.till.follow(order, ({ reason }) => reason !== null, {
      withinMs: WAIT_MS,
      what: 'refused',
      looking: true,
    });
    shop.judge(
      refused,
      { state: 'opened', couponFen: null, reason: 'wrong-wallet-app' },
      { zh: '扫到微信付款码', en: 'A WeChat code was scanned' },
    );
    await shop.counter.scanner.scan(below.paymentCode(shop.rig.now()));
    shop.judge(
      await shop.rest(order),
      { state: 'settled', couponFen: 4_000 },
      { zh: '改用云闪付付款码', en: 'The QuickPass code instead' },
    );
    shop.judge(
      await shop.sell(4_500, null),
      { state: 'settled', couponFen: null },
      { zh: '没有消费券的顾客', en: 'A customer without coupons' },
    );
  },
};

const card: Chapter = {
  title: { zh: '刷卡的意外', en: 'Trouble with the card' },
  async play(shop) {
    const { counter } = shop;
    const customer = await shop.customer(40, 80);
    const order = shop.nextOrder();
    await counter.reader.pays({ kind: 'decline' });
    shop.judge(
      await shop.sell(21_500, shop.present(customer), { order }),
      { state: 'not-charged' },
      { zh: '卡被拒绝', en: 'The card is declined' },
    );
    shop.judge(
      await shop.sell(21_500, shop.present(customer), { order }),
      { state: 'settled', couponFen: 4_000 },
      { zh: '换卡重试，同一订单', en: 'Another card, the same order' },
    );

    await counter.reader.fault({ way: 'said', frame: 'EVNT ONLINE', does: { kind: 'unplug-after' } });
    const silent = await shop.sell(32_000, shop.present(customer), {
      onState: (sale) => {
        if (sale.state !== 'checking') return;
        shop.tell.trouble({
          zh: `收款途中读卡器掉线：${sale.line.zh}`,
          en: `The reader vanishes in mid-charge: ${sale.line.en}`,
        });
        void counter.reader.replug();
      },
    });
    shop.judge(
      silent,
      { state: 'settled', couponFen: 8_000 },
      { zh: '读卡器恢复后查得结果', en: 'It is back, was asked, and says' },
    );
    const charged = (await counter.reader.book()).filter(({ ref }) => ref === silent.sale);
    shop.check(charged.length === 1, {
      zh: `读卡器账上只有一笔：${charged.length}笔`,
      en: `The reader's own book has it ${charged.length === 1 ? 'exactly once' : `${charged.length} times`}`,
    });
  },
};

const power: Chapter = {
  title: { zh: '断电与缺纸', en: 'Power and paper' },
  async play(shop) {
    const { counter } = shop;
    const customer = await shop.customer(20, 40);
    const order = shop.nextOrder();
    await counter.reader.pays({ kind: 'approve', cardMs: 400, bankMs: 600 });
    const online = counter.reader.next(({ kind, state }) => kind === 'stage' && state === 'ONLINE', WAIT_MS);
    await shop.open(12_000, order);
    await counter.scanner.scan(shop.present(customer));
    await online;
    await counter.kill();
    shop.tell.trouble({ zh: '收款途中断电（kill -9）', en: 'The power goes in mid-charge (kill -9)' });
    await counter.start();
    await counter.ready();
    shop.judge(
      await shop.rest(order),
      { state: 'settled', couponFen: 2_000 },
      { zh: '重启后按流水账接着办完', en: 'Back again, the journal says what to ask' },
    );

    await counter.printer.turn({ kind: 'paper-out', afterLines: 0 });
    const sale = await shop.sell(22_200, shop.present(customer));
    shop.judge(
      sale,
      { state: 'settled', couponFen: 4_000 },
      { zh: '打印机缺纸，收款照常', en: 'Out of paper, and the sale goes on' },
    );
    await until('the missing paper to show', WAIT_MS, async () =>
      (await counter.till.health())?.paper === 'out' ? true : undefined,
    );
    shop.tell.trouble({
      zh: (await counter.till.health())?.line.zh ?? '',
      en: (await counter.till.health())?.line.en ?? '',
    });
    await counter.printer.turn({ kind: 'paper-in' });
    await until('the receipt to be printed', WAIT_MS, async () => {
      if (sale.receipt !== null && counter.paper.ofReceipt(sale.receipt).some(({ netFen }) => netFen !== null))
        return true;
      await counter.till.resumePrinting();
      return undefined;
    });
    shop.tell.step({ zh: '换纸后补齐小票', en: 'New paper, and the receipt comes' });
  },
};

const offline: Chapter = {
  title: { zh: '断网：离线用券', en: 'The line is cut: coupons offline' },
  async play(shop) {
    const { counter, otherCounter } = shop;
    const [honest, greedy, cheat] = [await shop.customer(40), await shop.customer(20, 80), await shop.customer(80)];
    const onLine = await shop.sell(9_900, null);
    shop.judge(onLine, { state: 'settled' }, { zh: '断网前最后一笔', en: 'The last sale before' });
    counter.line.refuse();
    await until('the cut to show', WAIT_MS, async () =>
      (await counter.till.health())?.online === false ? true : undefined,
    );
    const health = await counter.till.health();
    shop.tell.trouble({
      zh: `一号柜台断网：${health?.line.zh ?? ''}`,
      en: `Counter 1 is cut off: ${health?.line.en ?? ''}`,
    });

    const taken = await shop.sell(26_000, shop.present(honest));
    shop.judge(
      taken,
      { state: 'settled', couponFen: 4_000 },
      { zh: '凭签名离线验券', en: 'A signed coupon, verified here' },
    );
    await shop.show(taken);
    shop.judge(
      await shop.sell(31_000, shop.present(greedy)),
      { state: 'settled', couponFen: 8_000 },
      { zh: '离线额度内', en: 'Within the allowance' },
    );
    shop.judge(
      await shop.sell(15_000, shop.present(greedy)),
      { state: 'settled', couponFen: null, reason: 'offline-holder-limit' },
      { zh: '同一顾客第二张，超出离线额度', en: 'A second one of the same holder, beyond the allowance' },
    );
    shop.judge(
      await shop.sell(18_000, honest.paymentCode(shop.rig.now())),
      { state: 'settled', couponFen: null, reason: 'gateway-unreachable' },
      { zh: '付款码离线无法验券', en: 'A payment code can only be checked online' },
    );

    shop.judge(
      await shop.sell(33_300, shop.present(cheat), { at: otherCounter }),
      { state: 'settled', couponFen: 8_000 },
      { zh: '二号柜台在线用掉80元券', en: 'Counter 2, online, takes an 80 yuan coupon' },
    );
    shop.judge(
      await shop.sell(34_400, shop.present(cheat)),
      { state: 'settled', couponFen: 8_000 },
      { zh: '同一张券又在断网的一号柜台用了一次', en: 'The same coupon again, at counter 1, which cannot know' },
    );
    const unsent = await counter.till.health();
    shop.tell.note({
      zh: `待补传${unsent?.unsent.records ?? 0}条、${yuan(unsent?.unsent.fen ?? 0)}元`,
      en: `${unsent?.unsent.records ?? 0} records of ${yuan(unsent?.unsent.fen ?? 0)} yuan wait to be sent`,
    });
  },
};

const sync: Chapter = {
  title: { zh: '恢复网络：对账与取证', en: 'Back online: the ledger arbitrates' },
  async play(shop) {
    const { counter, rig } = shop;
    counter.line.back();
    await until('everything to be sent', WAIT_MS, async () => {
      const health = await counter.till.health();
      return health?.online === true && health.unsent.records === 0 ? true : undefined;
    });
    shop.tell.step({ zh: '全部流水已按序补传', en: 'Every record went up, in order' });
    const [found] = await rig.gateway.evidence();
    if (found === undefined) {
      shop.fail('the double spend was not found');
      return;
    }
    const document = evidenceSchema.parse(found);
    const checked = checkEvidence(document, { verifier: es256Verifier(), sha256 });
    const proves = checked.ok ? checked.value.proves : checked.fault.why;
    const bearer = shop.campaign.offline.conflictAccount;
    shop.check(checked.ok && checked.value.proves === 'holder-spent-twice', {
      zh: `一券两用已查出：同一张80元券用了两次，两次出示都有同一持券人的签名（${proves}）`,
      en: `The double spend is found: one 80 yuan coupon, shown twice, both times signed by the same holder (${proves})`,
    });
    if (document.kind === 'double-spend') {
      const { first, second } = document.detail;
      shop.tell.note({
        zh: `先入账的销售 ${first?.sale ?? '–'} 用券有效；后到的 ${second.sale ?? '–'} 优惠的80元按活动规定由${BEARER[bearer]}承担`,
        en: `First in the ledger, sale ${first?.sale ?? '–'} keeps the coupon; the 80 yuan of the later one, ${second.sale ?? '–'}, are borne by the ${bearer}, as the campaign says`,
      });
    }
    const file = shop.saveDocument(`evidence-${document.id}.json`, found);
    shop.tell.note({
      zh: `证据已存盘，无需数据库即可验证：npx codeplate evidence --file ${file}`,
      en: `The evidence is kept and proves itself, without any database: npx codeplate evidence --file ${file}`,
    });
  },
};

const refund: Chapter = {
  title: { zh: '退款', en: 'A refund' },
  async play(shop) {
    const customer = await shop.customer(40);
    const order = shop.nextOrder();
    await shop.sell(24_000, shop.present(customer), { order });
    const said = await shop.counter.till.press(order, 'refund');
    if (!said.ok) shop.fail(`the refund was refused: ${said.line.en}`);
    const sale = await shop.counter.till.follow(
      order,
      ({ state }) => state === 'refunded' || state === 'refund-unknown',
      { withinMs: WAIT_MS, what: 'refunded' },
    );
    shop.judge(
      sale,
      { state: 'refunded' },
      { zh: '退还实付金额', en: 'What was paid goes back, the coupon stays used' },
    );
    await until('the refund receipt', WAIT_MS, () => shop.counter.paper.copies.find((copy) => copy.of === 'refund'));
    const slip = shop.counter.paper.copies.find((copy) => copy.of === 'refund');
    if (slip !== undefined) shop.tell.receipt(slip.pieces);
  },
};

export const DEMO_SCRIPT: readonly Chapter[] = [tiers, rules, card, power, offline, sync, refund];
