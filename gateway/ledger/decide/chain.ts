/**
 * Accepts a device's records: in order, once each, and verified by the hash chain.
 *
 * | arrival | result |
 * |---|---|
 * | the next records | kept, applied, acknowledged |
 * | known records, unchanged | acknowledged again |
 * | both | the old ones are compared, the new ones kept |
 * | records past a gap | nothing; `have` says from where to send again |
 * | another hash for a known seq | fork: the device is stopped, both copies are kept |
 * | a head that no journal can have | refused with a code, and nothing changes |
 *
 * A record that this version can't read is kept like any other: the chain stays unbroken, and a person examines it.
 */
import type { DeviceId } from '#protocol/kernel/ids.js';
import type { WallMs } from '#protocol/kernel/time.js';
import { type ChainHead, EMPTY_CHAIN, extend } from '#protocol/records/chain.js';
import type { JournalRecord } from '#protocol/records/record.js';
import type { HelloOp, Outcome, RecordsOp } from '../../ports/ledger.js';
import type { BatchOverlay } from '../book/batch-overlay.js';
import { type DeviceChain, journalOf, saleKey, type View } from '../book/book.js';
import { renewAllowance } from './allowances.js';
import { isOverPace } from './pace.js';
import { offerOf } from './proof/proof.js';
import { newestWith } from './proof/record-time.js';
import { applyRecord } from './redeem.js';
import type { Rules } from './rules.js';

/** Conflicting messages kept per device: enough as proof, too few to fill a disk. */
const MAX_FORK_EVIDENCE = 20;

/** A shop writes 2,000 records a day: no journal gets there in a thousand years. */
const MAX_SEQ = 1_000_000_000;

/**
 * Before its first record every journal has the same hash. A device that reports another one is in error, whatever the
 * cause; treating it as a fork would stop a counter that has written nothing wrong.
 */
const isImpossible = ({ seq, hash }: ChainHead): boolean => seq > MAX_SEQ || (seq === 0 && hash !== EMPTY_CHAIN.hash);

const IMPOSSIBLE: Outcome = {
  kind: 'rejected',
  code: 'HEAD_IMPOSSIBLE',
  what: `before record 1 the hash is ${EMPTY_CHAIN.hash.slice(0, 8)}..., and no journal has ${MAX_SEQ} records`,
};

export function acceptRecords(overlay: BatchOverlay, rules: Rules, op: RecordsOp, now: WallMs): Outcome {
  const last = op.from + op.bodies.length - 1;
  if (isImpossible({ seq: op.from - 1, hash: op.prev }) || last > MAX_SEQ) return IMPOSSIBLE;
  const mine = chainOf(overlay, op.device);
  if (mine.fork !== null) {
    keepForkEvidence(overlay, mine, op, now);
    return { kind: 'forked', seq: mine.fork.seq, mine: mine.fork.hash };
  }
  if (op.from > mine.seq + 1) return have(mine);
  const overlap = Math.min(last, mine.seq) - op.from + 1;
  // Before a restart by a person there is nothing of ours to compare with.
  if (mine.base !== undefined && last < mine.base.seq) return have(mine);
  const theirs = extend(rules.sha256, { seq: op.from - 1, hash: op.prev }, op.bodies.slice(0, overlap));
  const ours = hashAt(overlay, rules, mine, theirs.seq);
  if (theirs.hash !== ours) {
    const forked = { ...mine, fork: { seq: theirs.seq, hash: ours }, forkedAt: now };
    overlay.putDevice(forked);
    overlay.record({ what: 'fork', device: op.device, detail: theirs.seq });
    keepForkEvidence(overlay, forked, op, now);
    return { kind: 'forked', seq: theirs.seq, mine: ours };
  }
  const fresh = op.bodies.slice(overlap);
  if (fresh.length === 0) return have(mine);
  const head = extend(rules.sha256, theirs, fresh);
  overlay.addChunk({
    device: journalOf(mine),
    first: theirs.seq + 1,
    last,
    prev: theirs.hash,
    hash: head.hash,
    bodies: fresh,
  });
  overlay.putDevice({ ...mine, seq: head.seq, hash: head.hash });
  let { newestAt } = mine;
  const unreadable: number[] = [];
  for (let at = overlap; at < op.bodies.length; at++) {
    const record = op.records[at];
    if (record !== undefined) {
      const answeredAt = answeredAtOf(overlay, rules, op.device, record);
      applyRecord({ overlay, rules, now, device: op.device, verdicts: op.verdicts, newestAt }, record);
      newestAt = newestWith(record, newestAt, { now, answeredAt });
    } else {
      overlay.record({ what: 'unreadable-record', device: op.device, detail: op.from + at });
      unreadable.push(op.from + at);
    }
  }
  if (newestAt !== undefined && newestAt !== mine.newestAt)
    overlay.putDevice({ ...chainOf(overlay, op.device), newestAt });
  return unreadable.length === 0 ? have(head) : { kind: 'have', head, unreadable };
}

/** When the gateway reserved the coupon that this record charges with; undefined: it is no such record, or nobody knows. */
function answeredAtOf(
  overlay: BatchOverlay,
  rules: Rules,
  device: DeviceId,
  record: JournalRecord,
): number | undefined {
  if (record.kind !== 'charging' || record.coupon?.by.kind !== 'reservation') return undefined;
  const sale = overlay.sale(saleKey(device, record.sale));
  return sale === undefined ? undefined : offerOf(rules, sale, record.coupon.serial)?.at;
}

