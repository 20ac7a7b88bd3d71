/** `codeplate operator`: what waits for a person, and the acts that decide it. */
import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { Command } from 'commander';
import { readJson } from '#protocol/config/strict-json.js';
import { askGateway, type OperatorOptions, withOperatorOptions } from '../operator-client.js';
import { EXIT_FAILED, printJson, UsageError } from '../usage.js';

const EXAMPLES = `
Examples:
  $ codeplate operator cases --config shop/gateway.yaml
  $ codeplate operator show sale:plate-001:s000012-9f3c --config shop/gateway.yaml
  $ codeplate operator release sale:plate-001:s000012-9f3c --by li --why "reader journal: declined" --config shop/gateway.yaml
  $ codeplate operator decide sale:plate-001:s000012-9f3c paid --by li --why "on the statement" --rrn 230327000001 --config shop/gateway.yaml
  $ codeplate operator unfork plate-001 --by li --why "clone put away" --config shop/gateway.yaml
  $ codeplate operator assign sale:plate-001:s000012-9f3c --by li --why "merchant's slip seen" --config shop/gateway.yaml
  $ codeplate operator confirm --file statement.csv --by li --why "statement of 28 March" --config shop/gateway.yaml

docs/operators.md says of each case what it means and what to find out first. An act that may not have come through is repeated with
the same --act: it is done once.`;

interface Common extends OperatorOptions {
  readonly json?: boolean;
}
interface ActOptions extends Common {
  readonly by?: string;
  readonly why: string;
  readonly act?: string;
}

export function command(): Command {
  const operator = new Command('operator')
    .summary('List what waits for a person at the gateway, and decide it.')
    .description(
      'List what waits for a person (held coupons, disputed sales, double spends, forked journals), and decide it. Exit 1 where the gateway refuses.',
    )
    .addHelpText('after', EXAMPLES);
  const reads = (name: string) => withOperatorOptions(operator.command(name)).option('--json', 'print one JSON object');
  const does = (name: string) =>
    reads(name)
      .requiredOption('--why <text>', 'the reason, for the audit')
      .option('--by <name>', 'who decides (the user who runs this)')
      .option('--act <id>', 'the id of an act that is repeated');
  reads('cases').description('List the open cases, the oldest first.').action(listed);
  reads('show').description('Show one case, whole.').argument('<id>', 'a case').action(shown);
  does('release')
    .description('Nothing was charged: give the coupon back to its holder.')
    .argument('<id>', 'a case')
    .action((id: string, options: ActOptions) => act(options, { kind: 'release', ...saleOf(id) }));
  does('free')
    .description('Nobody will ever say how the charge ended: give the coupon back to its holder.')
    .argument('<id>', 'a case')
    .action((id: string, options: ActOptions) => act(options, { kind: 'free', ...saleOf(id) }));
  does('decide')
    .description('Decide a disputed or unknown sale: paid, not-paid or write-off.')
    .argument('<id>', 'a case')
    .argument('<verdict>', 'paid, not-paid or write-off')
    .option('--rrn <reference>', "the card payment's reference, where the counter named none")
    .action((id: string, verdict: string, options: ActOptions & { readonly rrn?: string }) =>
      act(options, { kind: 'decide', ...saleOf(id), verdict: verdictOf(verdict), rrn: options.rrn }),
    );
  does('unfork')
    .description("Let a counter go on whose journal and the gateway's copy disagreed.")
    .argument('<device>', 'a device')
    .option('--seq <n>', 'take its journal anew behind this record, where both copies agree; 0 for all of it')
    .option('--hash <hash>', "our copy's hash there, to be sure which one is meant")
    .action((device: string, options: ActOptions & { readonly seq?: string; readonly hash?: string }) =>
      act(options, { kind: 'unfork', device, seq: seqOf(options.seq), hash: options.hash }),
    );
  does('close')
    .description('Nothing is to be done about a case.')
    .argument('<id>', 'a case')
    .action((id: string, options: ActOptions) => act(options, { kind: 'close', about: id }));
  does('assign')
    .description('Give a card payment to one of the sales that name it.')
    .argument('<sale>', 'sale:DEVICE:SALE, as the case names it')
    .action((id: string, options: ActOptions) => act(options, { kind: 'assign', ...saleOf(id) }));
  does('disown')
    .description('The card payment that a sale names is not its own.')
    .argument('<sale>', 'sale:DEVICE:SALE, as the case names it')
    .action((id: string, options: ActOptions) => act(options, { kind: 'disown', ...saleOf(id) }));
  does('confirm')
    .description(
      "Hand in the acquirer's file: a CSV with the columns rrn and netFen, and merchant and device if it has them.",
    )
    .requiredOption('--file <csv>', 'UTF-8, with a header line')
    .action(confirmed);
  return operator;
}

