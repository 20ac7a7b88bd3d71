/** `codeplate campaign`: looks campaign documents through, and turns format 1 into format 2. */
import { Command } from 'commander';
import type { CampaignV2 } from '#protocol/campaign/format2/schema.js';
import type { Campaign } from '#protocol/campaign/schema.js';
import type { Problem } from '#protocol/config/yaml-file.js';
import type { Result } from '#protocol/kernel/result.js';
import { whole } from '../numbers.js';
import { EXIT_FAILED, printJson, UsageError } from '../usage.js';

const CHECK_EXAMPLES = `
Examples:
  $ codeplate campaign check youhao-2023
  $ codeplate campaign check autumn.json --merchants merchants.csv --json

Both formats are read. Every problem is listed at once, with its path and what is allowed; the exit code is 1 then.
Gateways and counters run format 1; format 2 can be checked, and is not run yet.`;

const UPGRADE_EXAMPLES = `
Examples:
  $ codeplate campaign upgrade youhao-2023 --out youhao.v2.json --merchants merchants.csv

Format 2 names merchants by id only: --merchants writes the list of them, with names and categories, beside it.`;

const QUOTE_EXAMPLES = `
Examples:
  $ codeplate campaign quote autumn.json cars.json --fen 25990 --holds autumn:eight-tenths,cars:big --merchant shop-1:餐饮

Earlier uses are not known here: a coupon with a limit of use or a budget of the day needs the gateway (needs-the-line).`;

interface QuoteOptions {
  readonly fen: string;
  readonly holds: string;
  readonly excludedFen: string;
  readonly merchant?: string;
  readonly at?: string;
  readonly json?: boolean;
}

interface CheckOptions {
  readonly merchants?: string;
  readonly json?: boolean;
}

interface UpgradeOptions extends CheckOptions {
  readonly out?: string;
}

export function command(): Command {
  const campaign = new Command('campaign').description(
    'Look campaign documents through, before anything runs by them.',
  );
  campaign
    .command('check')
    .description('Check a campaign document of format 1 or 2: every problem at once.')
    .argument('<file>', 'a campaign document, or the name of a shipped one')
    .option('--merchants <csv>', 'the list of merchants (id,name,category) to check a format-2 document against')
    .option('--json', 'print one JSON object')
    .addHelpText('after', CHECK_EXAMPLES)
    .action(check);
  campaign
    .command('upgrade')
    .description('Write a format-1 document as one of format 2 that decides the same.')
    .argument('<file>', 'a campaign document of format 1, or the name of a shipped one')
    .option('--out <file>', 'where to write the document (default: standard output)')
    .option('--merchants <csv>', 'where to write the list of its merchants')
    .option('--json', 'print one JSON object with campaign and merchants')
    .addHelpText('after', UPGRADE_EXAMPLES)
    .action(upgrade);
  campaign
    .command('quote')
    .description('Say which coupons of format-2 campaigns come off an amount, and of each coupon why not.')
    .argument('<file...>', 'campaign documents of format 2')
    .requiredOption('--fen <amount>', 'the final amount in fen')
    .requiredOption('--holds <coupons>', "the customer's coupons as CAMPAIGN:TIER, with commas; '' for none")
    .option('--excluded-fen <amount>', 'the part of the amount that no coupon counts', '0')
    .option('--merchant <id:category>', 'the merchant and its category (default: whichever)')
    .option('--at <time>', 'when, as ISO 8601 (default: at whatever time)')
    .option('--json', 'print one JSON object')
    .addHelpText('after', QUOTE_EXAMPLES)
    .action(quoteAll);
  return campaign;
}

