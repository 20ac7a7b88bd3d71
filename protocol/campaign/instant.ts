/** Parses times that people type: ISO 8601 date and time. A time without an offset is local to the campaign's zone. */
import { type WallMs, wallMs } from '../kernel/time.js';
import { DAY_MS, dayNumber, isRealDay, type Zone } from './calendar.js';

/** undefined: not a valid time, or one that the zone's clocks skip. */
export function parseInstant(text: string, zone: Zone): WallMs | undefined {
  const found = ISO_8601.exec(text)?.groups;
  if (found === undefined) return undefined;
  const { year, month, day, hour, minute, second = 0, fraction = '', offset } = found;
  if (!isRealDay(Number(year), Number(month), Number(day))) return undefined;
  const clock = (Number(hour) * 60 + Number(minute)) * 60 + Number(second);
  const local =
    dayNumber(Number(year), Number(month), Number(day)) * DAY_MS + clock * 1_000 + Number(fraction.padEnd(3, '0'));
  if (offset === undefined) return zone.instant(local);
  if (offset === 'Z') return wallMs(local);
  const ahead = (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4, 6))) * 60_000;
  return wallMs(offset.startsWith('-') ? local + ahead : local - ahead);
}

/** Years from 1900 on: earlier zones used local solar time, down to the second. */
const ISO_8601 =
  /^(?<year>19\d\d|[2-9]\d{3})-(?<month>\d\d)-(?<day>\d\d)T(?<hour>[01]\d|2[0-3]):(?<minute>[0-5]\d)(?::(?<second>[0-5]\d)(?:\.(?<fraction>\d{1,3}))?)?(?<offset>Z|[+-](?:0\d|1[0-4]):[0-5]\d)?$/;
