/** `codeplate simulate`: a scenario on virtual hardware, judged by four books that must agree. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { describeCampaignProblem } from '#protocol/campaign/load.js';
import type { CampaignNames, Scenario } from '#simulator/scenarios/format.js';
import type { Check, ScenarioResult } from '#simulator/scenarios/result.js';
import { readText } from '../files/read-file.js';
import { outputFile, outputFolder, writeOutput } from '../files/write-place.js';
import { seedOption, wholeOption } from '../numbers.js';
import { EXIT_FAILED, printJson, refuseUnused, UsageError } from '../usage.js';

interface Options {
  readonly seed?: number;
  readonly runs?: number;
  readonly junit?: string;
  readonly json?: boolean;
  readonly chaos?: boolean;
  readonly times?: number;
  readonly keep?: string;
}

/** Seeds are printed and typed again: six digits are enough to differ. */
const SEEDS = 1_000_000;

/** The longest that is shipped has some 10 kB. */
const MAX_SCENARIO_BYTES = 4 * 1024 * 1024;

/** Each takes a second or two. */
const KILLS = 20;

const EXAMPLES = `
Examples:
  $ codeplate simulate happy-day                    (a shipped one: codeplate simulate --list)
  $ codeplate simulate reader-unknown --seed 7      (the same amounts, timings and chunks again)
  $ codeplate simulate happy-day --runs 20          (twenty seeds, one after the other)
  $ codeplate simulate mine.yaml --junit out.xml
  $ codeplate simulate scenarios/ happy-day --junit out.xml (each of a folder, and one more; one report)
  $ codeplate simulate happy-day --chaos --times 50 (kill -9 of agent and gateway at random moments)

A scenario says which counters there are, who comes, what happens and what must be true. Whatever it says, at its end the
journals, the ledger, the receipts on paper and the card readers' own books must agree. Exit code 1 where anything is wrong,
3 where pseudo-terminals are missing and nothing was played.
A scenario plays on today's clock: whatever days and hours its campaign names, it began yesterday, lasts 15 days, and is open
from 00:00 to 24:00 ("window" in JSON). For a last day or a closing hour: codeplate quote --at, explore --campaign.
With --json: {"scenario","seed","window","sales","redeemed","violations":[...]}; where more than one is played, the same of
each in "runs".
How to write one is at the head of simulator/scenarios/format.ts.`;

export function command(): Command {
  return new Command('simulate')
    .description('Play a scenario on virtual counter hardware, with the real agent and the real gateway.')
    .argument('[scenarios...]', 'YAML files, folders of them, or names of shipped scenarios')
    .option('--list', 'name the shipped scenarios, and what each is about')
    .option('--seed <n>', 'amounts, timings and chunks come from it; a fresh one, where missing', seedOption('--seed'))
    .option('--runs <n>', 'so many times, with the next seeds (1)', wholeOption('--runs', 1))
    .option('--junit <file>', 'write what was looked at as JUnit XML')
    .option('--json', 'print one JSON object and nothing else')
    .option('--chaos', "kill agent and gateway at random moments while the scenario's sales go on")
    .option('--times <n>', `with --chaos: so many kills (${KILLS})`, wholeOption('--times', 1))
    .option(
      '--keep <folder>',
      'keep logs, journals and ledger in this folder; where more than one is played, in one for each',
    )
    .addHelpText('after', EXAMPLES)
    .action(async (scenarios: readonly string[], options: Options & { readonly list?: boolean }) => {
      if (options.list !== true) return simulate(scenarios, options);
      if (scenarios.length > 0)
        throw new UsageError(`--list names the shipped scenarios: leave "${scenarios.join(' ')}" out.`);
      refuseUnused(options, ['list', 'json'], 'with --list');
      await list(options.json === true);
    });
}

async function list(json: boolean): Promise<void> {
  const [{ parseScenario }, { scenarioFile, shippedScenarios }] = await Promise.all([
    import('#simulator/scenarios/format.js'),
    import('#simulator/scenarios/shipped.js'),
  ]);
  const abouts = shippedScenarios().map((name): readonly [string, string] => {
    const parsed = parseScenario(readText(scenarioFile(name) ?? name, MAX_SCENARIO_BYTES));
    return [name, parsed.ok ? parsed.value.about : ''];
  });
  const widest = Math.max(...abouts.map(([name]) => name.length));
  if (json) printJson({ scenarios: shippedScenarios(), abouts: Object.fromEntries(abouts) });
  else process.stdout.write(abouts.map(([name, about]) => `${name.padEnd(widest)}  ${about}\n`).join(''));
}

