/** Issuing coupons and refusing them: people, stock and budget, by the campaign's own rules. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PaymentNumber } from '#protocol/codes/payment-code.js';
import { claimOp, holderId, MORNING, paymentNumber, testCampaign } from '../../../test/contract/ledger-fixture.js';
import { OneBook, rulesWith } from '../../../test/contract/one-book.js';
import type { ClaimOp } from '../../ports/ledger.js';
import type { Holder } from '../book/book.js';

const claim = testCampaign().claim;
const withClaim = (change: object) => rulesWith({ claim: { ...claim, ...change } });
/** Serials and reasons, in the order of the tiers. */
function answers(book: OneBook, op: ClaimOp, at: number = MORNING): readonly (number | string)[] {
  const outcome = book.commit(op, at);
  if (outcome.kind !== 'claimed') throw new Error(outcome.kind);
  return outcome.tiers.map(({ serial, reason }) => serial ?? reason ?? 'nothing');
}

it.each<readonly [string, Parameters<typeof rulesWith>[0], readonly ClaimOp[], readonly (number | string)[]]>([
  ['one of each tier', {}, [claimOp('ann', ['s20', 's40', 's80'])], [0, 4, 7]],
  ['the next serial for the next person', {}, [claimOp('ann', ['s20']), claimOp('ben', ['s20'])], [1]],
  ['a tier named twice once', {}, [claimOp('ann', ['s20', 's20'])], [0]],
  ['a tier that there is not', {}, [claimOp('ann', ['s10', 's20'])], ['unknown-tier', 0]],
  ['a second one of a tier', {}, [claimOp('ann', ['s20']), claimOp('ann', ['s20'])], ['already-claimed']],
  ['the last one', {}, [claimOp('ann', ['s40']), claimOp('ben', ['s40']), claimOp('cem', ['s40'])], [6]],
  ['one more than there are', {}, [claimOp('ann', ['s80']), claimOp('ben', ['s80'])], ['tier-gone']],
  [
    'as many as a person may have',
    { claim: { ...claim, perPersonPerTier: 2 } },
    [claimOp('ann', ['s20']), claimOp('ann', ['s20'])],
    [1],
  ],
  [
    'one more than a person may have',
    { claim: { ...claim, perPersonPerTier: 2 } },
    [claimOp('ann', ['s20']), claimOp('ann', ['s20']), claimOp('ann', ['s20'])],
    ['already-claimed'],
  ],
  ['up to the last fen of the budget', { budgetFen: 10_000 }, [claimOp('ann', ['s20', 's80'])], [0, 7]],
  ['a fen beyond the budget', { budgetFen: 9_999 }, [claimOp('ann', ['s20', 's80'])], [0, 'budget-exhausted']],
  ['what still fits the budget', { budgetFen: 9_999 }, [claimOp('ann', ['s80', 's20'])], [7, 'budget-exhausted']],
])('%s', (_what, change, ops, expected) => {
  const book = new OneBook(rulesWith(change));
  const last = ops.map((op) => answers(book, op)).at(-1);
  expect(last).toEqual(expected);
});

it.each([
  ['before claiming opens', Date.UTC(2023, 2, 27, 1) - 1, ['claim-not-open', 'claim-not-open']],
  ['the moment it opens', Date.UTC(2023, 2, 27, 1), [0, 4]],
  ['the moment before all is over', Date.UTC(2023, 3, 10, 14) - 1, [0, 4]],
  ['when all is over', Date.UTC(2023, 3, 10, 14), ['claim-closed', 'claim-closed']],
])('%s', (_when, at, expected) => {
  expect(answers(new OneBook(), claimOp('ann', ['s20', 's40']), at)).toEqual(expected);
});

