/**
 * Parses a campaign document into a `Campaign`, or into a list of all its problems: the path, the value found, the values
 * allowed.
 *
 * Checks across fields (sums, order, duplicate names) run wherever the fields involved are readable, so one bad field
 * doesn't hide another problem.
 */
import { z } from 'zod';
import type { Problem } from '../config/yaml-file.js';
import { err, ok, type Result } from '../kernel/result.js';
import { MAX_SPENT_SERIALS } from '../messages/spent.js';
import { DAY_MS, parseDay, parseTimeOfDay, zoneOf } from './calendar.js';
import { type Campaign, campaignSchema } from './schema.js';
import { couponCount, totalFaceFen } from './tiers.js';

export const parseCampaign = (document: unknown): Result<Campaign, readonly Problem[]> =>
  parseWith(campaignSchema, CHECKS, document);

/** Whether a document says of itself that it is of format 2 (`format2/load.ts`), which gateways and counters don't run yet. */
export const isFormat2 = (document: unknown): boolean => ownValue(document, 'format') === 2;

/** The documents of both formats are read in this way. */
export function parseWith<Schema extends z.ZodType>(
  schema: Schema,
  checks: readonly Check[],
  document: unknown,
): Result<z.output<Schema>, readonly Problem[]> {
  try {
    const parsed = schema.safeParse(document, { reportInput: true });
    const problems = parsed.success ? [] : parsed.error.issues.flatMap(problemsOf);
    for (const check of checks) problems.push(...check(document));
    return parsed.success && problems.length === 0 ? ok(parsed.data) : err(problems);
  } catch (error) {
    // A hundred thousand brackets overflow the stack.
    if (!(error instanceof RangeError)) throw error;
    return err([{ path: '', value: 'nested too deeply', allowed: 'a campaign document' }]);
  }
}

export const describeCampaignProblem = ({ path, value, allowed }: Problem): string =>
  `${path === '' ? 'the document' : path}: is ${value}; allowed: ${allowed}`;

export type Path = readonly (string | number)[];

export const problem = (path: Path, value: unknown, allowed: string): Problem => ({
  path: path.reduce<string>(
    (text, step) =>
      typeof step === 'number' ? `${text}[${step}]` : text === '' ? shown(step) : `${text}.${shown(step)}`,
    '',
  ),
  value: value === undefined ? 'missing' : shown(JSON.stringify(value) ?? typeof value),
  allowed,
});

/** Problems go to terminals and logs: control characters are stripped, and long values are cut to one line. */
const LONGEST_SHOWN = 60;
function shown(text: string): string {
  const harmless = text.replace(
    /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\p{Default_Ignorable_Code_Point}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
  return harmless.length > LONGEST_SHOWN ? `${harmless.slice(0, LONGEST_SHOWN)}…` : harmless;
}

// ---------------------------------------------------------------- schema problems

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) =>
      problem([...path, key], ownValue(issue.input, key), 'no such field; is its name spelt right?'),
    );
  }
  if (issue.code !== 'invalid_union') return [problem(path, issue.input, allowedBy(issue))];
  const { discriminator } = issue;
  // What is wrong with a geofence is the whole value, not the field that tells its kinds apart.
  if (discriminator === 'type') return [problem(path.slice(0, -1), issue.input, allowedBy(issue))];
  if (discriminator === undefined) return [problem(path, issue.input, allowedBy(issue))];
  return [problem(path, ownValue(issue.input, discriminator), allowedBy(issue))];
}

/** Reads own properties only: a key from outside may be `__proto__`. */
const ownValue = (of: unknown, key: string): unknown => Object.getOwnPropertyDescriptor(Object(of), key)?.value;

function allowedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      // Prefer the schema's own message: "HH:MM" says more than "a text".
      if (!issue.message.startsWith('Invalid input')) return issue.message;
      return EXPECTED[issue.expected] ?? `a ${issue.expected}`;
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unitOf(issue.origin)}`;
    case 'invalid_value':
      return oneOf(issue.values);
    case 'invalid_union':
      if (issue.discriminator === 'type')
        return '{"type":"Polygon",…} or {"type":"MultiPolygon",…}, or null for anywhere';
      if (issue.discriminator !== undefined) return oneOf('options' in issue ? (issue.options ?? []) : []);
      return issue.errors
        .flatMap(([first]) => first ?? [])
        .map((first) => `${first.path.length > 0 ? 'a list of ' : ''}${allowedBy(first)}`)
        .join(', or ');
    default:
      return issue.message;
  }
}

const oneOf = (values: readonly unknown[]): string =>
  values.map((value) => JSON.stringify(value) ?? String(value)).join(' or ');

const EXPECTED: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  tuple: '[longitude, latitude]',
};
const unitOf = (origin: string): string =>
  origin === 'array' ? ' in the list' : origin === 'string' ? ' characters' : '';

// ---------------------------------------------------------------- checks across fields

const { shape } = campaignSchema;

export type Check = (document: unknown) => Problem[];

/** Runs the check if these fields are readable, whatever the state of the rest. */
export function across<Parts extends z.ZodRawShape>(
  parts: Parts,
  check: (found: z.output<z.ZodObject<Parts>>) => Problem[],
): Check {
  const schema = z.object(parts);
  return (document) => {
    const found = schema.safeParse(document);
    return found.success ? check(found.data) : [];
  };
}

const CHECKS: readonly Check[] = [
  across({ tiers: shape.tiers }, ({ tiers }) =>
    tiers.flatMap(({ faceFen, thresholdFen }, at) =>
      thresholdFen >= faceFen
        ? []
        : [problem(['tiers', at, 'thresholdFen'], thresholdFen, `at least the face, ${faceFen}`)],
    ),
  ),
  across({ tiers: shape.tiers }, ({ tiers }) => usedTwice(tiers, 'tiers', 'id')),
  across({ tiers: shape.tiers }, ({ tiers }) =>
    tiers.flatMap(({ modes }, at) => repeated(modes, ['tiers', at, 'modes'])),
  ),
  across({ tiers: shape.tiers, budgetFen: shape.budgetFen }, (found) => {
    const total = totalFaceFen(found);
    if (total <= found.budgetFen) return [];
    return [problem(['budgetFen'], found.budgetFen, `at least what all coupons are worth together, ${total}`)];
  }),
  across({ tiers: shape.tiers }, ({ tiers }) => {
    const count = couponCount({ tiers });
    if (count <= MAX_SPENT_SERIALS) return [];
    const allowed = `at most ${MAX_SPENT_SERIALS} coupons together, so many as a message can say of which are used`;
    return [problem(['tiers'], count, allowed)];
  }),
  across({ merchants: shape.merchants }, ({ merchants }) => usedTwice(merchants, 'merchants', 'id')),
  across({ sponsors: shape.sponsors }, ({ sponsors }) => usedTwice(sponsors, 'sponsors', 'id')),
  across({ sponsors: shape.sponsors }, ({ sponsors }) => {
    const sum = sponsors.reduce((total, { shareBasisPoints }) => total + shareBasisPoints, 0);
    if (sum === 10_000) return [];
    return [problem(['sponsors'], sum, 'shares (shareBasisPoints) that add up to 10000')];
  }),
  across({ window: shape.window }, ({ window }) =>
    zoneOf(window.timeZone) === undefined
      ? [problem(['window', 'timeZone'], window.timeZone, 'an IANA time zone such as "Asia/Shanghai"')]
      : [],
  ),
  across({ window: shape.window }, ({ window }) =>
    parseTimeOfDay(window.opens) < parseTimeOfDay(window.closes)
      ? []
      : [problem(['window', 'closes'], window.closes, `later than it opens, ${window.opens}; 24:00 at most`)],
  ),
  across({ window: shape.window, claim: z.object({ opens: shape.claim.shape.opens }) }, ({ window, claim }) => {
    const ends = (parseDay(window.firstDay) + window.days - 1) * DAY_MS + parseTimeOfDay(window.closes);
    if (parseDay(claim.opens.day) * DAY_MS + parseTimeOfDay(claim.opens.time) < ends) return [];
    return [problem(['claim', 'opens'], claim.opens, 'earlier than the end of the campaign')];
  }),
  across({ claim: z.object({ identifiers: shape.claim.shape.identifiers }) }, ({ claim }) =>
    repeated(claim.identifiers, ['claim', 'identifiers']),
  ),
  across({ claim: z.object({ geofence: shape.claim.shape.geofence }) }, ({ claim: { geofence } }) => {
    if (geofence === null) return [];
    const at = ['claim', 'geofence', 'coordinates'];
    return geofence.type === 'Polygon'
      ? openRings(geofence.coordinates, at)
      : geofence.coordinates.flatMap((polygon, index) => openRings(polygon, [...at, index]));
  }),
  across({ offline: shape.offline }, ({ offline }) => {
    if (!offline.permitted) return [];
    const limits = ['maxCoupons', 'maxFaceFen', 'maxPerHolder'] as const;
    return limits.flatMap((limit) =>
      offline[limit] > 0 ? [] : [problem(['offline', limit], 0, 'at least 1 where offline.permitted is true')],
    );
  }),
  across({ tiers: shape.tiers, offline: shape.offline }, ({ tiers, offline }) => {
    const smallest = tiers.reduce((least, { faceFen }) => Math.min(least, faceFen), Number.POSITIVE_INFINITY);
    if (!offline.permitted || offline.maxFaceFen === 0 || offline.maxFaceFen >= smallest) return [];
    return [problem(['offline', 'maxFaceFen'], offline.maxFaceFen, `at least the smallest face, ${smallest}`)];
  }),
];

export function usedTwice<Key extends string>(
  list: readonly Readonly<Record<Key, string>>[],
  field: string,
  key: Key,
): Problem[] {
  const first = new Map<string, number>();
  return list.flatMap((entry, at) => {
    const before = first.get(entry[key]);
    if (before === undefined) {
      first.set(entry[key], at);
      return [];
    }
    return [problem([field, at, key], entry[key], `a name of its own; ${field}[${before}] has this one`)];
  });
}

export const repeated = (values: readonly string[], path: Path): Problem[] =>
  values.flatMap((value, at) => (values.indexOf(value) < at ? [problem([...path, at], value, 'each once')] : []));

/** RFC 7946 section 3.1.6: the first and the last position of a ring are the same. */
export function openRings(rings: readonly (readonly (readonly number[])[])[], path: Path): Problem[] {
  return rings.flatMap((ring, at) => {
    const first = ring[0];
    const last = ring.at(-1);
    if (first !== undefined && first[0] === last?.[0] && first[1] === last?.[1]) return [];
    return [problem([...path, at, ring.length - 1], last, `the ring's first position again, ${JSON.stringify(first)}`)];
  });
}
