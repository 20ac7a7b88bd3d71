/**
 * A busy morning: customers at all counters at once, amounts and coupons by the seed. What each must be given is worked
 * out here from the campaign's table alone, by nothing that the product shares.
 */
import type { Counter } from '../counter/counter.js';
import type { Dice } from '../counter/dice.js';
import { AT_REST, type SaleSeen } from '../counter/till-client.js';
import { pause } from '../processes/waiting.js';
import { openAt, type Stage } from './stage.js';
import type { StepOf } from './verb-shapes.js';

const SALE_MS = 60_000;
/** A code that was read is acted upon in milliseconds; a starved machine takes seconds over the way of 300 characters. */
const SHOW_AGAIN_MS = 10_000;
const TIMES_SHOWN = 3;
/** A scanner's repeats of one code count as one reading for 1.5 s. */
export const SAME_CODE_MS = 1_600;
/** One in so many shows the opaque payment code instead of the verifiable one. */
const OPAQUE = 0.3;
/** ... and one in so many is declined by the bank, and pays again. */
const DECLINED = 0.05;

export async function playCrowd(stage: Stage, { sales, fen }: StepOf<'crowd'>): Promise<void> {
  const { counters } = stage.rig;
  let next = 0;
  const wrong: string[] = [];
  await Promise.all(
    counters.map(async (counter) => {
      const dice = stage.dice.fork(`crowd at ${counter.name}`);
      while (next < sales) {
        next += 1;
        const order = `M${String(next).padStart(5, '0')}`;
        const fault = await serve({ stage, counter, dice, order, amountFen: dice.between(fen[0], fen[1]) });
        if (fault !== null) wrong.push(`${order}: ${fault}`);
      }
    }),
  );
  stage.check(`${sales} customers served`, wrong);
}

interface Serving {
  readonly stage: Stage;
  readonly counter: Counter;
  readonly dice: Dice;
  readonly order: string;
  readonly amountFen: number;
}

async function serve({ stage, counter, dice, order, amountFen }: Serving): Promise<string | null> {
  const { tiers } = stage.shoppers;
  const holds = tiers.filter(() => dice.chance(0.5));
  const name = `${counter.name} ${order}`;
  await stage.shoppers.arrive(
    name,
    holds.map(({ faceYuan }) => faceYuan),
  );
  const declined = dice.chance(DECLINED);
  if (declined) await counter.reader.pays({ kind: 'decline' });
  const as = dice.chance(OPAQUE) ? 'payment-code' : 'coupon';
  let shown = '';
  const show = (): string => {
    shown = stage.shoppers.code(name, as);
    return shown;
  };
  let seen = await pay(counter, order, amountFen, show);
  if (declined) {
    if (seen.state !== 'not-charged') return `declined by the bank, and ${seen.state}`;
    // A payment code is good for one sale: the app shows the next one within half a minute.
    const before = shown;
    while (as === 'payment-code' && stage.shoppers.code(name, as) === before) await pause(SAME_CODE_MS);
    seen = await pay(counter, order, amountFen, show);
  }
  stage.shoppers.leave(name);
  // The largest that fits, worked out anew.
  const faces = holds.filter(({ thresholdFen }) => thresholdFen <= amountFen).map(({ faceYuan }) => faceYuan * 100);
  const face = Math.max(0, ...faces);
  if (seen.state !== 'settled') return `${seen.state}: ${seen.line.en}`;
  if (seen.netFen !== amountFen - face)
    return `${amountFen} fen with ${JSON.stringify(holds.map((h) => h.faceYuan))} cost ${seen.netFen} fen (${seen.reason})`;
  return null;
}

/**
 * On a machine that stands still for a second the scanner's line does too, and the counter hears the end of a code without
 * its beginning, or nothing: people hold the phone up again.
 */
async function pay(counter: Counter, order: string, amountFen: number, show: () => string): Promise<SaleSeen> {
  const said = await openAt(counter, order, amountFen);
  if (!said.ok) throw new Error(`order ${order} was refused: ${said.code} (${said.line.en})`);
  const isUnderWay = ({ state }: SaleSeen): boolean => state !== 'opened';
  for (let time = 0; time < TIMES_SHOWN; time += 1) {
    await counter.scanner.scan(show());
    const begun = counter.till.follow(order, isUnderWay, { withinMs: SHOW_AGAIN_MS, what: 'under way' });
    if (await begun.then(isUnderWay, () => false)) break;
  }
  return counter.till.follow(order, ({ state }) => AT_REST.has(state), { withinMs: SALE_MS, what: 'at rest' });
}
