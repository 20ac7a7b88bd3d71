/**
 * Evidence that proves itself. A coupon spent twice is shown by the two presentations that its holder signed; a forked
 * journal by the records themselves. Whoever has the document and the issuer's public key can check it, without a
 * database and without believing the gateway. The document carries the issuer's keys along; whoever knows them from
 * elsewhere checks by those, since a forger signs with a key of his own and writes that one in.
 */
import { z } from 'zod';
import { branded } from '../branded.js';
import { base64url } from '../codes/bit-text.js';
import {
  type DecodedPresentation,
  decodePresentation,
  holderIdOf,
  signatureHolds,
  signaturesToCheck,
} from '../codes/presentation.js';
import type { Es256Verifier, Sha256 } from '../crypto.js';
import { CAMPAIGN_ID, type CampaignId, HASH, MAX_SERIAL } from '../ids.js';
import { extend } from '../records/chain.js';
import { err, ok, type Result } from '../result.js';

const side = z.object({ sale: z.string().nullable(), presented: z.string().max(320).nullable() });

const common = {
  format: z.literal(1),
  id: z.int().positive(),
  campaign: branded<CampaignId>(z.string().regex(CAMPAIGN_ID)),
  /** The issuer's public keys by number, base64url. */
  issuerKeys: z.record(z.string().regex(/^\d{1,3}$/), z.string().max(64)),
  device: z.string(),
  /** When the gateway found it, milliseconds since the epoch. */
  at: z.int(),
};

export const evidenceSchema = z.discriminatedUnion('kind', [
  z.object({
    ...common,
    kind: z.literal('double-spend'),
    detail: z.object({
      serial: z.int().min(0).max(MAX_SERIAL),
      holder: z.string().nullable(),
      first: side,
      second: side,
    }),
  }),
  z.object({
    ...common,
    kind: z.literal('fork'),
    detail: z.union([
      /** Records under numbers that the gateway has others for. */
      z.object({
        from: z.int().positive(),
        prev: z.string().regex(HASH),
        bodies: z.array(z.string()),
        mine: z.object({ seq: z.int(), hash: z.string().regex(HASH) }),
      }),
      /** A journal that came back shorter, or other, than it once was. */
      z.object({
        hello: z.object({ seq: z.int(), hash: z.string().regex(HASH) }),
        have: z.object({ seq: z.int(), hash: z.string().regex(HASH) }),
      }),
    ]),
  }),
  z.object({ ...common, kind: z.literal('disputed'), detail: z.object({ sale: z.string(), serial: z.int() }) }),
]);
export type EvidenceDocument = z.infer<typeof evidenceSchema>;

/** What is proved, and against whom. */
export interface Finding {
  readonly proves:
    | 'holder-spent-twice'
    | 'one-showing-taken-twice'
    | 'one-side-signed'
    | 'device-forked'
    | 'device-rolled-back'
    | 'nothing';
  /** The holder's public key (hex) or the device's id. */
  readonly against: string | null;
  /** Sentences for a person, each one a thing that was checked. */
  readonly checked: readonly string[];
}

export type EvidenceFault = 'EVIDENCE_MALFORMED' | 'EVIDENCE_DOES_NOT_HOLD';

export interface EvidenceTools {
  readonly verifier: Es256Verifier;
  readonly sha256: Sha256;
  /** The issuer's public keys as they are known from elsewhere; the document's own, where left out. */
  readonly issuerKeys?: ReadonlyMap<number, Uint8Array> | undefined;
}

/** The fault's `why` says which check failed. */
export function checkEvidence(
  document: EvidenceDocument,
  { verifier, sha256, issuerKeys = keysOf(document) }: EvidenceTools,
): Result<Finding, { readonly code: EvidenceFault; readonly why: string }> {
  switch (document.kind) {
    case 'double-spend':
      return checkDoubleSpend(document, verifier, issuerKeys);
    case 'fork':
      return checkFork(document, sha256);
    case 'disputed':
      return ok({
        proves: 'nothing',
        against: null,
        checked: ['the ledger could not book this coupon to its holder; it names the sale only'],
      });
  }
}

