/**
 * Decides whether a repeated order number means the same sale, or a new one on another business day.
 *
 * Tills restart at 1 every morning: yesterday's "paid" must not let today's customer go without paying, and a retry must
 * not charge anybody twice.
 *
 * | known | the number means |
 * |---|---|
 * | the sale ended less than 10 minutes ago | the same sale, across the cut too: a till repeats what got no answer |
 * | both times, the same business day | the same sale |
 * | both times, another business day | a new sale |
 * | no calendar time, but the sale is more than 25 hours old by this box's own count | a new sale |
 * | anything else | unsure: nothing is opened, and nothing is called paid |
 *
 * The cut is an hour of local time at which the shop is closed. Times are intervals that surely hold the truth, so a day is
 * "the same" or "another" only if every instant of both intervals agrees.
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

/** The time of an event, as far as it is known. */
export interface Happened {
  /** null: no trusted clock. */
  readonly at: Interval | null;
  /** null: it happened in an earlier run of this agent. */
  readonly mono: MonoMs | null;
  /** Upper bound: a later event in the journal happened at this time. */
  readonly notAfter: WallMs | null;
}

export type OrderDay = 'same' | 'another' | 'unsure';

/** Longer than any till retries a request, and shorter than any shop's night. */
export const REPEATED_WITHIN_MS = 10 * 60_000;
/** The longest business day: the one on which clocks are set back. */
export const LONGEST_DAY_MS = 25 * 60 * 60_000;

/** `ended`: null while the sale has not ended. */
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

/** The opening time. Within this run it is as certain as the current time, because the monotonic clock has continued. */
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

/** Business days since 1970-01-01: times before the cut belong to the day before. */
export const dayOf = (at: WallMs, { zone, beginsMs }: Pick<BusinessDays, 'zone' | 'beginsMs'>): number =>
  Math.floor((zone.local(at) - beginsMs) / DAY_MS);