/**
 * Handles a device's hello with its journal's head. A head that contradicts ours is a fork. A head behind ours may be an
 * older copy of the file, or an old hello that arrives late or twice: the answer is our head. A device with fewer records
 * concludes from it that it was rolled back, and stops; if it continues nevertheless, it forks with its next record.
 */
export function greet(overlay: BatchOverlay, rules: Rules, op: HelloOp, now: WallMs): Outcome {
  if (isImpossible(op.head)) return IMPOSSIBLE;
  const mine = chainOf(overlay, op.device);
  if (mine.fork !== null) return { kind: 'forked', seq: mine.fork.seq, mine: mine.fork.hash };
  if (op.head.seq > mine.seq || op.head.seq < (mine.base?.seq ?? 0)) return welcome(mine, false);
  const ours = hashAt(overlay, rules, mine, op.head.seq);
  if (ours === op.head.hash)
    return op.head.seq === mine.seq ? inSync(overlay, rules, { mine, now }) : welcome(mine, false);
  overlay.putDevice({ ...mine, fork: { seq: op.head.seq, hash: ours }, forkedAt: now });
  overlay.record({ what: 'fork', device: op.device, detail: op.head.seq });
  overlay.addEvidence({
    kind: 'fork',
    device: op.device,
    at: now,
    detail: { hello: op.head, have: { seq: op.head.seq, hash: ours } },
  });
  return { kind: 'forked', seq: op.head.seq, mine: ours };
}

/** Nothing of the device is outstanding: it gets a new allowance, unless it takes coupons too fast. */
function inSync(
  overlay: BatchOverlay,
  rules: Rules,
  { mine, now }: { readonly mine: DeviceChain; readonly now: WallMs },
): Outcome {
  const renewed = isOverPace(overlay, rules, mine.device, now) ? undefined : renewAllowance(mine, rules, now);
  const chain = renewed?.chain ?? mine;
  // A hello that changes nothing needs no commit.
  if (chain !== mine) overlay.putDevice(chain);
  return { ...welcome(mine, true), ...(renewed !== undefined && { allowance: renewed.allowance }) };
}

/**
 * Restarts the device's journal at `from`: our copy of the rest is kept under its old name, and the device sends its own. A
 * text is the reason for a refusal.
 */
export function rejoin(
  overlay: BatchOverlay,
  rules: Rules,
  mine: DeviceChain,
  from: { readonly seq: number; readonly hash: string | undefined },
): DeviceChain | string {
  const base = mine.base?.seq ?? 0;
  if (from.seq > mine.seq || from.seq < base)
    return `our copy of this journal covers ${base} to ${mine.seq}: choose a place in it`;
  const hash = hashAt(overlay, rules, mine, from.seq);
  if (from.hash !== undefined && from.hash !== hash)
    return `our copy has another hash at ${from.seq}: ${hash}; choose a place where both copies agree`;
  // Its own records from there on may be older than ours.
  const { forkedAt: _, newestAt: _newest, ...chain } = mine;
  if (from.seq === mine.seq) return { ...chain, fork: null };
  const head = { seq: from.seq, hash };
  const journals = (mine.journals ?? 0) + 1;
  const { device, allowances } = mine;
  const goesOn = { device, ...head, fork: null, forkEvidence: 0, journals, base: head };
  return allowances === undefined ? goesOn : { ...goesOn, allowances };
}

const chainOf = (view: View, device: DeviceId): DeviceChain =>
  view.device(device) ?? { device, ...EMPTY_CHAIN, fork: null, forkEvidence: 0 };

/** Our own hash at a seq that we have; the start of the chain for 0. */
function hashAt(view: View, rules: Rules, mine: DeviceChain, seq: number): string {
  if (seq === mine.seq) return mine.hash;
  if (seq === mine.base?.seq) return mine.base.hash;
  if (seq === 0) return EMPTY_CHAIN.hash;
  const chunk = view.chunkAt(journalOf(mine), seq);
  if (chunk === undefined) throw new Error(`the records of ${mine.device} at ${seq} were not loaded`);
  return extend(rules.sha256, { seq: chunk.first - 1, hash: chunk.prev }, chunk.bodies.slice(0, seq - chunk.first + 1))
    .hash;
}

function keepForkEvidence(overlay: BatchOverlay, chain: DeviceChain, op: RecordsOp, now: WallMs): void {
  if (chain.forkEvidence >= MAX_FORK_EVIDENCE) return;
  overlay.putDevice({ ...chain, forkEvidence: chain.forkEvidence + 1 });
  const { from, prev, bodies } = op;
  overlay.addEvidence({ kind: 'fork', device: op.device, at: now, detail: { from, prev, bodies, mine: chain.fork } });
}

const have = ({ seq, hash }: ChainHead): Outcome => ({ kind: 'have', head: { seq, hash } });
const welcome = ({ seq, hash }: ChainHead, isInSync: boolean): Extract<Outcome, { kind: 'welcome' }> => ({
  kind: 'welcome',
  head: { seq, hash },
  isInSync,
});
