/**
 * The campaign cache: the messages that it believes, the values that it keeps over restarts, and its use of openings where
 * the box's own time zone data is wrong.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileCampaign } from '#protocol/campaign/compiled.js';
import { parseCampaign } from '#protocol/campaign/load.js';
import { base64url } from '#protocol/codes/bit-text.js';
import { roundUpExpiry, sealGrant, sealPresentation } from '#protocol/codes/presentation.js';
import type { CouponSerial, DeviceId, OrderNo, SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { type Instant, monoMs, wallMs } from '#protocol/kernel/time.js';
import { type Allowance, sealAllowance } from '#protocol/messages/allowance.js';
import { sealBundle } from '#protocol/messages/bundle.js';
import { NOTHING_SPENT, spentFull, withChange } from '#protocol/messages/spent.js';
import { campaignTopic, spentTopic } from '#protocol/messages/topics.js';
import { es256Signer, es256Verifier, generatePrivateKey } from '#protocol/node/crypto.js';
import type { KeyValueStore, StoredName } from '../ports/key-value-store.js';
import { CampaignCache } from './campaign-cache.js';

const parsed = parseCampaign(JSON.parse(readFileSync('campaigns/youhao-2023.json', 'utf8')));
if (!parsed.ok) throw new Error('the reference campaign does not load');
const youhao = parsed.value;
const compiled = compileCampaign(youhao);
const DEVICE = 'plate-001' as DeviceId;
const [merchant] = youhao.merchants;
const HOUR = 3_600_000;
const shanghai = (clock: string): number => Date.parse(`2023-03-28T${clock}+08:00`);
const NOON = shanghai('12:00:00');

const issuer = es256Signer(generatePrivateKey());
const forger = es256Signer(generatePrivateKey());
const holder = es256Signer(generatePrivateKey());

const openings = compiled.openings.map(({ earliest, latest }): [number, number] => [earliest, latest + 1]);
function bundle(change: object = {}, signer = issuer, campaign: object = youhao): Uint8Array {
  const issuerKeys = { '1': base64url.encode(issuer.publicKey) };
  const document = { format: 1, version: 2, issuedAt: NOON, issuerKeys, openings, campaign, ...change };
  return Buffer.from(JSON.stringify(sealBundle(document as Parameters<typeof sealBundle>[0], 1, signer)));
}
function allowance(change: Partial<Allowance> = {}, signer = issuer) {
  const document = {
    format: 1,
    id: 'a-2',
    device: DEVICE,
    campaign: youhao.id,
    maxCoupons: 5,
    maxFaceFen: 50_000,
    maxPerHolder: 1,
    issuedAt: wallMs(NOON - HOUR),
    expiresAt: wallMs(NOON + 240 * HOUR),
    maxSyncAgeMs: 240 * HOUR,
    ...change,
  } as Parameters<typeof sealAllowance>[0];
  return sealAllowance(document, 1, signer);
}

function emptyStore(): KeyValueStore {
  const kept = new Map<StoredName, string>();
  return { load: (name) => kept.get(name), save: (name, text) => void kept.set(name, text) };
}
function cacheOn(store: KeyValueStore): { readonly campaignCache: CampaignCache; readonly codes: string[] } {
  const codes: string[] = [];
  const campaignCache = new CampaignCache({
    device: DEVICE,
    campaign: youhao.id,
    mode: 'customer-code',
    trustedKeys: new Map([[1, issuer.publicKey]]),
    verifier: es256Verifier(),
    store: store,
    log: (_level, code) => codes.push(code),
  });
  return { campaignCache, codes };
}
/** A cache that was online once. */
function informed(store = emptyStore(), sealed = bundle()): ReturnType<typeof cacheOn> {
  const it = cacheOn(store);
  it.campaignCache.receive(campaignTopic(youhao.id), sealed);
  it.campaignCache.receive(spentTopic(youhao.id), Buffer.from(JSON.stringify(spentFull(youhao.id, NOTHING_SPENT))));
  it.campaignCache.storeAllowance(allowance());
  return it;
}

