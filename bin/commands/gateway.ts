/** `codeplate gateway`: the real gateway, until it is told to stop. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { printJson, UsageError } from '../usage.js';

const EXAMPLES = `
Examples:
  $ codeplate init shop                (writes gateway.yaml, device.yaml and all that they need)
  $ codeplate gateway --config shop/gateway.yaml
  $ curl -s http://127.0.0.1:8080/v1/reconciliation

SIGINT or SIGTERM stops it after what is waiting has been committed. Logs are JSON lines on standard error.`;

export function command(): Command {
  return new Command('gateway')
    .description('Run the gateway of one campaign: MQTT for devices, HTTP for claims and operators, the ledger.')
    .requiredOption('-c, --config <file>', 'its configuration, YAML')
    .option('--json', 'print one JSON object with the ports once it is ready')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run({ config: file, json }: { readonly config: string; readonly json?: boolean }): Promise<void> {
  const [{ loggerTo }, { parseGatewayConfig }, { startGateway }, { base64url }, { describeProblem }] =
    await Promise.all([
      import('../log.js'),
      import('#gateway/config.js'),
      import('#gateway/main.js'),
      import('#protocol/codes/bit-text.js'),
      import('#protocol/campaign/load.js'),
    ]);
  const parsed = parseGatewayConfig(read(file), file);
  if (!parsed.ok) {
    const problems = parsed.fault.map((problem) => `  ${describeProblem(problem)}`).join('\n');
    throw new UsageError(`${file} has problems:\n${problems}\nCorrect them, or write a fresh one: codeplate init DIR`);
  }
  const logger = loggerTo(parsed.value.log, 'msg');
  const gateway = await startGateway(parsed.value, { logger });
  const { mqttPort, httpPort } = gateway;
  const issuerKeys = Object.fromEntries([...gateway.issuerKeys].map(([id, key]) => [id, base64url.encode(key)]));
  if (json === true) printJson({ mqttPort, httpPort, issuerKeys });
  else process.stdout.write(readyText(mqttPort, httpPort, issuerKeys));

  let isStopping = false;
  const stop = (): void => {
    if (isStopping) return;
    isStopping = true;
    void gateway.stop();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new UsageError(`${file} cannot be read. Name a gateway.yaml, or write one: codeplate init DIR`);
  }
}

const readyText = (mqttPort: number, httpPort: number, keys: Readonly<Record<string, string>>): string =>
  [
    `The gateway is ready: devices on MQTT port ${mqttPort}, phones and operators on HTTP port ${httpPort}.`,
    ...Object.entries(keys).map(([id, key]) => `issuerKeys of a device.yaml: "${id}": "${key}"`),
    '',
  ].join('\n');