describe('a person', () => {
  const again = (shared: Parameters<typeof claimOp>[2], rule: object): readonly (number | string)[] => {
    const book = new OneBook(withClaim(rule));
    answers(book, claimOp('ann', ['s20']));
    return answers(book, claimOp('new', ['s20'], shared));
  };
  it.each<readonly [string, Parameters<typeof claimOp>[2], object, boolean]>([
    ['with the same phone', { phone: 'ann' }, {}, true],
    ['with the same ID card', { idCard: 'ann' }, {}, true],
    ['with the same device', { device: 'ann' }, {}, true],
    ['with nothing the same', {}, {}, false],
    [
      'with an ID card that the campaign doesn’t look at',
      { idCard: 'ann' },
      { identifiers: ['phone', 'device'] },
      false,
    ],
    ['with two of three, where all must agree', { phone: 'ann', idCard: 'ann' }, { samePerson: 'all' }, false],
    [
      'with all three, where all must agree',
      { phone: 'ann', idCard: 'ann', device: 'ann' },
      { samePerson: 'all' },
      true,
    ],
  ])('%s is the same one: %s', (_what, shared, rule, isSame) => {
    expect(again(shared, rule)).toEqual([isSame ? 'already-claimed' : 1]);
  });

  it('is a chain of agreements: coupons of every holder with a name in common count', () => {
    const book = new OneBook(withClaim({ perPersonPerTier: 2 }));
    answers(book, claimOp('ann', ['s20']));
    answers(book, claimOp('ben', ['s20']));
    expect(answers(book, claimOp('new', ['s20'], { phone: 'ann', idCard: 'ben' }))).toEqual(['already-claimed']);
    expect(answers(book, claimOp('new', ['s20'], { phone: 'ann' }))).toEqual([2]);
  });
});

describe('a wallet', () => {
  it.each<readonly [string, Parameters<typeof claimOp>[2], ClaimOp['proved'], boolean]>([
    ['under another phone, with the ID card proved', { phone: 'new' }, ['idCard'], true],
    ['under another phone, with nothing else proved', { phone: 'new' }, ['phone'], false],
    ['under names that are all others', { phone: 'x', idCard: 'x', device: 'x' }, ['phone', 'idCard', 'device'], false],
    ['under the same names', {}, ['phone'], true],
    ['under the same names, none of them proved', {}, [], false],
  ])('opens %s: %s', (_what, shared, proved, opens) => {
    const book = new OneBook();
    answers(book, claimOp('ann', ['s20']));
    const outcome = book.commit({ ...claimOp('ann', ['s40'], shared), proved });
    if (opens) expect(outcome).toMatchObject({ holder: holderId('ann'), serials: [0, 4], tiers: [{ serial: 4 }] });
    else
      expect(outcome).toEqual({
        kind: 'claimed',
        holder: null,
        number: null,
        serials: [],
        tiers: [{ tier: 's40', serial: null, reason: 'wallet-of-another' }],
      });
    expect(book.ledger.book.totals.claimedFen).toBe(opens ? 6_000 : 2_000);
  });

  it('learns each name once', () => {
    const book = new OneBook(withClaim({ perPersonPerTier: 9 }));
    for (const shared of [{}, {}, { phone: 'new' }, { phone: 'new' }]) answers(book, claimOp('ann', ['s20'], shared));
    expect(book.holder().identities).toHaveLength(2);
    expect(book.ledger.book.totals.holders).toBe(1);
    // A refused claim adds no identifiers to the key.
    answers(book, claimOp('ann', ['s10'], { phone: 'third' }));
    expect(book.holder().identities).toHaveLength(2);
  });

  it('shows all that it was ever given, in the campaign’s order', () => {
    const book = new OneBook();
    answers(book, claimOp('ann', ['s80']));
    expect(book.commit(claimOp('ann', ['s20']))).toMatchObject({ serials: [0, 7] });
    expect(book.commit(claimOp('ann', []))).toMatchObject({ holder: holderId('ann'), serials: [0, 7], tiers: [] });
  });

  it('of nobody that gets nothing is nobody’s still', () => {
    const book = new OneBook();
    expect(book.commit(claimOp('ann', ['s10']))).toMatchObject({ holder: null, number: null, serials: [] });
    expect([book.ledger.book.holder(holderId('ann')), book.ledger.book.totals.holders]).toEqual([undefined, 0]);
  });
});

