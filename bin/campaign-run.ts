/** `codeplate explore --campaign`: runs a campaign's whole course and shows it, day by day. */
import type { CampaignCourse } from '../simulator/world/campaign/campaign.js';
import { runCampaignApart } from '../simulator/world/campaign/campaign-apart.js';
import { campaignChart } from '../simulator/world/campaign/campaign-chart.js';
import { readCampaign } from './campaign-file.js';
import { outputFile, writeOutput } from './files/write-place.js';
import { progress } from './progress.js';
import { EXIT_FAILED, printJson } from './usage.js';

export async function runCampaign(
  file: string,
  { svg, json, seed }: { readonly svg: string | undefined; readonly json: boolean; readonly seed: number },
): Promise<void> {
  const campaign = readCampaign(file);
  // Not after the whole campaign.
  if (svg !== undefined) outputFile(svg, '--svg');
  const bar = progress(json);
  const began = Date.now();
  const course = await runCampaignApart(campaign, seed, (done, words) => bar(done, words));
  bar(undefined, '');
  const wallSeconds = (Date.now() - began) / 1000;
  if (svg !== undefined) writeOutput(svg, campaignChart(course));
  if (json) {
    const { days, end, people, sales, simulatedMs, violation, traceHash } = course;
    printJson({
      campaign: campaign.id,
      seed,
      wallSeconds,
      end,
      people,
      sales,
      simulatedMs,
      days,
      traceHash,
      violation: violation ?? null,
      chart: svg ?? null,
    });
  } else process.stdout.write(`${table(course)}\n${summary(course, wallSeconds, svg)}`);
  if (course.violation !== undefined) process.exitCode = EXIT_FAILED;
}

function table({ campaign, days }: CampaignCourse): string {
  const last = days.findLastIndex(({ claimed, redeemed, sales }) => sales + Math.max(...claimed, ...redeemed) > 0);
  const head = ['day', ...campaign.tiers.flatMap(({ id }) => [`${id} +`, `${id} -`]), 'sales', 'sponsor yuan'];
  const rows = days
    .slice(0, last + 1)
    .map((day) => [
      day.day,
      ...campaign.tiers.flatMap((_, at) => [`${day.claimed[at] ?? 0}`, `${day.redeemed[at] ?? 0}`]),
      `${day.sales}`,
      (day.sponsorFen / 100).toFixed(2),
    ]);
  const sum = (of: (day: CampaignCourse['days'][number]) => number): number =>
    days.reduce((total, day) => total + of(day), 0);
  const total = [
    'together',
    ...campaign.tiers.flatMap((_, at) => [
      `${sum((day) => day.claimed[at] ?? 0)}`,
      `${sum((day) => day.redeemed[at] ?? 0)}`,
    ]),
    `${sum((day) => day.sales)}`,
    (sum((day) => day.sponsorFen) / 100).toFixed(2),
  ];
  const lines = [head, ...rows, total];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const nothing =
    days[last + 1] === undefined ? [] : [`from ${days[last + 1]?.day} to ${days.at(-1)?.day}: nothing left`];
  return [...lines.map((line) => line.map((cell, at) => cell.padStart(widths[at] ?? 0)).join('  ')), ...nothing].join(
    '\n',
  );
}

function summary(
  { campaign, end, people, sales, simulatedMs, violation, traceHash }: CampaignCourse,
  wallSeconds: number,
  chart: string | undefined,
): string {
  const days = (simulatedMs / 86_400_000).toFixed(1);
  return [
    '(+ claimed, - redeemed)',
    `${end} after ${days} days: ${campaign.merchants.length} merchants, ${people} people, ${sales} sales in ${wallSeconds.toFixed(1)} s`,
    `${chart === undefined ? 'chart: none, --svg FILE writes one' : `chart: ${chart}`}; trace ${traceHash}`,
    violation === undefined ? 'no invariant was broken' : `broke “${violation.invariant}”: ${violation.what}`,
    '',
  ].join('\n');
}