async function listed(options: Common): Promise<void> {
  const { cases } = await asked(options, '/v1/cases', listSchema);
  if (options.json === true) return printJson({ cases });
  if (cases.length === 0) process.stdout.write('Nothing waits for a person.\n');
  for (const one of cases) process.stdout.write(`${lineOf(one)}\n`);
}

async function shown(id: string, options: Common): Promise<void> {
  const { case: one } = await asked(options, `/v1/cases/${encodeURIComponent(id)}`, caseSchema);
  if (options.json === true) return printJson({ case: one });
  const of = (name: string, value: unknown): string[] => (value === null ? [] : [`  ${name}: ${String(value)}`]);
  const lines = [
    lineOf(one),
    ...of('device', one.device),
    ...(one.fork === null
      ? []
      : [`  the journals part at ${one.fork.seq}, ours (of ${one.fork.haveSeq}) has ${one.fork.hash} there`]),
    ...of("the acquirer's amount", one.confirmedFen),
    ...of("the acquirer's merchant", one.confirmedMerchant),
    ...of("the acquirer's device", one.confirmedDevice),
    ...one.sales.flatMap((sale) => [
      `  sale:${sale.device}:${sale.sale}: ${sale.state}, booked ${sale.booking}`,
      `    order ${sale.order ?? 'unknown'}, merchant ${sale.merchant ?? 'unknown'}, ${timeOf(sale.at)}`,
      `    amount ${sale.amountFen}, net ${sale.netFen}, face ${sale.faceFen} fen, coupon ${sale.serial ?? 'none'}`,
      `    card ${sale.last4 ?? '?'}, rrn ${sale.rrn ?? 'none'}, auth ${sale.auth ?? 'none'}`,
      ...(sale.ruling === null ? [] : [`    ${sale.ruling.kind} by ${sale.ruling.by} (${sale.ruling.why})`]),
      ...(sale.flags.length === 0 ? [] : [`    flags: ${sale.flags.join(', ')}`]),
      ...sale.decisions.map(
        ({ kind, verdict, by, why, at, contradicted }) =>
          `    ${timeOf(at)} ${by}: ${kind} ${verdict ?? ''} (${why})${contradicted === true ? ', contradicted since' : ''}`,
      ),
    ]),
    ...(one.evidence.length === 0 ? [] : [`  evidence: ${one.evidence.join(', ')} (codeplate evidence N)`]),
    `  allowed: ${one.acts.join(', ')}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function act(options: ActOptions, what: object): Promise<void> {
  const done = await doAct(options, options.act ?? randomUUID(), what);
  if (options.json === true) return printJson(done);
  process.stdout.write(`${done.again ? 'was done before' : 'done'}: ${described(done.result)} (act ${done.id})\n`);
}

/** As many references as the gateway takes in one act. */
const REFERENCES_AN_ACT = 500;

async function confirmed(options: ActOptions & { readonly file: string }): Promise<void> {
  const { readAcquirerFile } = await import('../files/acquirer-file.js');
  const { references, fingerprint } = readAcquirerFile(options.file);
  const sums = { confirmed: 0, already: 0, differs: [] as string[] };
  for (let at = 0; at < references.length; at += REFERENCES_AN_ACT) {
    // Of the file's content: handed in again after a broken line, what was done is done.
    const id = `${options.act ?? fingerprint}-${at / REFERENCES_AN_ACT}`;
    const part = references.slice(at, at + REFERENCES_AN_ACT);
    const { again, result } = await doAct(options, id, { kind: 'confirm', references: part });
    if (result.kind !== 'confirmed') throw new Error('the gateway answered something else');
    sums.confirmed += again ? 0 : result.confirmed;
    sums.already += again ? result.confirmed + result.already : result.already;
    sums.differs.push(...result.differs);
  }
  if (sums.differs.length > 0) process.exitCode = EXIT_FAILED;
  if (options.json === true) return printJson(sums);
  process.stdout.write(`${sums.confirmed} confirmed, ${sums.already} confirmed before\n`);
  for (const rrn of sums.differs)
    process.stdout.write(`differs: ${rrn} was confirmed with another amount, merchant or device\n`);
}

async function doAct(options: ActOptions, id: string, what: object): Promise<Done> {
  const by = options.by ?? userInfo().username;
  const { status, text } = await askGateway(options, '/v1/acts', { id, by, why: options.why, act: what });
  if (status !== 200) return refused(status, text, id);
  return doneSchema().then((schema) => parsed(schema, text));
}

function refused(status: number, text: string, act: string): never {
  const read = readJson(text);
  const answer = read.ok && typeof read.value === 'object' && read.value !== null ? read.value : {};
  const { code, what } = answer as { readonly code?: unknown; readonly what?: unknown };
  if (typeof code !== 'string' || typeof what !== 'string') throw new Error(`the gateway answered ${status}`);
  throw new Error(`${code}: ${what} (act ${act})`);
}

async function asked<Value>(options: Common, path: string, schema: () => Promise<Schema<Value>>): Promise<Value> {
  const { status, text } = await askGateway(options, path);
  if (status !== 200) return refused(status, text, 'none');
  return parsed(await schema(), text);
}

interface Schema<Value> {
  safeParse(value: unknown): { readonly success: boolean; readonly data?: Value | undefined };
}

function parsed<Value>(schema: Schema<Value>, text: string): Value {
  const read = readJson(text);
  const { data } = schema.safeParse(read.ok ? read.value : undefined);
  if (data === undefined)
    throw new UsageError('What answers there is no gateway of ours. Give its address with --gateway.');
  return data;
}

async function oneCase() {
  const { z } = await import('zod');
  const decision = z.object({
    kind: z.string(),
    verdict: z.string().optional(),
    by: z.string(),
    why: z.string(),
    at: z.int(),
    contradicted: z.boolean().optional(),
  });
  const sale = z.object({
    device: z.string(),
    sale: z.string(),
    order: z.string().nullable(),
    merchant: z.string().nullable(),
    state: z.string(),
    booking: z.string(),
    amountFen: z.int(),
    netFen: z.int(),
    faceFen: z.int(),
    serial: z.int().nullable(),
    at: z.int(),
    rrn: z.string().nullable(),
    auth: z.string().nullable(),
    last4: z.string().nullable(),
    ruling: z.object({ kind: z.string(), by: z.string(), why: z.string() }).nullable().default(null),
    flags: z.array(z.string()),
    decisions: z.array(decision),
  });
  return z.object({
    id: z.string(),
    kind: z.string(),
    since: z.int(),
    device: z.string().nullable(),
    sales: z.array(sale),
    fork: z.object({ seq: z.int(), hash: z.string(), haveSeq: z.int() }).nullable(),
    confirmedFen: z.int().nullable(),
    confirmedMerchant: z.string().nullable().default(null),
    confirmedDevice: z.string().nullable().default(null),
    evidence: z.array(z.int()),
    acts: z.array(z.string()),
  });
}
type Shown = NonNullable<ReturnType<Awaited<ReturnType<typeof oneCase>>['safeParse']>['data']>;

async function listSchema() {
  const { z } = await import('zod');
  return z.object({ cases: z.array(await oneCase()) });
}
async function caseSchema() {
  const { z } = await import('zod');
  return z.object({ case: await oneCase() });
}
async function doneSchema() {
  const { z } = await import('zod');
  const result = z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('coupon-freed'), serial: z.int() }),
    z.object({ kind: z.literal('decided'), verdict: z.string(), movedFen: z.int(), booking: z.string() }),
    z.object({ kind: z.literal('unforked'), seq: z.int(), hash: z.string() }),
    z.object({ kind: z.literal('closed') }),
    z.object({ kind: z.enum(['assigned', 'disowned']), rrn: z.string() }),
    z.object({
      kind: z.literal('confirmed'),
      confirmed: z.int(),
      already: z.int(),
      differs: z.array(z.string()),
    }),
  ]);
  return z.object({ id: z.string(), again: z.boolean(), result });
}
type Done = NonNullable<ReturnType<Awaited<ReturnType<typeof doneSchema>>['safeParse']>['data']>;

function described(result: Done['result']): string {
  switch (result.kind) {
    case 'coupon-freed':
      return `coupon ${result.serial} is its holder's again`;
    case 'decided':
      return `${result.verdict}, ${result.movedFen} fen, booked as ${result.booking}`;
    case 'unforked':
      return `the journal counts from ${result.seq} on`;
    case 'closed':
      return 'closed';
    case 'assigned':
    case 'disowned':
      return `card payment ${result.rrn} is ${result.kind}`;
    case 'confirmed':
      return `${result.confirmed} confirmed`;
  }
}

function lineOf({ id, kind, since, sales }: Shown): string {
  const [sale] = sales;
  const facts = sale === undefined ? '' : `order ${sale.order ?? '?'}, ${sale.netFen} + ${sale.faceFen} fen`;
  return `${kind.padEnd(9)} ${timeOf(since)}  ${id}  ${facts}`.trimEnd();
}

const timeOf = (at: number): string => new Date(at).toISOString().slice(0, 19).concat('Z');

function saleOf(id: string): { readonly device: string; readonly sale: string } {
  const [, device, sale] = /^sale:([^:]+):([^:]+)$/.exec(id) ?? [];
  if (device === undefined || sale === undefined)
    throw new UsageError(
      `"${id}" is no sale's case. codeplate operator cases lists them: sale:plate-001:s000012-9f3c.`,
    );
  return { device, sale };
}

const VERDICTS: ReadonlySet<string> = new Set(['paid', 'not-paid', 'write-off']);

function verdictOf(verdict: string): string {
  if (!VERDICTS.has(verdict)) throw new UsageError(`"${verdict}" is no verdict: write paid, not-paid or write-off.`);
  return verdict;
}

function seqOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text)) throw new UsageError(`--seq takes a whole number, not "${text}".`);
  return Number(text);
}
