/** `codeplate wallet`: a phone in a file, for trying a gateway by hand: it claims, and shows codes. */
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { z } from 'zod';
import type { CampaignId } from '#protocol/kernel/ids.js';
import type { ClaimAnswer } from '#protocol/messages/claim-request.js';
import type { Wallet } from '#simulator/wallets/wallet.js';
import { readText } from '../files/read-file.js';
import { printJson, UsageError } from '../usage.js';

const EXAMPLES = `
Examples:
  $ codeplate wallet claim --file shop/phone.json --tiers yuan-20,yuan-40 --sms-file shop/sms-outbox.jsonl
  $ codeplate wallet claim --file shop/phone.json --tiers yuan-80      (asks for the code that was sent)
  $ codeplate wallet code --file shop/phone.json                       (19 digits, good for half a minute to a minute)
  $ codeplate wallet code --file shop/phone.json --coupon              (the verifiable code, good for a minute)

The file is the phone: whoever has it has its coupons. docs/wallets.md says how a real wallet does the same.`;

/** Who claims unless somebody else is named: the examples' own person. */
const PERSON = { phone: '13800138000', idCard: '11010519491231002X', device: 'codeplate-wallet' };
const GATEWAY = 'http://127.0.0.1:8080';
/** A key, a grant and some numbers. */
const MAX_FILE_BYTES = 64 * 1024;
const ASK_MS = 10_000;

const fileSchema = z.object({
  privateKey: z.string(),
  identity: z.object({ phone: z.string(), idCard: z.string(), device: z.string() }),
  /** The newest answer that gave something. */
  answer: z.unknown().optional(),
  /** Presentations shown so far. */
  counter: z.int().min(0),
});
type PhoneFile = z.infer<typeof fileSchema>;

interface ClaimOptions {
  readonly file: string;
  readonly tiers: string;
  readonly gateway: string;
  readonly phone?: string;
  readonly idCard?: string;
  readonly device?: string;
  readonly position?: string;
  readonly smsFile?: string;
  readonly json?: boolean;
}

export function command(): Command {
  const wallet = new Command('wallet')
    .description('A phone in a file, for trying a gateway by hand: claim coupons, show codes.')
    .addHelpText('after', EXAMPLES);
  wallet
    .command('claim')
    .description('Claim coupons; the person is proved by the code that the gateway sends to the phone.')
    .requiredOption('--file <path>', 'the phone; made if there is none')
    .requiredOption('--tiers <ids>', 'which coupons, such as yuan-20,yuan-40')
    .option('--gateway <url>', 'where', GATEWAY)
    .option('--phone <number>', 'the phone number of a new phone')
    .option('--id-card <number>', 'the ID number of its owner')
    .option('--device <id>', 'its device number')
    .option('--position <longitude,latitude>', 'where it is; in the middle of Youhao unless given')
    .option('--sms-file <path>', 'take the code from the file that the gateway writes (claims.smsFile)')
    .option('--json', 'print one JSON object')
    .action(claim);
  wallet
    .command('code')
    .description('Show the payment code of this moment.')
    .requiredOption('--file <path>', 'the phone')
    .option('--coupon', 'the verifiable code instead, which is also taken without a line')
    .action(code);
  return wallet;
}

async function claim(options: ClaimOptions): Promise<void> {
  const { file } = options;
  const known = existsSync(file) ? readPhone(file) : undefined;
  const phone = known ?? (await newPhone(options));
  const wallet = await walletOf(phone, options);
  const { bySms, claimOverHttp, codeInFile } = await import('#simulator/wallets/claim-over-http.js');
  const place = { gateway: options.gateway, campaign: await campaignAt(options.gateway), now: () => Date.now() };
  // Before anything is asked: a claim whose key is lost is a claim lost.
  if (known === undefined) writePhone(file, phone);
  const { smsFile } = options;
  const prove = bySms((number) => (smsFile === undefined ? typed(number) : codeInFile(smsFile, number)));
  const claimed = await claimOverHttp(place, wallet, options.tiers.split(','), prove);
  if (!claimed.ok) throw new Error(`The claim failed: ${claimed.fault}`);
  if (claimed.value.payment !== null) writePhone(file, { ...phone, answer: claimed.value });
  // Only who holds the file is to see the secret.
  if (options.json === true) printJson({ results: claimed.value.results });
  else process.stdout.write(described(claimed.value, file));
}

