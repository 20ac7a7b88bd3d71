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
import { REASON_CODES, type ReasonCode } from '#protocol/faults/reasons.js';
import { CAMPAIGN_ID, DEVICE_ID, MERCHANT_ID, ORDER_NO } from '#protocol/ids.js';
import { MAX_SALE_FEN } from '#protocol/money.js';
import { err, ok, type Result } from '#protocol/result.js';
import type { Problem } from '#protocol/yaml-file.js';
import { SALE_STATES } from '#simulator/counter/till-client.js';
import { KNOBS, lineShape, payment, printerKnob } from '#simulator/hardware/messages.js';
import { type Found, found, type Path, problemsOf, told } from './problems.js';

const name = z.string().min(1).max(32);
const at = name.optional();
const fenOnce = z.int().min(1).max(MAX_SALE_FEN);
/** A number, or the two ends between which the seed chooses. */
const fen = z.union([fenOnce, z.tuple([fenOnce, fenOnce])], { error: 'whole fen, or [from, to]' });
const ms = z.int().min(0).max(120_000);
const someMs = z.union([ms, z.tuple([ms, ms])], { error: 'milliseconds, or [from, to]' });
const order = z.string().regex(ORDER_NO, '1 to 64 printable ASCII characters').max(48);
const state = z.enum(SALE_STATES);
const states = z.union([state, z.array(state).min(1)]);
const reason = z.enum(REASON_CODES as [ReasonCode, ...ReasonCode[]]).nullable();
const count = z.int().min(0);

/** What a customer holds under the scanner. */
export const SHOWN = [
  'coupon', // the verifiable code of the wallet, fresh
  'payment-code', // the opaque 19 digits of the same wallet
  'screenshot', // the code that this customer showed last
  'second-phone', // another phone with the same key
  'wrong-clock', // a phone two minutes ahead
  'slow-clock', // a phone two minutes behind
  'forged', // a coupon that the wallet doesn't hold
  'forged-grant', // a grant that no gateway has signed
  'wechat',
  'alipay',
  'nonsense',
] as const;

const paying = z.union([
  z.enum(['approve', 'decline', 'cancel', 'card-error']).transform((kind) => ({ kind })),
  payment,
]);

const expectation = z.strictObject({
  state: states.optional(),
  netFen: count.optional(),
  couponFen: count.nullable().optional(),
  reason: reason.optional(),
  /** Missing to the next coupon that the customer holds. */
  missingFen: count.nullable().optional(),
  offline: z.boolean().optional(),
});
export type Expectation = z.infer<typeof expectation>;

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

const bound = { withinMs: z.int().min(1).max(120_000).optional() };

