/**
 * Calendar arithmetic: days, and local time in a time zone. Every function is pure and reads no clock.
 *
 * "Local" milliseconds are the wall-clock time of the zone, counted as if the zone were UTC.
 */
import { type WallMs, wallMs } from '../kernel/time.js';

export const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;
/** Cache size: a day has 96 quarters of an hour. Asking the platform takes 20 µs, and a counter asks at every step. */
const KNOWN_QUARTERS = 128;

/** Days since 1970-01-01 in the proleptic Gregorian calendar. */
export function dayNumber(year: number, month: number, day: number): number {
  // Years are counted from March, so that the leap day is the last of its year; 400 years have 146,097 days.
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

export function isRealDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  // Months are counted from March, so month 13 is the next January.
  return day <= dayNumber(year, month + 1, 1) - dayNumber(year, month, 1);
}

/** Parses `YYYY-MM-DD`; the caller has already checked that the day exists. */
export const parseDay = (text: string): number =>
  dayNumber(Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8, 10)));

/** Parses `HH:MM`, up to 24:00, into milliseconds after midnight. */
export const parseTimeOfDay = (text: string): number =>
  (Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5))) * MINUTE_MS;

export interface Zone {
  /** The local time of this zone at this instant. */
  local(at: WallMs): number;
  /**
   * The first instant with this local time. A time that the clocks skip maps to the first instant after the gap; a time
   * that occurs twice maps to the earlier one.
   */
  instant(local: number): WallMs;
}

/** A zone with a constant offset from UTC. */
export const fixedZone = (offsetMs: number): Zone => ({
  local: (at) => at + offsetMs,
  instant: (local) => wallMs(local - offsetMs),
});

/** Cache of the last zone: making one takes milliseconds on a small board, and a campaign has only one. */
let last: { readonly name: string; readonly zone: Zone } | undefined;

/** undefined: this machine's time zone data doesn't know the name. */
export function zoneOf(name: string): Zone | undefined {
  if (last?.name === name) return last.zone;
  const zone = makeZone(name);
  if (zone !== undefined) last = { name, zone };
  return zone;
}

function makeZone(name: string): Zone | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return undefined;
  }

  function exactly(at: number): number {
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(at)) part[type] = Number(value);
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = part;
    const wholeSeconds = dayNumber(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1_000;
    return wholeSeconds + (((at % 1_000) + 1_000) % 1_000);
  }

  /**
   * Offsets by quarter of an hour, kept only for quarters with the same offset at both ends: no zone changes its clocks and
   * back within one.
   */
  const known = new Map<number, number>();

  function offset(at: number): number {
    const quarter = Math.floor(at / QUARTER_MS);
    const before = known.get(quarter);
    if (before !== undefined) return before;
    const found = exactly(at) - at;
    const first = quarter * QUARTER_MS;
    const ends = [first, first + QUARTER_MS - 1];
    if (known.size >= KNOWN_QUARTERS) known.clear();
    if (ends.every((end) => exactly(end) - end === found)) known.set(quarter, found);
    return found;
  }
  const local = (at: WallMs): number => at + offset(at);

  function instant(wanted: number): WallMs {
    // No zone is more than 14 hours from UTC, and none changes its clocks twice within two days.
    const before = offset(wanted - DAY_MS);
    const after = offset(wanted + DAY_MS);
    const first = wanted - Math.max(before, after);
    const second = wanted - Math.min(before, after);
    if (local(wallMs(first)) === wanted) return wallMs(first);
    if (local(wallMs(second)) === wanted) return wallMs(second);
    let gapBegins = first;
    let gapIsOver = second;
    while (gapIsOver - gapBegins > 1) {
      const middle = Math.floor((gapBegins + gapIsOver) / 2);
      if (offset(middle) === before) gapBegins = middle;
      else gapIsOver = middle;
    }
    return wallMs(gapIsOver);
  }
  return { local, instant };
}
