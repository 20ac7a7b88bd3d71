/** `codeplate ledger`: what is done to a ledger whose gateway has been stopped. */
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { wallMs } from '#protocol/time.js';
import { readConfigFile } from '../config-file.js';
import { printJson, UsageError } from '../usage.js';

const EXAMPLES = `
Examples:
  $ codeplate ledger purge-identities --config shop/gateway.yaml           (says what it would do)
  $ codeplate ledger purge-identities --config shop/gateway.yaml --yes

Stop the gateway first. What is purged is gone: a backup that has it still is to be deleted as well.`;

interface Options {
  readonly config: string;
  readonly yes?: boolean;
  readonly by?: string;
  readonly json?: boolean;
}

export function command(): Command {
  const ledger = new Command('ledger')
    .summary("Purge people's identities from a ledger after its campaign.")
    .description("Purge people's identities from a ledger after its campaign.")
    .addHelpText('after', EXAMPLES);
  ledger
    .command('purge-identities')
    .description('Remove the hashes of phone, ID-card and device numbers for good; the rest of the ledger stays.')
    .requiredOption('-c, --config <file>', 'the configuration of its gateway, YAML')
    .option('--yes', 'do it; nothing brings them back')
    .option('--by <name>', 'who does it, for the audit (the user who runs this)')
    .option('--json', 'print one JSON object')
    .action(purge);
  return ledger;
}

async function purge({ config: file, yes, by = userInfo().username, json }: Options): Promise<void> {
  const [{ parseGatewayConfig }, { readCampaign }, { purgeIdentities }, { compileRules }, { sha256 }] =
    await Promise.all([
      import('#gateway/config.js'),
      import('#gateway/adapters/campaign-document.js'),
      import('#gateway/adapters/ledger-purge.js'),
      import('#gateway/core/rules.js'),
      import('#protocol/node-crypto.js'),
    ]);
  const config = readConfigFile(file, parseGatewayConfig);
  const rules = compileRules({ campaign: readCampaign(config.campaign), sha256 });
  const ledger = join(config.data, 'ledger.db');
  if (yes !== true)
    throw new UsageError(
      `This removes from ${ledger} who claimed: the hashes of phone, ID-card and device numbers. Nothing brings them back. Add --yes to do it.`,
    );
  const { holders } = await purgeIdentities(ledger, rules, { now: wallMs(Date.now()), by });
  if (json === true) printJson({ holders });
  else
    process.stdout.write(
      holders === 0
        ? 'No identities are left: it was done before.\n'
        : `Purged the identities of ${holders} holders.\n`,
    );
}
