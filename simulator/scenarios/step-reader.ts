/** Reads a scenario's steps: each by its verb's shape, `for-each` multiplied out, every problem told with its place. */
import { z } from 'zod';
import { type Found, found, type Path, problemsOf } from './problems.js';
import { type Plain, type Step, VERBS, type Verb } from './verb-shapes.js';

/** for-each within for-each multiplies; nobody waits for more. */
const MAX_STEPS = 20_000;

/** What a step may speak of. */
export interface Names {
  readonly counters: readonly string[];
  readonly customers: readonly string[];
}

type Values = Readonly<Record<string, unknown>>;

export class StepReader {
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
    this.#checkNames(filled, here);
    const parsed = VERBS[verb].safeParse(filled);
    if (!parsed.success) {
      this.#problems.push(...problemsOf(parsed.error.issues, filled, here));
      return [];
    }
    return [plain(verb, parsed.data)];
  }

  /** A counter or a customer that isn't there: told with whatever else is wrong with the step. */
  #checkNames(body: unknown, path: Path): void {
    const check = (field: string, names: readonly string[]): void => {
      const value: unknown = Object.getOwnPropertyDescriptor(Object(body), field)?.value;
      if (typeof value !== 'string' || names.includes(value)) return;
      const known = names.length === 0 ? 'none: the file has none' : names.join(', ');
      this.#problem([...path, field], value, known);
    };
    check('at', this.#names.counters);
    check('customer', this.#names.customers);
    check('shows', this.#names.customers);
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
