import { describe, expect, it } from 'vitest';
import { parseCampaign } from '#protocol/campaign/load.js';
import youhao from '../../../campaigns/youhao-2023.json' with { type: 'json' };
import { runCampaign } from './campaign.js';
import { campaignChart } from './campaign-chart.js';

/** The reference campaign with a hundredth of its coupons, at two of its merchants. */
const small = () => {
  const tiers = youhao.tiers.map((tier) => ({ ...tier, quantity: tier.quantity / 100 }));
  const budgetFen = tiers.reduce((sum, { faceFen, quantity }) => sum + faceFen * quantity, 0);
  const parsed = parseCampaign({ ...youhao, tiers, budgetFen, merchants: youhao.merchants.slice(0, 2) });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.fault));
  return parsed.value;
};

describe('a whole campaign', () => {
  const hours: string[] = [];
  const course = runCampaign(small(), 1, (_, words) => hours.push(words));

  it('goes on until its coupons are gone, with no invariant broken', () => {
    expect(course.violation).toBeUndefined();
    expect(course.end).toBe('coupons gone');
    const of = (what: 'claimed' | 'redeemed') =>
      [0, 1, 2].map((tier) => course.days.reduce((sum, day) => sum + (day[what][tier] ?? 0), 0));
    expect(of('claimed')).toEqual([40, 40, 20]);
    expect(of('redeemed')).toEqual([40, 40, 20]);
    expect(hours.at(-1)).toMatch(/^2023-0\d-\d\d \d\d:00, \d+ coupons used$/);
  });

  it('is told by the hour as it is by the day', () => {
    for (const [at, day] of course.days.entries()) {
      const inDay = course.hours.slice(at * 24, at * 24 + 24);
      for (const what of ['claimed', 'redeemed'] as const)
        expect(
          [0, 1, 2].map((tier) => inDay.reduce((sum, hour) => sum + (hour[what][tier] ?? 0), 0)),
          day.day,
        ).toEqual(day[what]);
    }
    expect(course.hours.slice(0, 9).every(({ claimed }) => Math.max(...claimed) === 0)).toBe(true);
  });

  it('is drawn with a panel for each tier, and names that can do no harm', () => {
    const svg = campaignChart({ ...course, campaign: { ...course.campaign, name: '<script>&"' } });
    expect(svg.match(/<polyline /g)).toHaveLength(6);
    for (const tier of ['满100减20', '满200减40', '满300减80']) expect(svg).toContain(tier);
    expect(svg).toContain('&lt;script&gt;&amp;&quot;');
    expect(svg).not.toContain('<script>');
    expect(svg).not.toMatch(/NaN|undefined/);
  });
});
