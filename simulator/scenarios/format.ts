/**
 * Scenarios: what happens at some counters, step by step, and what must then be true, as a YAML file. Copy this one and
 * change it; `codeplate simulate MINE.yaml` says everything that is wrong with it at once.
 *
 *     name: my-morning
 *     about: Li pays with a coupon, the paper ends, and the receipt comes when there is paper again.
 *     counters:
 *       plate-001: { merchant: yh-02 }          # ids of the campaign's merchant list
 *     customers:
 *       li: { holds: [20, 40] }                 # coupons claimed before the first step, by face in yuan
 *     steps:
 *       - printer: { turn: { kind: paper-out } }
 *       - sell: { order: A1, fen: [20000, 29999], customer: li, expect: { state: settled, couponFen: 4000 } }
 *       - receipt: { order: A1, originals: 0 }
 *       - printer: { turn: { kind: paper-in } }
 *       - resume-printing: {}
 *       - receipt: { order: A1, originals: 1, has: [消费券 满200减40] }
 *     finally: { sales: 1, redeemed: 1 }
 *
 * The campaign's days and hours aren't played: a scenario runs on today's clock, so the campaign began yesterday, lasts 15
 * days, and is open from 00:00 to 24:00. Last days and closing hours are for `codeplate quote --at` and `explore --campaign`.
 *
 * Every step is one verb and what it needs; `at: NAME` names the counter, the first one where it is missing. An amount is
 * whole fen, or `[from, to]`: the seed chooses. `$word` stands for a value of the `for-each` around it.
 *
 * Whatever a scenario says, at its end everything is mended, comes to rest, and the journals, the ledger, the receipts on
 * paper and the readers' own books must agree, with one original of a receipt at most and nothing left hanging.
 */
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import type { Problem } from '#protocol/config/yaml-file.js';
import { CAMPAIGN_ID, DEVICE_ID, MERCHANT_ID } from '#protocol/kernel/ids.js';
import { err, ok, type Result } from '#protocol/kernel/result.js';
import { lineShape } from '../hardware/messages.js';
import { type Found, found, problemsOf, told } from './problems.js';
import { StepReader } from './step-reader.js';
import { count, name, type Step } from './verb-shapes.js';

const sums = z.strictObject({
  sales: count.optional(),
  redeemed: count.optional(),
  faceFen: count.optional(),
  refunded: count.optional(),
  originals: count.optional(),
  reprints: count.optional(),
  inPersonsHands: count.optional(),
  /** Coupons taken twice, each with the signed presentations that prove it. */
  doubleSpends: count.optional(),
});

const fileSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,40}$/, '1 to 40 of a-z, 0-9 and -'),
  about: z.string().min(1).max(400),
  /** A shipped campaign by its name, or the path of a document. */
  campaign: z.union([z.string().regex(CAMPAIGN_ID), z.string().endsWith('.json')]).default('youhao-2023'),
  counters: z
    .record(
      z.string().regex(DEVICE_ID, 'up to 32 of a-z, 0-9 and -'),
      z.strictObject({ merchant: z.string().regex(MERCHANT_ID), shape: lineShape.optional() }),
    )
    .refine((counters) => Object.keys(counters).length > 0, 'one counter at least'),
  customers: z.record(name, z.strictObject({ holds: z.array(z.number().positive()).default([]) })).default({}),
  /** What a counter may take without a line, where it isn't what the campaign says. */
  offline: z
    .strictObject({
      permitted: z.boolean(),
      maxCoupons: count,
      maxFaceFen: count,
      maxPerHolder: z.int().min(1),
      maxSyncAgeHours: z.number().positive(),
    })
    .partial()
    .default({}),
  /** `processes` can be killed; `here`, in the simulator's own, many are cheaper. */
  run: z.enum(['processes', 'here']).default('processes'),
  devices: z.array(z.enum(['voice', 'display'])).default(['voice', 'display']),
  steps: z.array(z.unknown()).min(1),
  finally: sums.default({}),
});

