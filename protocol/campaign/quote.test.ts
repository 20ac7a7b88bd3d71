import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import youhao from '../../campaigns/youhao-2023.json' with { type: 'json' };
import { sentence } from '../faults/sentence.js';
import type { CouponSerial, MerchantId } from '../kernel/ids.js';
import { fen } from '../kernel/money.js';
import { exactly, wallMs } from '../kernel/time.js';
import { refuseClaim } from './claim-rules.js';
import { exampleCampaign } from './example-campaign.js';
import { describeCampaignProblem, parseCampaign } from './load.js';
import { compileCampaign, type PaymentAsk, type Quote, quote, quoteParams } from './quote.js';
import { examplePerson } from './rules/identity.js';
import type { Campaign } from './schema.js';

const parsed = parseCampaign(youhao);
if (!parsed.ok) throw new Error(parsed.fault.map(describeCampaignProblem).join('\n'));
const campaign = compileCampaign(parsed.value);
const noon = exactly(wallMs(Date.parse('2023-03-28T12:00:00+08:00')));
const night = exactly(wallMs(Date.parse('2023-03-28T23:00:00+08:00')));

const faces = (...yuan: readonly number[]) => yuan.map((face) => ({ faceFen: fen(face * 100) }));
const fenOf = (yuan: number) => fen(Math.round(yuan * 100));
const ask = (yuan: number, held: readonly number[], change: Partial<PaymentAsk> = {}): PaymentAsk => ({
  amountFen: fenOf(yuan),
  holds: faces(...held),
  mode: 'customer-code',
  at: noon,
  ...change,
});

/** A row of the table: the coupon, the amount paid, the reason, and the amount missing to the next coupon. */
const row = ({ coupon, netFen, reason, next }: Quote) => [
  coupon === null ? 0 : coupon.faceFen / 100,
  netFen / 100,
  reason,
  next === null ? null : [next.missingFen / 100, next.faceFen / 100],
];

describe('a sale in Youhao', () => {
  type Row = readonly [
    yuan: number,
    held: number[],
    off: number,
    paid: number,
    reason: string | null,
    next: number[] | null,
  ];
  const rows: readonly Row[] = [
    [259.9, [20, 40, 80], 40, 219.9, null, [40.1, 80]],
    [99.99, [20, 40, 80], 0, 99.99, 'below-threshold', [0.01, 20]],
    [100, [20, 40, 80], 20, 80, null, [100, 40]],
    [100, [20], 20, 80, null, null],
    [100, [20, 80], 20, 80, null, [200, 80]],
    [199.99, [20, 40, 80], 20, 179.99, null, [0.01, 40]],
    [200, [20, 40, 80], 40, 160, null, [100, 80]],
    [299.99, [20, 40, 80], 40, 259.99, null, [0.01, 80]],
    [300, [20, 40, 80], 80, 220, null, null],
    [300, [20, 40], 40, 260, null, null],
    [300, [80, 40, 20], 80, 220, null, null],
    [300, [20, 20], 20, 280, null, null],
    [150, [40, 80], 0, 150, 'below-threshold', [50, 40]],
    [150, [80], 0, 150, 'below-threshold', [150, 80]],
    [51, [], 0, 51, 'no-coupon-held', null],
    [0.01, [20], 0, 0.01, 'below-threshold', [99.99, 20]],
    [999_999.99, [20, 40, 80], 80, 999_919.99, null, null],
  ];
  it.each(rows)('of %s yuan, holding %j: %s off, %s paid, reason %s, next %j', (yuan, held, ...expected) => {
    expect(row(quote(campaign, ask(yuan, held)))).toEqual(expected);
  });

  it('refuses in the written order: hours, merchant, coupon, mode, threshold', () => {
    const reasonOf = (change: Partial<PaymentAsk>, held: number[] = []) => quote(campaign, ask(1, held, change)).reason;
    const elsewhere = 'elsewhere' as MerchantId;
    expect(reasonOf({ at: night, merchant: elsewhere })).toBe('outside-hours');
    expect(reasonOf({ merchant: elsewhere })).toBe('merchant-not-listed');
    expect(reasonOf({ merchant: 'yh-21' as MerchantId })).toBe('no-coupon-held');
    expect(reasonOf({}, [50])).toBe('other-campaign');
    expect(reasonOf({}, [20])).toBe('below-threshold');
  });

  it('promises no next coupon where more money would not help', () => {
    for (const change of [{ at: night }, { at: undefined }, { merchant: 'elsewhere' as MerchantId }]) {
      expect(quote(campaign, ask(150, [20, 40], change)).next).toBeNull();
    }
  });

  it('says which coupon of the holder it is, by serial, tier or face', () => {
    const holds = [{ serial: 8_000 }, { serial: 3_999 }, { serial: 10_000 }].map(({ serial }) => ({
      serial: serial as CouponSerial,
    }));
    expect(quote(campaign, ask(300, [], { holds })).coupon).toEqual({
      tier: 'yuan-80',
      faceFen: 8_000,
      thresholdFen: 30_000,
      serial: 8_000,
    });
    expect(quote(campaign, ask(100, [], { holds })).coupon?.serial).toBe(3_999);
    const named = [
      { tier: 'yuan-40', serial: 4_001 as CouponSerial },
      { tier: 'yuan-40', serial: 4_000 as CouponSerial },
    ];
    expect(quote(campaign, ask(300, [], { holds: named })).coupon?.serial).toBe(4_001);
    expect(quote(campaign, ask(300, [40])).coupon?.serial).toBeNull();
  });

  it('has a sentence for the counter', () => {
    const said = (yuan: number, change: Partial<PaymentAsk> = {}) => {
      const quoted = quote(campaign, ask(yuan, [20, 40], change));
      return quoted.reason === null ? null : sentence(quoted.reason, quoteParams(campaign.campaign, quoted), 'zh');
    };
    expect(said(94.5)).toBe('未达到消费券门槛，再买5.50元可减20元');
    expect(said(94.5, { at: night })).toBe('不在用券时间内（09:00至22:00），按原价收款');
    expect(said(100)).toBeNull();
  });
});

