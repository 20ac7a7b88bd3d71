import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import youhao from '../../../campaigns/youhao-2023.json' with { type: 'json' };
import { exampleCampaign } from '../example-campaign.js';
import { describeCampaignProblem, parseCampaign } from '../load.js';
import { parseCampaignV2 } from './load.js';
import { needsOfV2 } from './needs.js';
import { merchantId } from './parts.js';
import { upgradeCampaign } from './upgrade.js';

const text = JSON.stringify(upgradeCampaign(exampleCampaign()).campaign);

/** The example as format 2, with one value put at a path: `tiers.0.thresholdFen`. */
function changed(...changes: readonly (readonly [path: string, value: unknown])[]): unknown {
  const document: unknown = JSON.parse(text);
  for (const [path, value] of changes) {
    const steps = path.split('.');
    const last = steps.pop() ?? '';
    const place = steps.reduce<unknown>((at, step) => Reflect.get(Object(at), step), document);
    if (value === undefined) Reflect.deleteProperty(Object(place), last);
    else Reflect.set(Object(place), last, value);
  }
  return document;
}

function problems(
  document: unknown,
  ...rest: Parameters<typeof parseCampaignV2> extends [unknown, ...infer Rest] ? Rest : never
) {
  const parsed = parseCampaignV2(document, ...rest);
  return parsed.ok ? [] : parsed.fault.map(describeCampaignProblem);
}

const round = (change: object) => ({ ...JSON.parse(text).rounds[0], ...change });
const day = (date: string, time: string) => ({ day: date, time });

