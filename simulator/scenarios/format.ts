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
 * Every step is one verb and what it needs; `at: NAME` names the counter, the first one where it is missing. An amount is
 * whole fen, or `[from, to]`: the seed chooses. `$word` stands for a value of the `for-each` around it.
 *
 * Whatever a scenario says, at its end everything is mended, comes to rest, and the journals, the ledger, the receipts on
 * paper and the readers' own books must agree, with one original of a receipt at most and nothing left hanging.
 */
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { CAMPAIGN_ID, DEVICE_ID, MERCHANT_ID } from '#protocol/ids.js';
import { err, ok, type Result } from '#protocol/result.js';
import type { Problem } from '#protocol/yaml-file.js';
import { lineShape } from '#simulator/hardware/messages.js';
import { type Found, problemsOf, told } from './problems.js';
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
export function parseScenario(yaml: string): Result<Scenario, readonly Problem[]> {
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
  if (!parsed.success || problems.length > 0) return err(told(problems, document, lines));
  return ok({ ...parsed.data, steps });
}

/** Read from the bare data: one bad field elsewhere must not hide a name that isn't there. */
function namesOf(data: object, field: 'counters' | 'customers'): readonly string[] {
  const table: unknown = Object.getOwnPropertyDescriptor(data, field)?.value;
  return typeof table === 'object' && table !== null ? Object.keys(table) : [];
}
