/**
 * Maps a failed connection's error from mqtt.js, Node or OpenSSL to a code that an installer can look up.
 *
 * The original words stay in `what`, because search engines know them; they never contain a password.
 */
import { connect } from 'node:tls';
import type { UplinkFaultCode } from '#protocol/faults/errors/line.js';
import type { UplinkFault } from '../core/uplink/uplink-fault.js';

export interface Circumstances {
  /** `mqtt://host:port` or `mqtts://host:port`. */
  readonly url: string;
  /** CONNACK has arrived. */
  readonly wasAdmitted: boolean;
  /** By this machine's clock. */
  readonly now: Date;
}

export function uplinkFault(error: unknown, { url, wasAdmitted, now }: Circumstances): UplinkFault {
  const said = wordsOf(error);
  const code = codeOf(error, said, { isTls: url.startsWith('mqtts:'), wasAdmitted });
  const clock = TIMELY.has(code) ? `; the clock of this machine says ${now.toISOString()}` : '';
  return { code, what: `${url}: ${said}${clock}` };
}

/**
 * mqtt.js reports a closed connection by an event without an error. Node's TLS server closes without an alert on a client
 * whose certificate it doesn't trust; `mayBeOfCertificate` means that a certificate was shown and nothing came after it.
 */
export const closedFault = (
  url: string,
  { wasAdmitted, mayBeOfCertificate }: { readonly wasAdmitted: boolean; readonly mayBeOfCertificate: boolean },
): UplinkFault =>
  mayBeOfCertificate
    ? {
        code: 'LINE_CERTIFICATE_REFUSED',
        what: `${url}: closed by the gateway after it received this device's certificate`,
      }
    : {
        code: 'LINE_CLOSED',
        what: `${url}: the connection was closed ${wasAdmitted ? 'by the other side' : 'before the gateway answered'}`,
      };

/** The IANA port of MQTT without TLS. */
const MQTT_PORT = 1883;
/** A TLS server answers a ClientHello within a round trip or two. */
const PROBE_TIMEOUT_MS = 3_000;

/**
 * Probes whether this port speaks TLS by sending a ClientHello and nothing else. Answers once, unless the probe is
 * abandoned.
 */
export function probeTls(url: string, answer: (speaksTls: boolean) => void): () => void {
  const { hostname, port } = new URL(url);
  // No verification, because no name, password or message goes there.
  const socket = connect({
    host: hostname,
    port: Number(port || MQTT_PORT),
    rejectUnauthorized: false,
    timeout: PROBE_TIMEOUT_MS,
  });
  let isOver = false;
  const end = (speaksTls: boolean | undefined): void => {
    if (isOver) return;
    isOver = true;
    socket.destroy();
    if (speaksTls !== undefined) answer(speaksTls);
  };
  socket.once('secureConnect', () => end(true));
  // A server that demands a certificate answers with an alert, and that is TLS too.
  socket.on('error', (error) => end(/ALERT/.test(String(fieldOf(error, 'code')))));
  socket.once('timeout', () => end(false));
  socket.once('close', () => end(false));
  return () => end(undefined);
}

const TIMELY: ReadonlySet<UplinkFaultCode> = new Set(['LINE_CERTIFICATE_EXPIRED', 'LINE_CERTIFICATE_NOT_YET_VALID']);

function codeOf(
  error: unknown,
  said: string,
  { isTls, wasAdmitted }: { readonly isTls: boolean; readonly wasAdmitted: boolean },
): UplinkFaultCode {
  const code = fieldOf(error, 'code');
  if (typeof code === 'number') return CONNACK[code] ?? 'LINE_BROKEN';
  const known = typeof code === 'string' ? BY_CODE[code] : undefined;
  if (known !== undefined) return known;
  const alert = ALERTS.find(([words]) => words.test(`${String(code)} ${said}`));
  if (alert !== undefined) return alert[1];
  if (isTls && code === 'ECONNRESET' && !wasAdmitted) return 'LINE_WITHOUT_TLS';
  // Servers other than Node's answer a plain client with a TLS alert, which is no MQTT packet.
  if (!isTls && !wasAdmitted && /header flag/i.test(said)) return 'LINE_NEEDS_TLS';
  return code === 'ECONNRESET' || code === 'EPIPE' ? 'LINE_CLOSED' : 'LINE_BROKEN';
}

