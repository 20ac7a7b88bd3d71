import { expect, it } from 'vitest';
import { wallMs } from '../kernel/time.js';
import { comingBack } from './coming-back.js';
import { compileCampaign } from './compiled.js';
import { exampleCampaign } from './example-campaign.js';
import type { Campaign } from './schema.js';

const at = (local: string) => wallMs(Date.parse(`${local}+08:00`));

// The example campaign takes coupons until 2023-04-10, 22:00.
it.each<[string, Campaign['refund'], string, string, boolean]>([
  ['in the campaign', 'restored-if-full', '2023-03-28T12:00', '2023-03-28T12:00', true],
  ['in its last moment', 'restored-if-full', '2023-04-10T21:59:59.999', '2023-04-10T21:59:59.999', true],
  ['as it closes for good', 'restored-if-full', '2023-04-10T22:00', '2023-04-10T22:00', false],
  ['for the next day', 'restored-next-day', '2023-03-28T12:00', '2023-03-29T00:00', true],
  ['for the last day', 'restored-next-day', '2023-04-09T23:59', '2023-04-10T00:00', true],
  ['on the last day, for the next', 'restored-next-day', '2023-04-10T00:00', '2023-04-11T00:00', false],
])('a coupon that comes back %s (%s, %s) is usable from %s: in time: %s', (_what, refund, when, from, inTime) => {
  const campaign = compileCampaign({ ...exampleCampaign(), refund });
  expect(comingBack(campaign, at(when))).toEqual({ usableFrom: at(from), inTime });
});
