/**
 * Applies an operator's act to the book.
 *
 * Acts are decided in the same batches as the counters' records, once each: a repeated act gets the same answer. An act's
 * postings sum to zero, come out of suspense, and never exceed the coupon's face.
 *
 * | act | coupon | money |
 * |---|---|---|
 * | `release` | the holder's again | none; the sale counts as not charged |
 * | `free` | the holder's again | none; the sale stays as it is |
 * | `decide paid` | used by this sale; where another was first, a conflict | suspense back, the bearer pays the face |
 * | `decide not-paid` | the holder's again, if this sale holds it | all that was booked goes back |
 * | `decide write-off` | the holder's again, if this sale holds it | suspense back, the bank pays the face |
 * | `unfork` | – | the device's journal counts again from a place where both agree |
 * | `close` | – | – |
 * | `confirm` | – | none; says which sales the acquirer knows |
 * | `assign`, `disown` | – | none; says whose a card payment is (`card-payments.ts`) |
 */
import type { Tier } from '#protocol/campaign/schema.js';
import type { MerchantId } from '#protocol/kernel/ids.js';
import { unreachable } from '#protocol/kernel/machine.js';
import { type Fen, fen } from '#protocol/kernel/money.js';
import { err, ok, type Result } from '#protocol/kernel/result.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { ActOp, Outcome } from '../../ports/ledger.js';
import { isOf } from '../book/accounts.js';
import type {
  ActRefusal,
  ActResult,
  Assign,
  Close,
  Confirm,
  Confirmation,
  ConfirmedPayment,
  Decide,
  Disown,
  Free,
  Release,
  Unfork,
} from '../book/acts.js';
import type { BatchOverlay } from '../book/batch-overlay.js';
import { type CardReference, type Coupon, type Decision, type Leg, type SaleEntry, saleKey } from '../book/book.js';
import { freeCoupon, restoreCoupon, useCoupon } from '../book/coupons.js';
import {
  type AllowedAct,
  actsOnSale,
  type CaseState,
  forkCaseId,
  isReferenceCase,
  saleCaseId,
  subjectOf,
} from '../report/cases.js';
import { rejoin } from './chain.js';
import { rememberBorne, wasBorne, wasTakenHere } from './paid-once.js';
import { conflictAccount, conflictLegs, merged, redemptionLegs, reversed, writeOffLegs } from './postings.js';
import { decidedInPart, faceLeft } from './refunding.js';
import type { Rules } from './rules.js';

interface Context {
  readonly overlay: BatchOverlay;
  readonly rules: Rules;
  readonly now: WallMs;
  readonly op: ActOp;
}

interface Refusal {
  readonly code: ActRefusal;
  readonly what: string;
}

type Acted = Result<ActResult, Refusal>;

export function act(overlay: BatchOverlay, rules: Rules, op: ActOp, now: WallMs): Outcome {
  const { id, by, why } = op;
  const fingerprint = rules.sha256(JSON.stringify([by, why, op.act]));
  const known = overlay.act(id);
  if (known !== undefined) {
    if (known.fingerprint === fingerprint) return { kind: 'acted', id, again: true, result: known.result };
    const what = `act ${id} was another one: ${known.act} by ${known.by}; give each act an id of its own`;
    return { kind: 'act-refused', code: 'ACT_DIFFERS', what };
  }
  const acted = perform({ overlay, rules, now, op });
  if (!acted.ok) return { kind: 'act-refused', ...acted.fault };
  const result = acted.value;
  overlay.addAct({ id, at: now, by, why, about: aboutOf(op), act: op.act.kind, fingerprint, result });
  overlay.record({ what: `act-${op.act.kind}`, by, detail: `${id}: ${why}`, ...auditSubject(op) });
  return { kind: 'acted', id, again: false, result };
}

function perform(context: Context): Acted {
  const { act: asked } = context.op;
  switch (asked.kind) {
    case 'release':
    case 'free':
      return giveBack(context, asked);
    case 'decide':
      return decide(context, asked);
    case 'unfork':
      return unfork(context, asked);
    case 'close':
      return close(context, asked);
    case 'confirm':
      return confirm(context, asked);
    case 'assign':
    case 'disown':
      return rule(context, asked);
    default:
      return unreachable(asked);
  }
}