async function check(file: string, options: CheckOptions): Promise<void> {
  const [{ readCampaignDocument, invalidCampaign }, { isFormat2 }] = await Promise.all([
    import('../campaign-file.js'),
    import('#protocol/campaign/load.js'),
  ]);
  const { path, document } = readCampaignDocument(file);
  const checked = isFormat2(document) ? await checkFormat2(document, options) : await checkFormat1(document, options);
  if (options.json === true) {
    if (!checked.ok) process.exitCode = EXIT_FAILED;
    printJson(checked.ok ? { ok: true, ...checked.value, problems: [] } : { ok: false, problems: checked.fault });
    return;
  }
  if (!checked.ok) throw invalidCampaign(path, checked.fault);
  const { format, id, version, needs, runs } = checked.value;
  process.stdout.write(
    [
      `${path}: no problem found`,
      `campaign   ${id}, version ${version}, format ${format}`,
      `needs      ${needs.length === 0 ? 'nothing new of a counter' : needs.join(', ')}`,
      `runs       ${runs ? 'gateway and counters run it' : 'not yet: gateway and counters run format 1 only'}`,
      '',
    ].join('\n'),
  );
}

interface Checked {
  readonly format: 1 | 2;
  readonly id: string;
  readonly version: number;
  /** What a counter must be able to do to take its coupons off line. */
  readonly needs: readonly string[];
  /** Whether gateway and counters of this version run it. */
  readonly runs: boolean;
}

async function checkFormat1(document: unknown, options: CheckOptions): Promise<Result<Checked, readonly Problem[]>> {
  if (options.merchants !== undefined)
    throw new UsageError(
      '--merchants has no effect on a format-1 document, which has its merchants in it: leave it out.',
    );
  const [{ parseCampaign }, { needsOf }] = await Promise.all([
    import('#protocol/campaign/load.js'),
    import('#protocol/campaign/abilities.js'),
  ]);
  const parsed = parseCampaign(document);
  return parsed.ok ? { ok: true, value: checkedOf(parsed.value, needsOf(parsed.value)) } : parsed;
}

async function checkFormat2(document: unknown, options: CheckOptions): Promise<Result<Checked, readonly Problem[]>> {
  const [{ parseCampaignV2 }, { needsOfV2 }, { readMerchants }] = await Promise.all([
    import('#protocol/campaign/format2/load.js'),
    import('#protocol/campaign/format2/needs.js'),
    import('../files/merchants-file.js'),
  ]);
  const parsed = parseCampaignV2(
    document,
    options.merchants === undefined ? undefined : readMerchants(options.merchants),
  );
  return parsed.ok ? { ok: true, value: checkedOf(parsed.value, needsOfV2(parsed.value)) } : parsed;
}

const checkedOf = ({ format, id, version }: Campaign | CampaignV2, needs: readonly string[]): Checked => ({
  format,
  id,
  version,
  needs,
  runs: format === 1,
});

async function upgrade(file: string, options: UpgradeOptions): Promise<void> {
  const [{ readCampaignDocument, invalidCampaign }, { isFormat2, parseCampaign }, { upgradeCampaign }, places, lists] =
    await Promise.all([
      import('../campaign-file.js'),
      import('#protocol/campaign/load.js'),
      import('#protocol/campaign/format2/upgrade.js'),
      import('../files/write-place.js'),
      import('../files/merchants-file.js'),
    ]);
  const { path, document } = readCampaignDocument(file);
  if (isFormat2(document)) throw new UsageError(`${path} is of format 2 already: there is nothing to upgrade.`);
  const parsed = parseCampaign(document);
  if (!parsed.ok) throw invalidCampaign(path, parsed.fault);
  if (options.out !== undefined) places.outputFile(options.out, '--out');
  if (options.merchants !== undefined) places.outputFile(options.merchants, '--merchants');
  const upgraded = upgradeCampaign(parsed.value);
  const text = `${JSON.stringify(upgraded.campaign, null, 2)}\n`;
  if (options.out !== undefined) places.writeOutput(options.out, text);
  if (options.merchants !== undefined) places.writeOutput(options.merchants, lists.merchantsText(upgraded.merchants));
  if (options.json === true) printJson(upgraded);
  else if (options.out === undefined) process.stdout.write(text);
  else process.stdout.write(`${options.out}: ${upgraded.campaign.id} as a document of format 2\n`);
}

