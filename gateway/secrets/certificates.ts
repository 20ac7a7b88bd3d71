/** The gateway's certificates as the configuration names them: read, and tried, once at the start. */
import { createSecureContext } from 'node:tls';
import { ConfigError } from '#protocol/faults/errors.js';
import { type CertificateFault, readCertificates } from '#protocol/node/certificates.js';

/** PEM texts; in the configuration, the paths of files with them. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** Whose certificates the other side has to show. */
  readonly ca?: string | undefined;
}

/**
 * The texts of these files. Throws a `ConfigError` that says everything that is wrong with them. What is out of its time is handed
 * to `warn`: no handshake will succeed with it, unless the clock is what is wrong.
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
    createSecureContext(pair); // or the first connection would be the one to find out
    return pair;
  } catch (error) {
    throw new ConfigError('CERTIFICATE_UNUSABLE', { detail: `${files.cert}: ${String(error)}.`, cause: error });
  }
}