async function simulate(named: readonly string[], options: Options): Promise<void> {
  if (options.times !== undefined && options.chaos !== true)
    throw new UsageError('--times has no effect without --chaos: leave it out, or add --chaos.');
  const { runs = 1, times = KILLS } = options;
  const parts = await readAll(named);
  const { loadPty } = await import('#simulator/hardware/pty.js');
  await loadPty();
  // Not after ten minutes of playing.
  if (options.junit !== undefined) outputFile(options.junit, '--junit');
  const first = options.seed ?? Math.floor(Math.random() * SEEDS);
  if (first > Number.MAX_SAFE_INTEGER - (runs - 1))
    throw new UsageError(`--seed ${first} has no ${runs - 1} seeds after it: give a smaller one, or fewer --runs.`);
  const plays = parts.flatMap((part) => Array.from({ length: runs }, (_, run) => ({ ...part, seed: first + run })));
  const keptIn = options.keep === undefined ? () => undefined : placesToKeep(options.keep, plays);
  const { playScenario } = await import('#simulator/scenarios/play.js');
  const { junitXml } = await import('#simulator/scenarios/result.js');
  const quiet = options.json === true;
  const results: ScenarioResult[] = [];
  for (const play of plays) {
    const { asked, file, scenario, seed } = play;
    if (!quiet) process.stdout.write(`${scenario.name}, seed ${seed}\n`);
    const result = await playScenario(scenario, {
      seed,
      folder: path.dirname(path.resolve(file)),
      ...(options.chaos === true && { chaosKills: times }),
      keep: keptIn(play),
      onCheck: (check) => (quiet ? undefined : tellCheck(check)),
      onKill: ({ agent, gateway }) =>
        quiet || (agent + gateway) % 10 !== 0
          ? undefined
          : process.stdout.write(`  killed: agent ${agent}, gateway ${gateway} times\n`),
    });
    results.push(result);
    if (!quiet) tellWindow(result);
    if (!quiet) tellEnd(result, asked, options.chaos === true ? ` --chaos --times ${times}` : '');
  }
  if (options.junit !== undefined) writeOutput(options.junit, junitXml(results));
  const [only] = results;
  const bad = results.filter(({ violations }) => violations.length > 0);
  if (quiet) printJson(results.length === 1 && only !== undefined ? summary(only) : { runs: results.map(summary) });
  else if (results.length > 1) process.stdout.write(`${results.length - bad.length} of ${results.length} passed\n`);
  if (bad.length > 0) process.exitCode = EXIT_FAILED;
}

interface Part {
  /** As it was named, to be named so again. */
  readonly asked: string;
  readonly file: string;
  readonly scenario: Scenario;
}
type Play = Part & { readonly seed: number };

/** A run that finds an earlier one's journals would go on with them: each has a folder of its own, with nothing of another in it. */
function placesToKeep(folder: string, plays: readonly Play[]): (play: Play) => string {
  outputFolder(folder, '--keep');
  const isOne = (of: (play: Play) => unknown): boolean => new Set(plays.map(of)).size === 1;
  const [oneScenario, oneSeed] = [isOne(({ file }) => file), isOne(({ seed }) => seed)];
  const placeOf = ({ file, seed }: Play): string =>
    path.resolve(folder, oneScenario ? '' : path.basename(file, '.yaml'), oneSeed ? '' : `seed-${seed}`);
  const places = new Set<string>();
  for (const play of plays) {
    const place = placeOf(play);
    const taken = ['gateway', ...Object.keys(play.scenario.counters)].find((name) =>
      existsSync(path.join(place, name)),
    );
    if (taken !== undefined)
      throw new UsageError(
        `--keep ${folder} holds ${path.relative(folder, path.join(place, taken))} of an earlier run already. Name another folder, or move it away first.`,
      );
    if (places.has(place))
      throw new UsageError(`--keep ${folder}: two scenarios would share ${place}. Give their files different names.`);
    places.add(place);
  }
  return placeOf;
}

