/**
 * Checks evidence that proves itself, without a database and without trusting the gateway.
 *
 * The holder's signed presentations prove a double spend; the records themselves prove a forked journal. A checker needs
 * the document and the issuer's public key. The document carries the issuer's keys along, but a checker should use keys
 * from elsewhere: a forger signs with a key of his own and puts that one in.
 *
 * It accuses nobody who may be innocent. A presentation is one code on a phone, fresh for a minute:
 *
 * | two sales by | proves | against |
 * |---|---|---|
 * | two presentations, each fresh when it was taken | the holder signed twice | the holder |
 * | one presentation, both times fresh | the presentation was taken twice, and no more: a picture will do | nobody |
 * | a presentation that was not fresh when it was taken | no honest counter takes it | the counter that did |
 * | one presentation, twice by one counter | no honest counter does that | the counter |
 * | one presentation and a code without a signature | one side | nobody |
 *
 * A signature covers the code and its time. The time at which a counter took it is the counter's own statement, from its
 * journal.
 */
import { base64url } from '../codes/bit-text.js';
import {
  CLOCK_AHEAD_MS,
  checkFreshness,
  type DecodedPresentation,
  decodePresentation,
  FRESH_MS,
  holderIdOf,
  signatureHolds,
  signaturesToCheck,
} from '../codes/presentation.js';
import type { Es256Verifier, Sha256 } from '../kernel/crypto.js';
import { err, ok, type Result } from '../kernel/result.js';
import type { Interval } from '../kernel/time.js';
import { extend } from '../records/chain.js';
import type { DocumentOf, EvidenceDocument, EvidenceSide } from './document.js';

export { type EvidenceDocument, evidenceSchema } from './document.js';

/** What is proved, and against whom. */
export interface Finding {
  readonly proves:
    | 'holder-spent-twice'
    | 'one-showing-taken-twice'
    | 'stale-showing-taken'
    | 'one-side-signed'
    | 'device-forked'
    | 'device-rolled-back'
    | 'nothing';
  /** The holder's public key (hex) or the device's id; null: it accuses nobody. */
  readonly against: string | null;
  /** Sentences for a person, one for each check made. */
  readonly checked: readonly string[];
}

export type EvidenceFault = 'EVIDENCE_MALFORMED' | 'EVIDENCE_DOES_NOT_HOLD';
type Checked<Value> = Result<Value, { readonly code: EvidenceFault; readonly why: string }>;

export interface EvidenceTools {
  readonly verifier: Es256Verifier;
  readonly sha256: Sha256;
  /** The issuer's public keys from elsewhere; the document's own if left out. */
  readonly issuerKeys?: ReadonlyMap<number, Uint8Array> | undefined;
}

/** The fault's `why` names the failed check. */
export function checkEvidence(
  document: EvidenceDocument,
  { verifier, sha256, issuerKeys = keysOf(document) }: EvidenceTools,
): Checked<Finding> {
  const read = (name: string, side: Side): Checked<ReadSide> =>
    readSide(document, { name, side, verifier, issuerKeys });
  switch (document.kind) {
    case 'double-spend':
      return checkDoubleSpend(document, read);
    case 'fork':
      return checkFork(document, sha256);
    case 'disputed':
      return checkDisputed(document, read);
  }
}

/** The fields that every format has. */
interface Side extends Pick<EvidenceSide, 'presented'> {
  readonly sale: string | null;
  readonly device: string | null;
  readonly serial: number | null;
  readonly by: EvidenceSide['by'] | null;
  readonly at: EvidenceSide['at'];
}

interface ReadSide {
  readonly side: Side;
  /** undefined: the code carries no signature. */
  readonly presentation: DecodedPresentation | undefined;
  readonly holder: string | null;
  /** undefined: no presentation, or an unknown time. */
  readonly isFresh: boolean | undefined;
  readonly checked: readonly string[];
}

type Read = (name: string, side: Side) => Checked<ReadSide>;

