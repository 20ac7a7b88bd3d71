/** Plays a scenario: builds its street, claims for its customers, goes through its steps, heals everything, compares the books. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { checkEvidence, evidenceSchema } from '#protocol/evidence/evidence.js';
import { branded } from '#protocol/kernel/branded.js';
import { CAMPAIGN_ID, type CampaignId } from '#protocol/kernel/ids.js';
import { es256Verifier, sha256 } from '#protocol/node/crypto.js';
import { movedToToday } from '../counter/campaign-copy.js';
import { type Dice, diceOf } from '../counter/dice.js';
import type { Reconciled } from '../counter/reconcile.js';
import { type Rig, startRig } from '../counter/rig.js';
import type { LineShape } from '../hardware/pty.js';
import { packageFolder } from '../processes/package-folder.js';
import { type Kills, playChaos } from './chaos.js';
import type { Scenario } from './format.js';
import type { Check, ScenarioResult } from './result.js';
import { type CampaignSeen, Shoppers } from './shoppers.js';
import { Stage } from './stage.js';
import type { Step } from './verb-shapes.js';
import { playSteps } from './verbs.js';

export interface PlayOptions {
  readonly seed: number;
  /** Kill agents and gateway at random moments, so many times, while the scenario's sales go on and on. */
  readonly chaosKills?: number | undefined;
  /** Each thing that was looked at, as it is. */
  readonly onCheck?: (check: Check) => void;
  readonly onKill?: (kills: Kills) => void;
  /** Where a campaign's path in the file is relative to. */
  readonly folder?: string;
  /** Keeps logs, journals and ledger here. */
  readonly keep?: string | undefined;
}

/** Rejects only where the rig itself cannot be built; whatever the product does wrong is in the result. */
export async function playScenario(scenario: Scenario, options: PlayOptions): Promise<ScenarioResult> {
  const began = performance.now();
  const beganAt = Date.now();
  const dice = diceOf(options.seed);
  const document = withOffline(readCampaign(scenario.campaign, options.folder ?? process.cwd()), scenario.offline);
  const chaos = options.chaosKills !== undefined;
  const campaign = movedToToday(document, Date.now());
  const run = scenario.run === 'here' && !chaos ? 'here' : 'process';
  const rig = await startRig({
    counters: Object.entries(scenario.counters).map(([name, { merchant, shape }]) => ({
      name,
      merchant,
      shape: shape ?? someShape(dice.fork(`shape of ${name}`)),
    })),
    campaign,
    dice: dice.fork('customers'),
    agents: run,
    gateway: run,
    devices: scenario.devices,
    ...(options.keep !== undefined && { folder: options.keep }),
  });
  let kills: Kills = { agent: 0, gateway: 0 };
  let books: Reconciled | null = null;
  let notReached: readonly string[] = [];
  const shoppers = new Shoppers(rig, seen(document), dice.fork('codes'));
  const stage = new Stage({ rig, shoppers, dice: dice.fork('steps'), onCheck: options.onCheck ?? (() => {}) });
  try {
    await varyCards(rig, dice.fork('cards'));
    if (options.chaosKills !== undefined) kills = await playChaos(stage, scenario, options.chaosKills, options.onKill);
    else {
      for (const [name, { holds }] of Object.entries(scenario.customers)) await shoppers.arrive(name, holds);
      notReached = await playInOrder(stage, scenario.steps);
    }
    await trying(stage, 'everything comes to rest', async () => {
      books = await rig.settle();
    });
    if (books !== null) await lastChecks(stage, scenario, books, chaos);
  } finally {
    await rig.stop();
  }
  const { counters } = rig;
  for (const counter of counters)
    if (counter.leftovers.length > 0) stage.check('nothing is left behind', counter.leftovers.join(', '));
  const { sales = 0, redeemed = 0 } = (books as Reconciled | null)?.ledger ?? {};
  return {
    scenario: scenario.name,
    seed: options.seed,
    window: campaign.window,
    sales,
    redeemed: redeemed ?? 0,
    violations: stage.violations,
    checks: stage.checks,
    notReached,
    beganAt,
    tookMs: performance.now() - began,
    books,
    kills,
  };
}