function checkDoubleSpend(
  document: EvidenceDocument & { kind: 'double-spend' },
  verifier: Es256Verifier,
  issuerKeys: ReadonlyMap<number, Uint8Array>,
): Result<Finding, { code: EvidenceFault; why: string }> {
  const { serial, first, second } = document.detail;
  const checked: string[] = [];
  const showings: DecodedPresentation[] = [];
  for (const [name, { presented, sale }] of [
    ['first', first],
    ['second', second],
  ] as const) {
    if (presented === null) {
      checked.push(`the ${name} sale (${sale ?? 'unknown'}) was made with a code that carries no signature`);
      continue;
    }
    const decoded = decodePresentation(presented);
    if (!decoded.ok) return doesNotHold(`the ${name} presentation cannot be read`);
    const signatures = signaturesToCheck(decoded.value, { campaign: document.campaign, issuerKeys });
    if (!signatures.ok || !signatures.value.every((check) => signatureHolds(check, verifier)))
      return doesNotHold(`a signature of the ${name} presentation is not valid`);
    if (!decoded.value.grant.serials.some((one) => one === serial))
      return doesNotHold(`the ${name} presentation's grant does not hold coupon ${serial}`);
    checked.push(
      `the ${name} presentation (sale ${sale ?? 'unknown'}, counter ${decoded.value.counter}, shown at ${decoded.value.shownAt}) is signed by issuer and holder, and its grant holds coupon ${serial}`,
    );
    showings.push(decoded.value);
  }
  const [one, two] = showings;
  if (one === undefined) return ok({ proves: 'nothing', against: null, checked });
  const holder = holderIdOf(one.grant.holderKey);
  if (two === undefined) return ok({ proves: 'one-side-signed', against: holder, checked });
  if (holderIdOf(two.grant.holderKey) !== holder) return doesNotHold('the two presentations are of different holders');
  const isOneShowing = one.counter === two.counter && one.shownAt === two.shownAt;
  checked.push(
    isOneShowing
      ? 'both sales were made with one and the same showing: its picture was used at two counters'
      : 'the holder signed two showings of the same coupon',
  );
  return ok({ proves: isOneShowing ? 'one-showing-taken-twice' : 'holder-spent-twice', against: holder, checked });
}

function checkFork(
  document: EvidenceDocument & { kind: 'fork' },
  sha256: Sha256,
): Result<Finding, { code: EvidenceFault; why: string }> {
  const { detail, device } = document;
  if ('hello' in detail) {
    const { hello, have } = detail;
    if (hello.seq >= have.seq && hello.hash === have.hash)
      return doesNotHold('the journal that came is the one that was known');
    return ok({
      proves: 'device-rolled-back',
      against: device,
      checked: [`the device stood at ${have.seq}, and came back with ${hello.seq}`],
    });
  }
  const { from, prev, bodies, mine } = detail;
  const upTo = mine.seq - from + 1;
  if (upTo < 1 || upTo > bodies.length)
    return doesNotHold(`the records kept here do not reach the place of the fork, ${mine.seq}`);
  const theirs = extend(sha256, { seq: from - 1, hash: prev }, bodies.slice(0, upTo));
  if (theirs.hash === mine.hash) return doesNotHold('both copies have the same hash: there is no fork');
  return ok({
    proves: 'device-forked',
    against: device,
    checked: [
      `records ${from} to ${mine.seq} were sent with chain hash ${theirs.hash}, where ${mine.hash} had been acknowledged`,
    ],
  });
}

const doesNotHold = (why: string): Result<never, { code: EvidenceFault; why: string }> =>
  err({ code: 'EVIDENCE_DOES_NOT_HOLD', why });

function keysOf({ issuerKeys }: EvidenceDocument): ReadonlyMap<number, Uint8Array> {
  const keys = new Map<number, Uint8Array>();
  for (const [id, text] of Object.entries(issuerKeys)) {
    const key = base64url.decode(text);
    if (key.ok) keys.set(Number(id), key.value);
  }
  return keys;
}
