/**
 * What must agree between the parts of a format-2 document. Each check reads only the parts that it names, so that one
 * bad field doesn't hide another problem; all of them run, and every problem has its path and what is allowed.
 */
import type { Problem } from '../../config/yaml-file.js';
import { DAY_MS, parseDay, parseTimeOfDay, zoneOf } from '../calendar.js';
import { across, type Check, openRings, type Path, problem, repeated, usedTwice } from '../load.js';
import { MONEY_CHECKS } from './checks-money.js';
import type { Hours, Moment, Participants } from './parts.js';
import { WEEKDAYS } from './parts.js';
import { campaignV2Schema, type Round } from './schema.js';

const { shape } = campaignV2Schema;

/** Longest life of a campaign: every opening of every day is worked out at start. */
const MAX_DAYS = 1_096;

/** A moment as a number that only compares with others of the same zone. */
const at = ({ day, time }: Moment): number => parseDay(day) * DAY_MS + parseTimeOfDay(time);

/** The end of the last opening, by the campaign's own clocks. */
const endOf = ({ lastDay, hours }: { readonly lastDay: string; readonly hours: readonly Hours[] }): number =>
  parseDay(lastDay) * DAY_MS + Math.max(...hours.map(closesAfterMidnight));

/** Milliseconds after the midnight of the opening day; past 24 hours for a span past midnight. */
const closesAfterMidnight = ({ opens, closes }: Hours): number => {
  const end = parseTimeOfDay(closes);
  return end > parseTimeOfDay(opens) ? end : end + DAY_MS;
};

const CALENDAR: readonly Check[] = [
  across({ timeZone: shape.timeZone }, ({ timeZone }) =>
    zoneOf(timeZone) === undefined ? [problem(['timeZone'], timeZone, 'an IANA time zone, as Asia/Shanghai')] : [],
  ),
  across({ opening: shape.opening }, ({ opening: { firstDay, lastDay } }) => {
    if (lastDay < firstDay) return [problem(['opening', 'lastDay'], lastDay, `not before the first day, ${firstDay}`)];
    if (parseDay(lastDay) - parseDay(firstDay) < MAX_DAYS) return [];
    return [problem(['opening', 'lastDay'], lastDay, `at most ${MAX_DAYS} days after the first, ${firstDay}`)];
  }),
  across({ opening: shape.opening }, ({ opening }) => badHours(opening.hours, ['opening', 'hours'])),
  across({ tiers: shape.tiers }, ({ tiers }) =>
    tiers.flatMap(({ hours }, index) => badHours(hours ?? [], ['tiers', index, 'hours'])),
  ),
  across({ tiers: shape.tiers, opening: shape.opening }, ({ tiers, opening }) =>
    tiers.flatMap(({ hours }, index) =>
      hours === null || hours.some((span) => opening.hours.some((open) => meet(span, open)))
        ? []
        : [problem(['tiers', index, 'hours'], hours, 'some time in which the campaign is open; nobody can use it so')],
    ),
  ),
  across({ tiers: shape.tiers, opening: shape.opening }, ({ tiers, opening }) =>
    tiers.flatMap(({ refund: { until } }, index) =>
      until === null || until.day >= opening.firstDay
        ? []
        : [problem(['tiers', index, 'refund', 'until'], until, `not before the first day, ${opening.firstDay}`)],
    ),
  ),
];

