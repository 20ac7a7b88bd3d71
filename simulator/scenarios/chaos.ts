/**
 * Chaos: the scenario's own sales, refunds and cards, over and over, with customers who don't give up, while agents and
 * gateway are killed (SIGKILL) at random moments and started again. What it expects on the way no longer holds; that the
 * four books agree at the end does.
 */
import type { Counter } from '../counter/counter.js';
import type { Dice } from '../counter/dice.js';
import { AT_REST, type SaleSeen } from '../counter/till-client.js';
import { pause } from '../processes/waiting.js';
import { SAME_CODE_MS } from './crowd.js';
import type { Scenario } from './format.js';
import { openAt, type Stage } from './stage.js';
import type { Step, StepOf } from './verb-shapes.js';

export interface Kills {
  readonly agent: number;
  readonly gateway: number;
}

/** Most kills come while somebody pays: a sale takes some 300 ms from the amount to the receipt, and this is after its start. */
const IN_A_SALE_MS = [0, 350] as const;
const IN_A_SALE = 0.8;
/** The others come at any moment: while all rests, while the agent starts, while it tells the gateway. */
const ANY_TIME_MS = [0, 1_000] as const;
/** A sale that nobody begins is not waited for any longer. */
const NO_SALE_MS = 5_000;
/** One kill in so many is the gateway's. */
const GATEWAY_SHARE = 0.25;
/** A till asks again this often ... */
const AGAIN_MS = 60;
/** ... and a customer shows the code again when nothing has come of it for so long. */
const SHOW_AGAIN_MS = SAME_CODE_MS;
/** The reader is asked for a minute before a person gets the case. */
const SALE_MS = 150_000;

export async function playChaos(
  stage: Stage,
  scenario: Scenario,
  wanted: number,
  onKill: (kills: Kills) => void = () => {},
): Promise<Kills> {
  const dice = stage.dice.fork('chaos');
  const kills = { agent: 0, gateway: 0 };
  const sales = new Beginnings();
  let over = false;
  const reaper = async (): Promise<void> => {
    try {
      while (kills.agent + kills.gateway < wanted) {
        if (dice.chance(IN_A_SALE)) {
          await Promise.race([sales.next(), pause(NO_SALE_MS)]);
          await pause(dice.between(...IN_A_SALE_MS));
        } else await pause(dice.between(...ANY_TIME_MS));
        if (dice.chance(GATEWAY_SHARE)) {
          kills.gateway += 1;
          await stage.rig.gateway.kill();
          await pause(dice.below(300));
          await stage.rig.gateway.start();
        } else {
          kills.agent += 1;
          const counter = dice.pick(all(stage.rig.counters));
          await counter.kill();
          await pause(dice.below(300));
          await counter.start();
        }
        onKill({ ...kills });
      }
    } finally {
      over = true;
    }
  };
  const tills = stage.rig.counters.map(async (counter) => {
    for (let round = 1; !over; round += 1) {
      const steps = flat(scenario.steps).filter((step) => stage.counter(atOf(step)) === counter);
      if (!steps.some((step) => step.verb === 'sell')) return;
      for (const step of steps) {
        if (over) return;
        await playOne({ stage, scenario, counter, step, round, sales, dice: dice.fork(`${counter.name} ${round}`) });
      }
    }
  });
  await Promise.all([reaper(), ...tills]);
  return kills;
}

interface One {
  readonly stage: Stage;
  readonly scenario: Scenario;
  readonly counter: Counter;
  readonly step: Step;
  readonly round: number;
  readonly sales: Beginnings;
  readonly dice: Dice;
}

/** Tells the reaper that somebody pays. */
class Beginnings {
  #waiting: (() => void)[] = [];

  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  one(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

async function playOne({ stage, scenario, counter, step, round, sales, dice }: One): Promise<void> {
  const named = (order: string): string => `${order}-${round}`;
  switch (step.verb) {
    case 'sell': {
      const { customer, pays } = step.with;
      const name = customer === undefined ? undefined : `${counter.name} ${customer} ${step.with.order}`;
      const holds = customer === undefined ? [] : (scenario.customers[customer]?.holds ?? []);
      // A claim waits for the gateway to be there, the counter for nobody: then the last round's customer comes again.
      if (name !== undefined) {
        const arrived = persist(() => stage.shoppers.arrive(name, holds));
        if (!stage.shoppers.knows(name)) await arrived;
        else arrived.catch(() => {});
      }
      if (pays !== undefined) await counter.reader.pays(...pays);
      sales.one();
      await sellAnyhow(stage, counter, { ...step.with, customer: name, order: named(step.with.order) });
      return;
    }
    case 'press':
      await counter.till.press(named(step.with.order), step.with.key);
      return;
    case 'pays':
      return counter.reader.pays(...step.with.next);
    case 'pause':
      return pause(dice.below(200));
    default:
      return; // what it expects, and faults of its own, are for a run without chaos
  }
}

async function sellAnyhow(stage: Stage, counter: Counter, asked: StepOf<'sell'>): Promise<void> {
  const { order, customer, as = 'coupon' } = asked;
  const amountFen = stage.fen(asked.fen);
  const until = performance.now() + SALE_MS;
  let shownAt = Number.NEGATIVE_INFINITY;
  let begun = false;
  while (performance.now() < until) {
    const sale: SaleSeen | undefined = begun ? await counter.till.look(order) : undefined;
    if (sale !== undefined && AT_REST.has(sale.state)) return;
    if (sale === undefined) {
      const said = await openAt(counter, order, amountFen);
      begun = said.ok || begun;
    } else if (sale.state === 'opened' && performance.now() - shownAt > SHOW_AGAIN_MS) {
      shownAt = performance.now();
      // A code that the counter refuses for good: the cashier charges the full price.
      if (customer === undefined || sale.reason !== null) await counter.till.press(order, 'charge');
      else await counter.scanner.scan(stage.shoppers.code(customer, as));
    }
    await pause(AGAIN_MS);
  }
  throw new Error(`order ${order} did not come to rest within ${SALE_MS} ms`);
}

/** A phone whose gateway is down tries again. */
async function persist(act: () => Promise<void>): Promise<void> {
  const until = performance.now() + SALE_MS;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (performance.now() > until) throw error;
      await pause(AGAIN_MS);
    }
  }
}

const atOf = (step: Step): string | undefined =>
  step.verb !== 'together' && 'at' in step.with ? step.with.at : undefined;

const flat = (steps: readonly Step[]): readonly Step[] =>
  steps.flatMap((step) => (step.verb === 'together' ? step.with.flatMap(flat) : [step]));

function all<T>(list: readonly T[]): readonly [T, ...T[]] {
  const [first, ...rest] = list;
  if (first === undefined) throw new Error('a scenario has at least one counter');
  return [first, ...rest];
}
