import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileCampaign } from '#protocol/campaign/compiled.js';
import { parseCampaign } from '#protocol/campaign/load.js';
import { serialRange } from '#protocol/campaign/tiers.js';
import { roundUpExpiry, sealGrant, sealPresentation } from '#protocol/codes/presentation.js';
import type { CouponSerial, DeviceId, MerchantId, OrderNo, SaleId } from '#protocol/kernel/ids.js';
import { type Fen, fen } from '#protocol/kernel/money.js';
import { type Instant, monoMs, wallMs } from '#protocol/kernel/time.js';
import type { Allowance } from '#protocol/messages/allowance.js';
import { NOTHING_SPENT, withChange } from '#protocol/messages/spent.js';
import { es256Signer, es256Verifier, generatePrivateKey } from '#protocol/node/crypto.js';
import type { JournalRecord } from '#protocol/records/record.js';
import { judgeOffline, OfflineCount, type OfflineKnowledge, offlineStatus } from './offline.js';
import type { OfflineVerdict } from './sale/sale.js';

const parsed = parseCampaign(
  JSON.parse(readFileSync(new URL('../../campaigns/youhao-2023.json', import.meta.url), 'utf8')),
);
if (!parsed.ok) throw new Error('the reference campaign does not load');
const youhao = parsed.value;
const compiled = compileCampaign(youhao);
const NOON = Date.parse('2023-03-28T12:00:00+08:00');
const HOUR = 3_600_000;
const at = (ms: number, width = 0): Instant => ({
  mono: monoMs(0),
  wall: { earliest: wallMs(ms - width), latest: wallMs(ms + width) },
});
const DEVICE = 'counter-1' as DeviceId;
const MERCHANT = youhao.merchants[0]?.id ?? ('' as MerchantId);

const issuer = es256Signer(generatePrivateKey());
const stranger = es256Signer(generatePrivateKey());
const verifier = es256Verifier();
const first = (faceFen: number): CouponSerial => {
  const tier = youhao.tiers.find((candidate) => candidate.faceFen === faceFen);
  const range = serialRange(youhao, tier?.id ?? '');
  if (range === undefined) throw new Error('no such tier');
  return range.first;
};
const TWENTY = first(2_000);
const FORTY = first(4_000);

function phone(serials: readonly CouponSerial[], signedBy = issuer): { show(ms: number, counter: number): string } {
  const holder = es256Signer(generatePrivateKey());
  const grant = {
    keyId: 1,
    holderKey: holder.publicKey,
    serials,
    expiresAt: roundUpExpiry(compiled.ends),
  };
  const grantBytes = sealGrant(grant, youhao.id, signedBy);
  return {
    show: (ms, counter) => {
      const shownAt = wallMs(Math.floor(ms / 1_000) * 1_000);
      return sealPresentation({ grantBytes, shownAt, nonce: counter }, holder);
    },
  };
}

const allowance: Allowance = {
  format: 1,
  id: 'a-1',
  device: DEVICE,
  campaign: youhao.id,
  maxCoupons: 2,
  maxFaceFen: 10_000,
  maxPerHolder: 1,
  issuedAt: wallMs(NOON - HOUR),
  expiresAt: wallMs(NOON + 48 * HOUR),
  maxSyncAgeMs: 24 * HOUR,
};
const all: OfflineKnowledge = {
  campaign: compiled,
  issuerKeys: new Map([[1, issuer.publicKey]]),
  spent: NOTHING_SPENT,
  allowance,
};

function judge(
  code: string,
  change: {
    knowledge?: Partial<OfflineKnowledge>;
    count?: OfflineCount;
    at?: Instant;
    amountFen?: number;
    opaque?: boolean;
    merchant?: string;
  } = {},
): OfflineVerdict {
  return judgeOffline({
    facts: {
      sale: 's000001-aaaaaa' as SaleId,
      order: 'A' as OrderNo,
      amountFen: fen(change.amountFen ?? 25_990),
      device: DEVICE,
      merchant: (change.merchant ?? MERCHANT) as MerchantId,
    },
    presentation: { kind: change.opaque === true ? 'opaque' : 'verifiable', code },
    mode: 'customer-code',
    at: change.at ?? at(NOON),
    knowledge: { ...all, ...change.knowledge },
    count: change.count ?? new OfflineCount(),
    verifier,
  });
}
const reasonOf = (verdict: OfflineVerdict): string | null => (verdict.kind === 'refused' ? verdict.reason : null);