export type Scenario = Omit<z.infer<typeof fileSchema>, 'steps'> & { readonly steps: readonly Step[] };

const MAX_FILE_CHARS = 1024 * 1024;

/** What a scenario may name of its campaign. */
export interface CampaignNames {
  readonly merchants: readonly string[];
  readonly facesYuan: readonly number[];
}

/** `namesOfCampaign`: undefined where this campaign can't be read; its own problems are told elsewhere. */
export function parseScenario(
  yaml: string,
  namesOfCampaign: (campaign: string) => CampaignNames | undefined = () => undefined,
): Result<Scenario, readonly Problem[]> {
  const whole = (value: string, allowed: string) => err([{ path: 'the whole file', value, allowed }]);
  if (yaml.length > MAX_FILE_CHARS) return whole(`${yaml.length} characters`, `at most ${MAX_FILE_CHARS}`);
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines, prettyErrors: false });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0)
    return err(
      faults.map((fault) => {
        const { line, col } = lines.linePos(fault.pos[0]);
        return { path: `line ${line}, column ${col}`, value: 'no YAML', allowed: `YAML (${fault.message})` };
      }),
    );
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: 1_000 });
  } catch (error) {
    return whole('no YAML', error instanceof Error ? error.message : 'YAML');
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    return whole('no scenario', '`name: value` pairs, as at the head of simulator/scenarios/format.ts');
  const parsed = fileSchema.safeParse(data);
  const problems: Found[] = parsed.success ? [] : problemsOf(parsed.error.issues, data, []);
  const reader = new StepReader(problems, {
    counters: namesOf(data, 'counters'),
    customers: namesOf(data, 'customers'),
  });
  const steps = 'steps' in data ? reader.list(data.steps, ['steps'], {}) : [];
  const campaign = fileSchema.shape.campaign.safeParse(fieldOf(data, 'campaign'));
  const known = campaign.success ? namesOfCampaign(campaign.data) : undefined;
  if (known !== undefined) problems.push(...notOfCampaign(data, known));
  if (!parsed.success || problems.length > 0) return err(told(problems, document, lines));
  return ok({ ...parsed.data, steps });
}

/** Merchants and coupons that the campaign hasn't got. */
function notOfCampaign(data: object, { merchants, facesYuan }: CampaignNames): Found[] {
  const counters = entriesOf(data, 'counters').flatMap(([name, counter]): Found[] => {
    const merchant = fieldOf(counter, 'merchant');
    if (typeof merchant !== 'string' || merchants.includes(merchant)) return [];
    return [found(['counters', name, 'merchant'], merchant, `a merchant of the campaign: ${some(merchants)}`)];
  });
  const customers = entriesOf(data, 'customers').flatMap(([name, customer]) => {
    const holds = fieldOf(customer, 'holds');
    return (Array.isArray(holds) ? holds : []).flatMap((face: unknown, at): Found[] =>
      typeof face !== 'number' || facesYuan.includes(face)
        ? []
        : [found(['customers', name, 'holds', at], face, `a coupon of the campaign: ${facesYuan.join(', ')}`)],
    );
  });
  return [...counters, ...customers];
}

/** A campaign may have tens of thousands of merchants; so many show what an id of it looks like. */
const MERCHANTS_NAMED = 12;
const some = (names: readonly string[]): string =>
  names.length <= MERCHANTS_NAMED
    ? names.join(', ')
    : `${names.slice(0, MERCHANTS_NAMED).join(', ')} and ${names.length - MERCHANTS_NAMED} more`;

/** All read from the bare data: one bad field elsewhere must not hide a name that isn't there. */
const fieldOf = (data: unknown, field: string): unknown => Object.getOwnPropertyDescriptor(Object(data), field)?.value;

function entriesOf(data: object, field: 'counters' | 'customers'): readonly [string, unknown][] {
  const table = fieldOf(data, field);
  return typeof table === 'object' && table !== null ? Object.entries(table) : [];
}

const namesOf = (data: object, field: 'counters' | 'customers'): readonly string[] =>
  entriesOf(data, field).map(([name]) => name);