const summary = ({ scenario, seed, window, sales, redeemed, violations, tookMs, kills }: ScenarioResult) => ({
  scenario,
  seed,
  window: { firstDay: window.firstDay, days: window.days, opens: window.opens, closes: window.closes },
  sales,
  redeemed,
  violations,
  tookMs: Math.round(tookMs),
  ...(kills.agent + kills.gateway > 0 && { kills }),
});

/** Every scenario is read before the first is played: what is wrong with the last is not told after ten minutes. */
async function readAll(named: readonly string[]): Promise<readonly Part[]> {
  const { scenarioFile, shippedScenarios } = await import('#simulator/scenarios/shipped.js');
  const shipped = shippedScenarios().join(', ');
  if (named.length === 0) throw new UsageError(`Name a scenario: a YAML file, or one of ${shipped}`);
  const parts: Part[] = [];
  for (const asked of named) {
    const file = scenarioFile(asked);
    if (file === undefined) throw new UsageError(`There is no scenario "${asked}". Shipped are ${shipped}`);
    if (!statSync(file).isDirectory()) parts.push({ asked, ...(await read(file, shipped)) });
    else for (const one of scenariosIn(file)) parts.push({ asked: one, ...(await read(one, shipped)) });
  }
  return parts;
}

function scenariosIn(folder: string): readonly string[] {
  const files = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
  if (files.length === 0) throw new UsageError(`There is no scenario in ${folder}: no file in it ends in .yaml.`);
  return files.toSorted().map((name) => path.join(folder, name));
}

async function read(file: string, shipped: string): Promise<{ readonly file: string; readonly scenario: Scenario }> {
  const { parseScenario } = await import('#simulator/scenarios/format.js');
  let text: string;
  try {
    text = readText(file, MAX_SCENARIO_BYTES);
  } catch (error) {
    throw new UsageError(
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}\nName a scenario: a YAML file, or one of ${shipped}`,
    );
  }
  const { readCampaign } = await import('../campaign-file.js');
  let badCampaign: Error | undefined;
  const namesOfCampaign = (campaign: string): CampaignNames | undefined => {
    try {
      const { merchants, tiers } = readCampaign(
        campaign.endsWith('.json') ? path.resolve(path.dirname(path.resolve(file)), campaign) : campaign,
      );
      return { merchants: merchants.map(({ id }) => id), facesYuan: tiers.map(({ faceFen }) => faceFen / 100) };
    } catch (error) {
      badCampaign = error instanceof Error ? error : new Error(String(error));
      return undefined;
    }
  };
  const parsed = parseScenario(text, namesOfCampaign);
  if (parsed.ok && badCampaign !== undefined) throw badCampaign;
  if (parsed.ok) return { file, scenario: parsed.value };
  const problems = parsed.fault.map((problem) => `  ${describeCampaignProblem(problem)}`);
  if (badCampaign !== undefined) problems.push(badCampaign.message);
  throw new UsageError(
    `SCENARIO_INVALID: ${file} has problems; correct all of them and run it again.\n${problems.join('\n')}`,
  );
}

const colour = (code: number, text: string): string =>
  process.stdout.isTTY === true ? `\x1b[${code}m${text}\x1b[0m` : text;

function tellCheck({ name, wrong }: Check): void {
  process.stdout.write(
    wrong === null ? `  ${colour(32, '✓')} ${name}\n` : `  ${colour(31, '✗')} ${name}: ${colour(31, wrong)}\n`,
  );
}

/** A scenario runs on today's clock: whoever named a campaign of other days must not take its window for tried. */
function tellWindow({ window: { firstDay, days, opens, closes } }: ScenarioResult): void {
  process.stdout.write(
    `  played as if the campaign ran ${days} days from ${firstDay}, ${opens} to ${closes}: its own days and hours are not tried\n`,
  );
}

function tellEnd(
  { scenario, seed, sales, redeemed, violations, tookMs, kills }: ScenarioResult,
  asked: string,
  more: string,
) {
  const killed =
    kills.agent + kills.gateway === 0 ? '' : `, killed agent ${kills.agent} and gateway ${kills.gateway} times`;
  const seconds = (tookMs / 1000).toFixed(1);
  process.stdout.write(
    violations.length === 0
      ? `${colour(32, 'passed')}: ${scenario}, ${sales} sales, ${redeemed} coupons${killed}, ${seconds} s\n`
      : `${colour(31, 'FAILED')}: ${violations.length} violations. Again: codeplate simulate ${asked} --seed ${seed}${more}\n`,
  );
}
