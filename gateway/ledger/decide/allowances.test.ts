/** Issuing and counting allowances, one instant and one fen on both sides of each limit. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HolderId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { type WallMs, wallMs } from '#protocol/kernel/time.js';
import { holderId, MORNING, testCampaign } from '../../../test/contract/ledger-fixture.js';
import { DAY, d1, rulesWith } from '../../../test/contract/one-book.js';
import { BatchOverlay } from '../book/batch-overlay.js';
import type { DeviceChain, IssuedAllowance, TakenUnder } from '../book/book.js';
import { MemoryBook } from '../book/memory-book.js';
import { allowanceDoubts, countTaking, renewAllowance, uncountTaking } from './allowances.js';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const ENDS = Date.UTC(2023, 3, 10, 14) - 1;
const ann = holderId('ann');
const ben = holderId('ben');
const rules = rulesWith({
  offline: { ...testCampaign().offline, maxCoupons: 3, maxFaceFen: 10_000, maxPerHolder: 2, maxSyncAgeHours: 12 },
});

const issued = (change: Partial<IssuedAllowance> = {}): IssuedAllowance => ({
  id: 'a-1',
  issuedAt: MORNING,
  renewedAt: MORNING,
  expiresAt: MORNING + 12 * HOUR,
  maxCoupons: 3,
  maxFaceFen: 10_000,
  maxPerHolder: 2,
  coupons: 0,
  faceFen: 0,
  holders: [],
  ...change,
});
const chain = (...allowances: readonly IssuedAllowance[]): DeviceChain => ({
  device: d1,
  seq: 0,
  hash: '',
  fork: null,
  forkEvidence: 0,
  ...(allowances.length > 0 && { allowances }),
});

function draftWith(
  of: DeviceChain,
  options: { readonly takenUnder?: readonly TakenUnder[]; readonly since?: number } = {},
) {
  const book = new MemoryBook(3);
  book.devices.set(d1, of);
  const { takenUnder, since } = options;
  if (since !== undefined) book.totals = { ...book.totals, allowancesSince: since };
  const nobody = { identities: [], counter: -1, counterSale: null };
  book.putHolder({ id: ann, ...nobody, ...(takenUnder && { takenUnder }) });
  return new BatchOverlay(book);
}

describe('a counter that is greeted with nothing outstanding', () => {
  it('gets what the campaign allows, for as long as the campaign says', () => {
    const renewed = renewAllowance(chain(), rules, MORNING);
    expect(renewed?.allowance).toEqual({
      format: 1,
      id: `a-${MORNING.toString(36)}`,
      device: 'd1',
      campaign: 'test-2023',
      maxCoupons: 3,
      maxFaceFen: 10_000,
      maxPerHolder: 2,
      issuedAt: MORNING,
      expiresAt: MORNING + 12 * HOUR,
      maxSyncAgeMs: 12 * HOUR,
    });
    expect(renewed?.chain.allowances).toEqual([issued({ id: `a-${MORNING.toString(36)}` })]);
  });

  it.each([
    ['while the campaign lasts', ENDS, ENDS + 1],
    ['when it is over', ENDS + 1, undefined],
  ])('%s', (_when, now, expiresAt) => {
    expect(renewAllowance(chain(), rules, wallMs(now))?.allowance.expiresAt).toBe(expiresAt);
  });

  it('gets none where the campaign takes no coupons offline', () => {
    const none = rulesWith({ offline: { ...testCampaign().offline, permitted: false } });
    expect(renewAllowance(chain(), none, MORNING)).toBeUndefined();
  });

  it.each<readonly [string, IssuedAllowance, number, 'same' | 'renewed' | 'another']>([
    ['at once', issued(), 0, 'same'],
    ['within the minute', issued(), MINUTE - 1, 'same'],
    ['after a minute', issued(), MINUTE, 'renewed'],
    // The counter may still hold the one that ends later: it goes on counting as it is.
    ['by a clock that was set back', issued(), -1, 'another'],
    ['with a coupon counted', issued({ coupons: 1 }), 1, 'another'],
    ['with other limits', issued({ maxCoupons: 4 }), 1, 'another'],
    ['with another limit of face', issued({ maxFaceFen: 1 }), 1, 'another'],
    ['with another limit a holder', issued({ maxPerHolder: 1 }), 1, 'another'],
    ['a day after it ended', issued(), 36 * HOUR, 'renewed'],
    ['a moment later than that', issued(), 36 * HOUR + 1, 'another'],
  ])('that was issued one before, %s', (_when, known, after, becomes) => {
    const before = chain(known);
    const now = wallMs(MORNING + after);
    const renewed = renewAllowance(before, rules, now);
    expect(renewed?.allowance.id === 'a-1').toBe(becomes !== 'another');
    expect(renewed?.chain === before).toBe(becomes === 'same');
    // A renewal keeps the time of the first issue: earlier coupons must stay inside the allowance's life.
    const [newest] = renewed?.chain.allowances?.slice(-1) ?? [];
    expect(newest).toMatchObject({
      issuedAt: becomes === 'another' ? now : MORNING,
      renewedAt: becomes === 'same' ? MORNING : now,
      expiresAt: becomes === 'same' ? known.expiresAt : now + 12 * HOUR,
      maxCoupons: 3,
      maxFaceFen: 10_000,
      maxPerHolder: 2,
      coupons: 0,
    });
    const kept = becomes === 'another' && after < 36 * HOUR ? [known] : [];
    expect(renewed?.chain.allowances).toEqual([...kept, newest]);
  });

  it('gets an id of its own where a clock that was set back meets one that is there', () => {
    const id = `a-${MORNING.toString(36)}`;
    const known = [issued({ id, coupons: 1 }), issued({ id: `${id}-2`, coupons: 1 })];
    expect(renewAllowance(chain(...known), rules, MORNING)?.allowance.id).toBe(`${id}-3`);
  });

  it.each([
    [31, 32, `a-${(MORNING + MINUTE).toString(36)}`],
    [32, 32, 'a-31'],
  ])('with %i used ones has %i, and goes on with %s', (count, total, id) => {
    const used = Array.from({ length: count }, (_, n) => issued({ id: `a-${n}`, coupons: 1, faceFen: 2_000 }));
    const renewed = renewAllowance(chain(...used), rules, wallMs(MORNING + MINUTE));
    expect([renewed?.chain.allowances?.length, renewed?.allowance.id]).toEqual([total, id]);
    // Its count stays.
    expect(renewed?.chain.allowances?.at(-1)?.coupons).toBe(count === 32 ? 1 : 0);
  });
});

describe('a coupon of 40 yuan', () => {
  it.each<readonly [string, Partial<IssuedAllowance>, readonly TakenUnder[], readonly string[]]>([
    ['under one that is unused', {}, [], []],
    ['as the last coupon', { coupons: 2 }, [], []],
    ['beyond the last', { coupons: 3 }, [], ['allowance-exceeded']],
    ['up to the last fen', { faceFen: 6_000 }, [], []],
    ['a fen beyond', { faceFen: 6_001 }, [], ['allowance-exceeded']],
    ['as the holder’s last', {}, [['d1' as typeof d1, 'a-1', 1]], []],
    ['beyond the holder’s last', {}, [['d1' as typeof d1, 'a-1', 2]], ['holder-limit-exceeded']],
    [
      'counted in the device’s row, too',
      { holders: [[ann, 1]] },
      [['d1' as typeof d1, 'a-1', 1]],
      ['holder-limit-exceeded'],
    ],
    ['beside coupons of other holders', { holders: [[ben, 9]] }, [], []],
    ['beside coupons at another counter', {}, [['d2' as typeof d1, 'a-1', 9]], []],
    ['beside coupons under another one', {}, [['d1' as typeof d1, 'a-0', 9]], []],
    ['beyond all limits', { coupons: 3, holders: [[ann, 2]] }, [], ['allowance-exceeded', 'holder-limit-exceeded']],
  ])('%s', (_what, change, takenUnder, doubts) => {
    const known = chain(issued(change));
    expect(doubtsAt(known, draftWith(known, { takenUnder }), 'a-1', MORNING + HOUR)).toEqual(doubts);
  });

  it.each([
    ['a clock step before it was issued', MORNING - 5_000, []],
    ['a moment earlier', MORNING - 5_001, ['allowance-not-in-force']],
    ['the moment before it ended', MORNING + 12 * HOUR - 1, []],
    ['judged in time', MORNING + 12 * HOUR + 1_999, []],
    ['judged when it had ended', MORNING + 12 * HOUR + 2_000, ['allowance-not-in-force']],
  ])('%s', (_what, at, doubts) => {
    const known = chain(issued());
    expect(doubtsAt(known, draftWith(known), 'a-1', at)).toEqual(doubts);
  });

  it('under an allowance of another id, or of no device, is under none', () => {
    const known = chain(issued());
    expect(doubtsAt(known, draftWith(known), 'a-2', MORNING)).toEqual(['allowance-unknown']);
    expect(doubtsAt(chain(), draftWith(chain()), 'a-1', MORNING)).toEqual(['allowance-unknown']);
  });

  const since = MORNING + HOUR;
  it.each([
    ['before the takeover', since - HOUR, []],
    ['as long as one of today’s lasts', since + 12 * HOUR - 1, []],
    ['longer than that', since + 12 * HOUR + 2_000, ['allowance-not-in-force']],
  ])('under what release 0.1 issued, %s', (_what, at, doubts) => {
    expect(doubtsAt(chain(), draftWith(chain(), { since }), 'old', at)).toEqual(doubts);
  });

  function doubtsAt(of: DeviceChain, overlay: BatchOverlay, id: string, at: number) {
    const time = { earliest: at as WallMs, latest: at as WallMs };
    return allowanceDoubts({ overlay, chain: of, rules, id, at: time, holder: ann, faceFen: fen(4_000) });
  }
});

describe('what is counted', () => {
  const take = (overlay: BatchOverlay, id: string, holder: HolderId, faceFen = 4_000) =>
    countTaking(overlay, { chain: chainIn(overlay), rules, id, holder, faceFen: fen(faceFen) });
  const giveBack = (overlay: BatchOverlay, allowance: string, holder: HolderId, faceFen = 4_000) =>
    uncountTaking(overlay, chainIn(overlay), {
      offline: { allowance, at: null, counted: { holder, faceFen: fen(faceFen) } },
    });
  const chainIn = (overlay: BatchOverlay): DeviceChain => overlay.device(d1) ?? chain();

  it('stands on the allowance, and by holder in the holder’s own row', () => {
    const overlay = draftWith(chain(issued({ id: 'a-0' }), issued()));
    take(overlay, 'a-1', ann);
    take(overlay, 'a-1', ann, 2_000);
    expect(chainIn(overlay).allowances).toEqual([issued({ id: 'a-0' }), issued({ coupons: 2, faceFen: 6_000 })]);
    expect(overlay.holder(ann)?.takenUnder).toEqual([['d1', 'a-1', 2]]);
    giveBack(overlay, 'a-1', ann);
    expect(chainIn(overlay).allowances?.[1]).toEqual(issued({ coupons: 1, faceFen: 2_000 }));
    expect(overlay.holder(ann)?.takenUnder).toEqual([['d1', 'a-1', 1]]);
    giveBack(overlay, 'a-1', ann, 2_000);
    expect(chainIn(overlay).allowances?.[1]).toEqual(issued());
    expect(overlay.holder(ann)).not.toHaveProperty('takenUnder');
  });

  it('of a holder whom the ledger has no row of stands beside the allowance', () => {
    const overlay = draftWith(chain(issued()));
    take(overlay, 'a-1', ben);
    take(overlay, 'a-1', ben);
    expect(chainIn(overlay).allowances).toEqual([issued({ coupons: 2, faceFen: 8_000, holders: [[ben, 2]] })]);
    giveBack(overlay, 'a-1', ben);
    giveBack(overlay, 'a-1', ben);
    expect(chainIn(overlay).allowances).toEqual([issued()]);
  });

  it('in the device’s row before is given back there', () => {
    const overlay = draftWith(
      chain(
        issued({
          coupons: 2,
          faceFen: 8_000,
          holders: [
            [ann, 1],
            [ben, 1],
          ],
        }),
      ),
    );
    giveBack(overlay, 'a-1', ann);
    expect(chainIn(overlay).allowances).toEqual([issued({ coupons: 1, faceFen: 4_000, holders: [[ben, 1]] })]);
  });

  it('forgets what this counter’s forgotten allowances counted, and nothing of another counter', () => {
    const takenUnder: readonly TakenUnder[] = [
      ['d1' as typeof d1, 'gone', 1],
      ['d1' as typeof d1, 'a-0', 1],
      ['d2' as typeof d1, 'gone', 1],
      ['d2' as typeof d1, 'a-1', 1],
    ];
    const overlay = draftWith(chain(issued({ id: 'a-0' }), issued()), { takenUnder });
    take(overlay, 'a-1', ann);
    expect(overlay.holder(ann)?.takenUnder).toEqual([
      ['d1', 'a-0', 1],
      ['d2', 'gone', 1],
      ['d2', 'a-1', 1],
      ['d1', 'a-1', 1],
    ]);
  });

  it('under an allowance that is unknown counts nowhere, and one that did not count is not given back', () => {
    const known = chain(issued());
    const overlay = draftWith(known);
    take(overlay, 'a-9', ann);
    giveBack(overlay, 'a-9', ann);
    uncountTaking(overlay, known, { offline: { allowance: 'a-1', at: null } });
    uncountTaking(overlay, known, {});
    expect([overlay.device(d1), overlay.holder(ann)?.takenUnder]).toEqual([known, undefined]);
  });

  it('under what release 0.1 issued counts on one for all of them', () => {
    const overlay = draftWith(chain(issued()), { since: MORNING });
    take(overlay, 'old-1', ann);
    take(overlay, 'old-2', ann);
    const [old, ours] = chainIn(overlay).allowances ?? [];
    expect(old).toMatchObject({ id: '*', coupons: 2, faceFen: 8_000, issuedAt: 0, expiresAt: MORNING + 12 * HOUR });
    expect(ours).toEqual(issued());
    giveBack(overlay, 'old-1', ann);
    expect(chainIn(overlay).allowances?.[0]).toMatchObject({ id: '*', coupons: 1, faceFen: 4_000 });
    // A hello never renews it.
    expect(renewAllowance(chain(issued({ id: '*' })), rules, MORNING)?.allowance.id).toBe(`a-${MORNING.toString(36)}`);
  });

  it('given back in any order leaves nothing, and no allowance is ever exceeded', () => {
    const takings = fc.array(
      fc.record({ who: fc.constantFrom(ann, ben), faceFen: fc.constantFrom(2_000, 4_000, 8_000) }),
      {
        maxLength: 8,
      },
    );
    fc.assert(
      fc.property(takings, fc.boolean(), (list, backwards) => {
        const overlay = draftWith(chain(issued()));
        const at = { earliest: MORNING, latest: MORNING };
        const taken = list.filter(({ who, faceFen }) => {
          const of = { overlay, chain: chainIn(overlay), rules, id: 'a-1', holder: who, faceFen: fen(faceFen) };
          if (allowanceDoubts({ ...of, at }).length > 0) return false;
          countTaking(overlay, of);
          return true;
        });
        const [now] = chainIn(overlay).allowances ?? [];
        expect(now?.coupons).toBe(taken.length);
        expect(taken.length).toBeLessThanOrEqual(3);
        expect(now?.faceFen).toBe(taken.reduce((sum, { faceFen }) => sum + faceFen, 0));
        expect(now?.faceFen).toBeLessThanOrEqual(10_000);
        for (const who of [ann, ben]) expect(taken.filter((one) => one.who === who).length).toBeLessThanOrEqual(2);
        for (const { who, faceFen } of backwards ? [...taken].reverse() : taken) giveBack(overlay, 'a-1', who, faceFen);
        expect(chainIn(overlay).allowances).toEqual([issued()]);
        expect(overlay.holder(ann)).not.toHaveProperty('takenUnder');
      }),
    );
  });
});

it('an allowance is in force for a day at most in this campaign, whenever it is asked for', () => {
  fc.assert(
    fc.property(fc.integer({ min: MORNING, max: ENDS }), (now) => {
      const renewed = renewAllowance(chain(), rules, wallMs(now));
      expect(renewed?.allowance.expiresAt).toBeLessThanOrEqual(Math.min(now + DAY / 2, ENDS + 1));
    }),
  );
});
