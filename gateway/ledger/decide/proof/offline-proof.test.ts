/** An offline sale, checked without trusting its counter: each check, an instant on both sides of its limit. */
import { describe, expect, it } from 'vitest';
import { charging, MORNING, settled } from '../../../../test/contract/ledger-fixture.js';
import {
  type Body,
  DAY,
  d1,
  m1,
  OneBook,
  of,
  offline,
  rulesWith,
  verified,
} from '../../../../test/contract/one-book.js';
import type { Verdict } from '../../../ports/verifier.js';

const SECOND = 1_000;
/** 22:00 in Shanghai, when the campaign's day ends. */
const CLOSES = MORNING + 12 * 3_600_000;
const OPENS = MORNING - 3_600_000;
const exactly = (at: number) => ({ earliest: at, latest: at });
const between = (earliest: number, latest: number) => ({ earliest, latest });
type Signed = NonNullable<Parameters<typeof verified>[3]>;

interface Case {
  readonly record?: Body;
  readonly signed?: Signed & { readonly serials?: readonly number[]; readonly who?: string };
  readonly verdict?: Verdict | null;
  readonly change?: Parameters<typeof rulesWith>[0];
  readonly before?: (book: OneBook) => void;
  /** The record's time of arrival at the gateway. */
  readonly comes?: number;
}

function flagsOf({
  record = {},
  signed = {},
  verdict,
  change = {},
  before,
  comes = MORNING + DAY,
}: Case): readonly string[] {
  const { serials = [7], who = 'ann', ...times } = signed;
  const book = new OneBook(rulesWith(change)).claims('ann', 's40', 's80').claims('ben', 's20');
  book.hello('d1', Math.min(MORNING, comes));
  before?.(book);
  const said = verdict === null ? [] : [['CP1:A', verdict ?? verified(who, serials, 5, times)] as const];
  book.says([{ ...charging(offline('a', 7, 'A')), ...record }], { at: comes, signed: said });
  return book.sale('a').flags;
}
const shownAt = (at: number): Signed => ({ shownAt: at });
const coupon = (change: Body): Body => ({ coupon: { ...charging(offline('a', 7, 'A')).coupon, ...change } });

it.each<readonly [string, Case, readonly string[]]>([
  ['as an honest counter takes it', {}, []],

  // The presentation itself.
  ['that nobody checked', { verdict: null }, ['presentation-unchecked']],
  ['that is forged', { verdict: { ok: false, reason: 'presentation-forged' } }, ['presentation-forged']],
  ['of another campaign', { verdict: { ok: false, reason: 'other-campaign' } }, ['other-campaign']],
  ['with a coupon that the grant has not', { signed: { serials: [4] } }, ['serial-not-in-grant']],
  ['with one of several coupons of the grant', { signed: { serials: [4, 7] } }, []],
  ['of another holder than the coupon’s', { signed: { who: 'ben' } }, ['coupon-of-another-holder']],

  // Freshness, by the counter's own time; it judged up to 2 s before it wrote.
  ['60 s after it was shown', { signed: shownAt(MORNING - 60 * SECOND) }, []],
  ['62 s after it was shown', { signed: shownAt(MORNING - 62 * SECOND) }, []],
  ['62.001 s after it was shown', { signed: shownAt(MORNING - 62 * SECOND - 1) }, ['presentation-stale']],
  ['30 s before the phone’s time', { signed: shownAt(MORNING + 30 * SECOND) }, []],
  ['30.001 s before the phone’s time', { signed: shownAt(MORNING + 30 * SECOND + 1) }, ['phone-clock-ahead']],
  ['the moment before its grant ends', { signed: { expiresAt: MORNING + 1 } }, []],
  ['2 s after, less a moment', { signed: { expiresAt: MORNING - 2 * SECOND + 1 } }, []],
  ['2 s after', { signed: { expiresAt: MORNING - 2 * SECOND } }, ['grant-expired']],
  [
    'at a time 90 s wide',
    { record: { at: between(MORNING, MORNING + 90 * SECOND) }, signed: shownAt(MORNING + 30 * SECOND) },
    [],
  ],
  [
    'at a time wider than that',
    { record: { at: between(MORNING, MORNING + 90 * SECOND + 1) }, signed: shownAt(MORNING + 30 * SECOND) },
    ['no-trusted-time'],
  ],
  ['at no time', { record: { at: null } }, ['no-trusted-time']],

  // The gateway's clock and hours.
  ['5 s from now', { record: { at: exactly(MORNING + 5 * SECOND) }, comes: MORNING }, []],
  ['5.001 s from now', { record: { at: exactly(MORNING + 5 * SECOND + 1) }, comes: MORNING }, ['time-in-future']],
  ['at the last moment of the day', { record: { at: exactly(CLOSES - 1) }, signed: shownAt(CLOSES - 1) }, []],
  [
    'judged in time, written 2 s later',
    { record: { at: exactly(CLOSES + 2 * SECOND - 1) }, signed: shownAt(CLOSES) },
    [],
  ],
  ['judged after hours', { record: { at: exactly(CLOSES + 2 * SECOND) }, signed: shownAt(CLOSES) }, ['outside-hours']],
  [
    'before hours',
    {
      before: (b) => b.hello('d1', OPENS - 9),
      record: { at: exactly(OPENS - 1) },
      signed: shownAt(OPENS),
      comes: MORNING,
    },
    ['outside-hours', 'allowance-not-in-force'],
  ],

  // The place.
  [
    'where the campaign takes none offline',
    { change: { offline: { ...rulesWith().campaign.offline, permitted: false } } },
    ['offline-not-permitted', 'allowance-unknown'],
  ],
  ['at a merchant who is not listed', { record: { merchant: 'evil' } }, ['merchant-not-listed']],
  [
    'after it was asked for at another merchant',
    { before: (b) => b.asks('a', 30_000, { who: 'ben' }), record: { merchant: 'm2' } },
    ['merchant-differs'],
  ],
  ['after it was asked for here', { before: (b) => b.asks('a', 30_000, { who: 'ben' }) }, []],

  // The amounts, against the campaign's tier.
  ['of less than the threshold', { record: { amountFen: 29_999, netFen: 21_999 } }, ['below-threshold']],
  [
    'with a face of its own',
    { record: { ...coupon({ faceFen: 9_000 }), netFen: 21_000 } },
    ['face-differs', 'sums-differ'],
  ],
  ['with another net', { record: { netFen: 1 } }, ['sums-differ']],
  [
    'of a serial without a tier',
    { record: coupon({ serial: 99 }), signed: { serials: [99] } },
    ['coupon-never-handed-out'],
  ],

  // The allowance.
  [
    'under an allowance of nobody',
    { record: coupon({ by: { kind: 'offline', presentation: 'CP1:A', allowance: 'a-own' } }) },
    ['allowance-unknown'],
  ],
  [
    'under this allowance, after it ended',
    { record: { at: exactly(MORNING + DAY + 2 * SECOND) }, signed: shownAt(MORNING + DAY), comes: MORNING + 2 * DAY },
    ['allowance-not-in-force'],
  ],

  // The presentation's use.
  [
    'by a showing that this counter took before',
    {
      before: (b) =>
        b.says([charging({ ...of('z', 4), presentation: 'CP1:Z' })], {
          signed: [['CP1:Z', verified('ann', [4, 7], 5)]],
        }),
    },
    ['presentation-replayed', 'holder-limit-exceeded'],
  ],
  [
    'by a showing that another counter took before',
    {
      before: (b) => {
        b.greets('d2');
        b.says([charging({ ...of('z', 4), presentation: 'CP1:Z' })], {
          device: 'd2',
          signed: [['CP1:Z', verified('ann', [4, 7], 5)]],
        });
      },
    },
    ['showing-used-before'],
  ],
])('%s', (_what, given, doubts) => {
  expect(flagsOf(given)).toEqual(doubts);
});