/** The verbs. What a step says under its verb is checked by the verb's own shape. */
const VERBS = {
  /** The till hands an amount in. `refused`: the code that it must be refused with. */
  open: z.strictObject({ at, order, fen, refused: z.string().optional() }),
  /** A code under the scanner. */
  show: z.strictObject({
    at,
    customer: name.optional(),
    as: z.enum(SHOWN).optional(),
    times: z.int().min(1).max(20).optional(),
  }),
  /** A key of the till. */
  press: z.strictObject({
    at,
    order,
    key: z.enum(['charge', 'cancel', 'refund', 'reprint', 'ask-again']),
    refused: z.string().optional(),
  }),
  'resume-printing': z.strictObject({ at }),
  /** A whole sale: open, show (or charge at full price, where there is no customer), follow until it is at rest. */
  sell: z.strictObject({
    at,
    order,
    fen,
    customer: name.optional(),
    as: z.enum(SHOWN).optional(),
    pays: z.array(paying).optional(),
    expect: expectation.optional(),
    ...bound,
  }),
  /** Waits until the sale is so. `shows`: the customer who refreshes the code when the counter asks for another. */
  wait: z.strictObject({ at, order, state: states, reason: reason.optional(), shows: name.optional(), ...bound }),
  /** Waits until the counter is so; `ready`: all ports open, the reader greeted, the line up where it is up. */
  until: z.strictObject({
    at,
    ready: z.literal(true).optional(),
    online: z.boolean().optional(),
    paper: z.enum(['ok', 'near-end', 'out', 'unknown']).optional(),
    unsent: z.boolean().optional(),
    /** Every receipt is out, and the counter knows it. */
    printed: z.literal(true).optional(),
    ...bound,
  }),
  /** How the sale stands at this moment. */
  expect: expectation.extend({ at, order }),
  /** What is on paper of this sale (of its refund), within some seconds. */
  receipt: z.strictObject({
    at,
    order,
    of: z.enum(['sale', 'refund']).optional(),
    originals: count.optional(),
    reprints: count.optional(),
    has: z.array(z.string()).optional(),
    lacks: z.array(z.string()).optional(),
  }),
  /** What the next payments at the reader will be, in order; then everything is approved. */
  pays: z.strictObject({ at, next: z.array(paying).min(1) }),
  reader: z.strictObject({ at, turn: KNOBS['crp-reader'] }),
  scanner: z.strictObject({ at, turn: KNOBS.scanner }),
  printer: z.strictObject({ at, turn: z.union([printerKnob, KNOBS.printer]) }),
  unplug: z.strictObject({
    at,
    device: z.enum(['scanner', 'reader', 'printer', 'voice', 'display']),
    abrupt: z.boolean().optional(),
  }),
  replug: z.strictObject({ at, device: z.enum(['scanner', 'reader', 'printer', 'voice', 'display']) }),
  /** cut: reset, and at once let in again. down: reset, and nobody let in. half-open: the gateway's side is gone, untold. */
  line: z.strictObject({ at, does: z.enum(['cut', 'down', 'black-hole', 'half-open', 'back']) }),
  /** Arms a trap: when this text comes by on the line, the line does that at exactly this byte. */
  'line-when': z.strictObject({
    at,
    direction: z.enum(['up', 'down']),
    text: z.string().min(1),
    /** Whether the message with the text still gets through. */
    deliver: z.boolean(),
    does: z.enum(['cut', 'down', 'black-hole', 'half-open']),
  }),
  /** Waits until the armed traps of this counter's line have sprung. */
  'line-sprung': z.strictObject({ at, ...bound }),
  agent: z.strictObject({ at, does: z.enum(['kill', 'stop', 'start', 'kill-and-start']) }),
  gateway: z.strictObject({ does: z.enum(['kill', 'stop', 'start', 'kill-and-start']) }),
  pause: z.strictObject({ ms: someMs }),
  /** So many customers at all counters at once, each with an amount and coupons that the seed chooses. */
  crowd: z.strictObject({ sales: z.int().min(1).max(20_000), fen: z.tuple([fenOnce, fenOnce]) }),
} as const;

type Verb = keyof typeof VERBS;
type Plain = { [V in Verb]: { readonly verb: V; readonly with: z.infer<(typeof VERBS)[V]> } }[Verb];

export type Step =
  | Plain
  /** Each list of steps at the same time as the others. */
  | { readonly verb: 'together'; readonly with: readonly (readonly Step[])[] };
export type StepOf<V extends Verb> = z.infer<(typeof VERBS)[V]>;

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
/** for-each within for-each multiplies; nobody waits for more. */
const MAX_STEPS = 20_000;

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

/** What a step may speak of. */
interface Names {
  readonly counters: readonly string[];
  readonly customers: readonly string[];
}

/** Read from the bare data: one bad field elsewhere must not hide a name that isn't there. */
function namesOf(data: object, field: 'counters' | 'customers'): readonly string[] {
  const table: unknown = Object.getOwnPropertyDescriptor(data, field)?.value;
  return typeof table === 'object' && table !== null ? Object.keys(table) : [];
}

type Values = Readonly<Record<string, unknown>>;

class StepReader {
  readonly #problems: Found[];
  readonly #names: Names;
  #count = 0;

  constructor(problems: Found[], names: Names) {
    this.#problems = problems;
    this.#names = names;
  }

