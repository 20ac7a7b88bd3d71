/** A campaign's course as a picture: for each tier what was claimed and what was redeemed, day by day, summed up. */
import type { CampaignCourse } from './campaign.js';

const WIDTH = 880;
const PANEL_HEIGHT = 190;
const LEFT = 70;
const RIGHT = 30;
const TOP = 60;
const GAP = 46;
/** Okabe and Ito's blue and vermilion: told apart by everybody. */
const CLAIMED = '#0072b2';
const REDEEMED = '#d55e00';

export function campaignChart({ campaign, days, end }: CampaignCourse): string {
  const height = TOP + campaign.tiers.length * (PANEL_HEIGHT + GAP) + 10;
  const panels = campaign.tiers.map((tier, at) => {
    const top = TOP + at * (PANEL_HEIGHT + GAP);
    const x = (day: number): number => LEFT + ((WIDTH - LEFT - RIGHT) * day) / days.length;
    const y = (count: number): number => top + PANEL_HEIGHT - (PANEL_HEIGHT * count) / tier.quantity;
    const line = (of: 'claimed' | 'redeemed'): string => {
      let sum = 0;
      const points = [`${x(0)},${y(0)}`];
      for (const [day, row] of days.entries()) {
        sum += row[of][at] ?? 0;
        points.push(`${x(day + 1).toFixed(1)},${y(sum).toFixed(1)}`);
      }
      return points.join(' ');
    };
    const ticks = days.map(
      ({ day }, index) =>
        `<text x="${x(index + 0.5).toFixed(1)}" y="${top + PANEL_HEIGHT + 15}" class="tick" text-anchor="middle">${day.slice(5)}</text>`,
    );
    const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => {
      const count = Math.round(tier.quantity * part);
      return `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(count)}" y2="${y(count)}" class="grid"/><text x="${LEFT - 8}" y="${y(count) + 4}" class="tick" text-anchor="end">${count}</text>`;
    });
    return [
      `<text x="${LEFT}" y="${top - 8}" class="tier">满${tier.thresholdFen / 100}减${tier.faceFen / 100} (${tier.id}), ${tier.quantity}</text>`,
      ...grid,
      `<polyline points="${line('claimed')}" fill="none" stroke="${CLAIMED}" stroke-width="2.5"/>`,
      `<polyline points="${line('redeemed')}" fill="none" stroke="${REDEEMED}" stroke-width="2.5"/>`,
      ...ticks,
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Coupons claimed and redeemed">
<style>text{font-family:system-ui,sans-serif;fill:#222}.tick{font-size:11px;fill:#555}.tier{font-size:14px;font-weight:600}.grid{stroke:#ddd}</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="${LEFT}" y="24" style="font-size:16px;font-weight:600">${escaped(campaign.nameEn)}: ${end}</text>
<rect x="${WIDTH - 230}" y="14" width="12" height="12" fill="${CLAIMED}"/><text x="${WIDTH - 212}" y="25" class="tick">claimed 已领取</text>
<rect x="${WIDTH - 120}" y="14" width="12" height="12" fill="${REDEEMED}"/><text x="${WIDTH - 102}" y="25" class="tick">redeemed 已核销</text>
${panels.join('\n')}
</svg>
`;
}

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] ?? sign);