/** MQTT 3.1.1 section 3.2.2.3. */
const CONNACK: Readonly<Record<number, UplinkFaultCode>> = {
  1: 'LINE_VERSION_REFUSED',
  2: 'LINE_VERSION_REFUSED',
  3: 'LINE_UNANSWERED',
  4: 'LINE_NOT_ADMITTED',
  5: 'LINE_NOT_ADMITTED',
};

/** Codes of libuv, getaddrinfo and OpenSSL's verification (X509_V_ERR_…), as Node names them. */
const BY_CODE: Readonly<Record<string, UplinkFaultCode>> = {
  ECONNREFUSED: 'LINE_REFUSED',
  ENOTFOUND: 'LINE_NAME_UNKNOWN',
  EAI_AGAIN: 'LINE_NAME_UNKNOWN',
  EAI_NODATA: 'LINE_NAME_UNKNOWN',
  EHOSTUNREACH: 'LINE_UNREACHABLE',
  ENETUNREACH: 'LINE_UNREACHABLE',
  ENETDOWN: 'LINE_UNREACHABLE',
  EADDRNOTAVAIL: 'LINE_UNREACHABLE',
  ETIMEDOUT: 'LINE_TIMEOUT',
  SELF_SIGNED_CERT_IN_CHAIN: 'LINE_AUTHORITY_UNKNOWN',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'LINE_AUTHORITY_UNKNOWN',
  UNABLE_TO_GET_ISSUER_CERT: 'LINE_AUTHORITY_UNKNOWN',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'LINE_AUTHORITY_UNKNOWN',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'LINE_AUTHORITY_UNKNOWN',
  CERT_SIGNATURE_FAILURE: 'LINE_AUTHORITY_UNKNOWN',
  CERT_UNTRUSTED: 'LINE_AUTHORITY_UNKNOWN',
  INVALID_CA: 'LINE_AUTHORITY_UNKNOWN',
  CERT_HAS_EXPIRED: 'LINE_CERTIFICATE_EXPIRED',
  CERT_NOT_YET_VALID: 'LINE_CERTIFICATE_NOT_YET_VALID',
  ERR_TLS_CERT_ALTNAME_INVALID: 'LINE_HOST_NAME_DIFFERS',
};

const ALERTS: readonly (readonly [words: RegExp, code: UplinkFaultCode])[] = [
  [/connack timeout/, 'LINE_TIMEOUT'],
  [/Keepalive timeout/, 'LINE_SILENT'],
  // RFC 8446 section 6.2: a server's alerts about the client's certificate.
  [
    /alert (?:certificate required|bad certificate|unsupported certificate|certificate (?:expired|revoked|unknown)|unknown ca|handshake failure)/i,
    'LINE_CERTIFICATE_REFUSED',
  ],
  [/ALERT_(?:CERTIFICATE|BAD_CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE)/, 'LINE_CERTIFICATE_REFUSED'],
  [
    /wrong version number|WRONG_VERSION_NUMBER|packet length too long|http request|disconnected before secure/,
    'LINE_WITHOUT_TLS',
  ],
  [/\bSSL\b|ERR_SSL_|ERR_TLS_|EPROTO/, 'LINE_TLS_FAILED'],
];

const fieldOf = (error: unknown, name: string): unknown =>
  error instanceof Error ? Reflect.get(error, name) : undefined;

/** Some socket errors have no message, only a code; an error for several addresses has no message either. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const inner = error instanceof AggregateError ? error.errors.map(wordsOf).join(', ') : '';
  const words = error.message || inner || String(fieldOf(error, 'code') ?? error.name);
  // OpenSSL wraps its one useful phrase in memory address, file and line.
  return words
    .replace(/^[0-9A-F]{8,}:error:[0-9A-F]+:/i, '')
    .replace(/:[\w./\\-]+\.c:\d+:.*$/s, '')
    .trim();
}