const ROUNDS: readonly Check[] = [
  across({ rounds: shape.rounds }, ({ rounds }) => usedTwice(rounds, 'rounds', 'id')),
  across({ rounds: shape.rounds }, ({ rounds }) =>
    rounds.flatMap(({ quantities }, index) =>
      repeated(
        quantities.map(({ tier }) => tier),
        ['rounds', index, 'quantities'],
      ),
    ),
  ),
  across({ rounds: shape.rounds }, ({ rounds }) => rounds.flatMap(badTimes)),
  across({ rounds: shape.rounds, opening: shape.opening }, ({ rounds, opening }) => {
    const end = endOf(opening);
    return rounds.flatMap(({ claims }, index) => {
      if (claims.by === 'draw') {
        if (at(claims.drawn) < end) return [];
        return [problem(['rounds', index, 'claims', 'drawn'], claims.drawn, 'before the end of the campaign')];
      }
      if (at(claims.opens) + (claims.days - 1) * DAY_MS < end) return [];
      const allowed = 'its last day to open before the end of the campaign';
      return [problem(['rounds', index, 'claims', 'opens'], claims.opens, allowed)];
    });
  }),
  across({ rounds: shape.rounds, tiers: shape.tiers }, ({ rounds, tiers }) =>
    rounds.flatMap(({ quantities }, index) =>
      quantities.flatMap(({ tier }, place) => {
        const known = tiers.find(({ id }) => id === tier);
        const path = ['rounds', index, 'quantities', place, 'tier'];
        if (known === undefined) return [problem(path, tier, names('a tier', tiers))];
        return known.issue.how === 'claim' ? [] : [problem(path, tier, 'a tier that is claimed')];
      }),
    ),
  ),
  across({ rounds: shape.rounds, tiers: shape.tiers }, ({ rounds, tiers }) =>
    tiers.flatMap(({ id, issue }, index) =>
      issue.how === 'no-claim' || rounds.some(({ quantities }) => quantities.some(({ tier }) => tier === id))
        ? []
        : [problem(['tiers', index, 'id'], id, 'a tier of some round; nobody can get it so')],
    ),
  ),
  across({ rounds: shape.rounds, tiers: shape.tiers }, ({ rounds, tiers }) =>
    tiers.flatMap(({ id, issue }, index) => {
      if (issue.how === 'no-claim') return [];
      const serials = issue.serials.reduce((sum, { first, last }) => sum + Math.max(0, last - first + 1), 0);
      const issued = rounds.reduce((sum, round) => sum + issuedBy(round, id), 0);
      if (issued <= serials) return [];
      return [problem(['tiers', index, 'issue', 'serials'], serials, `${issued} serials, so many as all rounds issue`)];
    }),
  ),
  across({ rounds: shape.rounds }, ({ rounds }) =>
    rounds.flatMap((round, index) =>
      (['unclaimed', 'lapsed'] as const).flatMap((what) => {
        if (round[what] !== 'next-round' || index < rounds.length - 1) return [];
        const other = what === 'unclaimed' ? 'lapse' : 'gone';
        return [problem(['rounds', index, what], 'next-round', `"${other}" in the last round`)];
      }),
    ),
  ),
  across({ rounds: shape.rounds, bundles: shape.bundles }, ({ rounds, bundles }) =>
    bundles.flatMap(({ tiers }, index) =>
      rounds.flatMap(({ id, quantities }) => {
        const counts = tiers.map((tier) => quantities.find((entry) => entry.tier === tier)?.quantity ?? 0);
        if (new Set(counts).size <= 1) return [];
        const allowed = `tiers of which round ${id} has equally many; the rest could never be claimed`;
        return [problem(['bundles', index, 'tiers'], counts, allowed)];
      }),
    ),
  ),
  across({ bundles: shape.bundles, tiers: shape.tiers }, ({ bundles, tiers }) => [
    ...usedTwice(bundles, 'bundles', 'id'),
    ...bundles.flatMap((bundle, index) => [
      ...repeated(bundle.tiers, ['bundles', index, 'tiers']),
      ...bundle.tiers.flatMap((tier, place) => {
        const path = ['bundles', index, 'tiers', place];
        const elsewhere = bundles.findIndex((other) => other.tiers.includes(tier));
        if (elsewhere < index) return [problem(path, tier, `a tier of one bundle; bundles[${elsewhere}] has it`)];
        const isClaimed = tiers.some(({ id, issue }) => id === tier && issue.how === 'claim');
        return isClaimed ? [] : [problem(path, tier, 'a tier that is claimed')];
      }),
    ]),
  ]),
];