async function quoteAll(files: readonly string[], options: QuoteOptions): Promise<void> {
  const [{ readCampaignDocument, invalidCampaign }, { parseCampaignV2 }, { compileV2 }, { quoteV2 }, money, times] =
    await Promise.all([
      import('../campaign-file.js'),
      import('#protocol/campaign/format2/load.js'),
      import('#protocol/campaign/format2/compiled.js'),
      import('#protocol/campaign/format2/quote.js'),
      import('#protocol/kernel/money.js'),
      import('#protocol/campaign/instant.js'),
    ]);
  const { REASONS } = await import('#protocol/faults/reasons.js');
  const campaigns = files.map((file) => {
    const { path, document } = readCampaignDocument(file);
    const parsed = parseCampaignV2(document);
    if (!parsed.ok) throw invalidCampaign(path, parsed.fault);
    return compileV2(parsed.value);
  });
  const ids = campaigns.map(({ campaign }) => campaign.id);
  const twice = ids.find((id, at) => ids.indexOf(id) < at);
  if (twice !== undefined)
    throw new UsageError(`Two of the documents are ${twice}: each campaign has an id of its own.`);
  const amount = money.parseFen(options.fen);
  if (!amount.ok) throw new UsageError(`${amount.fault}: --fen ${options.fen}: give a whole number of fen.`);
  const excluded = whole('--excluded-fen', options.excludedFen, { most: amount.value });
  const coupons = options.holds.split(',').flatMap((word) => {
    if (word.trim() === '') return [];
    const [id, tier = ''] = word.trim().split(':');
    const campaign = ids.find((known) => known === id);
    if (campaign === undefined) throw new UsageError(`--holds ${word}: give CAMPAIGN:TIER of ${ids.join(', ')}.`);
    return [{ campaign, tier, serial: null, endsAt: null, drawnFen: null }];
  });
  const zone = campaigns[0]?.zone;
  const instant = options.at === undefined || zone === undefined ? undefined : times.parseInstant(options.at, zone);
  if (options.at !== undefined && instant === undefined)
    throw new UsageError(`--at ${options.at} is no time. Give one as 2023-03-28T12:00:00+08:00.`);
  const quoted = quoteV2(campaigns, {
    amountFen: amount.value,
    excludedFen: money.fen(excluded),
    coupons,
    mode: 'customer-code',
    at: instant === undefined ? 'any-time' : { earliest: instant, latest: instant },
    merchant: await merchantOf(options.merchant),
  });
  const each = quoted.each.map(({ savingFen, reason }, at) => ({
    campaign: coupons[at]?.campaign ?? null,
    tier: coupons[at]?.tier ?? null,
    savingFen,
    reason,
  }));
  const { savingFen, netFen, reason, next } = quoted;
  if (options.json === true) {
    printJson({ savingFen, netFen, reason, next, coupons: each });
    return;
  }
  const lines = each.map((one) => {
    const why = one.reason === null ? '使用 used' : `${zhOf(REASONS[one.reason])} [${one.reason}]`;
    return `${one.campaign}:${one.tier}  ${money.formatYuan(one.savingFen)}  ${why}`;
  });
  process.stdout.write(
    `${[`优惠 discount  ${money.formatYuan(savingFen)}`, `实付 to pay    ${money.formatYuan(netFen)}`, ...lines].join('\n')}\n`,
  );
}

const zhOf = (reason: { readonly zh: string; readonly bare?: { readonly zh: string } }): string =>
  reason.bare?.zh ?? reason.zh;

async function merchantOf(named: string | undefined) {
  if (named === undefined) return undefined;
  const { merchantId } = await import('#protocol/campaign/format2/parts.js');
  const [id, ...category] = named.split(':');
  const parsed = merchantId.safeParse(id);
  if (!parsed.success) throw new UsageError(`--merchant ${named}: give ID:CATEGORY, as shop-1:餐饮.`);
  return { id: parsed.data, category: category.join(':') };
}
