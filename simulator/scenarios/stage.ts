/** What the verbs of a scenario share while it plays: the rig, who is there, what was found wrong. */
import type { Counter } from '../counter/counter.js';
import type { Dice } from '../counter/dice.js';
import type { Rig } from '../counter/rig.js';
import { type SaleSeen, type TillSaid, yuan } from '../counter/till-client.js';
import type { Check } from './result.js';
import type { Shoppers } from './shoppers.js';
import type { Expectation } from './verb-shapes.js';

export class Stage {
  readonly rig: Rig;
  readonly shoppers: Shoppers;
  readonly dice: Dice;
  readonly checks: Check[] = [];
  /** Traps armed on a counter's line that haven't been waited for. */
  readonly traps = new Map<string, Promise<void>[]>();
  /** Branches of `together` under way: what one waits for, another may yet do. */
  branches = 0;
  readonly #onCheck: (check: Check) => void;
  #since = performance.now();

  constructor(options: {
    readonly rig: Rig;
    readonly shoppers: Shoppers;
    readonly dice: Dice;
    readonly onCheck: (check: Check) => void;
  }) {
    this.rig = options.rig;
    this.shoppers = options.shoppers;
    this.dice = options.dice;
    this.#onCheck = options.onCheck;
  }

  get violations(): readonly string[] {
    return this.checks.flatMap(({ name, wrong }) => (wrong === null ? [] : [`${name}: ${wrong}`]));
  }

  counter(name: string | undefined): Counter {
    const [first] = this.rig.counters;
    if (first === undefined) throw new Error('a scenario has at least one counter');
    return name === undefined ? first : this.rig.counter(name);
  }

  fen(amount: number | readonly [number, number]): number {
    return typeof amount === 'number' ? amount : this.dice.between(amount[0], amount[1]);
  }

  /** Notes what was looked at; `wrong` is empty where all is as it should be. */
  check(name: string, wrong: readonly string[] | string | null): void {
    const now = performance.now();
    const words = wrong === null ? '' : typeof wrong === 'string' ? wrong : wrong.join('; ');
    const check = { name, tookMs: now - this.#since, wrong: words === '' ? null : words };
    this.#since = now;
    this.checks.push(check);
    this.#onCheck(check);
  }
}

/** Where the sale is not as it should be, in words. */
export function unmet(sale: SaleSeen, expected: Expectation): string[] {
  const wrong: string[] = [];
  const compare = (what: string, is: unknown, should: unknown): void => {
    if (should !== undefined && is !== should) wrong.push(`${what} is ${String(is)}, not ${String(should)}`);
  };
  const { state } = expected;
  const states = state === undefined ? [] : typeof state === 'string' ? [state] : state;
  if (states.length > 0 && !states.includes(sale.state))
    wrong.push(`state is ${sale.state} (${sale.line.en}), not ${states.join(' or ')}`);
  compare('net fen', sale.netFen, expected.netFen);
  compare('coupon fen', sale.coupon?.faceFen ?? null, expected.couponFen);
  compare('reason', sale.reason, expected.reason);
  compare('missing fen', sale.next?.missingFen ?? null, expected.missingFen);
  compare('offline', sale.coupon?.offline ?? false, expected.offline);
  // Where the scenario gives a range, the seed has chosen the amount.
  return wrong.length === 0 ? [] : [...wrong, `at ${yuan(sale.amountFen)}`];
}

/** Of a request that should have been taken, or refused with this code. */
export function answered(said: TillSaid, refused: string | undefined): string | null {
  if (refused === undefined) return said.ok ? null : `refused with ${said.code} (${said.line.en})`;
  if (said.ok) return `taken, and should have been refused with ${refused}`;
  return said.code === refused ? null : `refused with ${said.code}, not ${refused}`;
}

/** Hands an amount in, and remembers the order: at the end it must have come to rest. */
export function openAt(counter: Counter, order: string, amountFen: number): ReturnType<Counter['till']['open']> {
  counter.orders.add(order);
  return counter.till.open(order, amountFen);
}
