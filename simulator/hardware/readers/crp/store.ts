/**
 * The CRP/1 reader's flash: what survives a power cut. A transaction is in it before it is acknowledged, "online" before
 * the request leaves, and its result before RSLT goes out. The oldest results make room for new ones; of what was thrown
 * away the bare references stay, so that EXPIRED and NOTFOUND can be told apart and no old reference charges again.
 */
export type CrpState =
  | 'ACCEPTED'
  | 'ONLINE'
  | 'APPROVED'
  | 'DECLINED'
  | 'CANCELLED'
  | 'TIMEOUT'
  | 'ERROR'
  | 'PENDING'
  | 'UNKNOWN';

export interface Stored {
  readonly ref: string;
  readonly kind: 'sale' | 'void';
  readonly amountFen: number;
  readonly original: string | null;
  readonly state: CrpState;
  readonly code: string;
  readonly auth: string;
  readonly rrn: string;
  readonly last4: string;
  readonly scheme: string;
  /** yyyyMMddHHmmss, the reader's local time; empty where its clock is unset. */
  readonly time: string;
  /** The host has acknowledged the result: it may make room before others. */
  readonly taken: boolean;
}

export interface CrpStore {
  readonly boots: number;
  readonly slots: number;
  readonly stored: readonly Stored[];
  readonly expired: Expired;
  /** Counts authorisations: makes `auth` and `rrn` differ. */
  readonly counter: number;
}

/** The manual asks for at least 16. */
export const DEFAULT_SLOTS = 32;
/** References of results that made room, in pages: only the last one is ever written to. */
export type Expired = readonly ReadonlySet<string>[];
const PAGE = 128;
/** Together 4,096 of them, a busy counter's fortnight. The oldest go, and would be NOTFOUND. */
const PAGES_KEPT = 32;

export const hasExpired = ({ expired }: CrpStore, ref: string): boolean => expired.some((page) => page.has(ref));

function withExpired(expired: Expired, ref: string): Expired {
  const last = expired.at(-1);
  if (last === undefined || last.size >= PAGE) return [...expired, new Set([ref])].slice(-PAGES_KEPT);
  return [...expired.slice(0, -1), new Set(last).add(ref)];
}

export const newStore = (slots: number = DEFAULT_SLOTS): CrpStore => ({
  boots: 0,
  slots,
  stored: [],
  expired: [],
  counter: 0,
});

export const find = (store: CrpStore, ref: string): Stored | undefined => store.stored.find((s) => s.ref === ref);
export const isOver = (stored: Stored): boolean =>
  stored.state !== 'ACCEPTED' && stored.state !== 'ONLINE' && stored.state !== 'PENDING';

export function accept(
  store: CrpStore,
  request: { ref: string; kind: 'sale' | 'void'; amountFen: number; original: string | null },
): CrpStore {
  const blank = { code: '', auth: '', rrn: '', last4: '', scheme: '', time: '', taken: false };
  let { stored, expired } = store;
  if (stored.length >= store.slots) {
    const gone = stored.find((s) => isOver(s) && s.taken) ?? stored.find(isOver) ?? stored[0];
    stored = stored.filter((s) => s !== gone);
    if (gone !== undefined) expired = withExpired(expired, gone.ref);
  }
  return { ...store, expired, stored: [...stored, { ...request, ...blank, state: 'ACCEPTED' }] };
}

export const update = (store: CrpStore, ref: string, change: Partial<Stored>): CrpStore => ({
  ...store,
  stored: store.stored.map((s) => (s.ref === ref ? { ...s, ...change } : s)),
});
