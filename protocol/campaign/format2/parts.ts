/**
 * The parts of a format-2 campaign document that say when and where, as schemas of their own: opening hours, the
 * merchants that take part, and days with a time.
 */
import { z } from 'zod';
import { branded } from '../../kernel/branded.js';
import { MERCHANT_ID, type MerchantId } from '../../kernel/ids.js';
import { day, text, timeOfDay } from '../schema.js';

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** A local time of the campaign's zone. */
export const moment = z.strictObject({ day, time: timeOfDay });
export type Moment = z.infer<typeof moment>;

/**
 * A span that opens on these weekdays. Where `closes` is not after `opens`, it closes on the next day: 18:00 to 02:00 on
 * Friday ends on Saturday at two.
 */
export const hours = z.strictObject({
  weekdays: z.union([z.literal('daily'), z.array(z.enum(WEEKDAYS)).min(1).max(7)]),
  opens: timeOfDay,
  closes: timeOfDay,
});
export type Hours = z.infer<typeof hours>;

export const merchantId = branded<MerchantId>(
  z.string().regex(MERCHANT_ID, '1 to 32 of a-z, 0-9 and -, not beginning with -'),
);
export const category = text(40).min(1);
const except = z.array(merchantId).max(10_000);

/** The merchants that take part, out of the programme's own list of merchants. */
export const participants = z.discriminatedUnion('who', [
  z.strictObject({ who: z.literal('all'), except }),
  z.strictObject({ who: z.literal('categories'), categories: z.array(category).min(1).max(100), except }),
  z.strictObject({ who: z.literal('ids'), ids: z.array(merchantId).min(1).max(100_000) }),
]);
export type Participants = z.infer<typeof participants>;

/** A merchant as a campaign sees one; the list of them is the programme's, not the campaign's. */
export const merchantEntry = z.strictObject({ id: merchantId, name: text(80), category: text(40) });
export type MerchantEntry = z.infer<typeof merchantEntry>;

/** The part of a merchant that decides whether it takes part. */
export type MerchantPlace = Pick<MerchantEntry, 'id' | 'category'>;

export function takesPart(who: Participants, { id, category }: MerchantPlace): boolean {
  switch (who.who) {
    case 'all':
      return !who.except.includes(id);
    case 'categories':
      return who.categories.includes(category) && !who.except.includes(id);
    case 'ids':
      return who.ids.includes(id);
  }
}
