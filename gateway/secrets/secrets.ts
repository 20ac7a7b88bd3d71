/**
 * The gateway's own secrets: files in its data folder, created at the first start.
 *
 * They are the issuer's private key, the key for hashing phone numbers, ID-card numbers and phone ids, and the operator's
 * token if the configuration has none. Without the first no issued coupon can be verified offline. Without the second
 * everybody could claim again. A lost token is replaced at the next start.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigError } from '#protocol/faults/errors.js';
import { fileFault } from '#protocol/faults/file-fault.js';
import type { Es256Signer } from '#protocol/kernel/crypto.js';
import { es256Signer, generatePrivateKey, privateKeyFromPem, privateKeyToPem } from '#protocol/node/crypto.js';
import { closeToOthers, OWN_FILE_MODE } from '#protocol/node/own-files.js';
import type { KeyedHash } from '../core/claims/claim-handling.js';

const HASH_KEY_BYTES = 32;
/** 192 bits, 32 characters. */
const TOKEN_BYTES = 24;
/** The configuration's format for tokens: characters allowed in a header. */
const TOKEN = /^[!-~][ -~]{6,198}[!-~]$/;

export function issuerSigner(file: string): Es256Signer {
  const pem = kept(file, () => privateKeyToPem(generatePrivateKey()));
  const key = privateKeyFromPem(pem);
  if (!key.ok) throw new ConfigError('KEY_UNUSABLE', { detail: `${file}: ${key.fault.what}` });
  return es256Signer(key.value);
}

export function keyedHash(file: string): KeyedHash {
  const key = Buffer.from(kept(file, () => randomBytes(HASH_KEY_BYTES).toString('hex')).trim(), 'hex');
  if (key.length !== HASH_KEY_BYTES) {
    throw new ConfigError('KEY_UNUSABLE', { detail: `${file}: ${HASH_KEY_BYTES} bytes in hexadecimal are needed.` });
  }
  return (text) => createHmac('sha256', key).update(text).digest('hex');
}

/** The token of a gateway whose configuration names none. */
export function operatorToken(file: string): string {
  const token = kept(
    file,
    () => `${randomBytes(TOKEN_BYTES).toString('base64url')}\n`,
    'OPERATOR_TOKEN_UNUSABLE',
  ).trim();
  if (TOKEN.test(token)) return token;
  const detail = `${file}: one line of at least 8 ASCII characters is needed.`;
  throw new ConfigError('OPERATOR_TOKEN_UNUSABLE', { detail });
}

/** Constant-time comparison: the time taken doesn't reveal where the texts differ. */
export function isSameSecret(hash: KeyedHash, one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(hash(one)), Buffer.from(hash(other)));
}

function kept(
  file: string,
  make: () => string,
  code: 'KEY_UNUSABLE' | 'OPERATOR_TOKEN_UNUSABLE' = 'KEY_UNUSABLE',
): string {
  try {
    if (!existsSync(file)) writeSafely(file, make());
    closeToOthers(file);
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(code, { detail: `${file}: ${fileFault(error)}.`, cause: error });
  }
}

/**
 * Makes the file durable, name included, before anything is signed or hashed with it: a power cut leaves all of it or
 * nothing.
 */
function writeSafely(file: string, text: string): void {
  const next = `${file}.new`;
  writeFileSync(next, text, { mode: OWN_FILE_MODE, flush: true });
  closeToOthers(next); // a leftover of a power cut may have other permissions
  renameSync(next, file);
  const folder = openSync(dirname(resolve(file)), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