describe('a sale elsewhere', () => {
  const with_ = (change: Partial<Campaign>) => compileCampaign({ ...exampleCampaign(), ...change });
  const tiers = exampleCampaign().tiers;

  it('promises no coupon that could not be used in this way', () => {
    const onlyByCode = with_({
      tiers: tiers.map((tier, at) => (at === 2 ? { ...tier, modes: ['customer-code'] } : tier)),
    });
    expect(row(quote(onlyByCode, ask(259.9, [20, 40, 80], { mode: 'plate' })))).toEqual([40, 219.9, null, null]);
    expect(row(quote(onlyByCode, ask(400, [80], { mode: 'plate' })))).toEqual([0, 400, 'mode-not-allowed', null]);
  });

  it.each<[string, [face: number, from: number][], number, unknown[]]>([
    [
      'no next coupon of the same face',
      [
        [40, 200],
        [40, 300],
      ],
      250,
      [40, 210, null, null],
    ],
    [
      'the larger of two at one amount',
      [
        [80, 300],
        [40, 300],
      ],
      100,
      [0, 100, 'below-threshold', [200, 80]],
    ],
    [
      'the larger, wherever it stands',
      [
        [40, 300],
        [80, 300],
      ],
      100,
      [0, 100, 'below-threshold', [200, 80]],
    ],
    [
      'the nearer before the larger',
      [
        [80, 300],
        [40, 200],
      ],
      100,
      [0, 100, 'below-threshold', [100, 40]],
    ],
  ])('promises %s', (_what, faces, yuan, expected) => {
    const offered = with_({
      tiers: faces.map(([face, from], at) => ({
        id: `tier-${at}`,
        faceFen: fenOf(face),
        thresholdFen: fenOf(from),
        quantity: 10,
        modes: ['plate' as const, 'customer-code' as const],
      })),
    });
    const holds = faces.map((_, at) => ({ tier: `tier-${at}` }));
    expect(row(quote(offered, ask(yuan, [], { holds })))).toEqual(expected);
  });

  it('keeps to the plate cap, in what it takes and in what it promises', () => {
    const capped = with_({ plateCapFen: fen(21_990) });
    expect(row(quote(capped, ask(259.9, [40, 80], { mode: 'plate' })))).toEqual([40, 219.9, null, null]);
    expect(row(quote(capped, ask(259.91, [40], { mode: 'plate' })))).toEqual([0, 259.91, 'plate-cap', null]);
    expect(row(quote(with_({ plateCapFen: fen(22_000) }), ask(259.9, [40, 80], { mode: 'plate' })))).toEqual([
      40,
      219.9,
      null,
      [40.1, 80],
    ]);
  });

  it('takes the first tier of the document where two have the same face', () => {
    const twice = with_({ tiers: tiers.map((tier) => ({ ...tier, faceFen: fen(2_000) })) });
    expect(quote(twice, ask(300, [], { holds: tiers.map(({ id }) => ({ tier: id })) })).coupon?.tier).toBe('yuan-20');
    expect(quote(twice, ask(300, [20])).coupon?.tier).toBe('yuan-20');
  });
});

