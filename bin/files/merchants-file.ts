/** The programme's list of merchants: a CSV with the columns id, name and category. */
import { parse } from 'csv-parse/sync';
import { type MerchantEntry, merchantEntry } from '#protocol/campaign/format2/parts.js';
import { UsageError } from '../usage.js';
import { readText } from './read-file.js';

/** A hundred thousand merchants of a province. */
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_SHOWN = 20;

/** Throws UsageError with every bad line. */
export function readMerchants(file: string): readonly MerchantEntry[] {
  const problems: string[] = [];
  const merchants = new Map<string, MerchantEntry>();
  for (const [at, row] of rowsOf(file).entries()) {
    const line = `line ${at + 2}`;
    const { id, name, category } = row;
    const parsed = merchantEntry.safeParse({ id, name, category });
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      problems.push(`${line}: ${issue?.path.join('.')}: ${issue?.message}`);
    } else if (merchants.has(parsed.data.id)) problems.push(`${line}: ${parsed.data.id} stands above already`);
    else merchants.set(parsed.data.id, parsed.data);
  }
  if (problems.length > 0) {
    const more = problems.length > MAX_SHOWN ? [`and ${problems.length - MAX_SHOWN} more`] : [];
    throw new UsageError([`${file}: correct the following.`, ...problems.slice(0, MAX_SHOWN), ...more].join('\n  '));
  }
  return [...merchants.values()];
}

export function merchantsText(merchants: readonly MerchantEntry[]): string {
  const lines = merchants.map(({ id, name, category }) => [id, name, category].map(cell).join(','));
  return `${['id,name,category', ...lines].join('\n')}\n`;
}

/** RFC 4180. */
const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function rowsOf(file: string): readonly Readonly<Record<string, string | undefined>>[] {
  try {
    return parse(readText(file, MAX_BYTES), { columns: true, bom: true, skip_empty_lines: true, trim: true });
  } catch (error) {
    throw new UsageError(
      `${file} cannot be read as a list of merchants: ${error instanceof Error ? error.message : String(error)}. Its first line is: id,name,category`,
    );
  }
}
