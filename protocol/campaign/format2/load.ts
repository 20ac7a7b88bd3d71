/** A format-2 document from outside becomes a `CampaignV2`, or the list of every problem that it has. */
import type { Problem } from '../../config/yaml-file.js';
import { err, ok, type Result } from '../../kernel/result.js';
import { parseWith, problem } from '../load.js';
import { CHECKS_V2 } from './checks.js';
import type { MerchantEntry } from './parts.js';
import { takesPart } from './parts.js';
import { type CampaignV2, campaignV2Schema } from './schema.js';

/** `merchants`: the programme's list, where there is one to check the document against. */
export function parseCampaignV2(
  document: unknown,
  merchants?: readonly MerchantEntry[],
): Result<CampaignV2, readonly Problem[]> {
  const parsed = parseWith(campaignV2Schema, CHECKS_V2, document);
  if (!parsed.ok || merchants === undefined) return parsed;
  const problems = againstMerchants(parsed.value, merchants);
  return problems.length === 0 ? ok(parsed.value) : err(problems);
}

/** Categories that no merchant has, merchants that nobody knows, and tiers that nobody can use. */
function againstMerchants(campaign: CampaignV2, merchants: readonly MerchantEntry[]): Problem[] {
  const ids = new Set<string>(merchants.map(({ id }) => id));
  const categories = new Set(merchants.map(({ category }) => category));
  const places = [
    { who: campaign.merchants, path: ['merchants'] },
    ...campaign.tiers.map(({ where }, index) => ({ who: where, path: ['tiers', index, 'where'] })),
  ];
  const unknown = places.flatMap(({ who, path }) => [
    ...(who.who === 'categories' ? who.categories : []).flatMap((name, index) =>
      categories.has(name)
        ? []
        : [problem([...path, 'categories', index], name, 'a category that a merchant of the list has')],
    ),
    ...(who.who === 'ids' ? who.ids : []).flatMap((id, index) =>
      ids.has(id) ? [] : [problem([...path, 'ids', index], id, 'a merchant of the list')],
    ),
  ]);
  if (unknown.length > 0) return unknown;
  return campaign.tiers.flatMap(({ id, where }, index) =>
    merchants.some((merchant) => takesPart(campaign.merchants, merchant) && takesPart(where, merchant))
      ? []
      : [problem(['tiers', index, 'where'], id, 'some merchant of the list that takes part in the campaign')],
  );
}
