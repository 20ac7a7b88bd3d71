/** The acquirer's file of card payments: a CSV whose reference and amount we need, whatever else stands in it. */
import { parse } from 'csv-parse/sync';
import { DEVICE_ID, MERCHANT_ID } from '#protocol/kernel/ids.js';
import { sha256 } from '#protocol/node/crypto.js';
import { UsageError } from '../usage.js';
import { readText } from './read-file.js';

/** A day of a large city's card payments. */
const MAX_BYTES = 32 * 1024 * 1024;

export interface AcquirerReference {
  readonly rrn: string;
  readonly netFen: number;
  /** Ids of the campaign and of the device list; left out where the file has no such column, or nothing in it. */
  readonly merchant?: string;
  readonly device?: string;
}

/** Every problem is told at once, by its line; nothing is handed in of a file that has one. */
export function readAcquirerFile(file: string): {
  readonly references: readonly AcquirerReference[];
  /** The same for the same content. */
  readonly fingerprint: string;
} {
  const problems: string[] = [];
  const seen = new Map<string, AcquirerReference>();
  const text = textOf(file);
  for (const [at, row] of rowsOf(file, text).entries()) {
    const { rrn = '', netFen = '', merchant = '', device = '' } = row;
    const line = `line ${at + 2}`;
    const said: AcquirerReference = {
      ...{ rrn, netFen: Number(netFen) },
      ...(merchant !== '' && { merchant }),
      ...(device !== '' && { device }),
    };
    const above = seen.get(rrn);
    if (!/^[\x21-\x7e]{1,32}$/.test(rrn)) problems.push(`${line}: rrn ${JSON.stringify(rrn)} is no reference`);
    else if (!/^\d{1,8}$/.test(netFen))
      problems.push(`${line}: netFen ${JSON.stringify(netFen)} is no whole number of fen (51.00 yuan is 5100)`);
    else if (merchant !== '' && !MERCHANT_ID.test(merchant))
      problems.push(`${line}: merchant ${JSON.stringify(merchant)} is no id of a merchant, as in the campaign`);
    else if (device !== '' && !DEVICE_ID.test(device))
      problems.push(`${line}: device ${JSON.stringify(device)} is no id of a device, as in the device list`);
    else if (above !== undefined && JSON.stringify(above) !== JSON.stringify(said))
      problems.push(`${line}: rrn ${rrn} stands above with another amount, merchant or device`);
    else seen.set(rrn, said);
  }
  if (problems.length > 0) {
    const more = problems.length > 20 ? [`and ${problems.length - 20} more`] : [];
    throw new UsageError(
      [`${file}: correct the following; nothing was handed in.`, ...problems.slice(0, 20), ...more].join('\n  '),
    );
  }
  const references = [...seen.values()];
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
