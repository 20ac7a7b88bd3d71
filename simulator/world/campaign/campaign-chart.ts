/**
 * A campaign's course as a picture: a panel for each tier with what was claimed and what was redeemed so far, hour by hour,
 * for as many days as it took. The hours in which no coupon is taken are shaded.
 */
import { parseTimeOfDay } from '#protocol/campaign/calendar.js';
import type { CampaignCourse } from './campaign.js';

const WIDTH = 960;
const LEFT = 76;
const RIGHT = 150;
const TOP = 124;
const PANEL_HEIGHT = 170;
const GAP = 64;
const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;
/** With more days than this an hour is too narrow to be named. */
const DAYS_WITH_HOURS = 4;
/** Okabe and Ito's blue and vermilion: told apart by everybody. */
const CLAIMED = '#0072b2';
const REDEEMED = '#d55e00';

type What = 'claimed' | 'redeemed';

export function campaignChart(course: CampaignCourse): string {
  const { campaign } = course;
  const height = TOP + campaign.tiers.length * (PANEL_HEIGHT + GAP) - 16;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(`${campaign.nameEn}: coupons claimed and redeemed`)}">
<style>text{font-family:"Noto Sans CJK SC","Noto Sans SC",system-ui,sans-serif;fill:#222}.tick{font-size:11px;fill:#666}.name{font-size:15px;font-weight:600}.of{font-size:12px;fill:#666}.end{font-size:12px;font-weight:600}</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="${LEFT}" y="34" style="font-size:20px;font-weight:700">${escaped(campaign.name)}</text>
<text x="${LEFT}" y="56" class="of">${escaped(campaign.nameEn)}</text>
<text x="${LEFT}" y="76" class="of">${escaped(verdict(course))}</text>
${legend()}
${campaign.tiers.map((_, tier) => panel(course, tier)).join('\n')}
</svg>
`;
}

function verdict({ campaign, days, end, sales, people }: CampaignCourse): string {
  const used = days.reduce((sum, day) => sum + day.redeemed.reduce((all, count) => all + count, 0), 0);
  const what = end === 'coupons gone' ? `${grouped(used)} 张券全部核销 all used` : `${grouped(used)} 张券已核销 used`;
  return `${what} · ${campaign.merchants.length} 家商户 merchants · ${grouped(people)} 人 people · ${grouped(sales)} 笔交易 sales`;
}

function legend(): string {
  const entry = (x: number, colour: string, words: string): string =>
    `<rect x="${x}" y="24" width="14" height="14" rx="2" fill="${colour}"/><text x="${x + 20}" y="36" class="of">${words}</text>`;
  return entry(WIDTH - 280, CLAIMED, '已领取 claimed') + entry(WIDTH - 145, REDEEMED, '已核销 redeemed');
}

function panel(course: CampaignCourse, tier: number): string {
  const { campaign, hours, days } = course;
  const { quantity, thresholdFen, faceFen } = campaign.tiers[tier] ?? { quantity: 1, thresholdFen: 0, faceFen: 0 };
  const shown = Math.max(1, Math.ceil(hours.length / DAY_HOURS));
  const top = TOP + tier * (PANEL_HEIGHT + GAP);
  const bottom = top + PANEL_HEIGHT;
  const right = WIDTH - RIGHT;
  const x = (hour: number): number => round(LEFT + ((right - LEFT) * hour) / (shown * DAY_HOURS));
  const y = (count: number): number => round(bottom - (PANEL_HEIGHT * count) / quantity);
  const curve = (what: What): { readonly points: string; readonly sum: number; readonly at: number } => {
    let sum = 0;
    const points = [`${x(0)},${bottom}`];
    for (const [hour, row] of hours.entries()) {
      sum += row[what][tier] ?? 0;
      points.push(`${x(hour + 1)},${y(sum)}`);
    }
    return { points: points.join(' '), sum, at: hours.length };
  };
  const lines = (['claimed', 'redeemed'] as const).map((what) => ({ what, ...curve(what) }));
  // Two ends at one height would be written over each other.
  const [claimed, redeemed] = lines.map(({ sum }) => y(sum));
  const apart = Math.max(0, 15 - Math.abs((redeemed ?? 0) - (claimed ?? 0))) / 2;
  return [
    `<text x="${LEFT}" y="${top - 12}" class="name">满${thresholdFen / 100}减${faceFen / 100}<tspan class="of" dx="10">${grouped(quantity)} 张 coupons</tspan></text>`,
    nights(course, shown, x, top),
    ...[0, 0.25, 0.5, 0.75, 1].map((part) => {
      const at = y(quantity * part);
      return `<line x1="${LEFT}" x2="${right}" y1="${at}" y2="${at}" stroke="${part === 0 ? '#999' : '#e2e2e2'}"/><text x="${LEFT - 10}" y="${at + 4}" class="tick" text-anchor="end">${grouped(Math.round(quantity * part))}</text>`;
    }),
    ...lines.map(({ what, points, at, sum }) => {
      const colour = what === 'claimed' ? CLAIMED : REDEEMED;
      const label = y(sum) + 4 + (what === 'claimed' ? -apart : apart);
      return `<polygon points="${points} ${x(at)},${bottom}" fill="${colour}" fill-opacity="0.12"/><polyline points="${points}" fill="none" stroke="${colour}" stroke-width="2.5" stroke-linejoin="round"/><text x="${x(at) + 8}" y="${round(label)}" class="end" style="fill:${colour}">${grouped(sum)} ${what === 'claimed' ? '领取' : '核销'}</text>`;
    }),
    ...Array.from({ length: shown }, (_, day) => {
      const date = days[day]?.day ?? '';
      const words = `${Number(date.slice(5, 7))}月${Number(date.slice(8))}日`;
      return `<text x="${x((day + 0.5) * DAY_HOURS)}" y="${bottom + (shown <= DAYS_WITH_HOURS ? 32 : 17)}" class="tick" text-anchor="middle">${words}</text>`;
    }),
    ...(shown <= DAYS_WITH_HOURS ? hourTicks(shown, x, bottom) : []),
  ].join('\n');
}

/** When no coupon is taken. */
function nights({ campaign }: CampaignCourse, shown: number, x: (hour: number) => number, top: number): string {
  const opens = parseTimeOfDay(campaign.window.opens) / HOUR_MS;
  const closes = parseTimeOfDay(campaign.window.closes) / HOUR_MS;
  const band = (from: number, to: number): string =>
    to > from
      ? `<rect x="${x(from)}" y="${top}" width="${round(x(to) - x(from))}" height="${PANEL_HEIGHT}" fill="#f3f3f3"/>`
      : '';
  return Array.from({ length: shown }, (_, day) => {
    const midnight = day * DAY_HOURS;
    return band(midnight, midnight + opens) + band(midnight + closes, midnight + DAY_HOURS);
  }).join('');
}

const hourTicks = (shown: number, x: (hour: number) => number, bottom: number): readonly string[] =>
  Array.from({ length: shown }, (_, day) =>
    [0, 6, 9, 12, 15, 18, 22].map((hour) => [day * DAY_HOURS + hour, hour] as const),
  )
    .flat()
    .map(
      ([at, hour]) =>
        `<line x1="${x(at)}" x2="${x(at)}" y1="${bottom}" y2="${bottom + 4}" stroke="#999"/><text x="${x(at)}" y="${bottom + 17}" class="tick" text-anchor="middle">${hour}</text>`,
    );

const round = (number: number): number => Math.round(number * 10) / 10;
const grouped = (number: number): string => String(number).replace(/\B(?=(\d{3})+$)/g, ',');

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] ?? sign);
