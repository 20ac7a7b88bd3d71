/**
 * The gateway's ledger under power cuts. One counter, many customers: each claims a coupon, has it reserved, redeems it.
 * Claims of several come in one batch, as they do at nine o'clock. Customer N does the same in every life, so a life after
 * a cut repeats what was not answered, as counters and phones do.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { compileRules, type Rules } from '#gateway/ledger/decide/rules.js';
import { openSqliteLedger } from '#gateway/ledger/store/sqlite-ledger.js';
import type { Answer, ClaimOp, Ledger, Op, Outcome, RecordsOp } from '#gateway/ports/ledger.js';
import { exampleCampaign } from '#protocol/campaign/example-campaign.js';
import { campaignSchema } from '#protocol/campaign/schema.js';
import type { PaymentNumber } from '#protocol/codes/payment-code.js';
import type { DeviceId, HolderId, MerchantId, OrderNo, SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { ok } from '#protocol/kernel/result.js';
import { wallMs } from '#protocol/kernel/time.js';
import { sha256 } from '#protocol/node/crypto.js';
import { type ChainHead, EMPTY_CHAIN } from '#protocol/records/chain.js';
import { recordSchema } from '#protocol/records/record.js';
import { SOUND, type Subject, type Verdict } from './subject.js';

/** In a folder that the gateway makes, so that its name can be lost too. */
function file(folder: string): string {
  mkdirSync(path.join(folder, 'data'), { recursive: true });
  return path.join(folder, 'data', 'ledger.db');
}

export const ledgerSubject: Subject = {
  name: 'ledger',
  lives: 2,
  // A server's disk keeps what lies beside what it writes; SQLite calls it powersafe overwrite, and relies on it.
  outlivesGarbling: false,
  ignores: (name) => name.endsWith('-shm'),

  async live(life, folder, mark) {
    if (life === 1) {
      try {
        await serve(await openSqliteLedger(file(folder), RULES), 0, 8, mark);
      } catch (error) {
        // An fsync failed: the gateway has answered nothing for it, and this life ends here.
        mark(`fault ${String(error).slice(0, 60)}`);
      }
      process.kill(process.pid, 'SIGKILL');
    }
    const first = await openSqliteLedger(file(folder), RULES);
    await serve(first, 0, 8, mark);
    await close(first);
    const second = await openSqliteLedger(file(folder), RULES);
    await serve(second, 5, 12, mark);
    await close(second);
  },

  async judge(folder, marks) {
    let ledger: Ledger;
    try {
      ledger = await openSqliteLedger(file(folder), RULES);
    } catch (error) {
      return { ...SOUND, corrupt: 1, why: String(error) };
    }
    try {
      return await compare(ledger, marks);
    } catch (error) {
      return { ...SOUND, corrupt: 1, why: String(error) };
    } finally {
      await close(ledger);
    }
  },
};

// -- the campaign and its people

/** 2023-03-27 10:00 in Shanghai, an hour after claims opened. */
const NOW = wallMs(Date.UTC(2023, 2, 27, 2));
const DEVICE = 'counter-1' as DeviceId;
const MERCHANT = 'shop-1' as MerchantId;
const TIER = { id: 's20', faceFen: 2_000, thresholdFen: 10_000 };
const AMOUNT_FEN = 15_000;

const EXAMPLE = exampleCampaign();

const RULES: Rules = compileRules({
  campaign: campaignSchema.parse({
    ...EXAMPLE,
    id: 'power-cuts',
    name: '断电检验',
    nameEn: 'Power cuts',
    tiers: [{ ...TIER, quantity: 100, modes: ['customer-code'] }],
    offline: { ...EXAMPLE.offline, permitted: false, maxCoupons: 0, maxFaceFen: 0 },
    merchants: [{ id: MERCHANT, name: '商店', category: '超市' }],
    sponsors: [
      { id: 'district', name: '区政府', shareBasisPoints: 7_000 },
      { id: 'bank', name: '银行', shareBasisPoints: 3_000 },
    ],
    budgetFen: 200_000,
  }),
  sha256,
});

const holderOf = (customer: number): HolderId => `02${sha256(`holder ${customer}`)}` as HolderId;
const numberOf = (customer: number): PaymentNumber => String(customer).padStart(9, '0') as PaymentNumber;
const saleOf = (customer: number): SaleId => `S-${customer}` as SaleId;

const claimOf = (customer: number): ClaimOp => ({
  kind: 'claim',
  holder: holderOf(customer),
  identity: {
    phone: sha256(`phone ${customer}`),
    idCard: sha256(`card ${customer}`),
    device: sha256(`device ${customer}`),
  },
  proved: ['phone'],
  tiers: [TIER.id],
  numbers: [numberOf(customer)],
});

const authoriseOf = (customer: number): Op => ({
  kind: 'authorise',
  device: DEVICE,
  id: `q${customer}`,
  sale: saleOf(customer),
  order: `order-${customer}` as OrderNo,
  merchant: MERCHANT,
  amountFen: fen(AMOUNT_FEN),
  mode: 'customer-code',
  presented: { kind: 'opaque', code: '', readCode: { number: numberOf(customer), step: ok(1) } },
  request: sha256(`request ${customer}`),
});

