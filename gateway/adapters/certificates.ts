/** Certificates and keys as the configuration names them: files that are read, and tried, once at the start. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ConfigError } from '#protocol/faults/errors.js';

/** PEM texts; in the configuration, the paths of files with them. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** Whose certificates the other side has to show. */
  readonly ca?: string | undefined;
}

/** The texts of these files. Throws a `ConfigError` where one can't be read, or they don't belong together. */
export function readCertificate({ cert, key, ca }: Certificate): Certificate {
  const pem = (file: string): string => readFileSync(file, 'utf8');
  try {
    const texts = { cert: pem(cert), key: pem(key), ...(ca !== undefined && { ca: pem(ca) }) };
    createSecureContext(texts); // or the first connection would be the one to find out
    return texts;
  } catch (error) {
    const files = [cert, key, ...(ca === undefined ? [] : [ca])].join(', ');
    throw new ConfigError('CERTIFICATE_UNUSABLE', { detail: `${files}: ${String(error)}`, cause: error });
  }
}