describe('whatever the campaign and whoever asks', () => {
  const tier = fc.record({
    faceFen: fc.integer({ min: 1, max: 20_000 }),
    over: fc.integer({ min: 0, max: 20_000 }),
    modes: fc.constantFrom(['plate'] as const, ['customer-code'] as const, ['plate', 'customer-code'] as const),
  });
  const campaigns = fc.array(tier, { minLength: 1, maxLength: 16 }).map((list) => {
    const tiers = list.map(({ faceFen, over, modes }, at) => ({
      id: `t${at}`,
      faceFen: fen(faceFen),
      thresholdFen: fen(faceFen + over),
      quantity: 3,
      modes: [...modes],
    }));
    return compileCampaign({ ...exampleCampaign(), tiers });
  });
  const cases = fc.record({
    compiled: campaigns,
    amountFen: fc.integer({ min: 1, max: 50_000 }).map(fen),
    holds: fc.uniqueArray(fc.nat(15)).map((list) => list.map((at) => ({ tier: `t${at}` }))),
    mode: fc.constantFrom('plate' as const, 'customer-code' as const),
  });
  const fits = (compiled: typeof campaign, asked: PaymentAsk) =>
    compiled.campaign.tiers.filter(
      ({ id, thresholdFen, faceFen, modes }) =>
        asked.holds.some((hold) => 'tier' in hold && hold.tier === id) &&
        modes.includes(asked.mode) &&
        asked.amountFen >= thresholdFen &&
        asked.amountFen > faceFen,
    );

  it('net and discount make the amount, something is left to pay, and a reason stands exactly where no coupon does', () => {
    fc.assert(
      fc.property(cases, ({ compiled, ...rest }) => {
        const quoted = quote(compiled, { ...rest, at: noon });
        expect(quoted.netFen + quoted.discountFen).toBe(rest.amountFen);
        expect(quoted.discountFen).toBeGreaterThanOrEqual(0);
        expect(quoted.netFen).toBeGreaterThan(0);
        expect(quoted.discountFen).toBe(quoted.coupon?.faceFen ?? 0);
        expect(quoted.reason === null).toBe(quoted.coupon !== null);
      }),
    );
  });

  it('the largest face that fits is taken, and none only where none fits', () => {
    fc.assert(
      fc.property(cases, ({ compiled, ...rest }) => {
        const asked = { ...rest, at: noon };
        const largest = Math.max(0, ...fits(compiled, asked).map(({ faceFen }) => faceFen));
        expect(quote(compiled, asked).discountFen).toBe(largest);
      }),
    );
  });

  it('a larger amount or one more coupon never lowers the discount', () => {
    fc.assert(
      fc.property(cases, fc.nat(50_000), fc.nat(15), ({ compiled, ...rest }, more, another) => {
        const asked = { ...rest, at: noon };
        const { discountFen } = quote(compiled, asked);
        const larger = quote(compiled, { ...asked, amountFen: fen(asked.amountFen + more) });
        const richer = quote(compiled, { ...asked, holds: [...asked.holds, { tier: `t${another}` }] });
        expect(larger.discountFen).toBeGreaterThanOrEqual(discountFen);
        expect(richer.discountFen).toBeGreaterThanOrEqual(discountFen);
      }),
    );
  });

  it('what is said to be missing is exactly what is missing, and nothing nearer is kept silent', () => {
    fc.assert(
      fc.property(cases, ({ compiled, ...rest }) => {
        const asked = { ...rest, at: noon };
        const { next, discountFen } = quote(compiled, asked);
        const discountAt = (amount: number) => quote(compiled, { ...asked, amountFen: fen(amount) }).discountFen;
        if (next === null) {
          expect(discountAt(100_000)).toBe(discountFen);
        } else {
          expect(next.missingFen).toBeGreaterThan(0);
          expect(discountAt(asked.amountFen + next.missingFen)).toBe(next.faceFen);
          expect(discountAt(asked.amountFen + next.missingFen - 1)).toBe(discountFen);
        }
      }),
    );
  });

  it('the order of the coupons in the hand makes no difference to the money', () => {
    fc.assert(
      fc.property(cases, ({ compiled, ...rest }) => {
        const asked = { ...rest, at: noon };
        expect(quote(compiled, { ...asked, holds: asked.holds.toReversed() })).toEqual(quote(compiled, asked));
      }),
    );
  });
});

describe('a claim in Youhao', () => {
  const claim = { tier: 'yuan-20', at: noon, person: examplePerson(), earlier: [] };
  it('is taken inside the district and refused in Harbin and in the centre of Yichun', () => {
    expect(refuseClaim(campaign, { ...claim, position: { longitude: 128.84, latitude: 47.85 } })).toBeNull();
    expect(refuseClaim(campaign, { ...claim, position: { longitude: 126.63, latitude: 45.75 } })).toBe('outside-area');
    expect(refuseClaim(campaign, { ...claim, position: { longitude: 128.84, latitude: 47.73 } })).toBe('outside-area');
  });

  it('is refused in the written order: opening, tier, identity, area, claimed before', () => {
    const bad = {
      tier: 'x',
      person: { phone: '', idCard: '', device: '' },
      position: null,
      earlier: [['phone' as const]],
    };
    const early = exactly(wallMs(0));
    expect(refuseClaim(campaign, { ...bad, at: early })).toBe('claim-not-open');
    expect(refuseClaim(campaign, { ...bad, at: noon })).toBe('unknown-tier');
    expect(refuseClaim(campaign, { ...bad, at: noon, tier: 'yuan-20' })).toBe('invalid-phone');
    expect(refuseClaim(campaign, { ...claim, position: null, earlier: [['phone']] })).toBe('position-missing');
  });
});
