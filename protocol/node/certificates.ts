/**
 * Reads and checks the certificates and keys that a configuration names, at the start, on device and gateway alike.
 *
 * An unusable file prevents the start. A certificate outside its validity only warns with a code of its own, because the
 * clock may be what is wrong.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileFault } from '../faults/file-fault.js';

/** PEM texts; in a configuration, the paths of their files. */
export interface CertificateFiles {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The authorities that the peer's certificate must come from. */
  readonly ca?: string | undefined;
}

export interface CertificateFault {
  readonly part: keyof CertificateFiles;
  readonly code:
    | 'CERTIFICATE_UNUSABLE'
    | 'CERTIFICATE_EXPIRED'
    | 'CERTIFICATE_NOT_YET_VALID'
    | 'CERTIFICATE_OF_ANOTHER';
  readonly file: string;
  /** The problem, for a person; quotes nothing of the file. */
  readonly what: string;
}

export interface ReadCertificates {
  readonly texts: CertificateFiles;
  /** Any of these prevents the start. */
  readonly problems: readonly CertificateFault[];
  /** With any of these every handshake fails, unless the clock is wrong. */
  readonly warnings: readonly CertificateFault[];
}

/** `name`: the required common name of the certificate, where it matters. */
export function readCertificates(
  files: CertificateFiles,
  { now, name }: { readonly now: Date; readonly name?: string },
): ReadCertificates {
  const texts: { -readonly [Part in keyof CertificateFiles]: string } = {};
  const problems: CertificateFault[] = [];
  const warnings: CertificateFault[] = [];
  const found: { cert?: readonly X509Certificate[]; key?: KeyObject; ca?: readonly X509Certificate[] } = {};
  for (const part of ['ca', 'cert', 'key'] as const) {
    const file = files[part];
    if (file === undefined) continue;
    const unusable = (what: string): void => void problems.push({ part, code: 'CERTIFICATE_UNUSABLE', file, what });
    try {
      const bytes = readFileSync(file);
      texts[part] = bytes.toString('utf8');
      if (part === 'key') found.key = keyIn(bytes);
      else found[part] = certificatesIn(bytes);
    } catch (error) {
      unusable(fileFault(error));
    }
  }
  const { cert: [own] = [], key, ca } = found;
  const { cert: certFile = '', key: keyFile = '', ca: caFile = '' } = files;
  if (own !== undefined && key !== undefined && !own.checkPrivateKey(key))
    problems.push({
      part: 'key',
      code: 'CERTIFICATE_UNUSABLE',
      file: keyFile,
      what: `it is not the key of ${certFile}`,
    });
  if (own !== undefined) warnings.push(...outOfTime('cert', certFile, [own], now));
  if (own !== undefined && name !== undefined && commonName(own) !== name) {
    const what = `it names ${JSON.stringify(commonName(own)).slice(0, 60)}, but the gateway expects the name ${name}`;
    warnings.push({ part: 'cert', code: 'CERTIFICATE_OF_ANOTHER', file: certFile, what });
  }
  if (ca !== undefined) warnings.push(...outOfTime('ca', caFile, ca, now));
  return { texts, problems, warnings };
}

/** A bundle of authorities may hold expired ones; it is useless only if all are out of their validity. */
function outOfTime(
  part: keyof CertificateFiles,
  file: string,
  certificates: readonly X509Certificate[],
  now: Date,
): CertificateFault[] {
  const [first] = certificates;
  const faults = certificates.map((certificate) => timeFault(certificate, now));
  const [fault] = faults;
  if (first === undefined || fault === undefined || faults.includes(undefined)) return [];
  const clock = `the clock says ${day(now)}`;
  const what =
    fault === 'CERTIFICATE_EXPIRED'
      ? `it has expired on ${day(new Date(first.validTo))}; ${clock}`
      : `it is not valid before ${day(new Date(first.validFrom))}; ${clock}`;
  return [{ part, code: fault, file, what }];
}

function timeFault(
  certificate: X509Certificate,
  now: Date,
): 'CERTIFICATE_EXPIRED' | 'CERTIFICATE_NOT_YET_VALID' | undefined {
  if (now.getTime() > Date.parse(certificate.validTo)) return 'CERTIFICATE_EXPIRED';
  return now.getTime() < Date.parse(certificate.validFrom) ? 'CERTIFICATE_NOT_YET_VALID' : undefined;
}

const day = (date: Date): string => date.toISOString().slice(0, 10);
const commonName = ({ subject }: X509Certificate): string | undefined => /^CN=(.*)$/m.exec(subject)?.[1];

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
/** The first byte of DER: a SEQUENCE. */
const DER_SEQUENCE = 0x30;

function certificatesIn(bytes: Buffer): readonly X509Certificate[] {
  const blocks = bytes.toString('latin1').match(PEM_CERTIFICATE);
  if (blocks !== null) {
    return blocks.map((block) => {
      try {
        return new X509Certificate(block);
      } catch {
        throw new Error('it contains a damaged certificate');
      }
    });
  }
  if (/PRIVATE KEY-----/.test(bytes.toString('latin1'))) throw new Error('it is a private key, not a certificate');
  throw new Error(noPem(bytes, 'openssl x509 -inform der -in FILE -out FILE.pem'));
}

function keyIn(bytes: Buffer): KeyObject {
  const text = bytes.toString('latin1');
  if (!/PRIVATE KEY-----/.test(text)) {
    if (/BEGIN CERTIFICATE-----/.test(text)) throw new Error('it is a certificate, not a private key');
    throw new Error(noPem(bytes, 'openssl pkey -inform der -in FILE -out FILE.pem'));
  }
  if (/ENCRYPTED/.test(text))
    throw new Error(
      'it is locked with a passphrase, which nobody can type at a start: openssl pkey -in FILE -out FILE.pem',
    );
  try {
    return createPrivateKey(bytes);
  } catch {
    throw new Error('the private key in it is damaged');
  }
}

function noPem(bytes: Buffer, conversion: string): string {
  if (bytes.length === 0) return 'it is empty';
  if (bytes[0] === DER_SEQUENCE) return `it is in DER, and PEM is needed: ${conversion}`;
  return 'it contains no PEM block (-----BEGIN …)';
}
