/**
 * Locates the key for hashing phone numbers, ID-card numbers and phone ids.
 *
 * With this key and a copy of the ledger an attacker finds the coupons' owners within hours. So it should not lie in the
 * folder that gets backed up, but in a file elsewhere, or in a credential that systemd gives to this service alone
 * (https://systemd.io/CREDENTIALS/).
 */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { Findings, Problem } from '#protocol/config/yaml-file.js';
import { ConfigError } from '#protocol/faults/errors.js';
import type { GatewayConfig } from '../config/config.js';
import type { KeyedHash } from '../core/claims/claim-handling.js';
import { keyedHash } from './secrets.js';

type Placed = Pick<GatewayConfig, 'data' | 'identityKey'>;

/** The default place in the data folder, unless the configuration names another. */
const besideLedger = (data: string): string => join(data, 'identity-key.hex');

/**
 * Throws a `ConfigError` if the key is missing and must exist. A ledger implies a key somewhere, and a new key would let
 * everybody claim again.
 */
export function identityKeyFile({ data, identityKey }: Placed): string {
  const file = placeOf({ data, identityKey });
  if (existsSync(file)) return file;
  const missing = (detail: string): ConfigError =>
    new ConfigError('IDENTITY_KEY_MISSING', { detail: `${file}: ${detail}` });
  if (identityKey?.credential !== undefined)
    throw missing(
      'there is no such credential: name it in LoadCredential= or LoadCredentialEncrypted= of the service.',
    );
  if (existsSync(join(data, 'ledger.db')))
    throw missing(`there is a ledger, so there is a key; it may still be ${besideLedger(data)}.`);
  return file;
}

function placeOf({ data, identityKey }: Placed): string {
  const { file, credential } = identityKey ?? {};
  if (credential === undefined) return file ?? besideLedger(data);
  const { CREDENTIALS_DIRECTORY: folder } = process.env;
  if (folder !== undefined && folder !== '') return join(folder, credential);
  const detail = `identityKey.credential: ${credential}: CREDENTIALS_DIRECTORY is not set; systemd sets it for a service.`;
  throw new ConfigError('IDENTITY_KEY_MISSING', { detail });
}

export const identityHash = (config: Placed): KeyedHash => keyedHash(identityKeyFile(config));

/** A fingerprint of the key that reveals nothing of it; the ledger is bound to it. */
export const keyMark = (hash: KeyedHash): string => hash('identity key').slice(0, 16);

/**
 * For `--check`; the warnings also go to the log of a start. A credential exists only for the service, so nothing is
 * reported about it.
 */
export function keyFindings(config: Placed): Findings {
  if (config.identityKey?.credential !== undefined) return { problems: [], warnings: leftBehind(config) };
  const value = placeOf(config);
  const missing = faultOf(() => identityKeyFile(config));
  if (missing !== undefined) {
    const allowed = missing.message;
    return { problems: [{ path: 'identityKey', value, allowed, code: missing.code }], warnings: [] };
  }
  if (!isWithin(value, config.data)) return { problems: [], warnings: leftBehind(config) };
  const allowed = 'a file outside of the data folder, or a credential: move the key there and name it here';
  return { problems: [], warnings: [{ path: 'identityKey', value, allowed, code: 'IDENTITY_KEY_BESIDE_LEDGER' }] };
}

function leftBehind({ data }: Placed): Problem[] {
  const value = besideLedger(data);
  if (!existsSync(value)) return [];
  const allowed = 'nothing there: this copy is not used; compare it with the one that is, and delete it';
  return [{ path: 'identityKey', value, allowed, code: 'IDENTITY_KEY_LEFT_BEHIND' }];
}

function faultOf(attempt: () => unknown): ConfigError | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

/** Resolves symlinks as far as they exist. */
function isWithin(file: string, folder: string): boolean {
  const way = relative(real(folder), join(real(dirname(file)), 'x'));
  return !way.startsWith(`..${sep}`);
}

const real = (path: string): string => (existsSync(path) ? realpathSync(path) : path);
