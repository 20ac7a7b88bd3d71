/** What each verb of a scenario does. A verb that can't do its work throws; what it finds wrong it notes, and goes on. */
import { unreachable } from '#protocol/kernel/machine.js';
import type { Counter } from '../counter/counter.js';
import type { PrintedCopy } from '../counter/paper.js';
import { AT_REST, type SaleSeen } from '../counter/till-client.js';
import type { LineProxy } from '../network/proxy.js';
import { bounded, pause, until } from '../processes/waiting.js';
import { playCrowd } from './crowd.js';
import { answered, openAt, type Stage, unmet } from './stage.js';
import type { Step, StepOf } from './verb-shapes.js';

/** Longer than a sale in which something is repeated, shorter than anybody's patience with a test. */
const WITHIN_MS = 30_000;
/** Paper comes some hundred milliseconds after the sale is settled. */
const PAPER_MS = 10_000;
/** Whose third code isn't taken either has something else wrong. */
const CODES_A_CUSTOMER_SHOWS = 5;
/** From one code to the next: longer than a gateway takes to say no. */
const REFRESH_MS = 500;
const PRESS_AGAIN_MS = 150;

export async function playSteps(stage: Stage, steps: readonly Step[]): Promise<void> {
  for (const step of steps) await playStep(stage, step);
}

async function playStep(stage: Stage, step: Step): Promise<void> {
  switch (step.verb) {
    case 'open': {
      const { order, refused } = step.with;
      const counter = stage.counter(step.with.at);
      const said = await openAt(counter, order, stage.fen(step.with.fen));
      stage.check(`open ${order}`, answered(said, refused));
      return;
    }
    case 'show': {
      const { customer, as = 'coupon', times } = step.with;
      const { scanner } = stage.counter(step.with.at);
      await scanner.scan(stage.shoppers.code(customer, as), times === undefined ? {} : { times });
      return;
    }
    case 'press': {
      const { order, key, refused } = step.with;
      const said = await stage.counter(step.with.at).till.press(order, key);
      stage.check(`press ${key} ${order}`, answered(said, refused));
      return;
    }
    case 'resume-printing':
      return resumePrinting(stage.counter(step.with.at));
    case 'sell':
      return sell(stage, step.with);
    case 'wait': {
      const { order, state, reason, shows, withinMs = WITHIN_MS } = step.with;
      const states: readonly string[] = typeof state === 'string' ? [state] : state;
      const meets = (sale: SaleSeen): boolean =>
        states.includes(sale.state) && (reason === undefined || sale.reason === reason);
      const what = `${states.join(' or ')}${reason === undefined ? '' : ` (${reason})`}`;
      const { till, scanner } = stage.counter(step.with.at);
      if (shows !== undefined) {
        const refused = ({ state, reason }: SaleSeen): boolean => state === 'opened' && reason !== null;
        const takes = (sale: SaleSeen): boolean => meets(sale) || refused(sale);
        const look = (): Promise<SaleSeen> => till.follow(order, takes, { withinMs, what, looking: true });
        // A phone that has fallen behind another with its key needs a code for each that the other has shown.
        for (let code = 0; code < CODES_A_CUSTOMER_SHOWS && refused(await look()); code += 1) {
          await scanner.scan(stage.shoppers.code(shows, 'coupon'));
          await pause(REFRESH_MS);
        }
      }
      const alone = stage.branches === 0;
      await till.follow(order, meets, { withinMs, what, alone, looking: reason !== undefined });
      stage.check(`${order} ${what}`, null);
      return;
    }
    case 'until':
      return untilSo(stage, step.with);
    case 'expect': {
      const { order, at, ...expected } = step.with;
      const sale = await stage.counter(at).till.look(order);
      stage.check(`${order} as expected`, sale === undefined ? 'nobody knows this order' : unmet(sale, expected));
      return;
    }
    case 'receipt':
      return lookAtPaper(stage, step.with);
    case 'pays':
      return stage.counter(step.with.at).reader.pays(...step.with.next);
    case 'reader':
      return stage.counter(step.with.at).reader.knob(step.with.turn);
    case 'scanner':
      return stage.counter(step.with.at).scanner.knob(step.with.turn);
    case 'printer': {
      const { turn } = step.with;
      const own = turn.kind === 'knob' || turn.kind === 'fault' || turn.kind === 'mend' || turn.kind === 'power';
      return stage.counter(step.with.at).printer.knob(own ? turn : { kind: 'knob', knob: turn });
    }
    case 'unplug': {
      const { device, abrupt } = step.with;
      return stage.counter(step.with.at)[device]?.unplug(abrupt === true ? 'abrupt' : undefined);
    }
    case 'replug':
      return stage.counter(step.with.at)[step.with.device]?.replug();
    case 'line':
      turnLine(stage.counter(step.with.at).line, step.with.does);
      return;
    case 'line-when': {
      const { direction, text, deliver, does } = step.with;
      const counter = stage.counter(step.with.at);
      const sprung = counter.line.when({ direction, text, deliver, does: does === 'down' ? 'refuse' : does });
      stage.traps.set(counter.name, [...(stage.traps.get(counter.name) ?? []), sprung]);
      return;
    }
    case 'line-sprung': {
      const { name } = stage.counter(step.with.at);
      const traps = stage.traps.get(name) ?? [];
      stage.traps.delete(name);
      await bounded(`the trap on the line of ${name}`, step.with.withinMs ?? WITHIN_MS, Promise.all(traps));
      stage.check(`the line of ${name} met its moment`, traps.length === 0 ? 'no trap was armed' : null);
      return;
    }
    case 'agent': {
      const counter = stage.counter(step.with.at);
      return turnProcess(counter, step.with.does, () => counter.ready({ gateway: stage.rig.gateway.isRunning }));
    }
    case 'gateway':
      return turnProcess(stage.rig.gateway, step.with.does, async () => {});
    case 'pause':
      return pause(stage.fen(step.with.ms));
    case 'crowd':
      return playCrowd(stage, step.with);
    case 'together':
      stage.branches += step.with.length;
      await Promise.all(step.with.map((branch) => playSteps(stage, branch)));
      stage.branches -= step.with.length;
      return;
    default:
      return unreachable(step);
  }
}