/** The journal's record of an offline coupon. */
const charging = (
  sale: string,
  serial: CouponSerial,
  faceFen: number,
  presentation: string,
  of = 'a-1',
): JournalRecord => ({
  kind: 'charging',
  sale: sale as SaleId,
  order: sale as OrderNo,
  merchant: MERCHANT,
  amountFen: fen(25_990),
  netFen: fen(25_990 - faceFen),
  coupon: {
    serial,
    tier: '40',
    faceFen: faceFen as Fen,
    thresholdFen: fen(20_000),
    by: { kind: 'offline', presentation, allowance: of },
  },
  reason: null,
  readerMark: null,
  at: null,
});

describe('a coupon taken while the line is down', () => {
  it('is the largest that fits, on the strength of the presentation alone', () => {
    const verdict = judge(phone([TWENTY, FORTY]).show(NOON, 1));
    expect(verdict).toMatchObject({
      kind: 'taken',
      coupon: { serial: FORTY, faceFen: 4_000, by: { kind: 'offline', allowance: 'a-1' } },
    });
  });

  const honest = phone([FORTY]);
  it.each<[string, string, Parameters<typeof judge>[1], string]>([
    ['a payment code that only the network can check', '6212345678901234567', { opaque: true }, 'gateway-unreachable'],
    ['no campaign data yet', honest.show(NOON, 1), { knowledge: { campaign: undefined } }, 'offline-bundle-missing'],
    ['no spent set yet', honest.show(NOON, 1), { knowledge: { spent: undefined } }, 'offline-bundle-missing'],
    ['no allowance yet', honest.show(NOON, 1), { knowledge: { allowance: undefined } }, 'offline-bundle-missing'],
    [
      'a clock that nobody vouched for',
      honest.show(NOON, 1),
      { at: { mono: monoMs(0), wall: undefined } },
      'no-trusted-time',
    ],
    [
      'a last sync more than a day ago',
      honest.show(NOON + 24 * HOUR, 1),
      { at: at(NOON + 24 * HOUR) },
      'offline-sync-too-old',
    ],
    ['a code older than a minute', honest.show(NOON - 61_000, 1), {}, 'presentation-stale'],
    ['a phone whose clock is ahead', honest.show(NOON + 60_000, 1), {}, 'phone-clock-ahead'],
    ['a grant that the issuer never signed', phone([FORTY], stranger).show(NOON, 1), {}, 'presentation-forged'],
    [
      'a coupon that the spent set knows',
      honest.show(NOON, 1),
      { knowledge: { spent: withChange(NOTHING_SPENT, 1, [FORTY]) } },
      'already-used',
    ],
    ['a merchant not on the list', honest.show(NOON, 1), { merchant: 'nobody' }, 'merchant-not-listed'],
    ['an amount below the threshold', honest.show(NOON, 1), { amountFen: 19_999 }, 'below-threshold'],
    [
      'an interval that reaches past ten at night',
      honest.show(Date.parse('2023-03-28T21:59:50+08:00'), 1),
      { at: at(Date.parse('2023-03-28T21:59:50+08:00'), 15_000) },
      'outside-hours',
    ],
  ])('is refused for %s', (_why, code, change, reason) => {
    expect(reasonOf(judge(code, change))).toBe(reason);
  });

  it('says what is missing to the next tier', () => {
    expect(judge(honest.show(NOON, 1), { amountFen: 19_000 })).toMatchObject({
      next: { faceFen: 4_000, missingFen: 1_000 },
    });
  });
});

