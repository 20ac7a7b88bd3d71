/**
 * The byte layout of the verifiable presentation: the code that lets a counter take a coupon offline.
 *
 * It is `CP1:` and 300 base32 characters for 187 bytes. That fits a QR code of version 10-M in alphanumeric mode (311
 * characters, ISO/IEC 18004 table 7), which any scanner reads.
 *
 * Numbers are big-endian. The gateway makes the grant when coupons are claimed; the phone makes the rest for each
 * presentation.
 *
 * | offset | bytes | field |
 * |---|---|---|
 * | 0   | 1  | version of the layout: 1 |
 * | 1   | 1  | number of the issuer's key |
 * | 2   | 3  | campaign tag: low 24 bits of FNV-1a 32 over the campaign's id |
 * | 5   | 33 | holder's public key, compressed P-256 point (SEC 1 section 2.3.3) |
 * | 38  | 12 | up to three coupon serials of 4 bytes, rising, then FFFFFFFF for each that is missing |
 * | 50  | 3  | expiry, in steps of 5 minutes since 1970 (until 2129) |
 * | 53  | 64 | issuer's signature, ES256, over what `grantBytesToSign` gives |
 * | 117 | 4  | time of presentation, seconds since 1970 by the phone's clock (until 2106) |
 * | 121 | 2  | nonce: counter of presentations, rising with each |
 * | 123 | 64 | holder's signature, ES256, over what `presentationBytesToSign` gives |
 *
 * The tag only distinguishes another campaign's coupon from a forged one, for the refusal's text: the issuer signs the
 * campaign's whole id. A serial implies its tier (serials are dense, tier after tier), so tiers need no bytes. A holder of
 * more than three coupons gets several grants under the same key. A layout with other sizes would be `CP2:`.
 */
import { type CampaignId, type CouponSerial, type HolderId, MAX_SERIAL } from '../kernel/ids.js';
import { err, ok, type Result } from '../kernel/result.js';
import { type WallMs, wallMs } from '../kernel/time.js';
import { base32 } from './bit-text.js';

export const PRESENTATION_PREFIX = 'CP1:';
export const PUBLIC_KEY_BYTES = 33;
export const SIGNATURE_BYTES = 64;
/** The grant as the phone stores it, issuer's signature included. */
export const GRANT_BYTES = 117;
const PRESENTATION_BYTES = 187;
export const PRESENTATION_CHARACTERS = PRESENTATION_PREFIX.length + Math.ceil((PRESENTATION_BYTES * 8) / 5);

const LAYOUT_VERSION = 1;
export const SERIALS_PER_GRANT = 3;
const NO_SERIAL = MAX_SERIAL + 1;
export const EXPIRY_STEP_MS = 5 * 60_000;
export const MAX_NONCE = 0xffff;

export interface Grant {
  /** 0..255: the number of the issuer's signing key. */
  readonly keyId: number;
  readonly campaignTag: number;
  readonly holderKey: Uint8Array;
  /** Rising, at most `SERIALS_PER_GRANT`. */
  readonly serials: readonly CouponSerial[];
  /** Expiry: the first invalid instant, a multiple of `EXPIRY_STEP_MS`. */
  readonly expiresAt: WallMs;
}

export interface SignedGrant extends Grant {
  /**
   * The `GRANT_BYTES` bytes as issued, signature included. An issuer that stored them recognises its own grant by comparing
   * bytes.
   */
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
}

/** A decoded presentation; its signatures are not checked yet. */
export interface DecodedPresentation {
  readonly grant: SignedGrant;
  /** By the phone's clock, whole seconds. */
  readonly shownAt: WallMs;
  readonly nonce: number;
  readonly signature: Uint8Array;
  readonly bytes: Uint8Array;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** A holder's id is the public key itself in lower-case hex: 66 characters. */
export function holderIdOf(publicKey: Uint8Array): HolderId {
  let id = '';
  for (const byte of publicKey) id += HEX[byte];
  return id as HolderId;
}

/** The low 24 bits of FNV-1a 32. Not cryptographic; the file head says why that is enough. */
export function campaignTag(campaign: CampaignId): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < campaign.length; at++) hash = Math.imul(hash ^ campaign.charCodeAt(at), 0x01000193);
  return hash & 0xffffff;
}

/** The first expiry at or after `at` that a grant can carry. */
export const roundUpExpiry = (at: WallMs): WallMs => wallMs(Math.ceil(at / EXPIRY_STEP_MS) * EXPIRY_STEP_MS);

/** The bytes that the issuer signs: a domain separator, the campaign's whole id, the grant's fields. */
export function grantBytesToSign(campaign: CampaignId, grant: Grant): Uint8Array {
  return joined(utf8.encode(`codeplate grant 1\n${campaign}\n`), encodeGrantFields(grant));
}

/** The bytes that the phone signs: the whole grant with the issuer's signature, the time, and the nonce. */
export function presentationBytesToSign(grantBytes: Uint8Array, shownAt: WallMs, nonce: number): Uint8Array {
  return joined(PRESENTATION_DOMAIN, grantBytes, encodeMoment(shownAt, nonce));
}

/** The `GRANT_BYTES` bytes that the phone stores. */
export function encodeGrant(grant: Grant, signature: Uint8Array): Uint8Array {
  requireThat(signature.length === SIGNATURE_BYTES, `a signature has ${SIGNATURE_BYTES} bytes`);
  return joined(encodeGrantFields(grant), signature);
}