function checkDoubleSpend(document: DocumentOf<'double-spend'>, read: Read): Checked<Finding> {
  const { first, second } = sidesOf(document);
  if (first === null) {
    const only = read('second', second);
    if (!only.ok) return only;
    return ok(oneSided([only.value]));
  }
  const one = read('first', first);
  if (!one.ok) return one;
  const two = read('second', second);
  if (!two.ok) return two;
  const [a, b] = [one.value, two.value];
  if (a.presentation === undefined || b.presentation === undefined) return ok(oneSided([a, b]));
  if (a.holder !== b.holder) return doesNotHold('the two presentations are of different holders');
  return ok(compare(a, b, document.format));
}

/** Compares two presentations that their holder signed. */
function compare(a: ReadSide, b: ReadSide, format: EvidenceDocument['format']): Finding {
  const checked = [...a.checked, ...b.checked];
  const stale = staleOf([a, b]);
  if (stale !== undefined) return { ...stale, checked: [...checked, ...stale.checked] };
  if (isOnePresentation(a, b)) {
    const [one, two] = [a.side.device, b.side.device];
    if (one !== null && one === two)
      return {
        proves: 'one-showing-taken-twice',
        against: one,
        checked: [...checked, `one and the same showing was taken twice by ${one}, which no honest counter does`],
      };
    const devices = one === null || two === null ? 'two counters' : `${one} and ${two}`;
    return {
      proves: 'one-showing-taken-twice',
      against: null,
      checked: [
        ...checked,
        `one and the same showing was taken at ${devices}: that is all that is proved. A picture of the code is enough for it; whether the holder, somebody else or one of the counters had it is not shown`,
      ],
    };
  }
  // Format 1 has no times: it is judged by the rules of its release.
  const bothFresh = format === 1 || (a.isFresh === true && b.isFresh === true);
  if (!bothFresh)
    return {
      proves: 'nothing',
      against: null,
      checked: [
        ...checked,
        'the holder signed two showings, and nobody knows whether both were fresh when they were taken',
      ],
    };
  return {
    proves: 'holder-spent-twice',
    against: a.holder,
    checked: [
      ...checked,
      format === 1
        ? 'the holder signed two showings of the same coupon'
        : 'the holder signed two showings of the same coupon, and each was fresh when it was taken',
    ],
  };
}

function oneSided(sides: readonly ReadSide[]): Finding {
  const checked = sides.flatMap((side) => side.checked);
  const stale = staleOf(sides);
  if (stale !== undefined) return { ...stale, checked: [...checked, ...stale.checked] };
  const isSigned = sides.some(({ presentation }) => presentation !== undefined);
  return { proves: isSigned ? 'one-side-signed' : 'nothing', against: null, checked };
}

/** A counter checks freshness before it takes a code, so a stale code speaks against the counter alone. */
function staleOf(sides: readonly ReadSide[]): Finding | undefined {
  const stale = sides.find(({ side, isFresh }) => side.by === 'counter' && isFresh === false);
  if (stale === undefined || stale.side.device === null) return undefined;
  const { device, sale } = stale.side;
  const seconds = FRESH_MS / 1_000;
  return {
    proves: 'stale-showing-taken',
    against: device,
    checked: [
      `by its own record ${device} took the showing of sale ${sale ?? 'unknown'} outside the ${seconds} s in which it was good (and ${CLOCK_AHEAD_MS / 1_000} s for a phone whose clock is ahead): no honest counter does, and the holder may not know of it`,
    ],
  };
}

function checkDisputed(document: DocumentOf<'disputed'>, read: Read): Checked<Finding> {
  if (document.format === 1)
    return ok({
      proves: 'nothing',
      against: null,
      checked: ['the ledger could not book this coupon to its holder; it names the sale only'],
    });
  const { claim, earlier, doubts } = document.detail;
  const doubted = `the gateway doubted: ${doubts.join(', ')}`;
  const claimed = read('disputed', claim);
  // An invalid presentation is the subject of the dispute, and by itself proves nothing against anybody.
  if (!claimed.ok) return ok({ proves: 'nothing', against: null, checked: [doubted, claimed.fault.why] });
  const before = earlier === null ? undefined : read('earlier', earlier);
  const checked = [doubted, ...claimed.value.checked];
  if (before?.ok === true && isOnePresentation(before.value, claimed.value)) {
    const found = compare(before.value, claimed.value, document.format);
    return ok({ ...found, checked: [doubted, ...found.checked] });
  }
  const stale = staleOf([claimed.value]);
  if (stale !== undefined) return ok({ ...stale, checked: [...checked, ...stale.checked] });
  return ok({ proves: 'nothing', against: null, checked });
}

