/** A small campaign, and a counter that keeps a proper hash chain: what the ledger's tests speak of. */

import { compileRules, type Rules } from '#gateway/ledger/decide/rules.js';
import type {
  AuthoriseOp,
  CheckedPresentation,
  ClaimOp,
  Ledger,
  Op,
  Outcome,
  RecordsOp,
} from '#gateway/ports/ledger.js';
import type { Verdict } from '#gateway/ports/verifier.js';
import { exampleCampaign } from '#protocol/campaign/example-campaign.js';
import { type Campaign, campaignSchema } from '#protocol/campaign/schema.js';
import type { PaymentNumber } from '#protocol/codes/payment-code.js';
import type { CouponSerial, DeviceId, HolderId, MerchantId, OrderNo, SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { ok } from '#protocol/kernel/result.js';
import { wallMs } from '#protocol/kernel/time.js';
import { sha256 } from '#protocol/node/crypto.js';
import { type ChainHead, EMPTY_CHAIN, extend } from '#protocol/records/chain.js';
import { recordSchema } from '#protocol/records/record.js';

/** 2023-03-27 10:00 in Shanghai: an hour after claiming opened. */
export const MORNING = wallMs(Date.UTC(2023, 2, 27, 2));
export const LEASE_MS = 60_000;

type Change = { readonly [Key in keyof Campaign]?: unknown };

/** Tiers s20 (serials 0-3), s40 (4-6), s80 (7): 3, 3 and 1 of them unless changed. */
export function testCampaign(change: Change = {}): Campaign {
  return campaignSchema.parse({
    ...exampleCampaign(),
    id: 'test-2023',
    tiers: [
      { id: 's20', faceFen: 2_000, thresholdFen: 10_000, quantity: 4, modes: ['customer-code', 'plate'] },
      { id: 's40', faceFen: 4_000, thresholdFen: 20_000, quantity: 3, modes: ['customer-code', 'plate'] },
      { id: 's80', faceFen: 8_000, thresholdFen: 30_000, quantity: 1, modes: ['customer-code', 'plate'] },
    ],
    merchants: [
      { id: 'm1', name: '第一商店', category: '超市' },
      { id: 'm2', name: '第二商店', category: '超市' },
    ],
    sponsors: [
      { id: 'district', name: '区政府', shareBasisPoints: 7_000 },
      { id: 'bank', name: '银行', shareBasisPoints: 3_000 },
    ],
    budgetFen: 28_000,
    ...change,
  });
}

export const testRules = (change: Change = {}): Rules =>
  compileRules({ campaign: testCampaign(change), sha256, leaseMs: LEASE_MS, merchantOf: () => undefined });

const hex = (name: string): string => sha256(name);
export const holderId = (name: string): HolderId => `02${hex(name)}` as HolderId;
export const paymentNumber = (name: string): PaymentNumber =>
  String(Number.parseInt(hex(name).slice(0, 12), 16) % 1e9).padStart(9, '0') as PaymentNumber;

let shown = 0;
/** A payment code of this holder, newer than each before. */
export function showing(who: string): CheckedPresentation {
  shown += 1;
  const number = paymentNumber(who);
  return { kind: 'opaque', code: `62${number}00000000`, readCode: { number, step: ok(shown) } };
}

/** `who` is the person; give `phone` and the like to share identifiers between persons. */
export function claimOp(
  who: string,
  tiers: readonly string[],
  shared: { readonly phone?: string; readonly idCard?: string; readonly device?: string } = {},
): ClaimOp {
  const { phone = who, idCard = who, device = who } = shared;
  return {
    kind: 'claim',
    holder: holderId(who),
    identity: { phone: hex(`p${phone}`), idCard: hex(`i${idCard}`), device: hex(`d${device}`) },
    proved: ['phone', 'idCard', 'device'],
    tiers,
    numbers: [paymentNumber(who)],
  };
}

/** One counter: its journal, and what it asks. */
export class Counter {
  readonly device: DeviceId;
  readonly merchant: MerchantId;
  head: ChainHead = EMPTY_CHAIN;
  #asked = 0;

  constructor(device = 'd1', merchant = 'm1') {
    this.device = device as DeviceId;
    this.merchant = merchant as MerchantId;
  }

  asks(sale: string, who: string, amountFen: number, change: Partial<AuthoriseOp> = {}): AuthoriseOp {
    this.#asked += 1;
    return {
      kind: 'authorise',
      device: this.device,
      id: `q${this.#asked}`,
      sale: sale as SaleId,
      order: `order-${sale}` as OrderNo,
      merchant: this.merchant,
      amountFen: fen(amountFen),
      mode: 'customer-code',
      presented: showing(who),
      request: hex(`${sale} ${who} ${amountFen}`),
      ...change,
    };
  }

  /** A message with the next records of its journal. */
  sends(
    records: readonly Readonly<Record<string, unknown>>[],
    verdicts: readonly (readonly [string, Verdict])[] = [],
  ): RecordsOp {
    const bodies = records.map((record) => JSON.stringify(record));
    const op = recordsOp(this.device, this.head, bodies, verdicts);
    this.head = extend(sha256, this.head, bodies);
    return op;
  }
}

export function recordsOp(
  device: DeviceId,
  after: ChainHead,
  bodies: readonly string[],
  verdicts: readonly (readonly [string, Verdict])[] = [],
): RecordsOp {
  const records = bodies.map((body) => {
    const parsed = recordSchema.safeParse(JSON.parse(body));
    return parsed.success ? parsed.data : undefined;
  });
  const verdictMap = new Map(verdicts);
  return {
    kind: 'records',
    device,
    id: 'r',
    from: after.seq + 1,
    prev: after.hash,
    bodies,
    records,
    verdicts: verdictMap,
  };
}

const FACES = new Map<number, { readonly tier: string; readonly faceFen: number; readonly thresholdFen: number }>([
  ...[0, 1, 2, 3].map((serial) => [serial, { tier: 's20', faceFen: 2_000, thresholdFen: 10_000 }] as const),
  ...[4, 5, 6].map((serial) => [serial, { tier: 's40', faceFen: 4_000, thresholdFen: 20_000 }] as const),
  [7, { tier: 's80', faceFen: 8_000, thresholdFen: 30_000 }] as const,
]);

interface Charge {
  readonly sale: string;
  readonly amountFen: number;
  readonly serial: number | null;
  readonly merchant?: string;
  readonly presentation?: string;
  /** When an offline sale was made, by its counter's clock. */
  readonly at?: number;
  readonly allowance?: string;
}

const faceOf = (serial: number | null): number => (serial === null ? 0 : (FACES.get(serial)?.faceFen ?? 2_000));

export const charging = ({
  sale,
  amountFen,
  serial,
  merchant = 'm1',
  presentation,
  at = MORNING,
  allowance = ALLOWANCE,
}: Charge) => ({
  kind: 'charging',
  sale,
  order: `order-${sale}`,
  merchant,
  amountFen,
  netFen: amountFen - faceOf(serial),
  coupon:
    serial === null
      ? null
      : {
          serial,
          ...(FACES.get(serial) ?? { tier: 's20', faceFen: 2_000, thresholdFen: 10_000 }),
          by: presentation === undefined ? { kind: 'reservation' } : { kind: 'offline', presentation, allowance },
        },
  reason: null,
  readerMark: null,
  at: presentation === undefined ? null : { earliest: at, latest: at },
});

export const settled = ({ sale, amountFen, serial }: Charge) => ({
  kind: 'settled',
  sale,
  order: `order-${sale}`,
  amountFen,
  netFen: amountFen - faceOf(serial),
  serial,
  faceFen: faceOf(serial),
  receipt: `R-${sale}`,
  card: { auth: '1', rrn: '', last4: '1234', scheme: 'unionpay', readerTime: '20230327100000' },
  at: null,
});

/** `part`: of a sale that goes back in several refunds, which one. */
export const refunded = (sale: string, netFen: number, part = '') => ({
  kind: 'refunded',
  refund: `${sale}-r${part}`,
  sale,
  netFen,
  receipt: `R-${sale}-r`,
  card: { auth: '1', rrn: '', last4: '1234', scheme: 'unionpay', readerTime: '20230327100000' },
  at: null,
});

export const abandoned = (sale: string) => ({ kind: 'abandoned', sale, why: 'till', at: null });
export const notCharged = (sale: string) => ({ kind: 'not-charged', sale, outcome: 'declined', code: '51', at: null });
export const unknown = (sale: string) => ({ kind: 'unknown', sale, why: 'no answer', at: null });

/** Commits as one batch and gives the outcomes; a fault fails the test. */
export function commit(ledger: Ledger, ops: readonly Op[], now: number = MORNING): Promise<readonly Outcome[]> {
  return new Promise((resolve, reject) => {
    ledger.commit(ops, wallMs(now), (fault, { outcomes }) => {
      if (fault === undefined) resolve(outcomes);
      else reject(new Error(`${fault.code}: ${fault.message}`));
    });
  });
}

/** What the holder signed, as the gateway's verifier reads it. Fresh for sales at `MORNING` unless said otherwise. */
export const signedBy = (
  who: string,
  serials: readonly number[],
  counter: number,
  change: { readonly shownAt?: number; readonly expiresAt?: number } = {},
): Verdict => ({
  ok: true,
  holder: holderId(who),
  serials: serials as readonly CouponSerial[],
  nonce: counter,
  shownAt: wallMs(change.shownAt ?? MORNING),
  expiresAt: wallMs(change.expiresAt ?? MORNING + 100 * 86_400_000),
});

/** What a counter that was greeted in the morning has to go by when its line is down. */
export const ALLOWANCE = `a-${MORNING.toString(36)}`;

/** In the morning these counters have their line, and hear what they may take without it. */
export async function greet(ledger: Ledger, ...counters: readonly Counter[]): Promise<void> {
  const hellos = counters.map(({ device, head }): Op => ({ kind: 'hello', device, id: 'h', head }));
  const outcomes = await commit(ledger, hellos);
  for (const outcome of outcomes)
    if (outcome.kind !== 'welcome' || outcome.allowance?.id !== ALLOWANCE) throw new Error('no allowance was issued');
}

export async function commitOne(ledger: Ledger, op: Op, now: number = MORNING): Promise<Outcome> {
  const [outcome] = await commit(ledger, [op], now);
  if (outcome === undefined) throw new Error('no outcome');
  return outcome;
}

/** What was reserved, or the reason why nothing was. */
export async function authorised(ledger: Ledger, op: AuthoriseOp, now: number = MORNING): Promise<number | string> {
  const outcome = await commitOne(ledger, op, now);
  if (outcome.kind === 'rejected') return outcome.code;
  if (outcome.kind !== 'authorised') throw new Error(`${outcome.kind} answers no authorise`);
  return outcome.answer.kind === 'reserved' ? outcome.answer.serial : outcome.answer.reason;
}

/** What was given, or why not, in the order asked for. */
export async function claimed(
  ledger: Ledger,
  op: ClaimOp,
  now: number = MORNING,
): Promise<readonly (number | string)[]> {
  const outcome = await commitOne(ledger, op, now);
  if (outcome.kind !== 'claimed') throw new Error(`${outcome.kind} answers no claim`);
  return outcome.tiers.map(({ serial, reason }) => serial ?? reason ?? 'nothing');
}

export const asked = <Value>(ask: (done: (fault: unknown, value: Value) => void) => void): Promise<Value> =>
  new Promise((resolve, reject) => {
    ask((fault, value) => (fault === undefined ? resolve(value) : reject(fault)));
  });

export const serialOf = (n: number): CouponSerial => n as CouponSerial;
