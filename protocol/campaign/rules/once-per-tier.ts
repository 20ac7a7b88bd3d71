/**
 * Limits coupons of each tier per person (`perPersonPerTier`).
 *
 * With `any`, an earlier claim is by the same person when one of the named identifiers matches; with `all`, when all of
 * them match.
 */
import type { Campaign, Identifier } from '../schema.js';
import type { ClaimRule } from './rule.js';

export const oncePerTierRule: ClaimRule = {
  id: 'once-per-tier',
  evaluate({ campaign: { claim } }, { earlier }) {
    const own = earlier.filter((agreeing) => isSamePerson(claim, agreeing)).length;
    return own >= claim.perPersonPerTier ? 'already-claimed' : null;
  },
  examples: [
    { claim: 'the first of a new customer', gives: null },
    { claim: 'again by the same person', ask: { earlier: [['phone', 'idCard', 'device']] }, gives: 'already-claimed' },
    { claim: 'from the phone of a friend', ask: { earlier: [['device']] }, gives: 'already-claimed' },
    { claim: 'with a second SIM card', ask: { earlier: [['idCard']] }, gives: 'already-claimed' },
    {
      claim: 'from the phone of a friend, where all must agree',
      ask: { earlier: [['device']] },
      campaign: { claim: { samePerson: 'all' } },
      gives: null,
    },
    {
      claim: 'again by the same person, where all must agree',
      ask: { earlier: [['phone', 'idCard', 'device']] },
      campaign: { claim: { samePerson: 'all' } },
      gives: 'already-claimed',
    },
    {
      claim: 'from a shared tablet, where devices do not count',
      ask: { earlier: [['device']] },
      campaign: { claim: { identifiers: ['phone', 'idCard'] } },
      gives: null,
    },
    {
      claim: 'the second, where two are allowed',
      ask: { earlier: [['idCard']] },
      campaign: { claim: { perPersonPerTier: 2 } },
      gives: null,
    },
    {
      claim: 'the third, where two are allowed',
      ask: { earlier: [['idCard'], ['phone']] },
      campaign: { claim: { perPersonPerTier: 2 } },
      gives: 'already-claimed',
    },
  ],
};

type Telling = Pick<Campaign['claim'], 'samePerson' | 'identifiers'>;

/** `agreeing`: the identifiers that match in both claims. */
export const isSamePerson = ({ samePerson, identifiers }: Telling, agreeing: readonly Identifier[]): boolean =>
  samePerson === 'any'
    ? identifiers.some((kind) => agreeing.includes(kind))
    : identifiers.every((kind) => agreeing.includes(kind));

/** The identifiers that match, compared as normal forms or as hashes. */
export function agreement(
  one: Readonly<Record<Identifier, string>>,
  other: Readonly<Record<Identifier, string>>,
): readonly Identifier[] {
  const kinds: readonly Identifier[] = ['phone', 'idCard', 'device'];
  return kinds.filter((kind) => one[kind] === other[kind]);
}
