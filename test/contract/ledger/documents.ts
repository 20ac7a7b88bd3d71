/** The versions of a campaign's document, each with the time in which it was in force, whatever the ledger is made of. */
import { describe, expect, it } from 'vitest';
import type { EarlierDocument } from '#gateway/ports/ledger.js';
import { wallMs } from '#protocol/kernel/time.js';
import { asked, MORNING, testCampaign } from '../ledger-fixture.js';
import { HOUR, type LedgerInTest } from './ledger-in-test.js';

export function documents(its: LedgerInTest): void {
  const [one, two, three] = [1, 2, 3].map((version) => testCampaign({ version }));
  if (one === undefined || two === undefined || three === undefined) throw new Error('three versions');
  const keep = (campaign: ReturnType<typeof testCampaign>, at: number): Promise<readonly EarlierDocument[]> =>
    asked((done) => its.ledger.keepDocument(campaign, wallMs(at), done));
  const versionsOf = (kept: readonly EarlierDocument[]) =>
    kept.map(({ campaign, since, until }) => [campaign, since, until]);

  describe('a campaign’s documents', () => {
    it('are kept once each, and the earlier ones are given, the newest first, with the time that they were in force', async () => {
      expect(await keep(one, MORNING)).toEqual([]);
      expect(await keep(one, MORNING + 9)).toEqual([]);
      expect(versionsOf(await keep(two, MORNING + HOUR))).toEqual([[one, MORNING, MORNING + HOUR]]);
      const both = [
        [two, MORNING + HOUR, MORNING + 2 * HOUR],
        [one, MORNING, MORNING + HOUR],
      ];
      expect(versionsOf(await keep(three, MORNING + 2 * HOUR))).toEqual(both);
      if (its.isDurable) await its.reopenAsItWas({}, { version: 3 });
      expect(versionsOf(await keep(three, MORNING + 3 * HOUR))).toEqual(both);
    });

    it('may change without a new version, and change back', async () => {
      const other = testCampaign({ version: 1, budgetFen: 27_000 });
      await keep(one, MORNING);
      await keep(other, MORNING + 1);
      expect(versionsOf(await keep(one, MORNING + 2))).toEqual([
        [other, MORNING + 1, MORNING + 2],
        [one, MORNING, MORNING + 1],
      ]);
    });

    it('stand one behind the other also where the gateway’s clock was set back', async () => {
      await keep(one, MORNING);
      const [earlier] = await keep(two, MORNING - HOUR);
      expect(earlier).toMatchObject({ campaign: one, since: MORNING });
      expect(earlier?.until).toBeGreaterThan(MORNING);
    });
  });
}
