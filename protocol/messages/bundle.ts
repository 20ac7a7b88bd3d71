/**
 * The campaign bundle, retained on `codeplate/v1/campaign/<id>`: everything that a counter needs to take coupons by itself.
 *
 * The payload is a JSON text inside an envelope. The signature covers that text's exact bytes, so that no two JSON
 * libraries need to agree on number formats.
 */
import { z } from 'zod';
import { lacking } from '../campaign/abilities.js';
import { campaignOnTheWire } from '../campaign/schema.js';
import { base64url } from '../codes/bit-text.js';
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from '../codes/presentation.js';
import { readJson } from '../config/strict-json.js';
import { branded } from '../kernel/branded.js';
import type { Es256Signer, Es256Verifier } from '../kernel/crypto.js';
import { CAMPAIGN_ID, type CampaignId } from '../kernel/ids.js';
import { err, ok, type Result } from '../kernel/result.js';
import type { WallMs } from '../kernel/time.js';

const wall = branded<WallMs>(z.int().min(0));

/** Base64url of exactly this many bytes. */
const bytesOf = (length: number) =>
  z.string().transform((text, context) => {
    const decoded = base64url.decode(text);
    if (decoded.ok && decoded.value.length === length) return decoded.value;
    context.addIssue({ code: 'custom', message: `must be ${length} bytes in base64url` });
    return z.NEVER;
  });

const needs = z.array(z.string().max(40)).max(40).optional();

export const bundleSchema = z.object({
  format: z.literal(1),
  /** Rises with every bundle of a campaign; the newest wins. */
  version: z.int().positive(),
  issuedAt: wall,
  /** Abilities that a counter needs to take coupons by itself; left out where there are none. */
  needs,
  campaign: campaignOnTheWire,
  /** The issuer's public keys by number, base64url of the compressed point. */
  issuerKeys: z
    .record(z.string().regex(/^\d{1,3}$/), bytesOf(PUBLIC_KEY_BYTES))
    .transform((keys) => new Map(Object.entries(keys).map(([id, key]) => [Number(id), key]))),
  /**
   * When coupons may be used: [from, to) in milliseconds, rising. Computed by the gateway, because a counter's time zone
   * data may be older than the law.
   */
  openings: z
    .array(z.tuple([wall, wall]))
    .min(1)
    .max(400),
});
export type CampaignBundle = z.infer<typeof bundleSchema>;
/** The bundle as serialised: keys as text. */
export type BundleDocument = z.input<typeof bundleSchema>;

/** The part of a bundle that is parsed first: its campaign, and whether this version understands the rest. */
const bundleHeadSchema = z.object({
  format: z.literal(1),
  version: z.int().positive(),
  needs,
  campaign: z.object({ id: branded<CampaignId>(z.string().regex(CAMPAIGN_ID)) }),
});

export const bundleEnvelopeSchema = z.object({
  v: z.literal(1),
  type: z.literal('bundle'),
  keyId: z.int().min(0).max(255),
  /** The JSON text of a `bundleSchema`. */
  payload: z.string(),
  signature: z.string().max(100),
});
export type BundleEnvelope = z.infer<typeof bundleEnvelopeSchema>;

const utf8 = new TextEncoder();

export const bundleBytesToSign = (payload: string): Uint8Array => utf8.encode(`codeplate bundle 1\n${payload}`);

export function sealBundle(document: BundleDocument, keyId: number, signer: Es256Signer): BundleEnvelope {
  const payload = JSON.stringify(document);
  const signature = base64url.encode(signer.sign(bundleBytesToSign(payload)));
  return { v: 1, type: 'bundle', keyId, payload, signature };
}

export type BundleFault =
  | { readonly code: 'BUNDLE_KEY_UNKNOWN' | 'BUNDLE_FORGED' | 'BUNDLE_MALFORMED'; readonly what: string }
  /** Genuine, but for a newer program: this version must not decide by itself in that campaign. */
  | {
      readonly code: 'BUNDLE_NEEDS_UPDATE';
      readonly what: string;
      readonly campaign: CampaignId;
      readonly version: number;
      readonly lacks: readonly string[];
    };

/** `trustedKeys`: the issuer keys from the device's enrolment. A bundle never proves its own keys. */
export function openBundle(
  envelope: BundleEnvelope,
  trustedKeys: ReadonlyMap<number, Uint8Array>,
  verifier: Es256Verifier,
  abilities?: ReadonlySet<string>,
): Result<CampaignBundle, BundleFault> {
  const key = trustedKeys.get(envelope.keyId);
  if (key === undefined) {
    return err({ code: 'BUNDLE_KEY_UNKNOWN', what: `no key ${envelope.keyId} is known on this device` });
  }
  const signature = base64url.decode(envelope.signature);
  const isGenuine =
    signature.ok &&
    signature.value.length === SIGNATURE_BYTES &&
    verifier.verify(key, bundleBytesToSign(envelope.payload), signature.value);
  if (!isGenuine) return err({ code: 'BUNDLE_FORGED', what: 'the signature of the campaign bundle is not valid' });
  const read = readJson(envelope.payload);
  if (!read.ok) return err({ code: 'BUNDLE_MALFORMED', what: `the payload: ${read.fault.what}`.slice(0, 200) });
  const json = read.value;
  const head = bundleHeadSchema.safeParse(json);
  const lacks = head.success ? lacking(head.data.needs ?? [], abilities) : [];
  if (head.success && lacks.length > 0) {
    const { campaign, version } = head.data;
    const what = `campaign ${campaign.id} version ${version} needs ${lacks.join(', ')}`;
    return err({ code: 'BUNDLE_NEEDS_UPDATE', what, campaign: campaign.id, version, lacks });
  }
  const parsed = bundleSchema.safeParse(json);
  if (parsed.success) return ok(parsed.data);
  const [issue] = parsed.error.issues;
  return err({
    code: 'BUNDLE_MALFORMED',
    what: `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}`.slice(0, 200),
  });
}
