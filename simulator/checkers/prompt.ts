import { parseSpent } from '#protocol/messages/index.js';
import type { JournalRecord } from '#protocol/records/record.js';
import type { BookEvent, Checker } from './books.js';

/** Longer than a good line and a commit ever take, and half of what a record without hurry waits for company. */
const AT_ONCE_MS = 1_000;
/** Changes to the spent set are gathered for 15 s; the whole set, which has them too, comes once a minute. */
const DELTA_MS = 20_000;

/** Records that free a coupon or move money: other counters and the books wait for them. */
const URGENT: readonly JournalRecord['kind'][] = ['settled', 'not-charged', 'abandoned', 'unknown', 'refunded'];

/** Where nothing is ever wrong with disk, line and gateway, what others wait for takes no longer than it must. */
export const prompt: Checker = {
  name: 'prompt',
  promise:
    'with nothing in the way the ledger hears of an end within a second, and every counter of a used coupon in 20',
  watch(books) {
    if (!books.street.isCalm) return {};
    /** What is on its way to the ledger, by counter and place in its journal. */
    const waiting = new Map<string, { readonly seq: number; readonly at: number; readonly kind: string }[]>();
    /** Used coupons that are on no board yet, and since when. */
    const unpublished = new Map<number, number>();
    const late = (event: BookEvent): string | undefined => {
      if (event.kind !== 'booked' && event.kind !== 'published') return undefined;
      for (const [serial, since] of unpublished) {
        if (books.now() - since <= DELTA_MS) return undefined;
        return `coupon ${serial} is used since ${books.now() - since} ms, and no counter has heard of it`;
      }
      return undefined;
    };
    const booked = (event: Extract<BookEvent, { kind: 'booked' }>): string | undefined => {
      for (const { device, seq } of event.changes.devices) {
        const mine = waiting.get(device) ?? [];
        const slow = mine.find((row) => row.seq <= seq && books.now() - row.at > AT_ONCE_MS);
        if (slow !== undefined)
          return `${device}: ${slow.kind} was on the disk for ${books.now() - slow.at} ms before the ledger had it`;
        waiting.set(
          device,
          mine.filter((row) => row.seq > seq),
        );
      }
      for (const { serial, state } of event.changes.coupons) {
        if (state !== 'used') unpublished.delete(serial);
        else if (!unpublished.has(serial)) unpublished.set(serial, books.now());
      }
      return undefined;
    };
    return {
      seen(event) {
        switch (event.kind) {
          case 'journalled': {
            const { counter, row } = event;
            if (!URGENT.includes(row.record.kind)) return undefined;
            const mine = waiting.get(counter.device) ?? [];
            mine.push({ seq: counter.tape.length, at: row.at, kind: row.record.kind });
            waiting.set(counter.device, mine);
            return undefined;
          }
          case 'booked':
            return booked(event) ?? late(event);
          case 'published': {
            const parsed = parseSpent(new TextEncoder().encode(event.payload));
            if (parsed.ok && parsed.value.type === 'spent-delta')
              for (const serial of parsed.value.spent) unpublished.delete(serial);
            return late(event);
          }
          default:
            return undefined;
        }
      },
    };
  },
};