/** The two records of a sale, always sent together. */
function recordsOf(customer: number, serial: number, after: ChainHead): RecordsOp {
  const sale = { sale: saleOf(customer), order: `order-${customer}`, amountFen: AMOUNT_FEN };
  const netFen = AMOUNT_FEN - TIER.faceFen;
  const coupon = { serial, tier: TIER.id, faceFen: TIER.faceFen, thresholdFen: TIER.thresholdFen };
  const records = [
    {
      kind: 'charging',
      ...sale,
      merchant: MERCHANT,
      netFen,
      coupon: { ...coupon, by: { kind: 'reservation' } },
      reason: null,
      readerMark: null,
      at: null,
    },
    {
      kind: 'settled',
      ...sale,
      netFen,
      serial,
      faceFen: TIER.faceFen,
      receipt: `R-${customer}`,
      card: { auth: '1', rrn: '1', last4: '1234', scheme: 'unionpay', readerTime: '20230327100000' },
      at: null,
    },
  ].map((record) => recordSchema.parse(record));
  return {
    kind: 'records',
    device: DEVICE,
    id: `r${customer}`,
    from: after.seq + 1,
    prev: after.hash,
    bodies: records.map((record) => JSON.stringify(record)),
    records,
    verdicts: new Map(),
  };
}

// -- a life

/** Customers `from` to `to - 1`, from wherever an earlier life left them; every answer is marked. */
async function serve(ledger: Ledger, from: number, to: number, mark: (text: string) => void): Promise<void> {
  const customers = Array.from({ length: to - from }, (_, n) => from + n);
  const serials = new Map<number, number>();
  for (const [at, outcome] of (await commit(ledger, customers.map(claimOf))).entries()) {
    const serial = outcome.kind === 'claimed' ? outcome.serials[0] : undefined;
    if (serial === undefined) throw new Error(`customer ${from + at} got no coupon`);
    serials.set(from + at, serial);
    mark(`claimed ${from + at} ${serial}`);
  }
  let head = await headOf(ledger);
  for (const customer of customers) {
    if (head.seq >= 2 * (customer + 1)) continue; // redeemed in an earlier life
    const serial = serials.get(customer) ?? 0;
    const [reserved] = await commit(ledger, [authoriseOf(customer)]);
    if (reserved?.kind !== 'authorised') throw new Error(`customer ${customer}: ${reserved?.kind}`);
    mark(`reserved ${customer} ${serial}`);
    const [have] = await commit(ledger, [recordsOf(customer, serial, head)]);
    if (have?.kind !== 'have') throw new Error(`customer ${customer}: ${have?.kind}`);
    head = have.head;
    mark(`have ${head.seq} ${head.hash}`);
  }
}

async function headOf(ledger: Ledger): Promise<ChainHead> {
  const [outcome] = await commit(ledger, [{ kind: 'hello', device: DEVICE, id: 'h', head: EMPTY_CHAIN }]);
  if (outcome?.kind !== 'welcome') throw new Error(`a hello was answered by ${outcome?.kind}`);
  return outcome.head;
}

const commit = (ledger: Ledger, ops: readonly Op[]): Promise<readonly Outcome[]> =>
  new Promise((resolve, reject) => {
    ledger.commit(ops, NOW, (fault, { outcomes }) => {
      if (fault === undefined) resolve(outcomes);
      else reject(new Error(`${fault.code}: ${fault.message}`));
    });
  });

const ask = <Value>(how: (done: Answer<Value>) => void): Promise<Value> =>
  new Promise((resolve, reject) => {
    how((fault, value) =>
      fault === undefined ? resolve(value) : reject(new Error(`${fault.code}: ${fault.message}`)),
    );
  });

const close = (ledger: Ledger): Promise<void> => new Promise((resolve) => ledger.close(resolve));

// -- judgement

async function compare(ledger: Ledger, marks: readonly string[]): Promise<Verdict> {
  const missing: string[] = [];
  let told = EMPTY_CHAIN;
  for (const mark of marks) {
    const [what, first = '', second = ''] = mark.split(' ');
    if (what === 'have') told = { seq: Number(first), hash: second };
    else if (what !== 'fault' && !(await isThere(ledger, what, Number(first), Number(second)))) missing.push(mark);
  }
  const head = await headOf(ledger);
  if (head.seq < told.seq) missing.push(`have ${told.seq}`);
  if (missing.length > 0) {
    return { ...SOUND, lost: missing.length, why: `answered, and not there: ${missing.slice(0, 3).join(', ')}` };
  }
  if (head.seq === told.seq && head.hash !== told.hash) return { ...SOUND, corrupt: 1, why: 'another chain' };
  const sums = await ask(ledger.reconciliation.bind(ledger));
  const redeemed = head.seq / 2;
  if (sums.redeemed > redeemed) return { ...SOUND, doubled: sums.redeemed - redeemed, why: 'redeemed twice' };
  if (sums.redeemed < redeemed || sums.used !== redeemed || sums.conflicts > 0 || sums.postingsFen !== 0) {
    return { ...SOUND, corrupt: 1, why: `${redeemed} sales sent, but ${JSON.stringify(sums)}` };
  }
  if (!(await ask(ledger.auditIntact.bind(ledger)))) return { ...SOUND, corrupt: 1, why: 'the audit chain is broken' };
  return SOUND;
}

async function isThere(ledger: Ledger, what: string | undefined, customer: number, serial: number): Promise<boolean> {
  if (what === 'claimed') {
    const found = await ask<Parameters<Parameters<Ledger['holder']>[1]>[1]>((done) =>
      ledger.holder(holderOf(customer), done),
    );
    return found?.coupons.some((coupon) => coupon.serial === serial) ?? false;
  }
  const sale = await ask<Parameters<Parameters<Ledger['sale']>[2]>[1]>((done) =>
    ledger.sale(DEVICE, saleOf(customer), done),
  );
  return sale?.serial === serial;
}
