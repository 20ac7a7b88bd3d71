/** `codeplate quote`: which coupon comes off an amount, and why. */
import { Command, Option } from 'commander';
import type { Quote } from '#protocol/campaign/quote.js';
import type { Campaign, PresentationMode } from '#protocol/campaign/schema.js';
import type { Fen } from '#protocol/kernel/money.js';
import type { Interval } from '#protocol/kernel/time.js';
import { printJson, UsageError } from '../usage.js';

const EXAMPLES = `
Examples:
  $ codeplate quote --campaign youhao-2023 --fen 25990 --holds 20,40,80
  $ codeplate quote --campaign my-campaign.json --fen 9900 --holds 20 --at 2023-03-28T21:59:00+08:00
  $ codeplate quote --campaign youhao-2023 --fen 51000 --holds 80 --mode plate --json

Without --at the campaign's days and hours are left out of it. A time without an offset is one of the campaign's zone.
No coupon is an answer too: "reason" says why, and the exit code is 0.`;

interface Options {
  readonly campaign: string;
  readonly fen: string;
  readonly holds: string;
  readonly at?: string;
  readonly mode: PresentationMode;
  readonly json?: boolean;
}

export const command = (): Command =>
  new Command('quote')
    .description('Say which coupon comes off an amount, why, and what is missing to the next one.')
    .requiredOption('--campaign <file>', 'a campaign document, or the name of a shipped one such as youhao-2023')
    .requiredOption('--fen <amount>', 'the final amount in fen: 25990 is 259.90 yuan')
    .requiredOption(
      '--holds <faces>',
      "the customer's coupons: faces in yuan, or ids of tiers, with commas; '' for none",
    )
    .option('--at <time>', 'when, as ISO 8601: 2023-03-28T12:00:00+08:00 (default: at whatever time)')
    .addOption(
      new Option('--mode <mode>', 'the customer shows a code, or scans the plate')
        .choices(['customer-code', 'plate'])
        .default('customer-code'),
    )
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(run);

async function run(options: Options): Promise<void> {
  const [{ readCampaign }, { compileCampaign, quote }, { parseFen }, { parseInstant }] = await Promise.all([
    import('../campaign-file.js'),
    import('#protocol/campaign/quote.js'),
    import('#protocol/kernel/money.js'),
    import('#protocol/campaign/instant.js'),
  ]);
  const amount = parseFen(options.fen);
  if (!amount.ok) {
    throw new UsageError(
      `${amount.fault}: --fen ${shown(options.fen)} is no amount. Give a whole number of fen from 1 to 99999999: 51.00 yuan is 5100.`,
    );
  }
  const campaign = readCampaign(options.campaign);
  const compiled = compileCampaign(campaign);
  let at: Interval | 'any-time' = 'any-time';
  if (options.at !== undefined) {
    const instant = parseInstant(options.at, compiled.zone);
    if (instant === undefined) {
      throw new UsageError(
        `--at ${shown(options.at)} is no time. Give a date and a time, as in 2023-03-28T12:00:00+08:00 or 2023-03-28T04:00Z; without an offset it is one of ${campaign.window.timeZone}.`,
      );
    }
    at = { earliest: instant, latest: instant };
  }
  const holds = parseHolds(campaign, options.holds);
  const quoted = quote(compiled, { amountFen: amount.value, holds, mode: options.mode, at });
  if (options.json === true) printJson(plain(quoted));
  else process.stdout.write(await describe(campaign, amount.value, quoted));
}

function parseHolds(campaign: Campaign, list: string): { readonly tier: string }[] {
  if (list.trim() === '') return [];
  return list.split(',').map((word) => {
    const name = word.trim();
    const yuan = /^(\d{1,6})(?:\.(\d{1,2}))?$/.exec(name);
    const faceFen = yuan === null ? undefined : Number(yuan[1]) * 100 + Number((yuan[2] ?? '').padEnd(2, '0'));
    const tier =
      campaign.tiers.find(({ id }) => id === name) ?? campaign.tiers.find((known) => known.faceFen === faceFen);
    if (tier !== undefined) return { tier: tier.id };
    const faces = campaign.tiers.map((known) => known.faceFen / 100).join(', ');
    const ids = campaign.tiers.map(({ id }) => id).join(', ');
    throw new UsageError(`--holds: ${shown(name)} is no coupon of ${campaign.id}. It has ${faces} yuan (${ids}).`);
  });
}

/** Exactly the documented fields. */
const plain = ({ coupon, discountFen, netFen, reason, next }: Quote) => ({
  coupon: coupon === null ? null : { faceFen: coupon.faceFen, thresholdFen: coupon.thresholdFen },
  discountFen,
  netFen,
  reason,
  next: next === null ? null : { faceFen: next.faceFen, missingFen: next.missingFen },
});

async function describe(campaign: Campaign, amountFen: Fen, quoted: Quote): Promise<string> {
  const [{ formatYuan, formatYuanShort }, { quoteParams }, { sentence }] = await Promise.all([
    import('#protocol/kernel/money.js'),
    import('#protocol/campaign/quote.js'),
    import('#protocol/faults/sentence.js'),
  ]);
  const { coupon, discountFen, netFen, reason, next } = quoted;
  const params = quoteParams(campaign, quoted);
  const lines = [
    `${campaign.name}  ${campaign.nameEn}`,
    `金额 amount    ${formatYuan(amountFen)}`,
    coupon === null
      ? '用券 coupon    无 none'
      : `用券 coupon    ${formatYuanShort(coupon.faceFen)}元（满${formatYuanShort(coupon.thresholdFen)}可用）${formatYuanShort(coupon.faceFen)} yuan, usable from ${formatYuanShort(coupon.thresholdFen)}`,
    `优惠 discount  ${formatYuan(discountFen)}`,
    `实付 to pay    ${formatYuan(netFen)}`,
  ];
  if (reason !== null)
    lines.push(
      `原因 reason    ${sentence(reason, params, 'zh')}`,
      `               ${sentence(reason, params, 'en')} [${reason}]`,
    );
  if (next !== null && reason === null) {
    lines.push(
      `再买 next      再买${params.missing}元可减${params.face}元`,
      `               ${params.missing} yuan more takes ${params.face} yuan off`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** What somebody typed, on one line and harmless. */
const shown = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
