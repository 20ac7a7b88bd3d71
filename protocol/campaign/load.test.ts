import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import youhao from '../../campaigns/youhao-2023.json' with { type: 'json' };
import { describeCampaignProblem, parseCampaign } from './load.js';
import { couponCount, totalFaceFen } from './tiers.js';

/** The real document with some values changed: a path of keys, and the new value (undefined removes the key). */
function changed(...changes: readonly (readonly [path: string, value: unknown])[]): unknown {
  const document: Record<string, unknown> = structuredClone(youhao);
  for (const [path, value] of changes) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    let at: Record<string, unknown> = document;
    for (const key of keys) at = Object(at[key]);
    if (value === undefined) delete at[last];
    else at[last] = value;
  }
  return document;
}

const DAY_RANGE = (path: string, value: string) =>
  `${path}: is "${value}"; allowed: a day from 2000-01-01 to 2127-12-31`;

function problems(document: unknown): string[] {
  const parsed = parseCampaign(document);
  return parsed.ok ? [] : parsed.fault.map(describeCampaignProblem);
}

describe('the reference campaign', () => {
  const parsed = parseCampaign(youhao);
  it('is what the notice says: 21 merchants, 10,000 coupons, 400,000 yuan', () => {
    if (!parsed.ok) throw new Error(parsed.fault.map(describeCampaignProblem).join('\n'));
    expect(parsed.value.merchants).toHaveLength(21);
    expect(couponCount(parsed.value)).toBe(10_000);
    expect(totalFaceFen(parsed.value)).toBe(40_000_000);
    expect(parsed.value.budgetFen).toBe(40_000_000);
    expect(parsed.value.tiers.map((tier) => [tier.faceFen, tier.thresholdFen, tier.quantity])).toEqual([
      [2_000, 10_000, 4_000],
      [4_000, 20_000, 4_000],
      [8_000, 30_000, 2_000],
    ]);
  });

  it('has its hours, its claim rule and its refund rule, and names what the notice does not name', () => {
    expect(youhao).toMatchObject({
      name: '“畅购友好·乐享消费”惠民消费季',
      window: { timeZone: 'Asia/Shanghai', firstDay: '2023-03-27', days: 15, opens: '09:00', closes: '22:00' },
      claim: { opens: { day: '2023-03-27', time: '09:00' }, perPersonPerTier: 1, samePerson: 'any' },
      choice: 'largest-face',
      couponsPerPayment: 1,
      refund: 'stays-used',
      plateCapFen: null,
      splitGuard: null,
      sponsors: [{ name: '伊春市友好区人民政府', shareBasisPoints: 10_000 }],
    });
    expect(youhao.claim.identifiers).toEqual(['phone', 'idCard', 'device']);
    for (const { modes } of youhao.tiers) expect(modes).toEqual(['customer-code', 'plate']);
  });

  it('has the published merchants byte by byte, category and name, in the order of the list', () => {
    const list = ['category,name', ...youhao.merchants.map(({ category, name }) => `${category},${name}`), ''];
    // SHA-256 of the published list as received, one merchant a line.
    expect(createHash('sha256').update(list.join('\n')).digest('hex')).toBe(
      '6a0b4058d984e1b3f53221b99d10f9c691b9adfa07b5f704dcc368e916e7ea50',
    );
  });
});