  list(raw: unknown, path: Path, values: Values): Step[] {
    if (!Array.isArray(raw)) {
      this.#problem(path, raw, 'a list of steps');
      return [];
    }
    return raw.flatMap((step: unknown, index) => this.#step(step, [...path, index], values));
  }

  #step(raw: unknown, path: Path, values: Values): Step[] {
    this.#count += 1;
    if (this.#count > MAX_STEPS) {
      if (this.#count === MAX_STEPS + 1) this.#problem(path, this.#count, `at most ${MAX_STEPS} steps in all`);
      return [];
    }
    const entries = typeof raw === 'object' && raw !== null ? Object.entries(raw) : [];
    const [entry] = entries;
    if (entry === undefined || entries.length !== 1) {
      this.#problem(path, raw, `one verb a step: ${KNOWN}`);
      return [];
    }
    const [verb, body] = entry;
    const here = [...path, verb];
    if (verb === 'together') {
      if (Array.isArray(body))
        return [{ verb, with: body.map((branch, index) => this.list(branch, [...here, index], values)) }];
      this.#problem(here, body, 'a list of lists of steps');
      return [];
    }
    if (verb === 'for-each') return this.#forEach(body, here, values);
    if (!isVerb(verb)) {
      this.#problem(path, verb, `one of ${KNOWN}`);
      return [];
    }
    const filled = fillIn(body, values);
    const parsed = VERBS[verb].safeParse(filled);
    if (!parsed.success) {
      this.#problems.push(...problemsOf(parsed.error.issues, filled, here));
      return [];
    }
    const step = plain(verb, parsed.data);
    this.#checkNames(step, here);
    return [step];
  }

  /** A counter or a customer that isn't there. */
  #checkNames(step: Plain, path: Path): void {
    const check = (field: string, value: string | undefined, names: readonly string[]): void => {
      if (value === undefined || names.includes(value)) return;
      const known = names.length === 0 ? 'none: the file has none' : names.join(', ');
      this.#problem([...path, field], value, known);
    };
    if ('at' in step.with) check('at', step.with.at, this.#names.counters);
    if ('customer' in step.with) check('customer', step.with.customer, this.#names.customers);
    if ('shows' in step.with) check('shows', step.with.shows, this.#names.customers);
  }

  #forEach(body: unknown, path: Path, values: Values): Step[] {
    const parsed = forEach.safeParse(body);
    if (!parsed.success) {
      this.#problems.push(...problemsOf(parsed.error.issues, body, path));
      return [];
    }
    return parsed.data.of.flatMap((row) => {
      const known = { ...values, ...fillRow(row, values) };
      return this.list(parsed.data.steps, [...path, 'steps'], known);
    });
  }

  #problem(path: Path, value: unknown, allowed: string): void {
    this.#problems.push(found(path, value, allowed));
  }
}

const forEach = z.strictObject({ of: z.array(z.record(z.string(), z.unknown())).min(1), steps: z.array(z.unknown()) });

const isVerb = (text: string): text is Verb => Object.hasOwn(VERBS, text);
const KNOWN = [...Object.keys(VERBS), 'together', 'for-each'].join(', ');

/** The verb's own schema has just made this of it; the table can't say so to the compiler. */
const plain = (verb: Verb, parsed: unknown): Plain => ({ verb, with: parsed }) as Plain;

function fillRow(row: Values, values: Values): Values {
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, fillIn(value, values)]));
}

/** `$word` alone becomes the value itself; within a text, its text. A word that nobody knows stays as it stands. */
function fillIn(value: unknown, values: Values): unknown {
  if (typeof value === 'string') {
    const whole = /^\$([a-zA-Z]+)$/.exec(value)?.[1];
    if (whole !== undefined && Object.hasOwn(values, whole)) return values[whole];
    return value.replace(/\$([a-zA-Z]+)/g, (text, word: string) =>
      Object.hasOwn(values, word) ? String(values[word]) : text,
    );
  }
  if (Array.isArray(value)) return value.map((one) => fillIn(one, values));
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array))
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fillIn(one, values)]));
  return value;
}
