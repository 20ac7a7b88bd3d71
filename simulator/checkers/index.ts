/** The checkers that there are. A new one: its file, and a line here. */
import { allowanceKept } from './allowance.js';
import type { Checker } from './books.js';
import { chargedIffConsumed } from './charged-iff-consumed.js';
import { claimsFair } from './claims.js';
import { doubleEntry } from './double-entry.js';
import { honestMoney } from './honest-money.js';
import { leaseHolds } from './lease.js';
import { nothingLost } from './nothing-lost.js';
import { oncePerCoupon } from './once-per-coupon.js';
import { prompt } from './prompt.js';
import { receiptsTrue } from './receipts.js';
import { settledInTheEnd } from './settled-in-the-end.js';
import { trueTime } from './true-time.js';
import { voiceOnce } from './voice.js';
import { writeAhead } from './write-ahead.js';

export const CHECKERS: readonly Checker[] = [
  writeAhead,
  oncePerCoupon,
  chargedIffConsumed,
  leaseHolds,
  allowanceKept,
  trueTime,
  nothingLost,
  doubleEntry,
  claimsFair,
  receiptsTrue,
  voiceOnce,
  settledInTheEnd,
  honestMoney,
  prompt,
];
