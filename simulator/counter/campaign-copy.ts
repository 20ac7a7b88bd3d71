/**
 * The reference campaign is of 2023. A counter on today's clock plays it with its window moved: it began yesterday, coupons
 * are taken round the clock, and everything else (tiers, quantities, merchants, rules) is the published document.
 */
import { z } from 'zod';

const DAY_MS = 86_400_000;
/** A fortnight is the reference campaign's own length. */
const DAYS = 15;

const documentSchema = z.looseObject({
  id: z.string(),
  window: z.looseObject({ timeZone: z.string() }),
  claim: z.looseObject({}),
});

/** The days and hours that a moved campaign is played in, in place of its own. */
export interface MovedWindow {
  readonly firstDay: string;
  readonly days: number;
  readonly opens: string;
  readonly closes: string;
}

type Document = z.infer<typeof documentSchema>;
type Moved = Document & { readonly window: Document['window'] & MovedWindow };

/** `document`: a campaign's parsed JSON. Throws ZodError where it is none. */
export function movedToToday(document: unknown, nowMs: number): Moved {
  const campaign = documentSchema.parse(document);
  // sv-SE writes YYYY-MM-DD.
  const yesterday = new Intl.DateTimeFormat('sv-SE', { timeZone: campaign.window.timeZone }).format(nowMs - DAY_MS);
  return {
    ...campaign,
    window: { ...campaign.window, firstDay: yesterday, days: DAYS, opens: '00:00', closes: '24:00' },
    claim: { ...campaign.claim, opens: { day: yesterday, time: '00:00' } },
  };
}

/** Throws ZodError where it is no campaign. */
export const campaignIdOf = (document: unknown): string => documentSchema.parse(document).id;