const at = (from: number, to = from): Instant => ({
  mono: monoMs(0),
  wall: { earliest: wallMs(from), latest: wallMs(to) },
});
let counter = 0;
/** The coupon's face in fen, or the reason why none was taken. */
function take(campaignCache: CampaignCache, when: Instant): number | string {
  const fields = {
    keyId: 1,
    holderKey: holder.publicKey,
    serials: [0 as CouponSerial],
    expiresAt: roundUpExpiry(wallMs(compiled.ends + 48 * HOUR)),
  };
  const grantBytes = sealGrant(fields, youhao.id, issuer);
  counter += 1;
  const shownAt = wallMs(Math.floor((when.wall?.latest ?? NOON) / 1_000) * 1_000);
  const code = sealPresentation({ grantBytes, shownAt, nonce: counter }, holder);
  const facts = { sale: 's1' as SaleId, order: 'A' as OrderNo, amountFen: fen(15_000), device: DEVICE };
  const verdict = campaignCache.judge(
    { ...facts, merchant: merchant?.id ?? ('' as never) },
    { kind: 'verifiable', code },
    when,
  );
  return verdict.kind === 'taken' ? verdict.coupon.faceFen : verdict.reason;
}

describe('what the campaign cache knows', () => {
  it('is on the disk: after a restart without a line a coupon is taken as before', () => {
    const store = emptyStore();
    const before = informed(store).campaignCache;
    const after = cacheOn(store).campaignCache;
    expect(take(after, at(NOON))).toBe(2_000);
    expect(after.status(at(NOON))).toEqual(before.status(at(NOON)));
    expect(after.versions).toEqual(before.versions);
  });

  it.each<[string, (campaignCache: CampaignCache) => void, string | null]>([
    [
      'a bundle that another has signed',
      (campaignCache) => campaignCache.receive(campaignTopic(youhao.id), bundle({ version: 9 }, forger)),
      'BUNDLE_FORGED',
    ],
    [
      'an older bundle',
      (campaignCache) => campaignCache.receive(campaignTopic(youhao.id), bundle({ version: 1, openings: [[1, 2]] })),
      null,
    ],
    [
      'an allowance that another has signed',
      (campaignCache) => campaignCache.storeAllowance(allowance({ maxCoupons: 999 }, forger)),
      'ALLOWANCE_FORGED',
    ],
    [
      'the allowance of another counter',
      (campaignCache) => campaignCache.storeAllowance(allowance({ device: 'plate-002' as DeviceId })),
      'ALLOWANCE_NOT_MINE',
    ],
    [
      'an older allowance, come late',
      (campaignCache) => campaignCache.storeAllowance(allowance({ id: 'a-1', maxCoupons: 999, issuedAt: wallMs(1) })),
      null,
    ],
    [
      'a bundle of noise',
      (campaignCache) => campaignCache.receive(campaignTopic(youhao.id), Uint8Array.of(0xff, 0xfe)),
      'MESSAGE_NOT_TEXT',
    ],
    [
      'a spent set of noise',
      (campaignCache) => campaignCache.receive(spentTopic(youhao.id), Buffer.from('{"v":1,"type":"spent"}')),
      'MESSAGE_MALFORMED',
    ],
  ])('is not changed by %s, now or after a restart', (_, hear, code) => {
    const store = emptyStore();
    const { campaignCache, codes } = informed(store);
    const before = campaignCache.status(at(NOON));
    hear(campaignCache);
    expect(codes).toEqual(code === null ? [] : [code]);
    for (const one of [campaignCache, cacheOn(store).campaignCache]) {
      expect(one.status(at(NOON))).toEqual(before);
      expect(take(one, at(NOON))).toBe(2_000);
    }
  });

  it('is too little for a campaign that needs a newer program: nothing offline, and why, until an update', () => {
    const store = emptyStore();
    const { campaignCache, codes } = informed(store);
    campaignCache.receive(campaignTopic(youhao.id), bundle({ version: 4, needs: ['weekdays'] }));
    expect(codes).toEqual(['BUNDLE_NEEDS_UPDATE']);
    for (const one of [campaignCache, cacheOn(store).campaignCache]) {
      expect(take(one, at(NOON))).toBe('offline-needs-update');
      expect(one.status(at(NOON))).toMatchObject({ reason: 'offline-needs-update', until: null });
      expect(one.versions).toMatchObject({ campaignVersion: 4 });
      // The earlier state is gone: neither an older bundle nor a forged one brings it back.
      one.receive(campaignTopic(youhao.id), bundle());
      expect(take(one, at(NOON))).toBe('offline-needs-update');
    }
    campaignCache.receive(campaignTopic(youhao.id), bundle({ version: 5 }));
    expect(take(campaignCache, at(NOON))).toBe(2_000);
  });

  it('is more than the gateway knew, where this counter has taken the coupon and not told yet', () => {
    const { campaignCache, codes } = informed();
    const coupon = { serial: 7 as CouponSerial, tier: '20', faceFen: fen(2_000), thresholdFen: fen(10_000) };
    const reserved = { kind: 'reserved', ...coupon, netFen: fen(13_000), leaseMs: 60_000 } as const;
    const sale = { sale: 's1' as SaleId, order: 'A' as OrderNo, amountFen: fen(15_000), netFen: fen(13_000) };
    const by = { kind: 'reservation' } as const;
    const merchantId = merchant?.id ?? ('' as never);
    campaignCache.record(
      {
        kind: 'charging',
        ...sale,
        merchant: merchantId,
        coupon: { ...coupon, by },
        reason: null,
        readerMark: null,
        at: null,
      },
      5,
    );
    expect(campaignCache.checked(reserved, 4)).toEqual({ kind: 'refused', reason: 'already-used', next: null });
    expect(codes).toEqual(['COUPON_TAKEN_HERE']);
    // The gateway had the record, and perhaps the refund's after it: its answer counts.
    expect(campaignCache.checked(reserved, 5)).toBe(reserved);
    expect(campaignCache.checked({ ...reserved, serial: 8 as CouponSerial }, 4)).toMatchObject({
      kind: 'reserved',
      serial: 8,
    });
  });

  it('has in it which coupons are gone, as far as the gateway knew', () => {
    const store = emptyStore();
    const { campaignCache } = informed(store);
    const gone = withChange(NOTHING_SPENT, 7, [0 as CouponSerial]);
    campaignCache.receive(spentTopic(youhao.id), Buffer.from(JSON.stringify(spentFull(youhao.id, gone))));
    expect(take(campaignCache, at(NOON))).toBe('already-used');
    expect(take(cacheOn(store).campaignCache, at(NOON))).toBe('already-used');
  });

  it('believes a gateway whose ledger was restored, over a restart too, and forgets nothing before', () => {
    const store = emptyStore();
    const { campaignCache } = informed(store);
    const hear = (to: typeof campaignCache, version: number, serials: readonly CouponSerial[]): void =>
      to.receive(
        spentTopic(youhao.id),
        Buffer.from(JSON.stringify(spentFull(youhao.id, withChange(NOTHING_SPENT, version, serials)))),
      );
    hear(campaignCache, 7, [0 as CouponSerial]);
    hear(campaignCache, 3, []);
    expect(take(campaignCache, at(NOON))).toBe('already-used');
    campaignCache.spentSetWentBack();
    expect(take(campaignCache, at(NOON))).toBe('already-used');
    const again = cacheOn(store).campaignCache;
    expect(take(again, at(NOON))).toBe('already-used');
    hear(campaignCache, 3, []);
    hear(again, 3, []);
    expect([take(campaignCache, at(NOON)), take(again, at(NOON))]).toEqual([2_000, 2_000]);
  });
});