async function code({ file, coupon }: { readonly file: string; readonly coupon?: boolean }): Promise<void> {
  const phone = readPhone(file);
  const wallet = await walletOf(phone, {});
  if (phone.answer === undefined) throw new UsageError(`${file} has no coupons yet: codeplate wallet claim first.`);
  if (coupon !== true) {
    process.stdout.write(`${wallet.paymentCode(Date.now())}\n`);
    return;
  }
  const shown = wallet.present(Date.now());
  // Kept first: a number shown twice is refused as a copy.
  writePhone(file, { ...phone, counter: wallet.nonce });
  process.stdout.write(`${shown}\n`);
}

async function newPhone({ phone, idCard, device }: ClaimOptions): Promise<PhoneFile> {
  const { generatePrivateKey, privateKeyToPem } = await import('#protocol/node/crypto.js');
  const identity = {
    phone: phone ?? PERSON.phone,
    idCard: idCard ?? PERSON.idCard,
    device: device ?? PERSON.device,
  };
  return { privateKey: privateKeyToPem(generatePrivateKey()), identity, counter: 0 };
}

async function walletOf(
  { privateKey, identity, answer, counter }: PhoneFile,
  place: Partial<ClaimOptions>,
): Promise<Wallet> {
  const [{ es256Signer, privateKeyFromPem }, { Wallet }] = await Promise.all([
    import('#protocol/node/crypto.js'),
    import('#simulator/wallets/wallet.js'),
  ]);
  const key = privateKeyFromPem(privateKey);
  if (!key.ok) throw new UsageError(`The file is no phone of codeplate wallet: ${key.fault.what}`);
  const position = positionOf(place.position);
  const wallet = new Wallet({
    identity,
    nonce: counter,
    signer: es256Signer(key.value),
    ...(position && { position }),
  });
  if (answer !== undefined) wallet.takeAnswer(answer);
  return wallet;
}

function positionOf(text: string | undefined): { longitude: number; latitude: number } | undefined {
  if (text === undefined) return undefined;
  const [longitude, latitude, ...more] = text.split(',').map(Number);
  if (longitude === undefined || latitude === undefined || more.length > 0 || !Number.isFinite(longitude + latitude))
    throw new UsageError(`--position ${text}: write degrees, such as 128.84,47.86.`);
  return { longitude, latitude };
}

const campaignSchema = z.object({ campaign: z.object({ id: z.string() }) });

async function campaignAt(gateway: string): Promise<CampaignId> {
  try {
    const response = await fetch(new URL('/v1/campaign', gateway), { signal: AbortSignal.timeout(ASK_MS) });
    return campaignSchema.parse(await response.json()).campaign.id as CampaignId;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`No gateway answers at ${gateway}: ${why}. Start one, or name it with --gateway.`);
  }
}

async function typed(number: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question(`The code that was sent to ${number.slice(0, 3)}****${number.slice(-4)}: `)).trim();
  } finally {
    lines.close();
  }
}

function readPhone(file: string): PhoneFile {
  try {
    return fileSchema.parse(JSON.parse(readText(file, MAX_FILE_BYTES)));
  } catch (error) {
    const why = error instanceof z.ZodError || error instanceof SyntaxError ? 'it is none' : String(error);
    throw new UsageError(`--file ${file}: cannot be read as a phone of codeplate wallet (${why}). Name another file.`);
  }
}

/** Whole or not at all, and for its owner only: a key stands in it. */
function writePhone(file: string, phone: PhoneFile): void {
  const next = `${file}.new`;
  try {
    writeFileSync(next, `${JSON.stringify(phone, null, 2)}\n`, { mode: 0o600, flush: true });
    renameSync(next, file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--file ${file}: ${why}. Name a file that can be written.`);
  }
}

const described = ({ results }: ClaimAnswer, file: string): string =>
  [
    ...results.map((result) =>
      result.ok ? `${result.tier}: coupon ${result.serial}` : `${result.tier}: ${result.en}`,
    ),
    `The phone is ${file}; codeplate wallet code --file ${file} shows its payment code.`,
    '',
  ].join('\n');
