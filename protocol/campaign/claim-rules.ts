/**
 * Decides whether this person may claim a coupon of this tier. The first rule that refuses gives the reason; the ledger
 * checks stock and budget.
 */
import type { ReasonCode } from '../faults/reasons.js';
import type { CompiledCampaign } from './compiled.js';
import { CLAIM_RULES } from './rules/index.js';
import type { ClaimAsk } from './rules/rule.js';

export { normalIdCard, normalPhone, normalPhoneId } from './rules/identity.js';
export { agreement, isSamePerson } from './rules/once-per-tier.js';
export type { ClaimAsk, Person } from './rules/rule.js';

export function refuseClaim(campaign: CompiledCampaign, ask: ClaimAsk): ReasonCode | null {
  for (const rule of CLAIM_RULES) {
    const reason = rule.evaluate(campaign, ask);
    if (reason !== null) return reason;
  }
  return null;
}