describe('a payment number', () => {
  const numbered = (who: string, ...numbers: readonly string[]): ClaimOp => ({
    ...claimOp(who, ['s20']),
    numbers: numbers as readonly PaymentNumber[],
  });
  it('is the first that nobody has, and stays', () => {
    const book = new OneBook();
    expect(book.commit(numbered('ann', '1', '2'))).toMatchObject({ number: '1' });
    expect(book.commit(numbered('ben', '1', '2'))).toMatchObject({ number: '2' });
    expect(book.commit(numbered('ann', '3'))).toMatchObject({ number: '1' });
    expect(book.commit(numbered('cem', '1', '2'))).toMatchObject({ number: null, serials: [2] });
  });

  it('takes the place of a fixed code of the release before, when the phone asks again', () => {
    const book = new OneBook();
    const { number: _, ...old }: Holder = book.claims('ann', 's20').holder();
    book.ledger.book.putHolder({ ...old, paymentCode: '6200000000000000001' });
    expect(book.commit(numbered('ann'))).toMatchObject({ number: null });
    expect(book.holder().paymentCode).toBe('6200000000000000001');
    expect(book.commit(numbered('ann', paymentNumber('ann')))).toMatchObject({ number: paymentNumber('ann') });
    expect(book.holder()).not.toHaveProperty('paymentCode');
    expect(book.ledger.book.holderByCode('6200000000000000001')).toBeUndefined();
  });
});

it('a budget that double spends have used is not handed out again', () => {
  const book = new OneBook(rulesWith({ budgetFen: 10_000 }));
  book.ledger.book.totals = { ...book.ledger.book.totals, conflictFen: 8_001 as never };
  expect(answers(book, claimOp('ann', ['s20']))).toEqual(['budget-exhausted']);
  book.ledger.book.totals = { ...book.ledger.book.totals, conflictFen: 8_000 as never };
  expect(answers(book, claimOp('ann', ['s20']))).toEqual([0]);
});

it('however a crowd claims, nobody gets two of a tier, no serial goes out twice, and the budget holds', () => {
  const person = fc.record({
    who: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    phone: fc.constantFrom('1', '2', '3'),
    isShared: fc.boolean(),
    tiers: fc.subarray(['s20', 's40', 's80', 's10']),
  });
  fc.assert(
    fc.property(fc.array(person, { maxLength: 20 }), fc.integer({ min: 1, max: 28_000 }), (people, budgetFen) => {
      const book = new OneBook(rulesWith({ budgetFen }));
      const ops = people.map(({ who, phone, isShared, tiers }) => claimOp(who, tiers, isShared ? { phone } : {}));
      const given = book.commits(ops).outcomes.flatMap((outcome) => (outcome.kind === 'claimed' ? outcome.tiers : []));
      const serials = given.flatMap(({ serial }) => serial ?? []);
      expect(new Set(serials).size).toBe(serials.length);
      const { totals, holders } = book.ledger.book;
      const faces = serials.reduce((sum, serial) => sum + (book.rules.tierOf(serial)?.faceFen ?? Number.NaN), 0);
      expect(totals.claimedFen).toBe(faces);
      expect(faces).toBeLessThanOrEqual(budgetFen);
      expect(totals.handedOut.reduce((sum, count) => sum + count, 0)).toBe(serials.length);
      for (const { id } of holders.values()) {
        const tiers = book.ledger.book.couponsOf(id).map((serial) => book.rules.tierIndexOf(serial));
        expect(new Set(tiers).size).toBe(tiers.length);
      }
    }),
    { numRuns: 60 },
  );
});
