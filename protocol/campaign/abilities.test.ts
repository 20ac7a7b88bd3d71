import { describe, expect, it } from 'vitest';
import { lacking, needsOf } from './abilities.js';
import { exampleCampaign } from './example-campaign.js';

const ADDED = { 'tiers[].weekdays': 'weekdays', 'claim.rounds': 'rounds', 'offline.hint': null } as const;
const campaign = exampleCampaign();

describe('a campaign document', () => {
  it('needs nothing that counters of release 0.1.0 couldn’t do', () => {
    expect(needsOf(campaign)).toEqual([]);
    expect(needsOf(campaign, ADDED)).toEqual([]);
  });

  it.each([
    ['a field of one tier', { ...campaign, tiers: [...campaign.tiers, { weekdays: [1] }] }, ['weekdays']],
    ['two tiers alike', { ...campaign, tiers: [{ weekdays: [1] }, { weekdays: [2] }] }, ['weekdays']],
    ['a field that is null', { ...campaign, claim: { ...campaign.claim, rounds: null } }, []],
    ['a field deep within', { ...campaign, claim: { ...campaign.claim, rounds: [] } }, ['rounds']],
    ['a field that changes no decision', { ...campaign, offline: { ...campaign.offline, hint: 'x' } }, []],
  ])('names the ability that %s needs', (_, document, needs) => {
    expect(needsOf(document, ADDED)).toEqual(needs);
  });
});

it('is taken offline by a counter that has all of it', () => {
  expect(lacking(['weekdays', 'rounds'], new Set(['weekdays', 'rounds', 'more']))).toEqual([]);
  expect(lacking(['weekdays', 'rounds'], new Set(['rounds']))).toEqual(['weekdays']);
});
