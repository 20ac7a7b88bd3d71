/** Certificates for tests and fuzzers: made at need, so that no private key lies in the repository and none expires. */
import 'reflect-metadata'; // x509 asks for it
import { webcrypto } from 'node:crypto';
import { BasicConstraintsExtension, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

export interface TlsPair {
  readonly cert: string;
  readonly key: string;
  readonly name: string;
  readonly keys: webcrypto.CryptoKeyPair;
}

export interface PairOptions {
  /** From when until when it is good, in days from now. */
  readonly days?: readonly [number, number];
  /** The host name that it is for; 127.0.0.1 where none is given. */
  readonly host?: string;
}

/** Good from yesterday to tomorrow, for this machine; without an issuer it is an authority that signs itself. */
export async function pairOf(
  name: string,
  issuer?: TlsPair,
  { days: [from, to] = [-1, 1], host }: PairOptions = {},
): Promise<TlsPair> {
  const keys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: '01',
    subject: `CN=${name}`,
    issuer: `CN=${issuer?.name ?? name}`,
    notBefore: new Date(Date.now() + from * DAY_MS),
    notAfter: new Date(Date.now() + to * DAY_MS),
    signingAlgorithm: ECDSA,
    publicKey: keys.publicKey,
    signingKey: (issuer?.keys ?? keys).privateKey,
    extensions: [
      new BasicConstraintsExtension(issuer === undefined),
      new SubjectAlternativeNameExtension(
        host === undefined ? [{ type: 'ip', value: '127.0.0.1' }] : [{ type: 'dns', value: host }],
      ),
    ],
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const key = `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`;
  return { cert: certificate.toString('pem'), key, name, keys };
}
