/** How commands ask a gateway as its operator: where it is, and with which token. Nothing here prints a token. */
import type { Command } from 'commander';
import { readConfigFile } from './files/config-file.js';
import { readText } from './files/read-file.js';
import { UsageError } from './usage.js';

/** Where `codeplate init` puts it. */
const GATEWAY = 'http://127.0.0.1:8080';
/** A gateway answers in milliseconds; what has said nothing for so long is something else. */
const ANSWER_MS = 10_000;
const MAX_TOKEN_FILE_BYTES = 4_096;
const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

export interface OperatorOptions {
  readonly gateway?: string;
  readonly config?: string;
  readonly tokenFile?: string;
  readonly token?: string;
}

/** Names of the options that `withOperatorOptions` adds, for `refuseUnused`. */
export const OPERATOR_OPTIONS = ['gateway', 'config', 'tokenFile', 'token'] as const;

export const withOperatorOptions = (command: Command): Command =>
  command
    .option(
      '-c, --config <file>',
      'the gateway.yaml of a gateway on this machine: says where it listens and which token it takes',
    )
    .option('--gateway <url>', `where the gateway listens for HTTP (${GATEWAY})`)
    .option('--token-file <file>', "the operator's token, on one line")
    .option('--token <text>', 'the token itself: everybody on this machine sees it, so better a file');

export interface GatewayAnswer {
  readonly status: number;
  readonly text: string;
}

/** Throws a `UsageError` that says what to do where nobody answers, or the token isn't taken. */
export async function askGateway(options: OperatorOptions, path: string, posted?: unknown): Promise<GatewayAnswer> {
  const { url, token } = await resolved(options);
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(new URL(path, url), {
      signal: AbortSignal.timeout(ANSWER_MS),
      method: posted === undefined ? 'GET' : 'POST',
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(posted !== undefined && { 'content-type': 'application/json' }),
      },
      ...(posted !== undefined && { body: JSON.stringify(posted) }),
    });
    text = await answer.text();
  } catch {
    throw new UsageError(
      `No gateway answers at ${url}. Give its address with --gateway, or its gateway.yaml with --config.`,
    );
  }
  const { status, headers } = answer;
  if (status === 401)
    throw new UsageError(
      "The gateway wants the operator's token: give its gateway.yaml with --config, or data/operator-token with --token-file.",
    );
  if (status === 429)
    throw new UsageError(
      `The gateway has had too many wrong tokens from here: compare the token, and ask again in ${headers.get('retry-after')} s.`,
    );
  return { status, text };
}

async function resolved(
  options: OperatorOptions,
): Promise<{ readonly url: string; readonly token: string | undefined }> {
  const { gateway, config, tokenFile, token } = options;
  const given = token ?? (tokenFile === undefined ? undefined : tokenIn(tokenFile));
  if (config === undefined) return { url: gateway ?? GATEWAY, token: given };
  const [{ parseGatewayConfig }, { operatorTokenFile }] = await Promise.all([
    import('#gateway/config/config.js'),
    import('#gateway/secrets/operator-token-file.js'),
  ]);
  const read = readConfigFile(config, parseGatewayConfig);
  const { host, port, tls, operatorToken } = read.http;
  const name = EVERYWHERE.has(host) ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return {
    url: gateway ?? `${tls === undefined ? 'http' : 'https'}://${name}:${port}`,
    token: given ?? operatorToken ?? tokenIn(operatorTokenFile(read.data)),
  };
}

function tokenIn(file: string): string {
  try {
    return readText(file, MAX_TOKEN_FILE_BYTES).trim();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`OPERATOR_TOKEN_UNUSABLE: ${file}: ${why}\nThe gateway makes this file at its first start.`);
  }
}