describe('the allowance', () => {
  const presentation = phone([FORTY]).show(NOON, 7);

  it.each<[string, readonly JournalRecord[], string | null]>([
    ['nothing taken yet', [], null],
    ['one of two coupons taken', [charging('s1', 1 as CouponSerial, 4_000, presentation)], null],
    [
      'both coupons taken',
      [charging('s1', 1 as CouponSerial, 2_000, presentation), charging('s2', 2 as CouponSerial, 2_000, presentation)],
      'offline-allowance-spent',
    ],
    [
      'too little of the face total left',
      [charging('s1', 1 as CouponSerial, 8_000, presentation)],
      'offline-allowance-spent',
    ],
    [
      'both taken, one of them declined by the reader',
      [
        charging('s1', 1 as CouponSerial, 2_000, presentation),
        charging('s2', 2 as CouponSerial, 2_000, presentation),
        { kind: 'not-charged', sale: 's2' as SaleId, outcome: 'declined', code: '51', at: null },
      ],
      null,
    ],
    [
      'everything taken under an older allowance',
      [
        charging('s1', 1 as CouponSerial, 8_000, presentation, 'a-0'),
        charging('s2', 2 as CouponSerial, 8_000, presentation, 'a-0'),
      ],
      null,
    ],
  ])('with %s', (_name, records, reason) => {
    const count = new OfflineCount();
    for (const [at, record] of records.entries()) count.record(record, at + 1);
    expect(reasonOf(judge(phone([FORTY]).show(NOON, 1), { count }))).toBe(reason);
  });

  it('takes nothing by a code that the gateway was asked about for another sale', () => {
    const holder = phone([FORTY]);
    const count = new OfflineCount();
    count.asked('another' as SaleId, holder.show(NOON, 1));
    expect(reasonOf(judge(holder.show(NOON, 1), { count }))).toBe('presentation-replayed');
    expect(reasonOf(judge(holder.show(NOON, 2), { count }))).toBeNull();
  });

  it('takes nothing by a code that another sale asked about first, though this one has asked about it too', () => {
    const holder = phone([FORTY]);
    const count = new OfflineCount();
    count.asked('another' as SaleId, holder.show(NOON, 2));
    count.asked('s000001-aaaaaa' as SaleId, holder.show(NOON, 2));
    count.asked('s000001-aaaaaa' as SaleId, holder.show(NOON, 1));
    expect(reasonOf(judge(holder.show(NOON, 2), { count }))).toBe('presentation-replayed');
    expect(reasonOf(judge(holder.show(NOON, 1), { count }))).toBe('presentation-replayed');
    count.asked('s000001-aaaaaa' as SaleId, holder.show(NOON, 3));
    expect(reasonOf(judge(holder.show(NOON, 3), { count }))).toBeNull();
  });

  it('lets one holder take no more than the limit, and the same code never twice', () => {
    const holder = phone([TWENTY, FORTY]);
    const count = new OfflineCount();
    count.record(charging('s1', FORTY, 4_000, holder.show(NOON, 3)), 1);
    expect(reasonOf(judge(holder.show(NOON, 3), { count }))).toBe('presentation-replayed');
    expect(reasonOf(judge(holder.show(NOON, 4), { count }))).toBe('offline-holder-limit');
  });

  it('does not take again what was taken at this very counter, offline or online', () => {
    const count = new OfflineCount();
    count.record(
      {
        ...charging('s1', FORTY, 4_000, presentation),
        kind: 'charging',
        coupon: {
          serial: FORTY,
          tier: '40',
          faceFen: fen(4_000),
          thresholdFen: fen(20_000),
          by: { kind: 'reservation' },
        },
      } as JournalRecord,
      1,
    );
    expect(reasonOf(judge(phone([FORTY]).show(NOON, 1), { count }))).toBe('already-used');
  });

  it('remembers by which record a coupon went, until the reader is certain that it did not', () => {
    const count = new OfflineCount();
    count.record(charging('s1', FORTY, 4_000, presentation), 7);
    expect([6, 7].map((known) => count.wasTakenAfter(FORTY, known))).toEqual([true, false]);
    expect(count.wasTakenAfter(TWENTY, 0)).toBe(false);
    count.record({ kind: 'not-charged', sale: 's1' as SaleId, outcome: 'declined', code: '51', at: null }, 8);
    expect(count.wasTakenAfter(FORTY, 0)).toBe(false);
  });

  it('shows what is left and until when', () => {
    const count = new OfflineCount();
    count.record(charging('s1', FORTY, 4_000, presentation), 1);
    expect(offlineStatus(all, count, at(NOON))).toEqual({
      reason: null,
      couponsLeft: 1,
      faceFenLeft: 6_000,
      until: NOON + 23 * HOUR,
    });
  });
});
