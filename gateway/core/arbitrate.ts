/**
 * A batch of operations, decided one after another in the order in which they came: the outcome of each, and everything
 * that the batch changes. Pure; a ledger loads the view and writes the changes, in one transaction.
 */
import { unreachable } from '#protocol/machine.js';
import type { WallMs } from '#protocol/time.js';
import type { Committed, Op, Outcome } from '../ports/ledger.js';
import { authorise } from './authorise.js';
import type { Changes, View } from './book.js';
import { greet, takeRecords } from './chain.js';
import { claim } from './claim.js';
import { Draft } from './draft.js';
import { alarmOf } from './findings.js';
import { act } from './operator-acts.js';
import type { Rules } from './rules.js';

export interface Arbitration {
  readonly committed: Committed;
  /** undefined: nothing to write. */
  readonly changes: Changes | undefined;
}

export function arbitrate(view: View, rules: Rules, ops: readonly Op[], now: WallMs): Arbitration {
  const draft = new Draft(view);
  // A ledger of release 0.1 has no allowance that was issued before its first commit here.
  if (view.totals.allowancesSince === undefined) draft.putTotals({ allowancesSince: now });
  const outcomes = ops.map((op) => decide(draft, rules, op, now));
  const findings = draft.findings();
  return {
    committed: { outcomes, ...draft.spending(now), alarms: [...draft.alarms, ...findings.map(alarmOf)], findings },
    changes: draft.changes(now, rules.sha256),
  };
}

function decide(draft: Draft, rules: Rules, op: Op, now: WallMs): Outcome {
  switch (op.kind) {
    case 'authorise':
      return authorise(draft, rules, op, now);
    case 'records':
      return takeRecords(draft, rules, op, now);
    case 'hello':
      return greet(draft, rules, op, now);
    case 'act':
      return act(draft, rules, op, now);
    case 'claim':
      return claim(draft, rules, op, now);
    default:
      return unreachable(op);
  }
}
