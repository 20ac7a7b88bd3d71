/**
 * Builds the services of the claim routes from the configuration: how a person is identified, and how many claims are allowed.
 */
import { randomInt } from 'node:crypto';
import type { Campaign, Identifier } from '#protocol/campaign/schema.js';
import { base64url } from '#protocol/codes/bit-text.js';
import { ConfigError } from '#protocol/faults/errors.js';
import { es256Verifier, hmacSha256, sha256 } from '#protocol/node/crypto.js';
import type { GatewayConfig } from '../config/config.js';
import { claimBudgets } from '../core/claims/claim-budgets.js';
import type { KeyedHash } from '../core/claims/claim-handling.js';
import { smsProofs } from '../core/claims/sms-proofs.js';
import { walletProofs } from '../core/claims/wallet-proofs.js';
import type { ClaimServices } from './claim-routes.js';
import { fileSmsSender } from './file-sms-sender.js';

/** Half a minute's worth at once: at the opening everybody claims in the same seconds. */
const BURST_OF_A_MINUTE = 0.5;

/** undefined: the configuration names no identity proof, so no claims are accepted. */
export function claimServices(
  config: GatewayConfig,
  campaign: Campaign,
  keyedHash: KeyedHash,
): ClaimServices | undefined {
  const { claims } = config;
  if (claims === undefined) return undefined;
  const { perAddressPerMinute: perMinute } = claims;
  const signatures = es256Verifier();
  const door = {
    budgets: claimBudgets({ burst: Math.ceil(perMinute * BURST_OF_A_MINUTE), perMinute }),
    signatures,
    sha256,
  };
  switch (claims.identity) {
    case 'sms': {
      checkProves(campaign, ['phone'], claims.identity);
      const proofs = smsProofs({ keyedHash, digits });
      return { ...door, proofs, sms: { proofs, sender: fileSmsSender(claims.smsFile ?? '') } };
    }
    case 'wallet': {
      checkProves(campaign, ['phone', 'idCard', 'device'], claims.identity);
      const servers = (claims.walletKeys ?? []).flatMap((text) => {
        const key = base64url.decode(text);
        return key.ok ? [key.value] : [];
      });
      return { ...door, proofs: walletProofs({ servers, verifier: signatures, hmac: hmacSha256 }) };
    }
  }
}

/** If no configured proof covers the campaign's identifiers, nobody could get a coupon. */
function checkProves({ claim }: Campaign, proves: readonly Identifier[], identity: string): void {
  if (claim.identifiers.some((kind) => proves.includes(kind))) return;
  const detail = `claims.identity ${identity} proves ${proves.join(', ')}; the campaign tells people apart by ${claim.identifiers.join(', ')}.`;
  throw new ConfigError('CONFIG_INVALID', { detail });
}

const digits = (count: number): string => Array.from({ length: count }, () => randomInt(10)).join('');
