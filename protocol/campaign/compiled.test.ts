import { describe, expect, it } from 'vitest';
import { wallMs } from '../kernel/time.js';
import { compileCampaign } from './compiled.js';
import { exampleCampaign } from './example-campaign.js';
import type { Campaign } from './schema.js';
import { openings } from './window.js';

describe('a box older than the name of the time zone', () => {
  const known = exampleCampaign();
  const newer: Campaign = { ...known, window: { ...known.window, timeZone: 'Asia/Yichun' } };

  it('takes its clocks from the openings that were worked out elsewhere', () => {
    const [here, there] = [compileCampaign(known), compileCampaign(newer, openings(known))];
    for (const name of ['begins', 'ends', 'claimOpens'] as const) expect(there[name]).toBe(here[name]);
    const noon = wallMs(Date.parse('2023-03-28T12:00:00+08:00'));
    expect(there.zone.local(noon)).toBe(Date.parse('2023-03-28T12:00:00Z'));
    expect(there.zone.instant(Date.parse('2023-03-28T12:00:00Z'))).toBe(noon);
  });

  it('does not guess where there is no opening either', () => {
    expect(() => compileCampaign(newer, [])).toThrow('time zone Asia/Yichun is not known here');
    expect(() => compileCampaign(newer)).toThrow('time zone Asia/Yichun is not known here');
  });

  it('knows the zone where the platform does, whatever the openings', () => {
    const noon = wallMs(Date.parse('2023-03-28T12:00:00+08:00'));
    expect(compileCampaign(known, []).zone.local(noon)).toBe(Date.parse('2023-03-28T12:00:00Z'));
  });
});