function giveBack(context: Context, asked: Release | Free): Acted {
  const found = saleFor(context, asked, asked.kind);
  if (!found.ok) return found;
  const { overlay } = context;
  const sale = found.value;
  const coupon = heldBy(overlay, sale);
  if (coupon === undefined) return notAllowed(`this sale holds no coupon: there is nothing to give back`);
  freeCoupon(overlay, sale, asked.kind);
  const state = asked.kind === 'release' ? 'not-charged' : sale.state;
  overlay.putSale(decided({ ...sale, state }, context, { kind: asked.kind }));
  return ok({ kind: 'coupon-freed', serial: coupon.serial });
}

function decide(context: Context, asked: Decide): Acted {
  const { verdict } = asked;
  const found = saleFor(context, asked, `decide ${verdict}`);
  if (!found.ok) return found;
  const { overlay } = context;
  const before = found.value;
  const moved = movedBy(context, before, verdict);
  if (!moved.ok) return moved;
  const { legs, booking, faceFen, conflictFen } = moved.value;
  const coupon = before.serial === null ? undefined : overlay.coupon(before.serial);
  if (booking === 'kept' && coupon !== undefined) useCoupon(overlay, coupon, before);
  else giveCouponBack(context, before, verdict);
  if (booking === 'conflict' && coupon !== undefined && !wasBorne(before))
    rememberBorne(overlay, coupon, before.device);
  const set = merged([...reversed(before.legs), ...legs]);
  if (set.length > 0) overlay.addPostings({ kind: 'decision', sale: before.key, legs: set });
  const changeFen = conflictFen - borneBySponsor(before.legs);
  if (changeFen !== 0) overlay.putTotals({ conflictFen: fen(overlay.totals.conflictFen + changeFen) });
  const isOpen = before.state === 'charging' || before.state === 'unknown';
  const sale: SaleEntry = {
    ...before,
    booking,
    legs,
    faceFen,
    ...decidedInPart(before),
    holder: booking === 'kept' && coupon !== undefined ? coupon.holder : before.holder,
    merchant: legs.length > 0 ? (merchantFor(context, before) ?? null) : before.merchant,
    state: isOpen ? (verdict === 'not-paid' ? 'not-charged' : 'settled') : before.state,
    ...(asked.rrn !== undefined && { reference: renamed(before.reference, asked.rrn) }),
  };
  overlay.putSale(decided(sale, context, { kind: 'decide', verdict }));
  return ok({ kind: 'decided', verdict, movedFen: faceFen, booking });
}

/** The reference by the acquirer's statement. A ruling about another payment doesn't apply to this one. */
function renamed({ auth = '', last4 = '', ...of }: Partial<CardReference> = {}, rrn: string): CardReference {
  return { rrn, auth, last4, ...(of.rrn === rrn && of.ruling !== undefined && { ruling: of.ruling }) };
}

/** Returns the coupon that the sale holds or has used to its holder; after a partial refund it stays used. */
function giveCouponBack({ overlay, now }: Context, before: SaleEntry, verdict: Decide['verdict']): void {
  const coupon = before.serial === null ? undefined : overlay.coupon(before.serial);
  const isItsOwn = coupon?.state === 'used' && coupon.sale === before.key;
  if (isItsOwn && before.state === 'settled') restoreCoupon(overlay, coupon, before, now);
  else freeCoupon(overlay, before, verdict);
}

interface Moved {
  readonly legs: readonly Leg[];
  readonly booking: SaleEntry['booking'];
  readonly faceFen: Fen;
  /** The part of these that the sponsors bear beyond their coupons. */
  readonly conflictFen: number;
}

const NOTHING_MOVED: Moved = { legs: [], booking: 'none', faceFen: fen(0), conflictFen: 0 };

function movedBy(context: Context, sale: SaleEntry, verdict: Decide['verdict']): Result<Moved, Refusal> {
  if (verdict === 'not-paid') return ok(NOTHING_MOVED);
  const { rules } = context;
  const tier = sale.serial === null ? undefined : rules.tierOf(sale.serial);
  const coupon = sale.serial === null ? undefined : context.overlay.coupon(sale.serial);
  const merchant = merchantFor(context, sale);
  if (tier === undefined || coupon === undefined)
    return notAllowed('there is no such coupon, so nobody can pay its face: decide not-paid, or close');
  if (merchant === undefined)
    return notAllowed(
      `the device has no merchant of this campaign to pay: give it one in the device list, or decide not-paid`,
    );
  const faceFen = faceLeft(rules, sale, fen(Math.min(tier.faceFen, sale.faceFen)));
  if (faceFen === 0) return notAllowed('nothing was taken off: decide not-paid, or close');
  if (verdict === 'write-off') {
    return ok({ legs: writeOffLegs(merchant, faceFen), booking: 'none', faceFen, conflictFen: 0 });
  }
  return paid(context, { sale, tier, coupon, merchant, faceFen });
}

