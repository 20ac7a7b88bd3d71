/** Turns a device's message into an operation, after its presentations are checked, or into a rejection with a code. */

import { nameTwice } from '#protocol/config/strict-json.js';
import type { Sha256 } from '#protocol/kernel/crypto.js';
import type { DeviceId } from '#protocol/kernel/ids.js';
import { unreachable } from '#protocol/kernel/machine.js';
import { ok, type Result } from '#protocol/kernel/result.js';
import { exactly, type WallMs } from '#protocol/kernel/time.js';
import { type MessageFault, parseUp } from '#protocol/messages/index.js';
import type { AuthoriseMessage, RecordsMessage } from '#protocol/messages/up.js';
import { type JournalRecord, recordSchema } from '#protocol/records/record.js';
import type { AuthoriseOp, CheckedPresentation, Op, RecordsOp } from '../../ports/ledger.js';
import type { PresentationJob, Verdict } from '../../ports/verifier.js';
import type { PaymentCodes } from '../payment-codes.js';

export interface Admitted {
  /** The request's id. */
  readonly id: string;
  /** Number of journal records in it. */
  readonly records: number;
  /** The presentations to verify before `op` can be made. */
  readonly jobs: readonly PresentationJob[];
  op(verdicts: readonly Verdict[]): Op;
}

export function admit(options: {
  readonly device: DeviceId;
  readonly payload: Uint8Array;
  readonly now: WallMs;
  readonly sha256: Sha256;
  readonly paymentCodes: PaymentCodes;
}): Result<Admitted, MessageFault> {
  const { device, payload } = options;
  const parsed = parseUp(payload);
  if (!parsed.ok) return parsed;
  const message = parsed.value;
  switch (message.type) {
    case 'hello':
      return ok({
        id: message.id,
        records: 0,
        jobs: [],
        op: () => ({ kind: 'hello', device, id: message.id, head: message.head }),
      });
    case 'authorise':
      return ok(admitAuthorise(message, options));
    case 'records':
      return ok(admitRecords(device, message));
    default:
      return unreachable(message);
  }
}

function admitAuthorise(
  message: AuthoriseMessage,
  { device, now, sha256, paymentCodes }: Omit<Parameters<typeof admit>[0], 'payload'>,
): Admitted {
  const { id, sale, order, merchant, amountFen, mode, presented } = message;
  const request = sha256([order, merchant, amountFen, mode, presented.code].join('\n'));
  const op = (shown: CheckedPresentation): AuthoriseOp => ({
    kind: 'authorise',
    device,
    id,
    sale,
    order,
    merchant,
    amountFen,
    mode,
    presented: shown,
    request,
  });
  const { code } = presented;
  if (presented.kind === 'opaque') {
    const shown = paymentCodes.read(code, now);
    return {
      id,
      records: 0,
      jobs: [],
      op: () => op(shown === undefined ? NO_CODE : { kind: 'opaque', code, readCode: shown }),
    };
  }
  return { id, records: 0, jobs: [{ code, at: exactly(now) }], op: ([verdict]) => op(shownOf(verdict, code)) };
}

/** The message's schema admits no such code. */
const NO_CODE: CheckedPresentation = { kind: 'refused', reason: 'code-unknown' };

function shownOf(verdict: Verdict | undefined, evidence: string): CheckedPresentation {
  if (verdict === undefined) return { kind: 'refused', reason: 'presentation-malformed' };
  if (!verdict.ok) return { kind: 'refused', reason: verdict.reason };
  return { kind: 'verified', holder: verdict.holder, nonce: verdict.nonce, evidence };
}

function admitRecords(device: DeviceId, { id, from, prev, bodies }: RecordsMessage): Admitted {
  const records = bodies.map(readRecord);
  const codes = records.flatMap((record) => {
    const by = record?.kind === 'charging' ? record.coupon?.by : undefined;
    return by?.kind === 'offline' ? [by.presentation] : [];
  });
  const op = (verdicts: readonly Verdict[]): RecordsOp => ({
    kind: 'records',
    device,
    id,
    from,
    prev,
    bodies,
    records,
    verdicts: new Map(codes.flatMap((code, at) => pair(code, verdicts[at]))),
  });
  const jobs = codes.map((code) => ({ code, at: undefined }));
  return { id, records: bodies.length, jobs, op };
}

const pair = (code: string, verdict: Verdict | undefined): [string, Verdict][] =>
  verdict === undefined ? [] : [[code, verdict]];

/**
 * Parses a record's body. A body with a duplicate name is ambiguous: our parser would take the last value, SQLite's the
 * first. No counter of ours writes one, so it counts as unreadable: kept in the chain, reported, and not booked.
 */
function readRecord(body: string): JournalRecord | undefined {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return undefined;
  }
  const parsed = recordSchema.safeParse(json);
  return parsed.success && nameTwice(body, json) === undefined ? parsed.data : undefined;
}
