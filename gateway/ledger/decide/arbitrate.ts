/**
 * Decides a batch of operations, one after another in order of arrival: each outcome, and all changes of the batch.
 *
 * Pure; a ledger loads the view and writes the changes in one transaction.
 */
import { unreachable } from '#protocol/kernel/machine.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { Committed, Op, Outcome } from '../../ports/ledger.js';
import { BatchOverlay } from '../book/batch-overlay.js';
import type { Changes, View } from '../book/book.js';
import { alertOf } from '../report/findings.js';
import { authorise } from './authorise.js';
import { acceptRecords, greet } from './chain.js';
import { issueCoupons } from './issue-coupons.js';
import { act } from './operator-acts.js';
import type { Rules } from './rules.js';

export interface Arbitration {
  readonly committed: Committed;
  /** undefined: nothing to write. */
  readonly changes: Changes | undefined;
}

export function arbitrate(view: View, rules: Rules, ops: readonly Op[], now: WallMs): Arbitration {
  const overlay = new BatchOverlay(view);
  // In a ledger of release 0.1 no allowance was issued before its first commit here.
  if (view.totals.allowancesSince === undefined) overlay.putTotals({ allowancesSince: now });
  const outcomes = ops.map((op) => decide(overlay, rules, op, now));
  const findings = overlay.findings();
  return {
    committed: { outcomes, ...overlay.spending(now), alerts: [...overlay.alerts, ...findings.map(alertOf)], findings },
    changes: overlay.changes(now, rules.sha256),
  };
}

function decide(overlay: BatchOverlay, rules: Rules, op: Op, now: WallMs): Outcome {
  switch (op.kind) {
    case 'authorise':
      return authorise(overlay, rules, op, now);
    case 'records':
      return acceptRecords(overlay, rules, op, now);
    case 'hello':
      return greet(overlay, rules, op, now);
    case 'act':
      return act(overlay, rules, op, now);
    case 'claim':
      return issueCoupons(overlay, rules, op, now);
    default:
      return unreachable(op);
  }
}
