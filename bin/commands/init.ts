/** `codeplate init`: a gateway and a counter that fit together, written as commented files with keys and passwords of their own. */

import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { compileCampaign } from '#protocol/campaign/compiled.js';
import { parseCampaign } from '#protocol/campaign/load.js';
import type { Campaign } from '#protocol/campaign/schema.js';
import { DEVICE_ID } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import { outputFolder } from '../files/write-place.js';
import { printJson, UsageError } from '../usage.js';

const EXAMPLES = `
Examples:
  $ codeplate init try --today                             to try it out now: the Youhao campaign was in 2023
  $ codeplate init shop                                    the Youhao campaign, its first merchant, one counter
  $ codeplate init shop --device plate-007 --merchant yh-02
  $ codeplate init test --campaign my-city.json --mqtt-port 11883 --http-port 18080

Then, each in a terminal of its own:
  $ codeplate gateway --config shop/gateway.yaml
  $ codeplate device --config shop/device.yaml

Nothing is ever overwritten.`;

/** 144 bits, written in 24 characters. */
const PASSWORD_BYTES = 18;

interface InitOptions {
  readonly campaign: string;
  readonly device: string;
  readonly merchant?: string;
  readonly mqttPort: string;
  readonly httpPort: string;
  readonly today?: boolean;
  readonly json?: boolean;
}

export const command = (): Command =>
  new Command('init')
    .description('Write commented configuration for a gateway and a counter that fit together.')
    .argument('<dir>', 'the folder to write into; made if there is none')
    .option('--campaign <file|name>', 'a campaign document, or a shipped campaign', 'youhao-2023')
    .option('--device <id>', 'the name of the counter', 'plate-001')
    .option('--merchant <id>', "one of the campaign's merchants (the first, unless given)")
    .option('--mqtt-port <port>', 'where the gateway takes devices', '1883')
    .option('--http-port <port>', 'where the gateway takes claims', '8080')
    .option('--today', 'move the campaign: it began yesterday, runs two weeks, round the clock; for trying it out')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async (folder: string, options: InitOptions) => {
      const written = await init(folder, options);
      if (options.json === true) printJson(written);
      else process.stdout.write(described(written));
    });

interface Written {
  readonly folder: string;
  readonly files: readonly string[];
  readonly device: string;
  readonly merchant: string;
  readonly campaign: string;
  /** The last day of the campaign, `2023-04-10`, where it is over: its coupons are refused. */
  readonly overSince: string | null;
  /** The commands to go on with. */
  readonly next: readonly string[];
}