/** A step that can't go on ends the steps; the books are compared all the same. Returns the names of those behind it. */
async function playInOrder(stage: Stage, steps: readonly Step[]): Promise<readonly string[]> {
  const names = steps.map((step, at) => `step ${at + 1}, ${nameOf(step)}`);
  for (const [at, step] of steps.entries())
    if (!(await trying(stage, names[at] ?? step.verb, () => playSteps(stage, [step])))) return names.slice(at + 1);
  return [];
}

/** `wait A1`; a step without an order is its verb. */
const nameOf = (step: Step): string =>
  step.verb !== 'together' && 'order' in step.with ? `${step.verb} ${step.with.order}` : step.verb;

/** Whether it came to its end. */
async function trying(stage: Stage, what: string, act: () => Promise<void>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    stage.check(what, error instanceof Error ? error.message : String(error));
    return false;
  }
}

async function lastChecks(stage: Stage, scenario: Scenario, books: Reconciled, chaos: boolean): Promise<void> {
  stage.check('journal, ledger, receipts and reader agree', books.differences);
  const died = [...stage.rig.counters.map((counter) => counter.died), stage.rig.gateway.died].filter(
    (text) => text !== undefined,
  );
  stage.check('no process ended by itself', died);
  const evidence = (await stage.rig.gateway.evidence()).map((document) => evidenceSchema.parse(document));
  const unproved = evidence.flatMap((document) => {
    const proved = checkEvidence(document, { verifier: es256Verifier(), sha256 });
    return proved.ok ? [] : [`evidence ${document.id}: ${proved.fault.why}`];
  });
  stage.check('all evidence proves itself', unproved);
  if (chaos) return;
  const found: Readonly<Record<string, number | null>> = {
    ...books.journal,
    ...books.copies,
    inPersonsHands: books.inPersonsHands,
    doubleSpends: evidence.filter(({ kind }) => kind === 'double-spend').length,
  };
  const wrong = Object.entries(scenario.finally).flatMap(([name, should]) =>
    should === undefined || found[name] === should ? [] : [`${name} is ${found[name]}, not ${should}`],
  );
  stage.check('the sums at the end', wrong);
}

/** Fast and whole; a few bytes at a time; more of them; gathered into lumps. What a device says comes in all of these ways. */
function someShape(dice: Dice): LineShape | undefined {
  return dice.pick<LineShape | undefined>([
    undefined,
    { chunkBytes: dice.between(6, 16) },
    { chunkBytes: dice.between(17, 60) },
    { gatherMs: dice.between(1, 8) },
  ]);
}

async function varyCards(rig: Rig, dice: Dice): Promise<void> {
  for (const { reader } of rig.counters)
    await reader.usually({ kind: 'approve', cardMs: dice.between(2, 60), bankMs: dice.between(2, 60) });
}

/** A shipped campaign by its name, or a document by its path. */
export function readCampaign(nameOrPath: string, folder: string): unknown {
  const file = nameOrPath.endsWith('.json')
    ? path.resolve(folder, nameOrPath)
    : path.join(packageFolder(), 'campaigns', `${nameOrPath}.json`);
  return JSON.parse(readFileSync(file, 'utf8'));
}

const campaignSchema = z.object({
  id: branded<CampaignId>(z.string().regex(CAMPAIGN_ID)),
  tiers: z.array(z.object({ id: z.string(), faceFen: z.int(), thresholdFen: z.int() })),
});

function seen(document: unknown): CampaignSeen {
  const { id, tiers } = campaignSchema.parse(document);
  const tiersSeen = tiers.map((tier) => ({
    id: tier.id,
    faceYuan: tier.faceFen / 100,
    thresholdFen: tier.thresholdFen,
  }));
  return { id, tiers: tiersSeen };
}

/** A scenario may be stricter than the campaign about what is taken without a line: thirty coupons are a long story. */
function withOffline(document: unknown, offline: Scenario['offline']): unknown {
  const campaign = z.looseObject({ offline: z.looseObject({}) }).parse(document);
  return { ...campaign, offline: { ...campaign.offline, ...offline } };
}