async function sell(stage: Stage, asked: StepOf<'sell'>): Promise<void> {
  const { order, customer, as, pays, expect: expected = {}, withinMs = WITHIN_MS } = asked;
  const counter = stage.counter(asked.at);
  if (pays !== undefined) await counter.reader.pays(...pays);
  const said = await openAt(counter, order, stage.fen(asked.fen));
  if (!said.ok) {
    stage.check(`sell ${order}`, answered(said, undefined));
    return;
  }
  if (customer === undefined && as === undefined) await counter.till.press(order, 'charge');
  else await counter.scanner.scan(stage.shoppers.code(customer, as ?? 'coupon'));
  const sale = await counter.till.follow(
    order,
    (seen) => AT_REST.has(seen.state) || (expected.state !== undefined && unmet(seen, expected).length === 0),
    { withinMs, what: 'at rest', looking: true },
  );
  stage.check(`sell ${order}`, unmet(sale, expected));
}

async function untilSo(stage: Stage, asked: StepOf<'until'>): Promise<void> {
  const { ready, online, paper, unsent, printed, withinMs = WITHIN_MS } = asked;
  const counter = stage.counter(asked.at);
  if (ready === true) await counter.ready({ gateway: stage.rig.gateway.isRunning });
  await until(
    `${counter.name} is ${JSON.stringify({ online, paper, unsent, printed })}`,
    withinMs,
    async () => {
      const health = await counter.till.health();
      if (health === undefined) return undefined;
      const so =
        (online === undefined || health.online === online) &&
        (paper === undefined || health.paper === paper) &&
        (unsent === undefined || health.unsent.records > 0 === unsent) &&
        (printed !== true || health.jobsWaiting === 0);
      return so ? true : undefined;
    },
    async () => JSON.stringify(await counter.till.health()),
  );
}

/** A cashier who presses and sees nothing come presses again: the first time may have been before the printer was heard of. */
async function resumePrinting(counter: Counter): Promise<void> {
  const end = performance.now() + PAPER_MS;
  do {
    await counter.till.resumePrinting();
    await pause(PRESS_AGAIN_MS);
  } while (((await counter.till.health())?.jobsWaiting ?? 1) > 0 && performance.now() < end);
}

async function lookAtPaper(stage: Stage, asked: StepOf<'receipt'>): Promise<void> {
  const { order, of = 'sale', originals, reprints, has = [], lacks = [] } = asked;
  const { paper } = stage.counter(asked.at);
  const wrong = (): string[] => {
    const copies = paper.copies.filter((copy) => copy.of === of && namesOrder(copy, order));
    const number = (kind: PrintedCopy['copy']): number => copies.filter(({ copy }) => copy === kind).length;
    const text = copies.map(({ lines }) => lines.join('\n')).join('\n');
    return [
      ...(originals !== undefined && number('original') !== originals
        ? [`${number('original')} originals, not ${originals}`]
        : []),
      ...(reprints !== undefined && number('reprint') !== reprints
        ? [`${number('reprint')} reprints, not ${reprints}`]
        : []),
      ...has.filter((words) => !text.includes(words)).map((words) => `"${words}" is not on it`),
      ...lacks.filter((words) => text.includes(words)).map((words) => `"${words}" is on it`),
    ];
  };
  try {
    await until(`the receipt of ${order}`, PAPER_MS, () => (wrong().length === 0 ? true : undefined));
    stage.check(`receipt of ${order}`, null);
  } catch {
    stage.check(`receipt of ${order}`, wrong());
  }
}

const namesOrder = ({ lines }: PrintedCopy, order: string): boolean =>
  lines.some((line) => line.trim().split(/\s+/).at(-1) === order);

function turnLine(line: LineProxy, does: StepOf<'line'>['does']): void {
  switch (does) {
    case 'cut':
      line.cut();
      break;
    case 'down':
      line.refuse();
      break;
    case 'black-hole':
      line.blackHole();
      break;
    case 'half-open':
      line.halfOpen('counter');
      break;
    case 'back':
      line.back();
      break;
    default:
      unreachable(does);
  }
}

interface Process {
  start(): Promise<void>;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

async function turnProcess(process: Process, does: StepOf<'agent'>['does'], ready: () => Promise<void>): Promise<void> {
  if (does === 'kill' || does === 'kill-and-start') await process.kill();
  if (does === 'stop') await process.stop();
  if (does === 'start' || does === 'kill-and-start') {
    await process.start();
    await ready();
  }
}
