/**
 * Prevents one order from being split into several payments to use several coupons.
 *
 * After `maxPayments` of a holder at a merchant within `minutes`, the next payment takes no coupon. A payment that may lie
 * within that time counts.
 */
import type { PaymentRule } from './rule.js';

const MINUTE_MS = 60_000;

export const splittingGuardRule: PaymentRule = {
  id: 'splitting-guard',
  evaluate({ campaign: { splitGuard } }, { at, recentPayments }, left) {
    if (splitGuard === null || recentPayments === undefined) return left;
    let recent = 0;
    for (const payment of recentPayments) {
      if (at === 'any-time' || at === undefined || payment > at.earliest - splitGuard.minutes * MINUTE_MS) recent += 1;
    }
    return recent >= splitGuard.maxPayments ? 'split-order' : left;
  },
  examples: [
    {
      sale: 'the fifth in a minute where nobody guards',
      recentPayments: Array(4).fill('2023-03-28 12:00:00'),
      gives: [20, 40, 80],
    },
    { sale: 'the first, guarded', ...guarded(30, 1), recentPayments: [], gives: [20, 40, 80] },
    {
      sale: 'the second after 10 of 30 minutes',
      ...guarded(30, 1),
      recentPayments: ['2023-03-28 11:50:00'],
      gives: 'split-order',
    },
    {
      sale: 'the second after 30 minutes',
      ...guarded(30, 1),
      recentPayments: ['2023-03-28 11:30:00'],
      gives: [20, 40, 80],
    },
    {
      sale: 'the second where two are allowed',
      ...guarded(30, 2),
      recentPayments: ['2023-03-28 11:50:00'],
      gives: [20, 40, 80],
    },
    {
      sale: 'the third where two are allowed',
      ...guarded(30, 2),
      recentPayments: ['2023-03-28 11:50:00', '2023-03-28 11:55:00'],
      gives: 'split-order',
    },
    {
      sale: 'after 29 to 31 minutes by a clock that is not sure',
      ...guarded(30, 1),
      at: ['2023-03-28 11:59:00', '2023-03-28 12:01:00'],
      recentPayments: ['2023-03-28 11:30:00'],
      gives: 'split-order',
    },
    {
      sale: 'after hours, where no time counts',
      ...guarded(30, 1),
      at: 'any-time',
      recentPayments: ['2023-03-28 09:00:00'],
      gives: 'split-order',
    },
  ],
};

function guarded(minutes: number, maxPayments: number) {
  return { campaign: { splitGuard: { minutes, maxPayments } } };
}
