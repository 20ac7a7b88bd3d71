/** The acquirer's file of card payments: a CSV whose reference and amount we need, whatever else stands in it. */
import { parse } from 'csv-parse/sync';
import { sha256 } from '#protocol/node-crypto.js';
import { readText } from './read-file.js';
import { UsageError } from './usage.js';

/** A day of a large city's card payments. */
const MAX_BYTES = 32 * 1024 * 1024;

export interface AcquirerReference {
  readonly rrn: string;
  readonly netFen: number;
}

/** Every problem is told at once, by its line; nothing is handed in of a file that has one. */
export function readAcquirerFile(file: string): {
  readonly references: readonly AcquirerReference[];
  /** The same for the same content. */
  readonly fingerprint: string;
} {
  const problems: string[] = [];
  const seen = new Map<string, number>();
  const text = textOf(file);
  for (const [at, row] of rowsOf(file, text).entries()) {
    const { rrn = '', netFen = '' } = row;
    const line = `line ${at + 2}`;
    const fen = /^\d{1,8}$/.test(netFen) ? Number(netFen) : undefined;
    if (!/^[\x21-\x7e]{1,32}$/.test(rrn)) problems.push(`${line}: rrn ${JSON.stringify(rrn)} is no reference`);
    else if (fen === undefined)
      problems.push(`${line}: netFen ${JSON.stringify(netFen)} is no whole number of fen (51.00 yuan is 5100)`);
    else if ((seen.get(rrn) ?? fen) !== fen) problems.push(`${line}: rrn ${rrn} stands above with another amount`);
    else seen.set(rrn, fen);
  }
  if (problems.length > 0) {
    const more = problems.length > 20 ? [`and ${problems.length - 20} more`] : [];
    throw new UsageError(
      [`${file}: correct the following; nothing was handed in.`, ...problems.slice(0, 20), ...more].join('\n  '),
    );
  }
  const references = [...seen].map(([rrn, netFen]) => ({ rrn, netFen }));
  if (references.length === 0) throw new UsageError(`${file} has no payments in it.`);
  return { references, fingerprint: sha256(JSON.stringify(references)).slice(0, 32) };
}

function rowsOf(file: string, text: string): readonly Readonly<Record<string, string | undefined>>[] {
  let rows: Readonly<Record<string, string | undefined>>[];
  try {
    rows = parse(text, { columns: true, bom: true, trim: true, skip_empty_lines: true });
  } catch (error) {
    throw new UsageError(`${file} is no CSV: ${error instanceof Error ? error.message : String(error)}`);
  }
  const [first] = rows;
  if (first !== undefined && !(Object.hasOwn(first, 'rrn') && Object.hasOwn(first, 'netFen')))
    throw new UsageError(`${file}: the first line must name the columns rrn and netFen.`);
  return rows;
}

function textOf(file: string): string {
  try {
    return readText(file, MAX_BYTES);
  } catch (error) {
    throw new UsageError(`Can't read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
