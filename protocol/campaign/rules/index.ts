/**
 * The rules in order of precedence: the first that refuses gives the reason.
 *
 * A new rule is a file in this folder and a line here; `rules.test.ts` runs its examples.
 */
import { claimOpeningRule } from './claim-opening.js';
import { couponHeldRule } from './coupon-held.js';
import { geofenceRule } from './geofence.js';
import { identityRule } from './identity.js';
import { knownTierRule } from './known-tier.js';
import { largestFaceRule } from './largest-face.js';
import { merchantListRule } from './merchant-list.js';
import { oncePerTierRule } from './once-per-tier.js';
import { oneAPaymentRule } from './one-a-payment.js';
import { plateCapRule } from './plate-cap.js';
import { presentationModeRule } from './presentation-mode.js';
import type { ClaimRule, PaymentRule } from './rule.js';
import { splittingGuardRule } from './splitting-guard.js';
import { thresholdRule } from './threshold.js';
import { windowRule } from './window.js';

export const PAYMENT_RULES: readonly PaymentRule[] = [
  windowRule,
  merchantListRule,
  couponHeldRule,
  presentationModeRule,
  thresholdRule,
  largestFaceRule,
  oneAPaymentRule,
  plateCapRule,
  splittingGuardRule,
];

/** The ledger checks stock and budget after these, because only the ledger knows them. */
export const CLAIM_RULES: readonly ClaimRule[] = [
  claimOpeningRule,
  knownTierRule,
  identityRule,
  geofenceRule,
  oncePerTierRule,
];

/** Not a payment or claim rule: what a refund does to coupon and money. */
export { refundOutcome } from './refund.js';