function paid(
  { overlay, rules, now }: Context,
  of: {
    readonly sale: SaleEntry;
    readonly tier: Tier;
    readonly coupon: Coupon;
    readonly merchant: MerchantId;
    readonly faceFen: Fen;
  },
): Result<Moved, Refusal> {
  const { sale, tier, coupon, merchant, faceFen } = of;
  const { campaign } = rules;
  if (coupon.state === 'used' && coupon.sale !== sale.key) {
    if (!wasBorne(sale) && wasTakenHere(overlay, coupon, sale.device))
      return notAllowed('this counter has been paid for the coupon already: decide write-off or not-paid');
    const committedFen = overlay.totals.claimedFen + overlay.totals.conflictFen;
    const bearer = conflictAccount({ campaign, merchant, borne: faceFen, committedFen });
    if (bearer === 'conflict:beyond-budget') {
      const what =
        'another sale has used the coupon, and the budget has no room for a second: decide write-off or not-paid';
      return err({ code: 'ACT_BEYOND_BUDGET', what });
    }
    const conflictFen = bearer === 'conflict:sponsor' ? faceFen : 0;
    return ok({ legs: conflictLegs(merchant, faceFen, bearer), booking: 'conflict', faceFen, conflictFen });
  }
  const isElsewhere = coupon.state === 'reserved' && coupon.sale !== sale.key;
  if (isElsewhere && (coupon.leaseEnds === null || coupon.leaseEnds > now))
    return notAllowed('another sale holds the coupon: wait for its end, or decide write-off or not-paid');
  return ok({
    legs: redemptionLegs(campaign, merchant, tier.faceFen, faceFen),
    booking: 'kept',
    faceFen,
    conflictFen: 0,
  });
}

/** The device's own merchant; a record's merchant counts only if the bank named none and the campaign lists it. */
function merchantFor({ rules }: Context, { device, merchant }: SaleEntry): MerchantId | undefined {
  const of = rules.merchantOf(device) ?? merchant ?? undefined;
  return of !== undefined && rules.isListed(of) ? of : undefined;
}

const borneBySponsor = (legs: readonly Leg[]): number =>
  -legs.reduce((sum, { account, fen: moved }) => sum + (isOf(account, 'conflict-sponsor') ? moved : 0), 0);

function unfork({ overlay, rules }: Context, { device, seq, hash }: Unfork): Acted {
  const chain = overlay.device(device);
  if (chain === undefined) return unknownCase(`no record was ever received from ${device}`);
  if (chain.fork === null && seq === undefined)
    return notAllowed(`${device} is not forked; to take its journal anew from a place, name it as seq`);
  const joined = rejoin(overlay, rules, chain, { seq: seq ?? chain.seq, hash });
  if (typeof joined === 'string') return notAllowed(joined);
  overlay.putDevice(joined);
  return ok({ kind: 'unforked', seq: joined.seq, hash: joined.hash });
}

function close(context: Context, { about }: Close): Acted {
  const { overlay } = context;
  const subject = subjectOf(about);
  if (subject.sale !== undefined) {
    const found = saleFor(context, subject, 'close');
    if (!found.ok) return found;
    overlay.putSale(decided(found.value, context, { kind: 'close' }));
    return ok({ kind: 'closed' });
  }
  if (subject.device !== undefined) {
    const isForked = (overlay.device(subject.device)?.fork ?? null) !== null;
    return isForked ? ok({ kind: 'closed' }) : unknownCase(`${subject.device} is not forked`);
  }
  // Only the sales of the whole book show whether it is a case; closing one that isn't does nothing.
  return isReferenceCase(about) ? ok({ kind: 'closed' }) : unknownCase(`there is no case ${about}`);
}