const CLAIMS: readonly Check[] = [
  across({ claim: shape.claim, tiers: shape.tiers }, ({ claim, tiers }) => {
    const isClaimed = tiers.some(({ issue }) => issue.how === 'claim');
    if (isClaimed === (claim !== null)) return [];
    return [problem(['claim'], claim, isClaimed ? 'the rule of claims, since tiers are claimed' : 'null: no tier is')];
  }),
  across({ claim: shape.claim }, ({ claim }) => {
    if (claim === null) return [];
    const kinds = claim.identifiers.map(({ kind }) => kind);
    const seesResidentId = claim.identifiers.some(
      (known) => known.kind === 'document' && known.documents.includes('resident-id'),
    );
    return [
      ...repeated(kinds, ['claim', 'identifiers']),
      ...claim.conditions.flatMap((condition, index): Problem[] => {
        const path: Path = ['claim', 'conditions', index];
        if (condition.kind === 'vouched') return [];
        if (!seesResidentId)
          return [problem(path, condition.kind, 'only with resident-id among the identifiers, which shows it')];
        if (condition.kind === 'id-prefix') return repeated(condition.anyOf, [...path, 'anyOf']);
        const { atLeast, atMost } = condition;
        if (atLeast === null && atMost === null) return [problem(path, condition, 'an age in atLeast or atMost')];
        if (atLeast === null || atMost === null || atLeast <= atMost) return [];
        return [problem([...path, 'atMost'], atMost, `at least ${atLeast}`)];
      }),
    ];
  }),
  across({ claim: shape.claim }, ({ claim }) => {
    const geofence = claim?.geofence ?? null;
    if (geofence === null) return [];
    const path = ['claim', 'geofence', 'coordinates'];
    return geofence.type === 'Polygon'
      ? openRings(geofence.coordinates, path)
      : geofence.coordinates.flatMap((polygon, index) => openRings(polygon, [...path, index]));
  }),
];

const TIERS: readonly Check[] = [
  across({ tiers: shape.tiers }, ({ tiers }) => usedTwice(tiers, 'tiers', 'id')),
  across({ tiers: shape.tiers }, ({ tiers }) =>
    tiers.flatMap(({ modes, codes, wallets }, index) => [
      ...repeated(modes, ['tiers', index, 'modes']),
      ...repeated(codes, ['tiers', index, 'codes']),
      ...(wallets === 'any' ? [] : repeated(wallets, ['tiers', index, 'wallets'])),
    ]),
  ),
  across({ wallets: shape.wallets }, ({ wallets }) => usedTwice(wallets, 'wallets', 'id')),
  across({ tiers: shape.tiers, wallets: shape.wallets }, ({ tiers, wallets }) =>
    tiers.flatMap((tier, index) =>
      (tier.wallets === 'any' ? [] : tier.wallets).flatMap((wallet, place) =>
        wallets.some(({ id }) => id === wallet)
          ? []
          : [problem(['tiers', index, 'wallets', place], wallet, names('a wallet', wallets))],
      ),
    ),
  ),
  across({ tiers: shape.tiers, merchants: shape.merchants }, ({ tiers, merchants }) =>
    tiers.flatMap(({ where }, index) => outside(where, merchants, ['tiers', index, 'where'])),
  ),
  across({ tiers: shape.tiers }, ({ tiers }) => {
    const ranges = tiers.flatMap(({ issue }, tier) =>
      issue.how === 'claim'
        ? issue.serials.map((range, place) => ({ ...range, path: ['tiers', tier, 'issue', 'serials', place] }))
        : [],
    );
    return ranges.flatMap(({ first, last, path }, index) => {
      if (last < first) return [problem([...path, 'last'], last, `at least ${first}`)];
      const other = ranges.slice(0, index).find((before) => first <= before.last && last >= before.first);
      if (other === undefined) return [];
      return [
        problem(path, `${first} to ${last}`, `serials of its own; ${other.first} to ${other.last} are given away`),
      ];
    });
  }),
  across({ tiers: shape.tiers, freeze: shape.freeze }, ({ tiers, freeze }) =>
    freeze.tiers.flatMap((tier, index) =>
      tiers.some(({ id }) => id === tier) ? [] : [problem(['freeze', 'tiers', index], tier, names('a tier', tiers))],
    ),
  ),
  across({ tiers: shape.tiers, offline: shape.offline }, ({ tiers, offline }) => {
    if (!offline.permitted) return [];
    return offline.tiers.flatMap((tier, index) => {
      const known = tiers.find(({ id }) => id === tier);
      const path = ['offline', 'tiers', index];
      if (known === undefined) return [problem(path, tier, names('a tier', tiers))];
      const { issue, benefit, issuerBins, limits } = known;
      if (issue.how === 'no-claim' || benefit.kind === 'random')
        return [problem(path, tier, 'a claimed tier that is fixed, percent or per-full: a counter judges it alone')];
      if (issuerBins === null && Object.values(limits).every((limit) => limit === null)) return [];
      return [problem(path, tier, 'a tier without limits of use or issuer: a counter cannot know of these alone')];
    });
  }),
];

