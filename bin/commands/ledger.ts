/** `codeplate ledger`: a backup of the ledger, a look through one, and the purge of identities after the campaign. */
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import type { Verified } from '#gateway/ledger/store/ledger-verify.js';
import { wallMs } from '#protocol/kernel/time.js';
import { readConfigFile } from '../files/config-file.js';
import { EXIT_FAILED, printJson, UsageError } from '../usage.js';

const EXAMPLES = `
Examples:
  $ codeplate ledger backup /backups/ledger-2023-03-28.db --config shop/gateway.yaml   (the gateway runs on)
  $ codeplate ledger verify /backups/ledger-2023-03-28.db
  $ codeplate ledger purge-identities --config shop/gateway.yaml           (says what it would do)
  $ codeplate ledger purge-identities --config shop/gateway.yaml --yes

How to restore a backup, and what counters do then: docs/backup.md. Stop the gateway before a purge. What is purged is gone:
a backup that has it still is to be deleted as well.`;

interface Options {
  readonly config: string;
  readonly yes?: boolean;
  readonly by?: string;
  readonly json?: boolean;
}

export function command(): Command {
  const ledger = new Command('ledger')
    .summary('Back a ledger up, verify a backup, or purge identities after the campaign.')
    .description('Back a ledger up, verify a backup, or purge identities after the campaign.')
    .addHelpText('after', EXAMPLES);
  ledger
    .command('backup')
    .description('Copy the ledger into a new file while its gateway runs, and verify the copy.')
    .argument('<file>', 'the file to write; nothing is written over')
    .requiredOption('-c, --config <file>', 'the configuration of its gateway, YAML')
    .option('--json', 'print one JSON object')
    .action(backup);
  ledger
    .command('verify')
    .description('Look a ledger or a backup through, read only: structure, postings, chains.')
    .argument('<file>', 'the file to look through')
    .option('--json', 'print one JSON object')
    .action(verify);
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

async function backup(file: string, { config, json }: Options): Promise<void> {
  const [{ parseGatewayConfig }, { backUpLedger }, { sha256 }] = await Promise.all([
    import('#gateway/config/config.js'),
    import('#gateway/ledger/store/ledger-backup.js'),
    import('#protocol/node/crypto.js'),
  ]);
  const { data } = readConfigFile(config, parseGatewayConfig);
  const verified = await backUpLedger(join(data, 'ledger.db'), file, sha256);
  if (json === true) printJson({ file, ...verified });
  else process.stdout.write(`${file} is written and in order: ${listed(verified)}.\n`);
}

async function verify(file: string, { json }: { readonly json?: boolean }): Promise<void> {
  const [{ verifyLedger }, { sha256 }] = await Promise.all([
    import('#gateway/ledger/store/ledger-verify.js'),
    import('#protocol/node/crypto.js'),
  ]);
  const verified = await verifyLedger(file, sha256);
  const { problems } = verified;
  if (problems.length > 0) process.exitCode = EXIT_FAILED;
  if (json === true) printJson({ file, ...verified });
  else if (problems.length === 0) process.stdout.write(`${file} is in order: ${listed(verified)}.\n`);
  else process.stdout.write(problems.map(({ code, what }) => `${code}: ${what}\n`).join(''));
}

const listed = ({ version, counts }: Verified): string =>
  [`version ${version}`, ...Object.entries(counts).map(([table, count]) => `${count} ${table} rows`)].join(', ');

async function purge({ config: file, yes, by = userInfo().username, json }: Options): Promise<void> {
  const [{ parseGatewayConfig }, { readCampaign }, { purgeIdentities }, { compileRules }, { sha256 }] =
    await Promise.all([
      import('#gateway/config/config.js'),
      import('#gateway/config/campaign-document.js'),
      import('#gateway/ledger/store/ledger-purge.js'),
      import('#gateway/ledger/decide/rules.js'),
      import('#protocol/node/crypto.js'),
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
