/** Finds and reads a campaign for a command: a file, or the bare name of one that is shipped. */
import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeCampaignProblem, isFormat2, parseCampaign } from '#protocol/campaign/load.js';
import type { Campaign } from '#protocol/campaign/schema.js';
import { readJson as strictly } from '#protocol/config/strict-json.js';
import type { Problem } from '#protocol/config/yaml-file.js';
import { CAMPAIGN_ID } from '#protocol/kernel/ids.js';
import { readText } from './files/read-file.js';
import { UsageError } from './usage.js';

/** Some 80,000 merchants. A device file or a wrong path must not fill the memory. */
const MAX_CAMPAIGN_BYTES = 8 * 1024 * 1024;

/** A file of that name comes first. UsageError lists every problem of a bad one. */
export function readCampaign(fileOrName: string): Campaign {
  const { path, document } = readCampaignDocument(fileOrName);
  if (isFormat2(document)) {
    throw new InvalidCampaign(
      `CAMPAIGN_FORMAT_UNSUPPORTED: ${path} is of format 2, which only codeplate campaign reads so far. Give a document of format 1.`,
    );
  }
  const parsed = parseCampaign(document);
  if (parsed.ok) return parsed.value;
  throw invalidCampaign(path, parsed.fault);
}

/** A document of either format, unchecked, and the file in which it was found. */
export function readCampaignDocument(fileOrName: string): { readonly path: string; readonly document: unknown } {
  const path = campaignPath(fileOrName);
  return { path, document: readJson(path) };
}

export const invalidCampaign = (path: string, problems: readonly Problem[]): InvalidCampaign =>
  new InvalidCampaign(
    [
      `CAMPAIGN_INVALID: ${path} has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:`,
      ...problems.map((problem) => `  ${describeCampaignProblem(problem)}`),
      'Correct all of them and try again.',
    ].join('\n'),
  );

/** Names of the campaigns that come with the program. */
export function shippedCampaigns(): readonly string[] {
  const folder = shippedFolder();
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

/** A file as it is; the bare name of a shipped campaign as its file. */
export function campaignPath(fileOrName: string): string {
  if (isThere(fileOrName) || !CAMPAIGN_ID.test(fileOrName)) return fileOrName;
  if (shippedCampaigns().includes(fileOrName)) return `${shippedFolder()}${fileOrName}.json`;
  throw new UsageError(
    `CAMPAIGN_UNREADABLE: there is neither a file nor a shipped campaign named ${fileOrName}. Shipped: ${shippedCampaigns().join(', ')}.`,
  );
}

function readJson(path: string): unknown {
  let text: string;
  try {
    text = readText(path, MAX_CAMPAIGN_BYTES);
  } catch (error) {
    throw unreadable(path, error);
  }
  const read = strictly(text);
  if (read.ok) return read.value;
  throw new InvalidCampaign(messageOf(path, read.fault.what));
}

/** The file is the one that was meant, and what stands in it is wrong: no wrong use (exit code 2), but a failure (1). */
export class InvalidCampaign extends Error {
  override readonly name = 'InvalidCampaign';
}

const unreadable = (path: string, error: unknown): UsageError =>
  new UsageError(messageOf(path, error instanceof Error ? error.message : String(error)));

const messageOf = (path: string, why: string): string =>
  `CAMPAIGN_UNREADABLE: ${path} cannot be read as a campaign: ${why}\n` +
  `Name a campaign document in JSON, or a shipped campaign: ${shippedCampaigns().join(', ')}.`;

/** The folder lies beside `bin/` in the sources, and beside `dist/` where the program was built. */
function shippedFolder(): string {
  const built = fileURLToPath(new URL('../../campaigns/', import.meta.url));
  return isThere(built) ? built : fileURLToPath(new URL('../campaigns/', import.meta.url));
}

const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;