describe('a format-2 document', () => {
  it('is what an upgraded one is', () => {
    expect(problems(changed())).toEqual([]);
  });

  it.each([
    [
      'an unknown field',
      [['tiers.0.stackable', true]],
      'tiers[0].stackable: is true; allowed: no such field; is its name spelt right?',
    ],
    [
      'a benefit nobody knows',
      [['tiers.0.benefit', { kind: 'points' }]],
      'tiers[0].benefit.kind: is "points"; allowed: "fixed" or "percent" or "random" or "per-full"',
    ],
    [
      'a weekday nobody knows',
      [['opening.hours.0.weekdays', ['sat', 'someday']]],
      /^opening\.hours\[0\]\.weekdays: .*"daily", or a list of "mon" or/,
    ],
    [
      'a last day before the first',
      [['opening.lastDay', '2023-03-01']],
      'opening.lastDay: is "2023-03-01"; allowed: not before the first day, 2023-03-27',
    ],
    [
      'hours of nothing',
      [['opening.hours.0.closes', '09:00']],
      /^opening\.hours\[0\]\.closes: is "09:00"; allowed: another time/,
    ],
    [
      'a tier outside the hours',
      [['tiers.0.hours', [{ weekdays: ['sun'], opens: '22:00', closes: '02:00' }]]],
      /^tiers\[0\]\.hours: .*nobody can use it so/,
    ],
    ['a zone nobody knows', [['timeZone', 'Mars/Base']], /^timeZone: is "Mars\/Base"/],
    [
      'a round that exceeds the budget',
      [['budget.wholeFen', 100]],
      'budget.wholeFen: is 100; allowed: at least what all coupons can be worth together, 140000',
    ],
    [
      'a daily round that exceeds the budget',
      [
        [
          'rounds.0',
          round({
            claims: {
              by: 'first-come',
              opens: day('2023-03-27', '10:00'),
              closes: day('2023-03-27', '11:00'),
              days: 7,
            },
          }),
        ],
      ],
      /^budget\.wholeFen: .*together, 980000/,
    ],
    [
      'more coupons than serials',
      [['rounds.0.quantities.0.quantity', 11]],
      'tiers[0].issue.serials: is 10; allowed: 11 serials, so many as all rounds issue',
    ],
    [
      'a tier that nobody can get',
      [['rounds.0.quantities', [{ tier: 'yuan-20', quantity: 10 }]]],
      /^tiers\[1\]\.id: is "yuan-40"; allowed: a tier of some round/,
    ],
    [
      'a round of an unknown tier',
      [['rounds.0.quantities.0.tier', 'yuan-90']],
      /^rounds\[0\]\.quantities\[0\]\.tier: is "yuan-90"; allowed: a tier of the campaign: yuan-20/,
    ],
    [
      'random bounds above the threshold',
      [['tiers.0.benefit', { kind: 'random', minFen: 100, maxFen: 10_001 }]],
      'tiers[0].benefit.maxFen: is 10001; allowed: at most the threshold, 10000',
    ],
    [
      'random bounds the wrong way round',
      [['tiers.0.benefit', { kind: 'random', minFen: 300, maxFen: 200 }]],
      'tiers[0].benefit.minFen: is 300; allowed: at most maxFen, 200',
    ],
    [
      'more off than every full amount',
      [['tiers.0.benefit', { kind: 'per-full', everyFen: 500, offFen: 600, capFen: 600 }]],
      'tiers[0].benefit.offFen: is 600; allowed: at most everyFen, 500',
    ],
    [
      'a face above the threshold',
      [['tiers.0.thresholdFen', 1_999]],
      'tiers[0].thresholdFen: is 1999; allowed: at least the face, 2000, or null',
    ],
    [
      'all off where a threshold leaves some',
      [['tiers.0.fullDeduction', true]],
      /^tiers\[0\]\.fullDeduction: is true; allowed: false/,
    ],
    [
      'a draw after the end',
      [
        [
          'rounds.0.claims',
          {
            by: 'draw',
            opens: day('2023-03-27', '09:00'),
            closes: day('2023-03-28', '09:00'),
            drawn: day('2023-04-11', '09:00'),
          },
        ],
      ],
      /^rounds\[0\]\.claims\.drawn: .*before the end of the campaign/,
    ],
    [
      'a draw before the entries close',
      [
        [
          'rounds.0.claims',
          {
            by: 'draw',
            opens: day('2023-03-27', '09:00'),
            closes: day('2023-03-28', '09:00'),
            drawn: day('2023-03-28', '08:00'),
          },
        ],
      ],
      /^rounds\[0\]\.claims\.drawn: .*not before the entries close/,
    ],
    [
      'a round that closes before it opens',
      [['rounds.0.claims.closes', day('2023-03-27', '08:00')]],
      /^rounds\[0\]\.claims\.closes: .*after it opens/,
    ],
    [
      'a daily round of more than a day',
      [
        ['rounds.0.claims.days', 2],
        ['budget.wholeFen', 900_000],
      ],
      /^rounds\[0\]\.claims\.closes: .*within a day/,
    ],
    [
      'a last round whose rest goes on',
      [['rounds.0.unclaimed', 'next-round']],
      'rounds[0].unclaimed: is "next-round"; allowed: "lapse" in the last round',
    ],
    [
      'a bundle of unequal tiers',
      [
        ['bundles', [{ id: 'pair', tiers: ['yuan-20', 'yuan-40'] }]],
        ['rounds.0.quantities.0.quantity', 5],
      ],
      /^bundles\[0\]\.tiers: .*could never be claimed/,
    ],
    [
      'a bundle of an unknown tier',
      [['bundles', [{ id: 'pair', tiers: ['yuan-20', 'yuan-90'] }]]],
      /^bundles\[0\]\.tiers: /,
    ],
    ['claims without a rule', [['claim', null]], /^claim: is null; allowed: the rule of claims/],
    [
      'residents by a document that nobody shows',
      [
        ['claim.identifiers', [{ kind: 'phone' }]],
        ['claim.conditions', [{ kind: 'id-prefix', anyOf: ['2307'] }]],
      ],
      /^claim\.conditions\[0\]: is "id-prefix"; allowed: only with resident-id/,
    ],
    [
      'ages the wrong way round',
      [['claim.conditions', [{ kind: 'age', atLeast: 60, atMost: 18 }]]],
      'claim.conditions[0].atMost: is 18; allowed: at least 60',
    ],
    [
      'an open geofence',
      [
        [
          'claim.geofence',
          {
            type: 'Polygon',
            coordinates: [
              [
                [1, 1],
                [2, 1],
                [2, 2],
                [1, 2],
              ],
            ],
          },
        ],
      ],
      /^claim\.geofence\.coordinates\[0\]\[3\]/,
    ],
    [
      'a category that the campaign leaves out',
      [
        ['merchants', { who: 'categories', categories: ['餐饮'], except: [] }],
        ['tiers.0.where', { who: 'categories', categories: ['汽车'], except: [] }],
      ],
      'tiers[0].where.categories[0]: is "汽车"; allowed: a category of the campaign: 餐饮',
    ],
    [
      'a merchant that the campaign leaves out',
      [['tiers.0.where', { who: 'ids', ids: ['shop-9'] }]],
      'tiers[0].where.ids[0]: is "shop-9"; allowed: a merchant that takes part in the campaign',
    ],
    [
      'serials given away twice',
      [['tiers.1.issue.serials', [{ first: 9, last: 20 }]]],
      /^tiers\[1\]\.issue\.serials\[0\]: is "9 to 20"/,
    ],
    [
      'an unknown wallet',
      [['tiers.0.wallets', ['unionpay']]],
      'tiers[0].wallets[0]: is "unionpay"; allowed: a wallet of the campaign: it has none',
    ],
    [
      'an unknown sponsor',
      [['tiers.0.paidBy.shares.0.sponsor', 'bank']],
      /^tiers\[0\]\.paidBy\.shares\[0\]\.sponsor: is "bank"/,
    ],
    [
      'shares that leave something unpaid',
      [['tiers.0.paidBy.merchantBasisPoints', 1]],
      "tiers[0].paidBy.shares: is 10001; allowed: shares that add up to 10000 with the merchant's own",
    ],
    [
      'an order that ends under a ceiling',
      [['tiers.0.paidBy', { kind: 'order', merchantBasisPoints: 0, order: [{ sponsor: 'district', ceilingFen: 5 }] }]],
      /^tiers\[0\]\.paidBy\.order\[0\]\.ceilingFen: is 5; allowed: null/,
    ],
    [
      'a budget of a day above the whole',
      [['budget.perDayFen', 140_001]],
      'budget.perDayFen: is 140001; allowed: at most the whole budget, 140000',
    ],
    [
      'a network that settles what we deduct',
      [['settlement.mode', 'network']],
      /^settlement\.mode: is "network"; allowed: "payout"/,
    ],
    [
      'several coupons where one has no threshold',
      [
        ['couponsPerPayment', 2],
        ['tiers.0.thresholdFen', null],
      ],
      /^tiers\[0\]\.thresholdFen: is null; allowed: a threshold/,
    ],
    [
      'a random tier off line',
      [['tiers.0.benefit', { kind: 'random', minFen: 100, maxFen: 200 }]],
      /^offline\.tiers\[0\]: is "yuan-20"; allowed: a claimed tier/,
    ],
    [
      'a counted tier off line',
      [['tiers.0.limits.perPersonPerDay', 1]],
      /^offline\.tiers\[0\]: is "yuan-20"; allowed: a tier without limits/,
    ],
    ['a frozen tier that there is not', [['freeze.tiers', ['yuan-90']]], /^freeze\.tiers\[0\]: is "yuan-90"/],
    [
      'a refund until a day before',
      [['tiers.0.refund.until', day('2023-03-26', '09:00')]],
      /^tiers\[0\]\.refund\.until: /,
    ],
  ] as const)('with %s is refused, and says what is allowed', (_what, changes, said) => {
    const found = problems(changed(...changes));
    expect(found).toEqual(expect.arrayContaining([typeof said === 'string' ? said : expect.stringMatching(said)]));
  });

  it('has all of its problems told at once', () => {
    const found = problems(
      changed(
        ['version', 0],
        ['opening.lastDay', '2020-01-01'],
        ['budget.wholeFen', 1],
        ['tiers.0.paidBy.merchantBasisPoints', 7],
      ),
    );
    expect(found.map((problem) => problem.split(':')[0])).toEqual([
      'version',
      'opening.lastDay',
      'rounds[0].claims.opens',
      'budget.wholeFen',
      'tiers[0].paidBy.shares',
    ]);
  });

  it('is held against a list of merchants where there is one', () => {
    const shop = { id: merchantId.parse('shop-1'), name: '鑫亿家', category: '超市' };
    const byCategory = changed(['merchants', { who: 'categories', categories: ['超市', '汽车'], except: [] }]);
    expect(problems(changed(), [shop])).toEqual([]);
    expect(problems(changed(), [])).toEqual(['merchants.ids[0]: is "shop-1"; allowed: a merchant of the list']);
    expect(problems(byCategory, [shop])).toEqual([
      'merchants.categories[1]: is "汽车"; allowed: a category that a merchant of the list has',
    ]);
    const nobody = changed(['merchants', { who: 'all', except: ['shop-1'] }]);
    expect(problems(nobody, [shop])[0]).toMatch(/^tiers\[0\]\.where: is "yuan-20"; allowed: some merchant/);
  });

  it('never throws, whatever stands in it', () => {
    const junk = fc.constantFrom<unknown>(null, undefined, '', -1, 1e300, [], {}, [null], '24:00', true, {
      who: 'ids',
    });
    const paths = Object.entries(JSON.parse(text)).flatMap(([key, value]) =>
      Array.isArray(value) && value.length > 0
        ? Object.keys(Object(value[0])).map((inner) => `${key}.0.${inner}`)
        : [key, ...Object.keys(Object(value)).map((inner) => `${key}.${inner}`)],
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...paths), junk), { maxLength: 4 }), (changes) => {
        // Copies: a later change may reach into what an earlier one has put there.
        const own = changes.map(([path, value]) => [path, structuredClone(value)] as const);
        for (const line of problems(changed(...own))) expect(line).toContain('; allowed: ');
      }),
      { numRuns: 500 },
    );
  });
});

describe('an upgraded document', () => {
  it('is a format-2 document without problems, for the reference campaign too', () => {
    const parsed = parseCampaign(youhao);
    if (!parsed.ok) throw new Error('the reference campaign has problems');
    const { campaign, merchants } = upgradeCampaign(parsed.value);
    expect(problems(JSON.parse(JSON.stringify(campaign)), merchants)).toEqual([]);
    expect(campaign.opening.lastDay).toBe('2023-04-10');
    expect(merchants).toHaveLength(21);
    expect(needsOfV2(campaign)).toEqual(['format-2']);
  });
});
