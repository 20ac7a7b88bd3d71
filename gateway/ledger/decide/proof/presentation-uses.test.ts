/** One presentation, one sale: over all counters, online and offline, and in release 0.1's form. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeviceId, HolderId } from '#protocol/kernel/ids.js';
import { holderId } from '../../../../test/contract/ledger-fixture.js';
import { BatchOverlay } from '../../book/batch-overlay.js';
import type { Holder, PresentationUse, SaleKey } from '../../book/book.js';
import { MemoryBook } from '../../book/memory-book.js';
import {
  forgetPresentationUses,
  presentationUseDoubts,
  recordPresentationUse,
  saleOfPresentation,
} from './presentation-uses.js';

const ann = holderId('ann');
const key = (sale: string) => sale as SaleKey;
const showing = (sale: string, counter: number, offline = false): PresentationUse => ({
  counter,
  sale: key(sale),
  ...(offline && { offline: true as const }),
});
const holder = (change: Partial<Holder> = {}): Holder => ({
  id: ann,
  identities: [],
  counter: -1,
  counterSale: null,
  ...change,
});

function draftWith(...known: readonly Holder[]): BatchOverlay {
  const book = new MemoryBook(1);
  for (const one of known) book.putHolder(one);
  return new BatchOverlay(book);
}
const showingsIn = (overlay: BatchOverlay, id: HolderId = ann) => overlay.holder(id)?.showings;

describe('a showing 5 at d1', () => {
  it.each<readonly [string, readonly PresentationUse[], readonly string[]]>([
    ['of a new phone', [], []],
    ['taken by this sale', [showing('d1/a', 5)], []],
    ['taken by another sale here online', [showing('d1/b', 5)], ['presentation-replayed']],
    ['taken by another sale here offline', [showing('d1/b', 5, true)], ['presentation-replayed']],
    ['after a newer one here offline', [showing('d1/b', 6, true)], ['presentation-replayed']],
    ['after an older one here offline', [showing('d1/b', 4, true)], []],
    // Online its sale may be recorded long after an offline one's.
    ['after a newer one here online', [showing('d1/b', 6)], []],
    ['taken by a sale elsewhere', [showing('d2/b', 5)], ['showing-used-before']],
    ['taken by a sale elsewhere offline', [showing('d2/b', 5, true)], ['showing-used-before']],
    ['after a newer one elsewhere', [showing('d2/b', 6, true)], []],
    ['taken here and elsewhere', [showing('d2/b', 5), showing('d1/b', 5)], ['presentation-replayed']],
    ['taken by this sale and elsewhere', [showing('d1/a', 5), showing('d2/b', 5)], ['showing-used-before']],
    ['at a device whose name begins alike', [showing('d10/b', 5)], ['showing-used-before']],
  ])('%s', (_what, showings, doubts) => {
    expect(presentationUseDoubts(holder({ showings }), { counter: 5, sale: key('d1/a') })).toEqual(doubts);
  });

  it.each<readonly [string, Partial<Holder>, readonly string[]]>([
    ['shown online there', { counter: 5, counterSale: key('d2/b') }, ['showing-used-before']],
    ['shown online here', { counter: 5, counterSale: key('d1/b') }, ['presentation-replayed']],
    ['a newer one shown online here', { counter: 6, counterSale: key('d1/b') }, []],
    ['shown to no sale', { counter: 5, counterSale: null }, []],
    [
      'a newer one taken offline here',
      { takenOffline: [{ device: 'd1' as DeviceId, counter: 6, sale: key('d1/b') }] },
      ['presentation-replayed'],
    ],
    [
      'taken offline there',
      { takenOffline: [{ device: 'd2' as DeviceId, counter: 5, sale: key('d2/b') }] },
      ['showing-used-before'],
    ],
  ])('in a ledger of release 0.1, %s', (_what, change, doubts) => {
    expect(presentationUseDoubts(holder(change), { counter: 5, sale: key('d1/a') })).toEqual(doubts);
  });
});

it.each<readonly [string, readonly PresentationUse[], string | null]>([
  ['nobody', [], null],
  ['the sale itself', [showing('d1/a', 5)], null],
  ['another sale here', [showing('d1/b', 5)], 'd1/b'],
  ['a sale elsewhere', [showing('d1/a', 5), showing('d2/c', 5)], 'd2/c'],
  ['other showings only', [showing('d2/c', 4), showing('d2/c', 6)], null],
])('showing 5 was taken before d1/a by %s', (_what, showings, sale) => {
  expect(saleOfPresentation(holder({ showings }), 5, key('d1/a'))).toBe(sale);
});

describe('the showings of a holder', () => {
  it('are kept by their number, once each, and what release 0.1 kept comes along', () => {
    const overlay = draftWith(
      holder({
        counter: 3,
        counterSale: key('d1/x'),
        takenOffline: [{ device: 'd2' as DeviceId, counter: 4, sale: key('d2/y') }],
      }),
    );
    recordPresentationUse(overlay, ann, showing('d1/b', 9));
    recordPresentationUse(overlay, ann, showing('d1/a', 2, true));
    recordPresentationUse(overlay, ann, showing('d1/a', 2, true));
    recordPresentationUse(overlay, ann, showing('d2/a', 2));
    recordPresentationUse(overlay, ann, showing('d1/a', 7));
    expect(showingsIn(overlay)).toEqual([
      showing('d1/a', 2, true),
      showing('d2/a', 2),
      showing('d1/x', 3),
      showing('d2/y', 4, true),
      showing('d1/a', 7),
      showing('d1/b', 9),
    ]);
    expect(overlay.holder(ann)).not.toHaveProperty('takenOffline');
  });

  it('are the newest 64', () => {
    const overlay = draftWith(holder());
    for (let n = 1; n <= 70; n += 1) recordPresentationUse(overlay, ann, showing(`d1/${n}`, n));
    expect(showingsIn(overlay)).toHaveLength(64);
    expect(showingsIn(overlay)?.at(0)?.counter).toBe(7);
    recordPresentationUse(overlay, ann, showing('d1/old', 1));
    expect(showingsIn(overlay)?.at(0)?.counter).toBe(7);
  });

  it('go with the sale that came to nothing, and with no other', () => {
    const overlay = draftWith(holder({ showings: [showing('d1/a', 1), showing('d1/b', 2), showing('d1/a', 3)] }));
    forgetPresentationUses(overlay, ann, key('d1/a'));
    expect(showingsIn(overlay)).toEqual([showing('d1/b', 2)]);
  });

  it('of nobody, and of a sale that took none, change nothing', () => {
    const known = holder({ showings: [showing('d1/b', 2)] });
    const overlay = draftWith(known);
    forgetPresentationUses(overlay, null, key('d1/b'));
    forgetPresentationUses(overlay, holderId('zoe'), key('d1/b'));
    forgetPresentationUses(overlay, ann, key('d1/a'));
    recordPresentationUse(overlay, holderId('zoe'), showing('d1/a', 1));
    expect(overlay.holder(ann)).toBe(known);
    expect(overlay.holder(holderId('zoe'))).toBeUndefined();
    recordPresentationUse(overlay, ann, showing('d1/b', 2));
    expect(overlay.holder(ann)).toBe(known);
  });

  it('are the same in whatever order they come, and each is doubted by another sale', () => {
    const some = fc.uniqueArray(
      fc.record({ n: fc.integer({ min: 1, max: 20 }), sale: fc.constantFrom('d1/a', 'd1/b', 'd2/c') }),
      {
        selector: ({ n }) => n,
        maxLength: 15,
      },
    );
    fc.assert(
      fc.property(some, (list) => {
        const [there, back] = [draftWith(holder()), draftWith(holder())];
        for (const { n, sale } of list) recordPresentationUse(there, ann, showing(sale, n));
        for (const { n, sale } of [...list].reverse()) recordPresentationUse(back, ann, showing(sale, n));
        expect(showingsIn(there)).toEqual(showingsIn(back));
        const known = there.holder(ann);
        if (known === undefined) return;
        for (const { n, sale } of list) {
          expect(presentationUseDoubts(known, { counter: n, sale: key('d9/new') })).toEqual(['showing-used-before']);
          expect(presentationUseDoubts(known, { counter: n, sale: key(sale) })).toEqual([]);
        }
      }),
    );
  });
});