function confirm({ overlay, rules, op }: Context, { references }: Confirm): Acted {
  // A merchant or device by another register's numbers would never match a sale, and a binding is permanent.
  for (const { rrn, merchant, device } of references) {
    if (merchant !== undefined && !rules.isListed(merchant))
      return notAllowed(
        `${rrn}: this campaign has no merchant ${merchant}; write its id of the campaign, or leave the line out`,
      );
    if (device !== undefined && !rules.isEnrolled(device))
      return notAllowed(
        `${rrn}: there is no device ${device}; write its id of the device list, or leave the column empty`,
      );
  }
  let [confirmed, already] = [0, 0];
  const differs: string[] = [];
  for (const said of references) {
    const known = overlay.confirmation(said.rrn);
    const both = known === undefined ? said : { ...said, ...known };
    // A later file may name a payment's owner if an earlier one didn't; it can't change an owner.
    const agrees = (['netFen', 'merchant', 'device'] as const).every(
      (name) => (said[name] ?? both[name]) === both[name],
    );
    const isNews = known === undefined || isMore(said, known);
    if (!agrees) differs.push(said.rrn);
    else if (isNews) {
      overlay.addConfirmation({ ...both, act: op.id });
      confirmed += 1;
    } else already += 1;
  }
  return ok({ kind: 'confirmed', confirmed, already, differs });
}

const isMore = (said: ConfirmedPayment, known: Confirmation): boolean =>
  (said.merchant !== undefined && known.merchant === undefined) ||
  (said.device !== undefined && known.device === undefined);

function rule({ overlay, op, now }: Context, { kind, device, sale }: Assign | Disown): Acted {
  const known = overlay.sale(saleKey(device, sale));
  if (known === undefined) return unknownCase(`no sale ${sale} of ${device} is known`);
  const { reference } = known;
  if (reference === undefined) return notAllowed('the sale names no card payment: decide it with --rrn, or close');
  const ruled = kind === 'assign' ? 'assigned' : 'disowned';
  const ruling = { kind: ruled, act: op.id, by: op.by, why: op.why, at: now } as const;
  overlay.putSale({ ...known, reference: { ...reference, ruling } });
  return ok({ kind: ruled, rrn: reference.rrn });
}

/** The sale, if this act is allowed for it. */
function saleFor(
  context: Context,
  { device, sale }: Pick<SaleEntry, 'device' | 'sale'>,
  wanted: AllowedAct,
): Result<SaleEntry, Refusal> {
  const known = context.overlay.sale(saleKey(device, sale));
  if (known === undefined) return unknownCase(`no sale ${sale} of ${device} is known`);
  const allowed = actsOnSale(known, caseState(context));
  if (allowed.includes(wanted)) return ok(known);
  if (allowed.length > 0) return notAllowed(`allowed for this sale: ${allowed.join(', ')}`);
  const { state, booking } = known;
  return notAllowed(`the sale is ${state} and booked as ${booking}, which is no open case`);
}

const caseState = ({ rules, now }: Context): CaseState => ({ now, isEnrolled: rules.isEnrolled });

function heldBy(overlay: BatchOverlay, { key, serial }: SaleEntry): Coupon | undefined {
  const coupon = serial === null ? undefined : overlay.coupon(serial);
  return coupon?.state === 'reserved' && coupon.sale === key ? coupon : undefined;
}

function decided(sale: SaleEntry, { op, now }: Context, of: Pick<Decision, 'kind' | 'verdict'>): SaleEntry {
  const decision: Decision = { act: op.id, by: op.by, why: op.why, at: now, ...of };
  return { ...sale, decisions: [...(sale.decisions ?? []), decision] };
}

function aboutOf({ act: asked }: ActOp): string | null {
  switch (asked.kind) {
    case 'release':
    case 'free':
    case 'decide':
      return saleCaseId(asked);
    case 'unfork':
      return forkCaseId(asked.device);
    case 'close':
      return asked.about;
    case 'assign':
    case 'disown':
      return saleCaseId(asked);
    case 'confirm':
      return null;
    default:
      return unreachable(asked);
  }
}

function auditSubject({ act: asked }: ActOp): Partial<Pick<SaleEntry, 'device' | 'sale'>> {
  switch (asked.kind) {
    case 'release':
    case 'free':
    case 'decide':
    case 'assign':
    case 'disown':
      return { device: asked.device, sale: asked.sale };
    case 'unfork':
      return { device: asked.device };
    case 'close':
      return saleOrDevice(asked.about);
    case 'confirm':
      return {};
    default:
      return unreachable(asked);
  }
}

function saleOrDevice(about: string): Partial<Pick<SaleEntry, 'device' | 'sale'>> {
  const { device, sale } = subjectOf(about);
  return { ...(device !== undefined && { device }), ...(sale !== undefined && { sale }) };
}

const notAllowed = (what: string): Result<never, Refusal> => err({ code: 'ACT_NOT_ALLOWED', what });
const unknownCase = (what: string): Result<never, Refusal> => err({ code: 'CASE_UNKNOWN', what });
