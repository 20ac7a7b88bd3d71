import { expect, it } from 'vitest';
import { fixedZone } from '#protocol/campaign/calendar.js';
import { wallMs } from '#protocol/kernel/time.js';
import { localTime } from './local-time.js';

it.each([
  [480, '20230328120000', '2023-03-28T12:00:00+08:00'],
  [0, '20230328040000', '2023-03-28T04:00:00+00:00'],
  [-210, '20230328003000', '2023-03-28T00:30:00-03:30'],
  [345, '20230328094500', '2023-03-28T09:45:00+05:45'],
])('a till %s minutes east of UTC is given its own clock', (minutes, compact, iso) => {
  const zone = fixedZone(minutes * 60_000);
  expect(localTime(zone, wallMs(Date.parse('2023-03-28T04:00:00Z')))).toEqual({ compact, iso });
});
