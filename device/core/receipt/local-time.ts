/** Formats an instant as local time at the counter, in the two forms that tills get. */
import type { Zone } from '#protocol/campaign/calendar.js';
import { utcText } from '#protocol/campaign/clock-text.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { LocalTime } from '../../ports/till.js';

export function localTime(zone: Zone, at: WallMs): LocalTime {
  const local = zone.local(at);
  const text = utcText(local);
  const minutes = Math.round((local - at) / 60_000);
  const two = (n: number): string => String(n).padStart(2, '0');
  const offset = `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
  return { compact: text.replace(/\D/g, ''), iso: `${text.replace(' ', 'T')}${offset}` };
}
