import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fen } from '../../kernel/money.js';
import { type WallMs, wallMs } from '../../kernel/time.js';
import { compileCampaign } from '../compiled.js';
import { exampleCampaign } from '../example-campaign.js';
import { describeCampaignProblem, parseCampaign } from '../load.js';
import type { Campaign } from '../schema.js';
import { hasTier, onlyTier, type TierSet } from '../tiers.js';
import { checkCharacter, examplePerson, normalIdCard, normalPhone, normalPhoneId } from './identity.js';
import { CLAIM_RULES, PAYMENT_RULES } from './index.js';
import { agreement } from './once-per-tier.js';
import { REFUND_EXAMPLES, refundOutcome } from './refund.js';
import type { ClaimExample, ExampleTime, PaymentExample, When } from './rule.js';

const shanghai = (local: string): WallMs => wallMs(Date.parse(`${local.replace(' ', 'T')}+08:00`));

function when(example: { readonly at?: ExampleTime }): When {
  if (!('at' in example)) return when({ at: '2023-03-28 12:00:00' });
  const { at } = example;
  if (at === undefined || at === 'any-time') return at;
  const [from, to] = typeof at === 'string' ? [at, at] : at;
  return { earliest: shanghai(from), latest: shanghai(to) };
}

function possible(campaign: Campaign, faces: readonly number[]): TierSet {
  return campaign.tiers.reduce((set, tier, at) => (faces.includes(tier.faceFen / 100) ? set | onlyTier(at) : set), 0);
}

function payment(rule: (typeof PAYMENT_RULES)[number], example: PaymentExample) {
  const campaign: Campaign = { ...exampleCampaign(), ...example.campaign };
  const ask = {
    amountFen: fen(25_990),
    holds: campaign.tiers.map(({ id }) => ({ tier: id })),
    mode: 'customer-code' as const,
    at: when(example),
    recentPayments: example.recentPayments?.map(shanghai),
    ...example.ask,
  };
  const answer = rule.evaluate(compileCampaign(campaign), ask, possible(campaign, example.left ?? [20, 40, 80]));
  if (typeof answer === 'string') return answer;
  return campaign.tiers.filter((_tier, at) => hasTier(answer, at)).map((tier) => tier.faceFen / 100);
}

function claim(rule: (typeof CLAIM_RULES)[number], example: ClaimExample) {
  const base = exampleCampaign();
  const campaign: Campaign = { ...base, claim: { ...base.claim, ...example.campaign?.claim } };
  const ask = {
    tier: 'yuan-20',
    at: when(example),
    person: examplePerson(),
    position: { longitude: 128.84, latitude: 47.85 },
    earlier: [],
    ...example.ask,
  };
  return rule.evaluate(compileCampaign(campaign), ask);
}

it('the example campaign is one that could be loaded', () => {
  const parsed = parseCampaign(exampleCampaign());
  expect(parsed.ok ? [] : parsed.fault.map(describeCampaignProblem)).toEqual([]);
});

describe.each(PAYMENT_RULES.map((rule) => [rule.id, rule] as const))('payment rule %s', (_id, rule) => {
  it.each(rule.examples.map((example) => [example.sale, example] as const))('%s', (_sale, example) => {
    expect(payment(rule, example)).toEqual(example.gives);
  });
});

describe.each(CLAIM_RULES.map((rule) => [rule.id, rule] as const))('claim rule %s', (_id, rule) => {
  it.each(rule.examples.map((example) => [example.claim, example] as const))('%s', (_claim, example) => {
    expect(claim(rule, example)).toBe(example.gives);
  });
});

describe('identifiers', () => {
  /** Pads to a total length; the blanks carry no meaning. */
  const padded = (text: string, length: number) => `${' '.repeat(length - text.length)}${text}`;
  it.each([
    ['a phone', normalPhone, '13800138000'],
    ['an identity card', normalIdCard, '11010519491231002X'],
    ['a device', normalPhoneId, 'a1b2c3d4-e5f6'],
  ] as const)('%s is read up to 80 characters', (_what, normal, text) => {
    expect(normal(padded(text, 80))).toBe(text);
    expect(normal(padded(text, 81))).toBeUndefined();
  });

  it('takes a card from 1900 on, and none of a region that begins with nought', () => {
    const card = (digits: string) => normalIdCard(digits + checkCharacter(digits));
    expect(card('11010519000101002')).toBeDefined();
    expect(card('01010519491231002')).toBeUndefined();
  });

  it.each(['012345678912345', '01:23:45:67:89:ab:cd:ef'])('%s is no device, but what a factory left in', (text) => {
    expect(normalPhoneId(text)).toBeUndefined();
  });
});

