/** Reads and checks the gateway's certificates from the configuration, once at the start. */
import { createSecureContext } from 'node:tls';
import { ConfigError } from '#protocol/faults/errors.js';
import { type CertificateFault, readCertificates } from '#protocol/node/certificates.js';

/** PEM texts; in the configuration, the paths of their files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** The authorities that a client's certificate must come from. */
  readonly ca?: string | undefined;
}

/**
 * Returns the texts of these files. Throws a `ConfigError` with all their problems. An expired or not yet valid certificate
 * goes to `warn`: every handshake with it fails, unless the clock is wrong.
 */
export function readCertificate(
  files: Certificate,
  { now, warn }: { readonly now: Date; readonly warn: (fault: CertificateFault) => void },
): Certificate {
  const { texts, problems, warnings } = readCertificates(files, { now });
  if (problems.length > 0) {
    const detail = problems.map(({ part, file, what }) => `${part}: ${file}: ${what}.`).join(' ');
    throw new ConfigError('CERTIFICATE_UNUSABLE', { detail });
  }
  for (const warning of warnings) warn(warning);
  const { cert = '', key = '', ca } = texts;
  const pair = { cert, key, ...(ca !== undefined && { ca }) };
  try {
    createSecureContext(pair); // or the first connection would discover it
    return pair;
  } catch (error) {
    throw new ConfigError('CERTIFICATE_UNUSABLE', { detail: `${files.cert}: ${String(error)}.`, cause: error });
  }
}