function isOnePresentation(a: ReadSide, b: ReadSide): boolean {
  if (a.presentation === undefined || b.presentation === undefined || a.holder !== b.holder) return false;
  return a.presentation.nonce === b.presentation.nonce && a.presentation.shownAt === b.presentation.shownAt;
}

function readSide(
  { campaign }: EvidenceDocument,
  options: {
    readonly name: string;
    readonly side: Side;
    readonly verifier: Es256Verifier;
    readonly issuerKeys: ReadonlyMap<number, Uint8Array>;
  },
): Checked<ReadSide> {
  const { name, side, verifier, issuerKeys } = options;
  const { sale, presented, serial, at, device } = side;
  const where = device === null ? `sale ${sale ?? 'unknown'}` : `sale ${sale ?? 'unknown'} at ${device}`;
  if (presented === null)
    return ok({
      ...{ side, presentation: undefined, holder: null, isFresh: undefined },
      checked: [`the ${name} sale (${sale ?? 'unknown'}) was made with a code that carries no signature`],
    });
  const decoded = decodePresentation(presented);
  if (!decoded.ok) return doesNotHold(`the ${name} presentation cannot be read`);
  const presentation = decoded.value;
  const signatures = signaturesToCheck(presentation, { campaign, issuerKeys });
  if (!signatures.ok || !signatures.value.every((check) => signatureHolds(check, verifier)))
    return doesNotHold(`a signature of the ${name} presentation is not valid`);
  if (serial !== null && !presentation.grant.serials.some((one) => one === serial))
    return doesNotHold(`the ${name} presentation's grant does not hold coupon ${serial}`);
  const holds = serial === null ? '' : `, and its grant holds coupon ${serial}`;
  const taken =
    at === null
      ? ''
      : `, taken at ${wordsFor(at)} ${side.by === 'gateway' ? "by the gateway's clock" : 'as the counter wrote it down'}`;
  return ok({
    ...{ side, presentation, holder: holderIdOf(presentation.grant.holderKey) },
    isFresh: freshnessOf(side, presentation),
    checked: [
      `the ${name} presentation (${where}, nonce ${presentation.nonce}, shown at ${presentation.shownAt}${taken}) is signed by issuer and holder${holds}`,
    ],
  });
}

/** A counter reads the clock for its record a moment after it checks the code. */
const MOMENT_MS = 2_000;
const isFreshAt = ({ shownAt }: DecodedPresentation, { earliest, latest }: Interval): boolean =>
  [0, MOMENT_MS].some(
    (ms) => checkFreshness(shownAt, { earliest: earliest - ms, latest: latest - ms } as Interval) === undefined,
  );

/** The gateway checks a code on arrival and reserves a coupon only afterwards. */
function freshnessOf({ by, at }: Side, presentation: DecodedPresentation): boolean | undefined {
  if (by === 'gateway') return true;
  return at === null ? undefined : isFreshAt(presentation, at as Interval);
}

const wordsFor = ({ earliest, latest }: NonNullable<Side['at']>): string =>
  earliest === latest ? String(earliest) : `${earliest} to ${latest}`;

/** Format 1 has neither devices nor times. */
function sidesOf(document: DocumentOf<'double-spend'>): { readonly first: Side | null; readonly second: Side } {
  if (document.format === 2) return document.detail;
  const { serial, first, second } = document.detail;
  const unknown = { device: null, serial, by: null, at: null };
  return { first: { ...first, ...unknown }, second: { ...second, ...unknown } };
}

function checkFork(document: DocumentOf<'fork'>, sha256: Sha256): Checked<Finding> {
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

const doesNotHold = (why: string): Checked<never> => err({ code: 'EVIDENCE_DOES_NOT_HOLD', why });

function keysOf({ issuerKeys }: EvidenceDocument): ReadonlyMap<number, Uint8Array> {
  const keys = new Map<number, Uint8Array>();
  for (const [id, text] of Object.entries(issuerKeys)) {
    const key = base64url.decode(text);
    if (key.ok) keys.set(Number(id), key.value);
  }
  return keys;
}