export function decodeGrant(bytes: Uint8Array): Result<SignedGrant, 'presentation-malformed'> {
  if (bytes.length !== GRANT_BYTES || bytes[0] !== LAYOUT_VERSION) return err('presentation-malformed');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sign = view.getUint8(5);
  if (sign !== 2 && sign !== 3) return err('presentation-malformed');
  const serials: CouponSerial[] = [];
  for (let slot = 0; slot < SERIALS_PER_GRANT; slot++) {
    const serial = view.getUint32(38 + slot * 4);
    if (serial === NO_SERIAL) continue;
    const before = serials.at(-1);
    const isInOrder = serials.length === slot && (before === undefined || serial > before);
    if (!isInOrder) return err('presentation-malformed');
    serials.push(serial as CouponSerial);
  }
  return ok({
    keyId: view.getUint8(1),
    campaignTag: readUint24(view, 2),
    holderKey: bytes.subarray(5, 38),
    serials,
    expiresAt: wallMs(readUint24(view, 50) * EXPIRY_STEP_MS),
    bytes,
    signature: bytes.subarray(53),
  });
}

export function encodePresentation(options: {
  readonly grantBytes: Uint8Array;
  readonly shownAt: WallMs;
  readonly nonce: number;
  readonly signature: Uint8Array;
}): string {
  requireThat(options.grantBytes.length === GRANT_BYTES, `a grant has ${GRANT_BYTES} bytes`);
  requireThat(options.signature.length === SIGNATURE_BYTES, `a signature has ${SIGNATURE_BYTES} bytes`);
  const moment = encodeMoment(options.shownAt, options.nonce);
  return PRESENTATION_PREFIX + base32.encode(joined(options.grantBytes, moment, options.signature));
}

/** Accepts the text exactly as shown: each presentation has only one valid text. */
export function decodePresentation(code: string): Result<DecodedPresentation, 'presentation-malformed'> {
  if (code.length !== PRESENTATION_CHARACTERS || !code.startsWith(PRESENTATION_PREFIX)) {
    return err('presentation-malformed');
  }
  const decoded = base32.decode(code.slice(PRESENTATION_PREFIX.length));
  if (!decoded.ok) return err('presentation-malformed');
  const bytes = decoded.value;
  const grant = decodeGrant(bytes.subarray(0, GRANT_BYTES));
  if (!grant.ok) return grant;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return ok({
    grant: grant.value,
    shownAt: wallMs(view.getUint32(GRANT_BYTES) * 1000),
    nonce: view.getUint16(GRANT_BYTES + 4),
    signature: bytes.subarray(GRANT_BYTES + 6),
    bytes,
  });
}

const utf8 = new TextEncoder();
const PRESENTATION_DOMAIN = utf8.encode('codeplate presentation 1\n');

function encodeGrantFields(grant: Grant): Uint8Array {
  const { keyId, campaignTag: tag, holderKey, serials, expiresAt } = grant;
  requireThat(Number.isInteger(keyId) && keyId >= 0 && keyId <= 255, 'a key number is 0 to 255');
  requireThat(holderKey.length === PUBLIC_KEY_BYTES, `a public key has ${PUBLIC_KEY_BYTES} bytes`);
  requireThat(serials.length <= SERIALS_PER_GRANT, `a grant holds ${SERIALS_PER_GRANT} serials at most`);
  const rise = serials.every((serial, slot) => serial > (slot === 0 ? -1 : (serials[slot - 1] ?? -1)));
  requireThat(rise && serials.every((serial) => Number.isInteger(serial) && serial <= MAX_SERIAL), 'serials rise');
  const steps = expiresAt / EXPIRY_STEP_MS;
  requireThat(Number.isInteger(steps) && steps >= 0 && steps <= 0xffffff, 'an expiry is a whole step of 5 minutes');
  const bytes = new Uint8Array(GRANT_BYTES - SIGNATURE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, LAYOUT_VERSION);
  view.setUint8(1, keyId);
  writeUint24(view, 2, tag);
  bytes.set(holderKey, 5);
  for (let slot = 0; slot < SERIALS_PER_GRANT; slot++) {
    view.setUint32(38 + slot * 4, serials[slot] ?? NO_SERIAL);
  }
  writeUint24(view, 50, steps);
  return bytes;
}

function encodeMoment(shownAt: WallMs, nonce: number): Uint8Array {
  const seconds = Math.floor(shownAt / 1000);
  requireThat(seconds >= 0 && seconds <= 0xffff_ffff, 'a time lies between 1970 and 2106');
  requireThat(Number.isInteger(nonce) && nonce >= 0 && nonce <= MAX_NONCE, `a counter is 0 to ${MAX_NONCE}`);
  const bytes = new Uint8Array(6);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, seconds);
  view.setUint16(4, nonce);
  return bytes;
}

const readUint24 = (view: DataView, at: number): number => (view.getUint8(at) << 16) | view.getUint16(at + 1);

function writeUint24(view: DataView, at: number, value: number): void {
  view.setUint8(at, value >>> 16);
  view.setUint16(at + 1, value & 0xffff);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Only our own code calls an encoder, so a value out of range is a bug, not bad input. */
function requireThat(holds: boolean, what: string): void {
  if (!holds) throw new RangeError(what);
}
