/** `codeplate inspect`: what a scanned text is, without ever printing a payment code whole. */
import { Command } from 'commander';
import type { Scanned } from '#protocol/codes/classify.js';
import type { EmvFault, EmvFields } from '#protocol/codes/emv.js';
import type { DecodedPresentation } from '#protocol/codes/presentation.js';
import { readLine } from '../files/read-file.js';
import { printJson, UsageError } from '../usage.js';

const EXAMPLES = `
Examples:
  $ codeplate inspect https://qr.95516.com/00010000/62011234567890123456789012
  $ codeplate inspect "$(cat merchant-code.txt)" --json
  $ scanner-tool | codeplate inspect -        (keeps the code out of the shell's history)

A code that was read but isn't valid is an answer too: "valid" says so, "reason" says why, and the exit code is 0.
Of a presentation the holder's signature is checked; the issuer's is not: that needs the campaign's keys.`;

export const command = (): Command =>
  new Command('inspect')
    .description('Say what a scanned text is: a payment code, a presentation, a merchant code, a plate.')
    .argument('<code>', 'the text as scanned, or - to read it from standard input')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async (code: string, options: { json?: boolean }) => {
      // A line end belongs to the pipe or the scanner, not to the code.
      const text = code === '-' ? (await piped()).replace(/[\r\n]+$/, '') : code;
      if (text === '')
        throw new UsageError('Nothing to inspect. Give the scanned text, or - and the text on standard input.');
      const inspection = await inspect(text);
      if (options.json === true) printJson(inspection);
      else process.stdout.write(await describe(inspection));
    });

/** The densest QR code holds 7,089 digits. */
const MAX_CODE_BYTES = 64 * 1024;

async function piped(): Promise<string> {
  try {
    return new TextDecoder().decode(await readLine(MAX_CODE_BYTES));
  } catch (error) {
    throw new UsageError(
      `Standard input is no scanned code: ${error instanceof Error ? error.message : String(error)}. Hand in the text of one.`,
    );
  }
}

type Fields = { readonly [name: string]: unknown };

interface Inspection {
  readonly kind: Scanned['kind'];
  readonly valid: boolean;
  readonly masked: string;
  readonly fields: Fields;
  readonly reason: string | null;
}

async function inspect(text: string): Promise<Inspection> {
  const { classify } = await import('#protocol/codes/classify.js');
  const scanned = classify(text);
  const { kind, masked } = scanned;
  switch (scanned.kind) {
    case 'unionpay-payment-code':
    case 'wechat-payment-code':
    case 'alipay-payment-code':
      return { kind, valid: true, masked, fields: { digits: text.length }, reason: null };
    case 'presentation': {
      const { decoded } = scanned;
      if (!decoded.ok) return { kind, valid: false, masked, fields: {}, reason: decoded.fault };
      const isSigned = await isSignedByHolder(decoded.value);
      return {
        kind,
        valid: isSigned,
        masked,
        fields: { ...(await presentationFields(decoded.value)), holderSignature: isSigned ? 'valid' : 'wrong' },
        reason: isSigned ? null : 'presentation-forged',
      };
    }
    case 'emv-merchant': {
      const { decoded } = scanned;
      if (decoded.ok) return { kind, valid: true, masked, fields: await safe(decoded.value.fields), reason: null };
      return { kind, valid: false, masked, fields: await safe(decoded.fault.fields), reason: decoded.fault.reason };
    }
    case 'unionpay-plate':
      return {
        kind,
        valid: true,
        masked,
        fields: { institution: scanned.institution, plate: scanned.plate },
        reason: null,
      };
    case 'unknown':
      return { kind, valid: false, masked, fields: {}, reason: 'code-unknown' };
  }
}

