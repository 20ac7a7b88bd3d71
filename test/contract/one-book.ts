/**
 * One gateway's book in memory, decided by the gateway's own arbitration: the fixture of the tests that stand beside
 * `gateway/core`'s decision files. Everything answers at once. After each commit the book's laws are looked at.
 */

import type { Act } from '#gateway/ledger/book/acts.js';
import type { Coupon, DeviceChain, Holder, SaleEntry } from '#gateway/ledger/book/book.js';
import { saleKey } from '#gateway/ledger/book/book.js';
import { sumOf } from '#gateway/ledger/decide/postings.js';
import { compileRules, type Rules } from '#gateway/ledger/decide/rules.js';
import type { AuthoriseOp, Committed, Op, Outcome } from '#gateway/ports/ledger.js';
import type { Verdict } from '#gateway/ports/verifier.js';
import type { DeviceId, MerchantId, SaleId } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import { sha256 } from '#protocol/node/crypto.js';
import { type MemoryLedger, openMemoryLedger } from '#simulator/doubles/memory-ledger.js';
import { Counter, claimOp, holderId, LEASE_MS, MORNING, serialOf, signedBy, testCampaign } from './ledger-fixture.js';

export type Body = Readonly<Record<string, unknown>>;
export type Change = Parameters<typeof testCampaign>[0];
export type Signed = readonly (readonly [code: string, Verdict])[];

export const rulesWith = (
  change: Change = {},
  more: Partial<Omit<Parameters<typeof compileRules>[0], 'campaign' | 'sha256'>> = {},
): Rules => compileRules({ campaign: testCampaign(change), sha256, leaseMs: LEASE_MS, ...more });

export const d1 = 'd1' as DeviceId;
export const m1 = 'm1' as MerchantId;

/** What a holder with these coupons signed; it throws where a verdict could be a refusal. */
export function verified(...args: Parameters<typeof signedBy>): Extract<Verdict, { ok: true }> {
  const verdict = signedBy(...args);
  if (!verdict.ok) throw new Error('not verified');
  return verdict;
}

export const DAY = 86_400_000;
/** A sale of 300 yuan, with this coupon. */
export const of = (sale: string, serial: number | null = 7) => ({ sale, amountFen: 30_000, serial });
export const offline = (sale: string, serial: number, code: string) => ({
  ...of(sale, serial),
  presentation: `CP1:${code}`,
});
/** What a holder showed for `offline`, verified. */
export const shown = (code: string, serials: readonly number[], n: number, who = 'ann') =>
  [`CP1:${code}`, signedBy(who, serials, n)] as const;

/** Ann has coupons 0 (20 yuan), 4 (40) and 7 (80); counters d1 and d2 have an allowance. */
export const morning = (): OneBook =>
  new OneBook(rulesWith({ offline: { ...testCampaign().offline, maxPerHolder: 3 } }))
    .claims('ann', 's20', 's40', 's80')
    .greets('d1', 'd2');

interface From {
  readonly device?: string;
  readonly at?: number;
}

export class OneBook {
  readonly ledger: MemoryLedger;
  readonly rules: Rules;
  readonly #counters = new Map<string, Counter>();
  #acts = 0;

  constructor(rules: Rules = rulesWith()) {
    this.rules = rules;
    this.ledger = openMemoryLedger(rules);
  }

  counter(device = 'd1'): Counter {
    const counter = this.#counters.get(device) ?? new Counter(device);
    this.#counters.set(device, counter);
    return counter;
  }

  commits(ops: readonly Op[], at: number = MORNING): Committed {
    const answers: Committed[] = [];
    this.ledger.commit(ops, wallMs(at), (fault, committed) => {
      if (fault !== undefined) throw new Error(fault.message);
      answers.push(committed);
    });
    const [committed] = answers;
    if (committed === undefined) throw new Error('a book in memory answers at once');
    for (const { sale, legs } of this.ledger.postings) if (sumOf(legs) !== 0) throw new Error(`${sale} is unbalanced`);
    return committed;
  }

  commit(op: Op, at: number = MORNING): Outcome {
    const [outcome] = this.commits([op], at).outcomes;
    if (outcome === undefined) throw new Error('no outcome');
    return outcome;
  }

  claims(who: string, ...tiers: readonly string[]): this {
    this.commit(claimOp(who, tiers));
    return this;
  }

  greets(...devices: readonly string[]): this {
    for (const device of devices) this.hello(device);
    return this;
  }

  hello(device = 'd1', at: number = MORNING): Outcome {
    return this.commit({ kind: 'hello', device: device as DeviceId, id: 'h', head: this.counter(device).head }, at);
  }

  /** What was reserved, or why nothing was. */
  asks(
    sale: string,
    amountFen = 30_000,
    {
      who = 'ann',
      device = 'd1',
      at = MORNING,
      ...change
    }: From & { readonly who?: string } & Partial<
        Pick<AuthoriseOp, 'presented' | 'mode' | 'merchant' | 'id' | 'request'>
      > = {},
  ): number | string {
    const outcome = this.commit(this.counter(device).asks(sale, who, amountFen, change), at);
    if (outcome.kind === 'rejected') return outcome.code;
    if (outcome.kind !== 'authorised') throw new Error(`${outcome.kind} answers no question`);
    return outcome.answer.kind === 'reserved' ? outcome.answer.serial : outcome.answer.reason;
  }

  /** The counter's next records. */
  says(
    records: readonly Body[],
    { device = 'd1', at = MORNING, signed = [] }: From & { readonly signed?: Signed } = {},
  ) {
    return this.commits([this.counter(device).sends(records, signed)], at);
  }

  acts(act: Act, at: number = MORNING): Outcome {
    this.#acts += 1;
    return this.commit({ kind: 'act', id: `act-${this.#acts}`, by: 'li', why: 'looked', act }, at);
  }

  sale(sale: string, device = 'd1'): SaleEntry {
    const entry = this.ledger.book.sale(saleKey(device as DeviceId, sale as SaleId));
    if (entry === undefined) throw new Error(`no sale ${device}/${sale}`);
    return entry;
  }

  /** `held`, or the state and the sale that has it. */
  coupon(serial: number): string {
    const { state, sale } = this.couponRow(serial);
    return sale === undefined ? state : `${state} ${sale}`;
  }

  couponRow(serial: number): Coupon {
    const coupon = this.ledger.book.coupon(serialOf(serial));
    if (coupon === undefined) throw new Error(`no coupon ${serial}`);
    return coupon;
  }

  holder(who = 'ann'): Holder {
    const holder = this.ledger.book.holder(holderId(who));
    if (holder === undefined) throw new Error(`no holder ${who}`);
    return holder;
  }

  chain(device = 'd1'): DeviceChain {
    const chain = this.ledger.book.device(device as DeviceId);
    if (chain === undefined) throw new Error(`no device ${device}`);
    return chain;
  }

  /** Balances that are not zero. */
  accounts(): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { account, fen } of this.ledger.postings.flatMap(({ legs }) => legs))
      sums[account] = (sums[account] ?? 0) + fen;
    return Object.fromEntries(Object.entries(sums).filter(([, fen]) => fen !== 0));
  }
}
