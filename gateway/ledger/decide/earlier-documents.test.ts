/** A campaign document changes while counters are offline: coupons taken under the old document stay valid. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { charging, MORNING, settled, testCampaign } from '../../../test/contract/ledger-fixture.js';
import { OneBook, offline, rulesWith, verified } from '../../../test/contract/one-book.js';
import { compileDocument, type EarlierRules } from './rules.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const AMOUNT = 30_000;

interface Version {
  readonly isListed: boolean;
  readonly isPermitted: boolean;
  readonly thresholdFen: number;
  readonly closes: string;
}
const FIRST: Version = { isListed: true, isPermitted: true, thresholdFen: 30_000, closes: '22:00' };

function documentOf({ isListed, isPermitted, thresholdFen, closes }: Version) {
  const plain = testCampaign();
  return testCampaign({
    offline: { ...plain.offline, permitted: isPermitted, maxSyncAgeHours: 24 },
    merchants: plain.merchants.filter(({ id }) => isListed || id !== 'm1'),
    tiers: plain.tiers.map((tier) => (tier.id === 's80' ? { ...tier, thresholdFen } : tier)),
    window: { ...plain.window, closes },
  });
}

const compiled = new Map<string, ReturnType<typeof compileDocument>>();
function compiledOf(version: Version): ReturnType<typeof compileDocument> {
  const name = JSON.stringify(version);
  const known = compiled.get(name) ?? compileDocument(documentOf(version));
  compiled.set(name, known);
  return known;
}

/** The gateway's whole day: versions follow each other, and a counter says hello and uploads in between. */
class Day {
  readonly #documents: { readonly version: Version; readonly since: number }[] = [{ version: FIRST, since: 0 }];
  readonly #rules = {
    ...rulesWith(),
    ...compiledOf(FIRST),
    earlier: (): readonly EarlierRules[] =>
      this.#documents
        .slice(0, -1)
        .map(({ version, since }, at) => ({
          rules: compiledOf(version),
          since,
          until: this.#documents[at + 1]?.since ?? since,
        }))
        .toReversed(),
  };
  readonly book = new OneBook(this.#rules).claims('ann', 's80');

  takes(version: Version, since: number): void {
    this.#documents.push({ version, since });
    Object.assign(this.#rules, compiledOf(version));
  }

  /** The allowance that the counter gets; undefined: it takes nothing offline. */
  greets(at: number): string | undefined {
    const outcome = this.book.hello('d1', at);
    return outcome.kind === 'welcome' ? outcome.allowance?.id : undefined;
  }

  /** The gateway's decision about an offline sale. */
  hears({
    at,
    comes,
    allowance,
    thresholdFen = 30_000,
  }: {
    at: number;
    comes: number;
    allowance: string;
    thresholdFen?: number;
  }) {
    const made = charging({ ...offline('a', 7, 'A'), at, allowance });
    const record = { ...made, coupon: { ...made.coupon, thresholdFen } };
    const signed = [['CP1:A', verified('ann', [7], 5, { shownAt: at })]] as const;
    this.book.says([record, settled(offline('a', 7, 'A'))], { at: comes, signed });
    return this.book.sale('a');
  }
}

const version = fc.record<Version>({
  isListed: fc.boolean(),
  isPermitted: fc.boolean(),
  thresholdFen: fc.constantFrom(20_000, 26_000, 30_000, 31_000),
  closes: fc.constantFrom('11:00', '15:00', '22:00'),
});

describe('a document that changes', () => {
  it('costs an honest counter nothing, whatever changes and whenever it has a line', () => {
    const steps = fc.array(fc.record({ after: fc.integer({ min: 1, max: 30 * HOUR }), version }), { maxLength: 4 });
    const moment = fc.integer({ min: 1, max: DAY - 1 });
    let judged = 0;
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 30 * HOUR }), moment, moment, (changes, greeted, sold, waits) => {
        const day = new Day();
        const [greetedAt, soldAt] = [MORNING + greeted, MORNING + greeted + sold];
        let held = FIRST;
        let allowance: string | undefined;
        let [now, isGreeted] = [MORNING as number, false];
        const greet = (): void => {
          isGreeted = true;
          allowance = day.greets(greetedAt);
        };
        for (const change of changes) {
          now += change.after;
          if (!isGreeted && now > greetedAt) greet();
          if (now >= soldAt + waits) break;
          day.takes(change.version, now);
          if (!isGreeted) held = change.version;
        }
        if (!isGreeted) greet();
        const hour = ((soldAt + 8 * HOUR) % DAY) / HOUR;
        const isOpen = hour >= 9 && hour < Number(held.closes.slice(0, 2));
        // The behaviour of an honest counter under the document that it holds.
        if (allowance === undefined || !held.isListed || !held.isPermitted || !isOpen || held.thresholdFen > AMOUNT)
          return;
        judged += 1;
        const { thresholdFen } = held;
        const sale = day.hears({ at: soldAt, comes: soldAt + waits, allowance, thresholdFen });
        expect([sale.booking, sale.flags]).toEqual(['kept', []]);
      }),
      { numRuns: 200 },
    );
    expect(judged).toBeGreaterThan(20);
  });

  const OFF: Version = { ...FIRST, isListed: false };
  it.each([
    ['made 23 h after the version ended, by a counter that had not heard', 2 * HOUR, 25 * HOUR - 1, []],
    ['made more than a day after it ended', HOUR, 25 * HOUR + 6_000, ['merchant-not-listed']],
  ])('judges a sale %s', (_, changes, sold, flags) => {
    const day = new Day();
    const allowance = day.greets(MORNING + 2 * HOUR) ?? '';
    day.takes(OFF, MORNING + changes);
    expect(day.hears({ at: MORNING + sold, comes: MORNING + sold + HOUR, allowance }).flags).toEqual(flags);
  });

  it('gives nobody what it allows before it was in force', () => {
    const day = new Day();
    const allowance = day.greets(MORNING) ?? '';
    day.takes({ ...FIRST, thresholdFen: 26_000 }, MORNING + 2 * HOUR);
    day.takes(FIRST, MORNING + 3 * HOUR);
    const early = day.hears({ at: MORNING + HOUR, comes: MORNING + 4 * HOUR, allowance, thresholdFen: 26_000 });
    expect(early.flags).toEqual(['threshold-differs']);
  });
});
