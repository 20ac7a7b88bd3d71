/**
 * The current time as an interval that surely holds the truth.
 *
 * Boxes without a battery clock boot in the wrong year, so the operating system's calendar is never trusted. The gateway's
 * signed time anchors the interval, the monotonic clock advances it, drift widens it, and the newest time ever journalled
 * is its floor.
 */
import { type Instant, type Interval, type MonoMs, monoMs, type WallMs, wallMs } from '#protocol/kernel/time.js';

/**
 * A small board's crystal is some 20 to 30 ppm off, temperature and age included. With 50 the interval is a minute wide
 * after a week offline, and still good enough to tell a fresh code from an old one.
 */
export const DRIFT_PPM = 50;
/** A wider interval can't support any decision. */
export const WIDEST_MS = 10 * 60_000;

export interface TrustedTime {
  /** The gateway's `time` was read somewhere between our request and `heardAt`. */
  readonly anchor: { readonly earliest: WallMs; readonly latest: WallMs; readonly heardAt: MonoMs } | null;
  /** Lower bound of the time, from the journal. */
  readonly floor: WallMs;
}

export const noTime: TrustedTime = { anchor: null, floor: wallMs(0) };

/**
 * Anchors the time. `time`: the gateway's, signed for the request sent at `askedAt`. The gateway read its clock between
 * then and `heardAt`, so it is now at least `time`, and at most the round trip later. An unsolicited or unsigned time sets
 * nothing: it may be a week old, or anybody's.
 */
export const anchored = (
  state: TrustedTime,
  { time, askedAt, heardAt }: { readonly time: WallMs; readonly askedAt: MonoMs; readonly heardAt: MonoMs },
): TrustedTime => ({ ...state, anchor: { earliest: time, latest: wallMs(time + heardAt - askedAt), heardAt } });

/** Raises the floor: the journal proves that it was at least this time. */
export const floored = (state: TrustedTime, floor: WallMs): TrustedTime =>
  floor > state.floor ? { ...state, floor } : state;

export function intervalAt(state: TrustedTime, mono: MonoMs): Interval | undefined {
  if (state.anchor === null) return undefined;
  const passed = Math.max(0, mono - state.anchor.heardAt);
  const drift = Math.ceil((passed * DRIFT_PPM) / 1_000_000);
  const earliest = wallMs(Math.max(state.anchor.earliest + passed - drift, state.floor));
  const latest = wallMs(Math.max(state.anchor.latest + passed + drift, earliest));
  return latest - earliest > WIDEST_MS ? undefined : { earliest, latest };
}

export const instantAt = (state: TrustedTime, mono: MonoMs): Instant => ({ mono, wall: intervalAt(state, mono) });

/** The anchor as kept over restarts of the agent. `bootId`: the monotonic clock continues only within one boot of the box. */
export interface KeptAnchor {
  readonly bootId: string;
  readonly earliest: number;
  readonly latest: number;
  readonly heardAt: number;
}

export const keptAnchor = ({ anchor }: TrustedTime, bootId: string): KeptAnchor | undefined =>
  anchor === null ? undefined : { bootId, ...anchor };

/** After a restart of only the agent the monotonic clock has continued; after a reboot of the box nothing is known. */
export function restored(state: TrustedTime, kept: KeptAnchor, bootId: string, now: MonoMs): TrustedTime {
  if (kept.bootId !== bootId || kept.heardAt > now) return state;
  return {
    ...state,
    anchor: { earliest: wallMs(kept.earliest), latest: wallMs(kept.latest), heardAt: monoMs(kept.heardAt) },
  };
}