describe('the edges of the hours', () => {
  const campaign = compileCampaign(exampleCampaign());
  const rule = (id: string) => PAYMENT_RULES.find((one) => one.id === id);
  const window = (at: When) =>
    rule('window')?.evaluate(campaign, { amountFen: fen(25_990), holds: [], mode: 'customer-code', at }, onlyTier(0));
  const claimAt = (ms: WallMs) =>
    CLAIM_RULES.find(({ id }) => id === 'claim-opening')?.evaluate(campaign, {
      tier: 'yuan-20',
      at: { earliest: ms, latest: ms },
      person: examplePerson(),
      position: null,
      earlier: [],
    });

  it('a claim is taken in the last moment and not after it', () => {
    expect(claimAt(campaign.ends)).toBeNull();
    expect(claimAt(wallMs(campaign.ends + 1))).toBe('claim-closed');
  });

  it('the first midnight belongs to the campaign, and the moment before it does not', () => {
    const begins = campaign.begins;
    expect(window({ earliest: begins, latest: begins })).toBe('outside-hours');
    expect(window({ earliest: wallMs(begins - 1), latest: wallMs(begins - 1) })).toBe('before-campaign');
  });

  it('a box that is unsure about the last moment is outside of the hours, not after the campaign', () => {
    expect(window({ earliest: campaign.ends, latest: wallMs(campaign.ends + 1) })).toBe('outside-hours');
    expect(window({ earliest: wallMs(campaign.ends + 1), latest: wallMs(campaign.ends + 2) })).toBe('after-campaign');
  });
});

describe('refund', () => {
  it.each(REFUND_EXAMPLES.map((example) => [example.refund, example] as const))('of %s', (_refund, example) => {
    const yuan = (amount: number) => fen(Math.round(amount * 100));
    const { rule, net, face, refunded, usableAgain = true, gives } = example;
    const outcome = refundOutcome(rule, {
      netFen: yuan(net),
      faceFen: yuan(face),
      refundedNetFen: yuan(refunded),
      usableAgain,
    });
    expect([outcome.coupon, outcome.faceBackFen / 100, outcome.faceTo]).toEqual(gives);
  });

  it('never takes more than the face back, and says to whom whenever it takes something', () => {
    const amount = fc.integer({ min: 0, max: 99_999_999 }).map(fen);
    const rules = fc.constantFrom(...(['stays-used', 'restored-if-full', 'restored-next-day', 'pro-rata'] as const));
    fc.assert(
      fc.property(rules, amount, amount, amount, fc.boolean(), (rule, netFen, faceFen, refundedNetFen, usableAgain) => {
        const outcome = refundOutcome(rule, { netFen, faceFen, refundedNetFen, usableAgain });
        expect(outcome.faceBackFen).toBeGreaterThanOrEqual(0);
        expect(outcome.faceBackFen).toBeLessThanOrEqual(faceFen);
        if (outcome.faceTo === null) expect(outcome.faceBackFen).toBe(0);
        if (outcome.coupon.startsWith('held'))
          expect([outcome.faceBackFen, outcome.faceTo]).toEqual([faceFen, 'sponsors']);
      }),
    );
  });
});

describe('every rule', () => {
  const files = readdirSync(new URL('.', import.meta.url)).filter((file) => !/(test|^index|^rule)\.ts$/.test(file));

  it('is in the index under the name of its file', () => {
    const ids = [...PAYMENT_RULES, ...CLAIM_RULES].map(({ id }) => `${id}.ts`);
    expect(files.toSorted()).toEqual([...ids, 'refund.ts'].toSorted());
  });

  it('has examples, one that passes and one that is refused where it can refuse', () => {
    for (const rule of PAYMENT_RULES) {
      expect(
        rule.examples.some(({ gives }) => typeof gives !== 'string'),
        rule.id,
      ).toBe(true);
      if (rule.id === 'largest-face' || rule.id === 'one-a-payment') continue;
      expect(
        rule.examples.some(({ gives }) => typeof gives === 'string'),
        rule.id,
      ).toBe(true);
    }
    for (const rule of CLAIM_RULES) {
      expect(
        rule.examples.some(({ gives }) => gives === null),
        rule.id,
      ).toBe(true);
      expect(
        rule.examples.some(({ gives }) => gives !== null),
        rule.id,
      ).toBe(true);
    }
  });
});

describe('who a person is', () => {
  it('is told by one normal form of each number', () => {
    expect(normalPhone(' 0086 138 0013 8000')).toBe('13800138000');
    expect(normalPhone('8613800138000')).toBe('13800138000');
    expect(normalIdCard(' 11010519491231002x ')).toBe('11010519491231002X');
    expect(normalPhoneId(' A1B2C3D4-E5F6 ')).toBe('a1b2c3d4-e5f6');
  });

  it('is not told by a card with any one digit wrong, or two neighbours exchanged', () => {
    const digits = fc.stringMatching(/^\d{3}$/);
    const card = fc
      .tuple(digits, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
      .map(([tail, month, day]) => {
        const two = (number: number) => String(number).padStart(2, '0');
        const body = `2307041985${two(month)}${two(day)}${tail}`;
        return body + checkCharacter(body);
      });
    fc.assert(
      fc.property(card, fc.nat(16), fc.integer({ min: 1, max: 9 }), (good, at, by) => {
        expect(normalIdCard(good)).toBe(good);
        const wrong = `${good.slice(0, at)}${(Number(good[at]) + by) % 10}${good.slice(at + 1)}`;
        expect(normalIdCard(wrong)).toBeUndefined();
        const swapped = `${good.slice(0, at)}${good[at + 1]}${good[at]}${good.slice(at + 2)}`;
        if (swapped !== good) expect(normalIdCard(swapped)).toBeUndefined();
      }),
    );
  });

  it('is compared number by number', () => {
    const one = examplePerson();
    expect(agreement(one, { ...one, phone: '13900139000' })).toEqual(['idCard', 'device']);
  });
});