async function presentationFields({ grant, shownAt, nonce: counter }: DecodedPresentation): Promise<Fields> {
  const { holderIdOf } = await import('#protocol/codes/presentation.js');
  return {
    keyId: grant.keyId,
    campaignTag: grant.campaignTag.toString(16).padStart(6, '0'),
    holder: holderIdOf(grant.holderKey),
    serials: grant.serials,
    expiresAt: new Date(grant.expiresAt).toISOString(),
    shownAt: new Date(shownAt).toISOString(),
    counter,
    issuerSignature: 'not-checked',
  };
}

/** The holder's key stands in the presentation itself; the issuer's would have to come from the campaign. */
async function isSignedByHolder(decoded: DecodedPresentation): Promise<boolean> {
  const [{ presentationBytesToSign, signatureHolds }, { es256Verifier }] = await Promise.all([
    import('#protocol/codes/presentation.js'),
    import('#protocol/node/crypto.js'),
  ]);
  const { grant, shownAt, nonce: counter, signature } = decoded;
  const message = presentationBytesToSign(grant.bytes, shownAt, counter);
  return signatureHolds({ publicKey: grant.holderKey, message, signature }, es256Verifier());
}

/** Merchant codes are public, but a person's own code has a phone or identity number in it, and anything may be typed into one. */
async function safe(fields: EmvFields): Promise<Fields> {
  const { maskWithin } = await import('#protocol/codes/mask.js');
  const hide = (level: EmvFields): Fields =>
    Object.fromEntries(
      Object.entries(level).map(([tag, value]) => [tag, typeof value === 'string' ? maskWithin(value) : hide(value)]),
    );
  return hide(fields);
}

const KINDS: Readonly<Record<Scanned['kind'], string>> = {
  'unionpay-payment-code': 'UnionPay (云闪付) payment code: can be approved online only',
  'wechat-payment-code': 'WeChat Pay payment code: no coupon comes off it, ask for 云闪付',
  'alipay-payment-code': 'Alipay payment code: no coupon comes off it, ask for 云闪付',
  presentation: 'coupon presentation (CP1)',
  'emv-merchant': 'EMVCo merchant-presented code',
  'unionpay-plate': "merchant's UnionPay plate: customers scan it, the counter does not",
  unknown: 'not a code that the counter knows',
};

const EMV_REASONS: Readonly<Record<EmvFault, string>> = {
  'emv-not-payload-format': 'it does not begin with 000201 or 000202',
  'emv-truncated': 'a length reaches beyond the end of the code',
  'emv-tag-or-length': 'a tag or a length is not two digits',
  'emv-repeated-tag': 'a tag stands twice',
  'emv-template': 'a template holds something other than tags and values',
  'emv-crc-missing': 'it does not end with its CRC (6304 and four hex digits)',
  'emv-crc': 'its CRC is wrong: the code was changed or misread',
};

async function describe({ kind, valid, masked, fields, reason }: Inspection): Promise<string> {
  const { REASONS } = await import('#protocol/faults/reasons.js');
  const sentences: Readonly<Record<string, string>> = {
    ...EMV_REASONS,
    ...Object.fromEntries(Object.entries(REASONS).map(([code, { en, zh }]) => [code, `${en} (${zh})`])),
  };
  const lines = [masked, `  ${KINDS[kind]}`];
  if (!valid && reason !== null) lines.push(`  not valid: ${sentences[reason] ?? reason} [${reason}]`);
  return `${[...lines, ...fieldLines(fields, '  ')].join('\n')}\n`;
}

/** JavaScript puts 10 before 01 in an object; people don't. */
const TAG = /^\d\d$/;

function fieldLines(fields: Fields, indent: string): string[] {
  const width = Math.max(0, ...Object.keys(fields).map((name) => name.length)) + 2;
  return Object.entries(fields)
    .sort(([a], [b]) => (TAG.test(a) && TAG.test(b) ? Number(a) - Number(b) : 0))
    .flatMap(([name, value]) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? [`${indent}${name}`, ...fieldLines({ ...value }, `${indent}  `)]
        : [`${indent}${name.padEnd(width)}${String(value).replace(/\p{Cc}/gu, '\ufffd')}`],
    );
}