describe('the hours', () => {
  it.each([
    ['before nine', at(shanghai('08:59:59')), 'outside-hours'],
    [
      'across nine, while the clock is not sure',
      at(shanghai('08:59:59.900'), shanghai('09:00:00.100')),
      'outside-hours',
    ],
    ['at nine', at(shanghai('09:00:00')), 2_000],
    ['just before ten in the evening', at(shanghai('21:59:59.900')), 2_000],
    ['across ten in the evening', at(shanghai('21:59:59.900'), shanghai('22:00:00.100')), 'outside-hours'],
    ['with no trustworthy time at all', { mono: monoMs(0), wall: undefined }, 'no-trusted-time'],
  ] as const)('%s', (_, when, gives) => {
    expect(take(informed().campaignCache, when)).toBe(gives);
  });

  it('are the gateway’s: a box whose time zone file says otherwise takes coupons neither earlier nor later', () => {
    // As if the law had moved the clocks by an hour, and only the gateway knew.
    const moved = openings.map(([from, to]): [number, number] => [from - HOUR, to - HOUR]);
    const { campaignCache } = informed(emptyStore(), bundle({ openings: moved }));
    expect(take(campaignCache, at(shanghai('08:30:00')))).toBe(2_000);
    expect(take(campaignCache, at(shanghai('21:30:00')))).toBe('outside-hours');
  });

  it('of a zone that this box has never heard of are told by the bundle as well', () => {
    const elsewhere = { ...youhao, window: { ...youhao.window, timeZone: 'Asia/Youhao' } };
    const store = emptyStore();
    const { campaignCache } = informed(store, bundle({}, issuer, elsewhere));
    expect(take(campaignCache, at(NOON))).toBe(2_000);
    expect(take(cacheOn(store).campaignCache, at(shanghai('08:59:59')))).toBe('outside-hours');
  });
});