export const CHECKS_V2: readonly Check[] = [...CALENDAR, ...ROUNDS, ...CLAIMS, ...TIERS, ...MONEY_CHECKS];

const issuedBy = ({ claims, quantities }: Round, tier: string): number =>
  (claims.by === 'draw' ? 1 : claims.days) * (quantities.find((entry) => entry.tier === tier)?.quantity ?? 0);

function badTimes({ claims }: Round, index: number): Problem[] {
  const path = ['rounds', index, 'claims'];
  if (at(claims.closes) <= at(claims.opens)) return [problem([...path, 'closes'], claims.closes, 'after it opens')];
  if (claims.by === 'draw') {
    if (at(claims.drawn) >= at(claims.closes)) return [];
    return [problem([...path, 'drawn'], claims.drawn, 'not before the entries close')];
  }
  if (claims.days === 1 || at(claims.closes) - at(claims.opens) <= DAY_MS) return [];
  return [problem([...path, 'closes'], claims.closes, 'within a day of its opening, since it opens every day')];
}

function badHours(spans: readonly Hours[], path: Path): Problem[] {
  return spans.flatMap(({ weekdays, opens, closes }, index) => [
    ...(weekdays === 'daily' ? [] : repeated(weekdays, [...path, index, 'weekdays'])),
    ...(opens === closes || opens === '24:00'
      ? [problem([...path, index, 'closes'], closes, 'another time; the whole day is 00:00 to 24:00')]
      : []),
  ]);
}

const WEEK_DAYS = WEEKDAYS.length;

/** Whether two spans have a moment of the week in common. */
function meet(one: Hours, other: Hours): boolean {
  const weeks = [-1, 0, 1].map((week) => week * WEEK_DAYS * DAY_MS);
  return spansOf(one).some(([from, to]) =>
    spansOf(other).some(([begin, end]) => weeks.some((shift) => from < end + shift && begin + shift < to)),
  );
}

function spansOf(span: Hours): (readonly [number, number])[] {
  const days = span.weekdays === 'daily' ? WEEKDAYS : span.weekdays;
  return days.map((day) => {
    const midnight = WEEKDAYS.indexOf(day) * DAY_MS;
    return [midnight + parseTimeOfDay(span.opens), midnight + closesAfterMidnight(span)];
  });
}

/** Where a tier is meant to be used although the campaign has no such merchant. */
function outside(where: Participants, campaign: Participants, path: Path): Problem[] {
  switch (where.who) {
    case 'all':
      return [];
    case 'categories':
      if (campaign.who !== 'categories') return [];
      return where.categories.flatMap((name, index) =>
        campaign.categories.includes(name)
          ? []
          : [
              problem(
                [...path, 'categories', index],
                name,
                `a category of the campaign: ${campaign.categories.join(', ')}`,
              ),
            ],
      );
    case 'ids':
      return where.ids.flatMap((id, index) => {
        const isOut = campaign.who === 'ids' ? !campaign.ids.includes(id) : campaign.except.includes(id);
        return isOut ? [problem([...path, 'ids', index], id, 'a merchant that takes part in the campaign')] : [];
      });
  }
}

const names = (what: string, known: readonly { readonly id: string }[]): string =>
  `${what} of the campaign: ${known.map(({ id }) => id).join(', ') || 'it has none'}`;
