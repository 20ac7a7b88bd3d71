/** Numbers as people type them. `Number` alone takes '' for 0, 0x10 for 16 and 1e9 for a billion that nobody meant. */
import { UsageError } from './usage.js';

/** Two of fifteen digits can still be added without losing one. */
const MOST = 999_999_999_999_999;

/** `name` is how the number was asked for: `--seeds`. Throws UsageError. */
export function whole(name: string, text: string, { least = 0, most = MOST } = {}): number {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  const bounds = most === MOST ? `${least} or more` : `${least} to ${most}`;
  throw new UsageError(`${name} takes a whole number, ${bounds}, not ${JSON.stringify(text)}.`);
}

/** The same for commander: a number that is typed again, printed, or waited for has nine digits at most. */
export const wholeOption =
  (name: string, least: number) =>
  (text: string): number =>
    whole(name, text, { least, most: 999_999_999 });

/** Any whole number that can be told from its neighbours: a CI server's run number has eleven digits and more. */
export const seedOption =
  (name: string) =>
  (text: string): number => {
    const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(number)) return number;
    throw new UsageError(`${name} takes a whole number, 0 to ${Number.MAX_SAFE_INTEGER}, not ${JSON.stringify(text)}.`);
  };

/** With or without a fraction: `0.5`. */
export function aboveZero(name: string, text: string): number {
  const number = /^\d{1,9}(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (number > 0) return number;
  throw new UsageError(`${name} takes a number above 0, not ${JSON.stringify(text)}.`);
}