async function init(folder: string, options: InitOptions): Promise<Written> {
  const [
    { readCampaign },
    { gatewayConfigExample, parseGatewayConfig },
    { issuerKeyOf, operatorTokenOf },
    { deviceConfigExample },
  ] = await Promise.all([
    import('../campaign-file.js'),
    import('#gateway/config/config.js'),
    import('#gateway/main.js'),
    import('#device/config/config-example.js'),
  ]);
  const { device } = options;
  if (!DEVICE_ID.test(device)) {
    throw new UsageError(`--device ${JSON.stringify(device)}: write up to 32 of a-z, 0-9 and -, such as plate-001.`);
  }
  const mqttPort = portOf('--mqtt-port', options.mqttPort);
  const httpPort = portOf('--http-port', options.httpPort);
  if (mqttPort === httpPort)
    throw new UsageError(`--mqtt-port and --http-port are both ${httpPort}: give each a port of its own.`);
  const document = readCampaign(options.campaign);
  const campaign = options.today === true ? await playedToday(document) : document;
  const merchant = campaign.merchants.find(({ id }) => options.merchant === undefined || id === options.merchant);
  if (merchant === undefined) {
    const some = campaign.merchants.slice(0, 5).map(({ id }) => id);
    throw new UsageError(
      `--merchant ${options.merchant}: not on the list of ${campaign.id}. It begins with ${some.join(', ')}.`,
    );
  }

  const campaignFile = `${campaign.id}.json`;
  const files = ['gateway.yaml', 'device.yaml', campaignFile];
  const gatewayFile = join(folder, 'gateway.yaml');
  prepare(folder, [...files, 'identity-key.hex', 'data', 'device-data']);
  const password = randomBytes(PASSWORD_BYTES).toString('base64url');
  const gatewayYaml = gatewayConfigExample({
    campaign: campaignFile,
    devices: [{ id: device, password, merchant: merchant.id }],
    mqttPort,
    httpPort,
  });
  write(folder, campaignFile, `${JSON.stringify(campaign, null, 2)}\n`);
  write(folder, 'gateway.yaml', gatewayYaml);
  const gateway = parseGatewayConfig(gatewayYaml, gatewayFile);
  if (!gateway.ok) throw new Error(`the example that init writes is not in order: ${JSON.stringify(gateway.fault)}`);
  const publicKey = Buffer.from(issuerKeyOf(gateway.value)).toString('base64url');
  operatorTokenOf(gateway.value);
  write(
    folder,
    'device.yaml',
    deviceConfigExample({
      device,
      merchant: merchant.id,
      merchantName: merchant.name,
      campaign: campaign.id,
      gatewayUrl: `mqtt://127.0.0.1:${mqttPort}`,
      password,
      issuerKey: { number: gateway.value.keyId, publicKey },
    }),
  );
  return {
    folder,
    files: files.map((file) => join(folder, file)),
    device,
    merchant: merchant.id,
    campaign: campaign.id,
    overSince: overSince(campaign),
    next: [
      `codeplate gateway --config ${typed(gatewayFile)}`,
      `codeplate device --config ${typed(join(folder, 'device.yaml'))}`,
    ],
  };
}

async function playedToday(document: Campaign): Promise<Campaign> {
  const { movedToToday } = await import('#simulator/counter/campaign-copy.js');
  const moved = parseCampaign(movedToToday(document, Date.now()));
  if (!moved.ok) throw new UsageError(`--today: this campaign can't be moved: ${JSON.stringify(moved.fault)}`);
  return moved.value;
}

function overSince(campaign: Campaign): string | null {
  const { zone, ends } = compileCampaign(campaign);
  if (ends > Date.now()) return null;
  return new Date(zone.local(wallMs(ends - 1))).toISOString().slice(0, 10);
}

function portOf(option: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new UsageError(`${option} ${text}: write a port from 1 to 65535.`);
  return port;
}

/** Keys and journals that are there already belong to somebody: nothing is written before all of it can be. */
function prepare(folder: string, names: readonly string[]): void {
  if (folder === '') throw new UsageError('Name a folder to write into, such as shop; . is the one that you are in.');
  const there = names.filter((name) => existsSync(join(folder, name)));
  if (there.length > 0) {
    throw new UsageError(
      `${folder} holds ${there.join(', ')} already, and nothing is overwritten. Name another folder, or move them away first.`,
    );
  }
  outputFolder(folder, '<dir>');
}

/** Passwords are in them: for their owner only. */
const write = (folder: string, name: string, text: string): void =>
  writeFileSync(join(folder, name), text, { flag: 'wx', mode: 0o600 });

/** As a shell takes it for one word. */
const typed = (path: string): string => (/^[\w./:@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);

const described = ({ files, device, merchant, campaign, overSince, next }: Written): string =>
  [
    `Written for counter ${device} of merchant ${merchant} in campaign ${campaign}:`,
    ...files.map((file) => `  ${file}`),
    ...(overSince === null
      ? []
      : [`Its last day was ${overSince}: its coupons are refused. To try it out now, begin again with --today.`]),
    'Say in device.yaml what is plugged in, then start both:',
    ...next.map((line) => `  $ ${line}`),
    '',
  ].join('\n');
