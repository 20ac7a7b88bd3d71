/**
 * Checks everything that a configuration refers to: the campaign, the ledger and the certificates, with the same codes as a
 * start.
 *
 * It writes nothing, and a gateway may run meanwhile.
 */
import { join } from 'node:path';
import { compileCampaign } from '#protocol/campaign/compiled.js';
import type { Campaign } from '#protocol/campaign/schema.js';
import type { Findings, Problem } from '#protocol/config/yaml-file.js';
import { type WallMs, wallMs } from '#protocol/kernel/time.js';
import { encode } from '#protocol/messages/index.js';
import { MAX_PAYLOAD_BYTES } from '#protocol/messages/topics.js';
import { type CertificateFault, readCertificates } from '#protocol/node/certificates.js';
import { es256Signer, generatePrivateKey, sha256 } from '#protocol/node/crypto.js';
import { createIssuer } from '../core/issuer.js';
import { compileRules } from '../ledger/decide/rules.js';
import { lookAtLedger } from '../ledger/store/ledger-opening.js';
import { keyFindings } from '../secrets/identity-key.js';
import { campaignProblems, readCampaign } from './campaign-document.js';
import type { GatewayConfig } from './config.js';

export async function gatewayFindings(config: GatewayConfig, now: Date): Promise<Findings> {
  const problems: Problem[] = [...campaignProblems(config.campaign)];
  const warnings: Problem[] = [];
  for (const side of ['mqtt', 'http'] as const) {
    const { tls } = config[side];
    if (tls === undefined) continue;
    const found = readCertificates(tls, { now });
    problems.push(...found.problems.map((fault) => ofCertificate(`${side}.tls`, fault)));
    warnings.push(...found.warnings.map((fault) => ofCertificate(`${side}.tls`, fault)));
  }
  const key = keyFindings(config);
  problems.push(...key.problems);
  if (problems.some(({ path }) => path.startsWith('campaign'))) return { problems, warnings };
  const campaign = readCampaign(config.campaign);
  warnings.push(...campaignWarnings(campaign, config.devices, wallMs(now.getTime())));
  const rules = compileRules({ campaign, sha256, leaseMs: config.leaseSeconds * 1_000, merchantOf: () => undefined });
  // A bundle's length doesn't depend on the key, and the gateway's own key is made at its first start.
  const issuer = createIssuer(rules, es256Signer(generatePrivateKey()), config.keyId);
  const tooLong = bundleTooLong(encode(issuer.bundle(wallMs(now.getTime()))));
  if (tooLong !== undefined)
    problems.push({ path: 'campaign', value: config.campaign, allowed: tooLong, code: 'CAMPAIGN_INVALID' });
  const ledger = join(config.data, 'ledger.db');
  const other = await lookAtLedger(ledger, campaign);
  if (other !== undefined)
    problems.push({ path: 'data', value: config.data, allowed: other.message, code: other.code });
  return { problems, warnings: [...warnings, ...key.warnings] };
}

/** Counters refuse a longer message, and would then run without the campaign and without a reason. */
export function bundleTooLong(bundle: string): string | undefined {
  const bytes = Buffer.byteLength(bundle);
  if (bytes <= MAX_PAYLOAD_BYTES) return undefined;
  return `${bytes} bytes as a message to the counters, of ${MAX_PAYLOAD_BYTES} that are allowed; fewer merchants, or shorter texts.`;
}

/** Configurations that start but take no coupon. */
export function campaignWarnings(
  campaign: Campaign,
  devices: GatewayConfig['devices'],
  now: WallMs,
): readonly Problem[] {
  const { merchants, ends, zone } = compileCampaign(campaign);
  const over: readonly Problem[] =
    now <= ends
      ? []
      : [
          {
            path: 'campaign',
            value: campaign.id,
            allowed: `its last coupon was taken on ${new Date(zone.local(ends)).toISOString().slice(0, 10)}; every coupon is refused`,
            code: 'CAMPAIGN_OVER',
          },
        ];
  const unknown = devices.flatMap(({ id, merchant }, at): Problem[] =>
    merchant === undefined || merchants.has(merchant)
      ? []
      : [
          {
            path: `devices[${at}].merchant`,
            value: merchant,
            allowed: `a merchant of ${campaign.id}; ${id} can sell for nobody, and every coupon is refused there`,
            code: 'MERCHANT_UNKNOWN',
          },
        ],
  );
  return [...over, ...unknown];
}

export const ofCertificate = (path: string, { part, code, file, what }: CertificateFault): Problem => ({
  path: `${path}.${part}`,
  value: file,
  allowed: what,
  code,
});
