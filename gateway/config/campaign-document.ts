/** Reads a gateway's campaign document from its file. */
import { readFileSync } from 'node:fs';
import { describeCampaignProblem, isFormat2, parseCampaign } from '#protocol/campaign/load.js';
import type { Campaign } from '#protocol/campaign/schema.js';
import { readJson } from '#protocol/config/strict-json.js';
import type { Problem } from '#protocol/config/yaml-file.js';
import { ConfigError } from '#protocol/faults/errors.js';
import { fileFault } from '#protocol/faults/file-fault.js';

/** Throws a `ConfigError`: CAMPAIGN_UNREADABLE, or CAMPAIGN_INVALID with every problem. */
export function readCampaign(file: string): Campaign {
  const document = documentIn(file);
  if (isFormat2(document)) throw new ConfigError('CAMPAIGN_FORMAT_UNSUPPORTED', { detail: `${file}.` });
  const parsed = parseCampaign(document);
  if (parsed.ok) return parsed.value;
  const problems = parsed.fault.map((problem) => `\n  ${describeCampaignProblem(problem)}`).join('');
  throw new ConfigError('CAMPAIGN_INVALID', { detail: `${file}:${problems}\n` });
}

/** For callers that only want the problems. */
export function campaignProblems(file: string): readonly Problem[] {
  let document: unknown;
  try {
    document = documentIn(file);
  } catch (error) {
    return [{ path: 'campaign', value: file, allowed: error instanceof Error ? error.message : String(error) }];
  }
  if (isFormat2(document)) {
    const code = 'CAMPAIGN_FORMAT_UNSUPPORTED';
    return [
      { path: `campaign ${file}: format`, value: '2', allowed: '1: the gateway does not run format 2 yet', code },
    ];
  }
  const parsed = parseCampaign(document);
  if (parsed.ok) return [];
  return parsed.fault.map((problem) => ({
    ...problem,
    path: [`campaign ${file}`, problem.path].filter(Boolean).join(': '),
  }));
}

function documentIn(file: string): unknown {
  let text: string;
  try {
    // Fatal: a name in GBK would otherwise be signed, and printed on every receipt, as replacement characters.
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    throw new ConfigError('CAMPAIGN_UNREADABLE', { detail: `${file}: ${fileFault(error)}.`, cause: error });
  }
  const read = readJson(text);
  if (read.ok) return read.value;
  throw new ConfigError('CAMPAIGN_UNREADABLE', { detail: `${file}: ${read.fault.what}.` });
}
