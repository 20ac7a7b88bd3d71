/**
 * Issues coupons: first come, first served, tier by tier, until a tier or the budget is exhausted.
 *
 * Each person gets at most the campaign's number of a tier. The campaign says whether two claims are one person's when any,
 * or only when all, of the identifiers match. A phone's key counts as a person too, so that an old wallet can't collect for
 * new names.
 *
 * Each claim here is signed by its key and has identifiers proved to be the claimant's (`ports/identity-proofs.ts`). An
 * unproved claim never gets here, so it takes nothing and blocks nobody.
 */
import { agreement, isSamePerson } from '#protocol/campaign/claim-rules.js';
import type { CouponSerial, HolderId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { ClaimedTier, ClaimOp, Outcome } from '../../ports/ledger.js';
import type { BatchOverlay } from '../book/batch-overlay.js';
import type { Holder, Identity } from '../book/book.js';
import type { Rules } from './rules.js';

export function issueCoupons(overlay: BatchOverlay, rules: Rules, op: ClaimOp, now: WallMs): Outcome {
  const wanted = [...new Set(op.tiers)];
  const isOfAnother = belongsToAnother(overlay, op);
  const refused = rules.claimRefusal(now) ?? (isOfAnother ? 'wallet-of-another' : undefined);
  const tiers = wanted.map((tier): ClaimedTier => {
    if (refused !== undefined) return { tier, serial: null, reason: refused };
    return claimTier(overlay, rules, op, tier);
  });
  if (isOfAnother) return { kind: 'claimed', holder: null, number: null, tiers, serials: [] };
  const holder = numbered(overlay, op);
  return {
    kind: 'claimed',
    holder: holder?.id ?? null,
    number: holder?.number ?? null,
    tiers,
    serials: [...overlay.couponsOf(op.holder)].sort((a, b) => a - b),
  };
}

/** A holder of the earlier release gets a number when their phone asks again; the fixed code then ends. */
function numbered(overlay: BatchOverlay, op: ClaimOp): Holder | undefined {
  const holder = overlay.holder(op.holder);
  if (holder === undefined || holder.number !== undefined) return holder;
  const number = freeNumber(overlay, op);
  if (number === undefined) return holder;
  const { paymentCode: _, ...kept } = holder;
  const after: Holder = { ...kept, number };
  overlay.putHolder(after);
  return after;
}

/** undefined: all are taken, once in 10^12. Such a holder shows coupon codes only. */
const freeNumber = (overlay: BatchOverlay, { numbers }: ClaimOp): Holder['number'] =>
  numbers.find((number) => overlay.holderByCode(number) === undefined);

/** The key is known, and none of its identities matches this person's proved identifiers. */
function belongsToAnother(overlay: BatchOverlay, op: ClaimOp): boolean {
  const known = overlay.holder(op.holder)?.identities;
  return known?.every((identity) => !isKnownTo(op, identity)) ?? false;
}

const isKnownTo = ({ identity, proved }: ClaimOp, known: Identity): boolean =>
  agreement(known, identity).some((kind) => proved.includes(kind));

function claimTier(overlay: BatchOverlay, rules: Rules, op: ClaimOp, id: string): ClaimedTier {
  const { campaign } = rules;
  const at = campaign.tiers.findIndex((candidate) => candidate.id === id);
  const tier = campaign.tiers[at];
  if (tier === undefined) return { tier: id, serial: null, reason: 'unknown-tier' };
  if (heldOf(overlay, rules, op, at) >= campaign.claim.perPersonPerTier) {
    return { tier: id, serial: null, reason: 'already-claimed' };
  }
  const { handedOut, claimedFen } = overlay.totals;
  const given = handedOut[at] ?? 0;
  if (given >= tier.quantity) return { tier: id, serial: null, reason: 'tier-gone' };
  // Issued coupons never exceed the budget, so redemptions can't either.
  if (claimedFen + overlay.totals.conflictFen + tier.faceFen > campaign.budgetFen) {
    return { tier: id, serial: null, reason: 'budget-exhausted' };
  }
  const serial = ((rules.compiled.tiers[at]?.serials.first ?? 0) + given) as CouponSerial;
  overlay.putTotals({
    handedOut: handedOut.map((count, index) => (index === at ? count + 1 : count)),
    claimedFen: fen(claimedFen + tier.faceFen),
  });
  const holder = welcomeHolder(overlay, op);
  overlay.putCoupon({ serial, holder: holder.id, state: 'held', usableFrom: 0 });
  overlay.record({ what: 'claim', serial, holder: holder.id });
  return { tier: id, serial, reason: null };
}

/** The number of coupons of this tier issued to this person, whatever their state. */
function heldOf(overlay: BatchOverlay, rules: Rules, op: ClaimOp, tierAt: number): number {
  let held = 0;
  for (const holder of samePerson(overlay, rules, op)) {
    for (const serial of overlay.couponsOf(holder)) if (rules.tierIndexOf(serial) === tierAt) held += 1;
  }
  return held;
}

function samePerson(overlay: BatchOverlay, rules: Rules, op: ClaimOp): ReadonlySet<HolderId> {
  const { claim: rule } = rules.campaign;
  const people = new Set<HolderId>(overlay.holder(op.holder) === undefined ? [] : [op.holder]);
  for (const kind of rule.identifiers) {
    for (const id of overlay.holdersWith(kind, op.identity[kind])) {
      const identities = overlay.holder(id)?.identities ?? [];
      if (identities.some((known) => isSamePerson(rule, agreement(known, op.identity)))) people.add(id);
    }
  }
  return people;
}

function welcomeHolder(overlay: BatchOverlay, op: ClaimOp): Holder {
  const known = overlay.holder(op.holder);
  if (known?.identities.some((identity) => isEqual(identity, op.identity))) return known;
  const number = known === undefined ? freeNumber(overlay, op) : undefined;
  const holder: Holder =
    known === undefined
      ? { id: op.holder, ...(number && { number }), identities: [op.identity], counter: -1, counterSale: null }
      : { ...known, identities: [...known.identities, op.identity] };
  overlay.putHolder(holder);
  if (known === undefined) overlay.putTotals({ holders: overlay.totals.holders + 1 });
  return holder;
}

const isEqual = (a: Identity, b: Identity): boolean =>
  a.phone === b.phone && a.idCard === b.idCard && a.device === b.device;
