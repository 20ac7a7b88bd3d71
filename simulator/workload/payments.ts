/** How people pay, and what banks make of it. Drawn for each visit. */
import type { Payment } from '../hardware/readers/bank.js';
import type { Chance } from '../world/parts/random.js';

/** Times in ms: nobody has the card out before the amount shows, and some look for it until the reader gives up. */
const CARD = { from: 700, to: 15_000 } as const;
const SLOW_CARD = { from: 30_000, to: 58_000 } as const;
const BANK = { from: 200, to: 4_000 } as const;

/** `trouble`: 0 everybody pays, 1 the usual troubles of a shopping street. */
export function drawPayment(chance: Chance, trouble: number): Payment {
  const slow = chance.happens(0.08 * trouble) ? SLOW_CARD : CARD;
  const cardMs = chance.between(slow.from, slow.to);
  const bankMs = chance.between(BANK.from, BANK.to);
  const draw = chance.next();
  if (draw > 0.24 * trouble) return { kind: 'approve', cardMs, bankMs };
  if (draw > 0.18 * trouble) return { kind: 'decline', cardMs, bankMs };
  if (draw > 0.14 * trouble) return { kind: 'cancel', afterMs: cardMs };
  if (draw > 0.12 * trouble) return { kind: 'walk-away' };
  if (draw > 0.1 * trouble) return { kind: 'card-error', afterMs: cardMs };
  const moved = chance.happens(0.6);
  const resolves = chance.happens(0.7);
  return {
    kind: 'bank-silent',
    moved,
    cardMs,
    giveUpMs: chance.between(3_000, 20_000),
    ...(resolves ? { resolvesAfterMs: chance.between(2_000, 300_000) } : {}),
  };
}
