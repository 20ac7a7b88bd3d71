/** The shop that the demo plays in: two counters, customers who have claimed, and what a sale looks like from outside. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Campaign } from '#protocol/campaign/schema.js';
import type { Counter } from '../counter/counter.js';
import type { PrintedCopy } from '../counter/paper.js';
import type { Rig } from '../counter/rig.js';
import { AT_REST, type SaleSeen } from '../counter/till-client.js';
import { paperSvg } from '../hardware/printer/index.js';
import { pause, until } from '../processes/waiting.js';
import type { Wallet } from '../wallets/wallet.js';
import { type Narrator, type Words, yuan } from './narration.js';

/** The reader has a minute and is asked for another: nothing in the demo takes longer to come to rest. */
const SALE_MS = 150_000;
const PAPER_MS = 15_000;

export interface Expected {
  readonly state: SaleSeen['state'];
  readonly couponFen?: number | null;
  readonly reason?: string | null;
}

export class Shop {
  readonly rig: Rig;
  readonly campaign: Campaign;
  readonly tell: Narrator;
  readonly failures: string[] = [];
  readonly #svgFolder: string;
  /** Between two steps, so that a person can follow. */
  readonly #paceMs: number;
  #orders = 0;
  readonly #saved = new Set<string>();

  constructor(options: {
    readonly rig: Rig;
    readonly campaign: Campaign;
    readonly tell: Narrator;
    readonly svgFolder: string;
    readonly paceMs: number;
  }) {
    this.rig = options.rig;
    this.campaign = options.campaign;
    this.tell = options.tell;
    this.#svgFolder = options.svgFolder;
    this.#paceMs = options.paceMs;
  }

  get counter(): Counter {
    return this.rig.counter('plate-001');
  }

  get otherCounter(): Counter {
    return this.rig.counter('plate-002');
  }

  get receipts(): number {
    return this.rig.counters.reduce((sum, counter) => sum + counter.paper.copies.length, 0);
  }

  /** A new person who claims coupons of these faces, in yuan. */
  customer(...faces: readonly number[]): Promise<Wallet> {
    const tiers = faces.map(
      (face) => this.campaign.tiers.find((tier) => tier.faceFen === face * 100)?.id ?? String(face),
    );
    return this.rig.customer(tiers);
  }

  present(wallet: Wallet): string {
    return wallet.present(this.rig.now());
  }

  nextOrder(): string {
    this.#orders += 1;
    return `A${String(this.#orders).padStart(3, '0')}`;
  }

  /** The till hands the amount in; the customer shows `code`, or none; returns once the sale is at rest. */
  async sell(
    amountFen: number,
    code: string | null,
    options: { readonly at?: Counter; readonly order?: string; readonly onState?: (sale: SaleSeen) => void } = {},
  ): Promise<SaleSeen> {
    const { at = this.counter, order = this.nextOrder(), onState } = options;
    await this.open(amountFen, order, at);
    if (code === null) await at.till.press(order, 'charge');
    else await at.scanner.scan(code);
    return this.rest(order, { at, ...(onState !== undefined && { onState }) });
  }

  async open(amountFen: number, order: string, at: Counter = this.counter): Promise<void> {
    await pause(this.#paceMs);
    at.orders.add(order);
    const said = await at.till.open(order, amountFen);
    if (!said.ok) throw new Error(`the till was refused: ${said.line.en}`);
  }

  rest(
    order: string,
    { at = this.counter, onState }: { readonly at?: Counter; readonly onState?: (sale: SaleSeen) => void } = {},
  ): Promise<SaleSeen> {
    return at.till.follow(order, ({ state }) => AT_REST.has(state), { withinMs: SALE_MS, what: 'at rest', onState });
  }

  /** Says how a sale ended, and whether that is what should have happened. */
  judge(sale: SaleSeen, expected: Expected, words: Words): void {
    const wrong: string[] = [];
    if (sale.state !== expected.state) wrong.push(`state ${sale.state}, not ${expected.state}`);
    if (expected.couponFen !== undefined && (sale.coupon?.faceFen ?? null) !== expected.couponFen)
      wrong.push(`coupon ${sale.coupon?.faceFen ?? 'none'}, not ${expected.couponFen ?? 'none'}`);
    if (expected.reason !== undefined && sale.reason !== expected.reason)
      wrong.push(`reason ${sale.reason ?? 'none'}, not ${expected.reason ?? 'none'}`);
    if (wrong.length === 0) {
      const sums =
        sale.coupon === null
          ? yuan(sale.netFen)
          : `${yuan(sale.amountFen)} − ${yuan(sale.coupon.faceFen)} = ${yuan(sale.netFen)}`;
      this.tell.step({
        zh: `${words.zh}：${sums}元。${sale.line.zh}`,
        en: `${words.en}: ${sums} yuan. ${sale.line.en}`,
      });
      return;
    }
    this.fail(`${words.en}: ${wrong.join(', ')} (${sale.line.en})`);
  }

  check(holds: boolean, words: Words): void {
    if (holds) this.tell.step(words);
    else this.fail(words.en);
  }

  fail(what: string): void {
    this.failures.push(what);
    this.tell.wrong({ zh: `与预期不符：${what}`, en: `Not as expected: ${what}` });
  }

  /** The receipt's newest copy, once it has come out of the printer. */
  async receipt(receipt: string | null, at: Counter = this.counter): Promise<PrintedCopy | undefined> {
    if (receipt === null) return undefined;
    try {
      return await until('the receipt', PAPER_MS, () => at.paper.ofReceipt(receipt).at(-1));
    } catch {
      this.fail(`receipt ${receipt} did not come out of the printer`);
      return undefined;
    }
  }

  async show(sale: SaleSeen, at: Counter = this.counter): Promise<void> {
    const copy = await this.receipt(sale.receipt, at);
    if (copy !== undefined) this.tell.receipt(copy.pieces);
  }

  /** A document beside the receipts' pictures; returns its path. */
  saveDocument(name: string, value: unknown): string {
    const file = path.join(this.#svgFolder, name);
    writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
    return file;
  }

  /** Every receipt so far as a picture. */
  saveReceipts(): void {
    for (const counter of this.rig.counters) {
      for (const [at, copy] of counter.paper.copies.entries()) {
        const name = `${counter.name}-${String(at + 1).padStart(2, '0')}-${copy.of}${copy.copy === 'reprint' ? '-reprint' : ''}.svg`;
        if (this.#saved.has(name)) continue;
        writeFileSync(path.join(this.#svgFolder, name), paperSvg(copy.pieces, { title: copy.receipt ?? 'receipt' }));
        this.#saved.add(name);
      }
    }
  }
}
