/**
 * Whether an order number that comes again is the same sale, or a new one of another business day. Tills count from 1
 * again every morning: yesterday's "paid" must not let today's customer go without paying, and a repeated request must
 * not charge anybody twice.
 *
 * | what is known | the number is |
 * |---|---|
 * | the sale ended less than 10 minutes ago | the same sale, across the cut too: a till repeats what got no answer |
 * | both times, the same business day | the same sale |
 * | both times, another business day | a new sale |
 * | no calendar time, but the sale is more than 25 hours old by this box's own count | a new sale |
 * | anything else | unsure: nothing is opened, and nothing is called paid |
 *
 * The cut is an hour of the shop's clock at which it is closed. Times are intervals that surely hold the truth, so a day is
 * "the same" or "another" only where every moment of both intervals says so.
 */
import { DAY_MS, type Zone } from '#protocol/campaign/calendar.js';
import { type Instant, type Interval, type Millis, type MonoMs, type WallMs, wallMs } from '#protocol/kernel/time.js';
import { DRIFT_PPM } from '../trusted-time.js';

export interface BusinessDays {
  /** `forever`: an order number means one sale for as long as this counter remembers it. */
  readonly orders: 'daily' | 'forever';
  /** The cut, in milliseconds after midnight. */
  readonly beginsMs: Millis;
  readonly zone: Zone;
}

/** When something happened, as far as anybody knows. */
export interface Happened {
  /** null: no clock was trusted. */
  readonly at: Interval | null;
  /** null: in an earlier life of this agent. */
  readonly mono: MonoMs | null;
  /** Something later in the journal happened at this time at the latest. */
  readonly notAfter: WallMs | null;
}

export type OrderDay = 'same' | 'another' | 'unsure';

/** Longer than any till goes on repeating a request, and shorter than any shop's night. */
export const REPEATED_WITHIN_MS = 10 * 60_000;
/** The longest business day: the one on which clocks are set back. */
export const LONGEST_DAY_MS = 25 * 60 * 60_000;

/** `opened`, `ended`: of a sale that has come to its end; null where it has not. */
export function orderDay(
  sale: { readonly opened: Happened; readonly ended: Happened | null },
  now: Instant,
  days: BusinessDays,
): OrderDay {
  if (days.orders === 'forever' || sale.ended === null) return 'same';
  if (wasJustNow(sale.ended, now)) return 'same';
  const { mono } = sale.opened;
  if (mono !== null && now.mono - mono > LONGEST_DAY_MS) return 'another';
  if (now.wall === undefined) return 'unsure';
  const [first, last] = dayRange(openedAt(sale.opened, now), days);
  const [today, tomorrow] = [dayOf(now.wall.earliest, days), dayOf(now.wall.latest, days)];
  if (last !== undefined && last < today) return 'another';
  return first !== undefined && first >= tomorrow ? 'same' : 'unsure';
}

function wasJustNow({ at, mono }: Happened, now: Instant): boolean {
  if (mono !== null) return now.mono - mono <= REPEATED_WITHIN_MS;
  return at !== null && now.wall !== undefined && now.wall.latest - at.earliest <= REPEATED_WITHIN_MS;
}

/** Of this life, the opening is as well known as the time is now: the monotonic clock has counted on. */
function openedAt(
  { at, mono, notAfter }: Happened,
  now: Instant,
): { readonly earliest: WallMs | undefined; readonly latest: WallMs | undefined } {
  if (at !== null) return at;
  if (mono === null || now.wall === undefined) return { earliest: undefined, latest: notAfter ?? undefined };
  const passed = now.mono - mono;
  const drift = Math.ceil((passed * DRIFT_PPM) / 1_000_000);
  return { earliest: wallMs(now.wall.earliest - passed - drift), latest: wallMs(now.wall.latest - passed + drift) };
}

const dayRange = (
  { earliest, latest }: ReturnType<typeof openedAt>,
  days: BusinessDays,
): readonly [first: number | undefined, last: number | undefined] => [
  earliest === undefined ? undefined : dayOf(earliest, days),
  latest === undefined ? undefined : dayOf(latest, days),
];

/** Business days since 1970-01-01: what comes before the cut belongs to the day before. */
export const dayOf = (at: WallMs, { zone, beginsMs }: Pick<BusinessDays, 'zone' | 'beginsMs'>): number =>
  Math.floor((zone.local(at) - beginsMs) / DAY_MS);