describe('a campaign document with a problem is refused with its place, its value and what is allowed', () => {
  const square = [
    [128, 47],
    [129, 47],
    [129, 48],
    [128, 47],
  ];
  const rows: readonly [what: string, path: string, value: unknown, problem: string][] = [
    ['a field left out', 'choice', undefined, 'choice: is missing; allowed: "largest-face"'],
    ['a time left out', 'window.opens', undefined, 'window.opens: is missing; allowed: a time HH:MM, 00:00 to 24:00'],
    ['a day left out', 'window.firstDay', undefined, 'window.firstDay: is missing; allowed: a day YYYY-MM-DD'],
    ['a sum left out', 'budgetFen', undefined, 'budgetFen: is missing; allowed: whole fen (1 yuan is 100)'],
    [
      'a face left out',
      'tiers.0.faceFen',
      undefined,
      'tiers[0].faceFen: is missing; allowed: whole fen (1 yuan is 100)',
    ],
    ['a field that is not one', 'budget', 1, 'budget: is 1; allowed: no such field; is its name spelt right?'],
    [
      'a time zone that is not one',
      'window.timeZone',
      'Asia/Yichun',
      'window.timeZone: is "Asia/Yichun"; allowed: an IANA time zone such as "Asia/Shanghai"',
    ],
    [
      'closing before opening',
      'window.closes',
      '08:00',
      'window.closes: is "08:00"; allowed: later than it opens, 09:00; 24:00 at most',
    ],
    [
      'a time that no clock shows',
      'window.opens',
      '25:00',
      'window.opens: is "25:00"; allowed: a time HH:MM, 00:00 to 24:00',
    ],
    [
      'a day that no calendar has',
      'window.firstDay',
      '2023-02-30',
      'window.firstDay: is "2023-02-30"; allowed: a day YYYY-MM-DD',
    ],
    [
      'claims that open after the end',
      'claim.opens',
      { day: '2023-04-10', time: '22:00' },
      'claim.opens: is {"day":"2023-04-10","time":"22:00"}; allowed: earlier than the end of the campaign',
    ],
    [
      'a face larger than its threshold',
      'tiers.0.thresholdFen',
      1_999,
      'tiers[0].thresholdFen: is 1999; allowed: at least the face, 2000',
    ],
    ['half a fen', 'tiers.0.faceFen', 0.5, 'tiers[0].faceFen: is 0.5; allowed: whole fen (1 yuan is 100)'],
    ['a negative face', 'tiers.0.faceFen', -1, 'tiers[0].faceFen: is -1; allowed: more than 0'],
    [
      'one tier twice',
      'tiers.1.id',
      'yuan-20',
      'tiers[1].id: is "yuan-20"; allowed: a name of its own; tiers[0] has this one',
    ],
    [
      'one merchant twice',
      'merchants.20.id',
      'yh-01',
      'merchants[20].id: is "yh-01"; allowed: a name of its own; merchants[0] has this one',
    ],
    [
      'more coupons than money',
      'tiers.2.quantity',
      2_001,
      'budgetFen: is 40000000; allowed: at least what all coupons are worth together, 40008000',
    ],
    [
      'sponsors who pay 90 %',
      'sponsors.0.shareBasisPoints',
      9_000,
      'sponsors: is 9000; allowed: shares (shareBasisPoints) that add up to 10000',
    ],
    [
      'a ring that is not closed',
      'claim.geofence.coordinates',
      [[...square.slice(0, 3), [128, 48]]],
      "claim.geofence.coordinates[0][3]: is [128,48]; allowed: the ring's first position again, [128,47]",
    ],
    [
      'a ring that ends west of where it began',
      'claim.geofence.coordinates',
      [[...square.slice(0, 3), [127, 47]]],
      "claim.geofence.coordinates[0][3]: is [127,47]; allowed: the ring's first position again, [128,47]",
    ],
    [
      'latitude before longitude',
      'claim.geofence.coordinates.0.1',
      [47, 128],
      'claim.geofence.coordinates[0][1][1]: is 128; allowed: at most 90',
    ],
    [
      'a geofence of another kind',
      'claim.geofence',
      { type: 'Circle' },
      'claim.geofence: is {"type":"Circle"}; allowed: {"type":"Polygon",…} or {"type":"MultiPolygon",…}, or null for anywhere',
    ],
    ['a mode twice', 'tiers.0.modes', ['plate', 'plate'], 'tiers[0].modes[1]: is "plate"; allowed: each once'],
    [
      'a drawer command in a name',
      'merchants.0.name',
      '华宇\u001bp\u0000',
      'merchants[0].name: is "华宇\\u001bp\\u0000"; allowed: text without control characters',
    ],
    [
      'a right-to-left override',
      'receiptLine',
      '\u202e100',
      'receiptLine: is "\\u202e100"; allowed: text without control characters',
    ],
    ['a name of blanks', 'name', '  ', 'name: is "  "; allowed: a name that can be seen'],
    [
      'a name that prints as nothing',
      'merchants.0.name',
      '\u200b\u200e',
      'merchants[0].name: is "\\u200b\\u200e"; allowed: a name that can be seen',
    ],
    [
      'offline for no coupon at all',
      'offline.maxCoupons',
      0,
      'offline.maxCoupons: is 0; allowed: at least 1 where offline.permitted is true',
    ],
    [
      'offline for less than any face',
      'offline.maxFaceFen',
      1_999,
      'offline.maxFaceFen: is 1999; allowed: at least the smallest face, 2000',
    ],
    [
      'closing as it opens',
      'window.closes',
      '09:00',
      'window.closes: is "09:00"; allowed: later than it opens, 09:00; 24:00 at most',
    ],
    [
      'one identifier twice',
      'claim.identifiers',
      ['phone', 'phone'],
      'claim.identifiers[1]: is "phone"; allowed: each once',
    ],
    ['one merchant in place of a list', 'merchants', 'x', 'merchants: is "x"; allowed: a list'],
    ['no merchant', 'merchants', [], 'merchants: is []; allowed: at least 1 in the list'],
    ['a merchant that is a name', 'merchants.0', 'x', 'merchants[0]: is "x"; allowed: an object'],
    ['yes in place of true', 'offline.permitted', 'yes', 'offline.permitted: is "yes"; allowed: true or false'],
    ['half a coupon', 'offline.maxCoupons', 0.5, 'offline.maxCoupons: is 0.5; allowed: a whole number'],
    ['a day before there were campaigns', 'window.firstDay', '1999-12-31', DAY_RANGE('window.firstDay', '1999-12-31')],
    ['a day after grants can say it', 'window.firstDay', '2128-01-01', DAY_RANGE('window.firstDay', '2128-01-01')],
    [
      'a name longer than a line',
      'merchants.0.category',
      'x'.repeat(59),
      `merchants[0].category: is "${'x'.repeat(59)}…; allowed: at most 40 characters`,
    ],
    [
      'a name just as long as is shown',
      'merchants.0.category',
      'x'.repeat(58),
      `merchants[0].category: is "${'x'.repeat(58)}"; allowed: at most 40 characters`,
    ],
  ];
  it.each(rows)('%s', (_what, path, value, expected) => {
    expect(problems(changed([path, value]))).toEqual([expected]);
  });

  it.each<[what: string, path: string, value: unknown]>([
    ['a threshold that is the face', 'tiers.0.thresholdFen', 2_000],
    ['claims that open a minute before the end', 'claim.opens', { day: '2023-04-10', time: '21:59' }],
    ['the first day that there may be', 'claim.opens.day', '2000-01-01'],
    ['offline for the smallest face', 'offline.maxFaceFen', 2_000],
  ])('%s is allowed', (_what, path, value) => {
    expect(problems(changed([path, value]))).toEqual([]);
  });

  it.each([0, 1])('where nothing is taken offline, limits of %s are allowed', (limit) => {
    const off = changed(['offline.permitted', false], ['offline.maxCoupons', limit], ['offline.maxFaceFen', limit]);
    expect(problems(off)).toEqual([]);
  });

  it('a ring of the second polygon that is not closed is named with both places', () => {
    const coordinates = [[square], [square, [...square.slice(0, 3), [128, 48]]]];
    expect(problems(changed(['claim.geofence', { type: 'MultiPolygon', coordinates }]))).toEqual([
      "claim.geofence.coordinates[1][1][3]: is [128,48]; allowed: the ring's first position again, [128,47]",
    ]);
    expect(problems(changed(['claim.geofence', { type: 'MultiPolygon', coordinates: [[square]] }]))).toEqual([]);
  });

  it('the last day that there may be is allowed', () => {
    expect(problems(changed(['window.firstDay', '2127-12-31'], ['window.days', 1]))).toEqual([]);
  });

  it('a document of more brackets than the stack holds is a problem, and no crash', () => {
    let document: unknown = [];
    for (let depth = 0; depth < 200_000; depth++) document = [document];
    expect(problems(document)).toEqual(['the document: is nested too deeply; allowed: a campaign document']);
  });

  it('keeps an error that is no problem of the document', () => {
    const broken = {
      get format() {
        throw new TypeError('not readable');
      },
    };
    expect(() => parseCampaign(broken)).toThrow('not readable');
  });

  it('more coupons than the spent set can tell the counters of', () => {
    const [most, tooMany] = [376_000, 376_001].map((quantity) =>
      problems(changed(['tiers.2.quantity', quantity], ['budgetFen', 9_000_000_000])),
    );
    expect(most).toEqual([]);
    expect(tooMany).toEqual([
      'tiers: is 384001; allowed: at most 384000 coupons together, so many as a message can say of which are used',
    ]);
  });

  it('lists every problem at once, those between the parts included', () => {
    const found = problems(
      changed(['version', 0], ['tiers.0.id', 'yuan-40'], ['window.timeZone', 'x'], ['sponsors.0.shareBasisPoints', 1]),
    );
    expect(found.map((line) => line.split(':')[0])).toEqual(['version', 'tiers[1].id', 'sponsors', 'window.timeZone']);
  });

  it.each([null, undefined, 7, 'text', [], {}, JSON.parse('{"__proto__":{"format":1}}')])(
    '%j is no campaign',
    (value) => {
      expect(problems(value).length).toBeGreaterThan(0);
    },
  );

  it('keeps receipt markup in a name, since it is only text', () => {
    expect(problems(changed(['merchants.0.name', '{b:1|^"~_`\\}']))).toEqual([]);
  });

  it('takes a key that is named __proto__ for a field like any other', () => {
    const document = JSON.parse(JSON.stringify(youhao).replace('{', '{"__proto__":{"budgetFen":1},'));
    expect(problems(document)).toEqual([
      '__proto__: is {"budgetFen":1}; allowed: no such field; is its name spelt right?',
    ]);
  });
});