it('all that speaks against a sale is said, and it moves no merchant’s money', () => {
  const book = new OneBook(rulesWith({}, { merchantOf: () => m1 })).claims('ann', 's80').greets('d1');
  const record = {
    ...charging(offline('a', 7, 'A')),
    merchant: 'm2',
    amountFen: 100,
    netFen: 1,
    at: exactly(MORNING + DAY + 2 * SECOND),
  };
  const verdict = verified('ben', [4], 1, { shownAt: 0, expiresAt: 0 });
  book.says([record, { ...settled(of('a')), amountFen: 100, netFen: 1 }], { signed: [['CP1:A', verdict]] });
  expect(book.sale('a')).toMatchObject({
    booking: 'disputed',
    flags: [
      'merchant-of-another-device',
      'below-threshold',
      'sums-differ',
      'serial-not-in-grant',
      'coupon-of-another-holder',
      'presentation-stale',
      'grant-expired',
      'time-in-future',
      'allowance-not-in-force',
    ],
  });
  expect(Object.keys(book.accounts())).toEqual(['disputed', `disputed:${d1}`]);
});

describe('records of one journal', () => {
  const record = (sale: string, serial: number, at: number) => ({
    ...charging(offline(sale, serial, sale)),
    at: exactly(at),
  });
  const flags = (first: number, second: number): readonly string[] => {
    const book = new OneBook(rulesWith({ offline: { ...rulesWith().campaign.offline, maxPerHolder: 9 } }));
    book.claims('ann', 's40', 's80').greets('d1');
    const signed = [
      ['CP1:a', verified('ann', [4], 1, { shownAt: first })] as const,
      ['CP1:b', verified('ann', [7], 2, { shownAt: second })] as const,
    ];
    book.says([record('a', 4, first), record('b', 7, second)], { at: MORNING + DAY, signed });
    return book.sale('b').flags;
  };
  it.each([
    ['later than the one before', 1, []],
    ['at the same time', 0, []],
    ['earlier than the one before', -1, ['time-goes-back']],
  ])('one %s', (_what, after, doubts) => {
    expect(flags(MORNING + SECOND, MORNING + SECOND + after)).toEqual(doubts);
  });
});
