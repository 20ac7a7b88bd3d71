/** Checks the certificates that a configuration refers to, with the same codes as a start. */

import type { Findings, Problem } from '#protocol/config/yaml-file.js';
import { type ReadCertificates, readCertificates } from '#protocol/node/certificates.js';
import type { DeviceConfig } from './config.js';

export const certificatesOf = ({ device, gateway }: DeviceConfig, now: Date): ReadCertificates =>
  readCertificates(gateway.tls ?? {}, { now, name: device });

export function deviceFindings(config: DeviceConfig, now: Date): Findings {
  const { problems, warnings } = certificatesOf(config, now);
  const told = ({ part, code, file, what }: ReadCertificates['problems'][number]): Problem => ({
    path: `gateway.tls.${part}`,
    value: file,
    allowed: what,
    code,
  });
  return { problems: problems.map(told), warnings: warnings.map(told) };
}
