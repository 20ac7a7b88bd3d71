/**
 * Why a counter has no line to its gateway. The first connection is what breaks first in every installation, so each cause has
 * its own code. One row a code; a code once used is retired, never reused.
 */
import type { ErrorRow } from './row.js';

export const LINE_ERRORS = {
  LINE_REFUSED: [
    'peer',
    'again',
    "No server listens at the gateway's address.",
    'Check `gateway.url`, that the gateway runs, and that its `mqtt.host` is not 127.0.0.1 if it is another machine.',
  ],
  LINE_NAME_UNKNOWN: [
    'operator',
    'again',
    'The name of the gateway in `gateway.url` cannot be resolved.',
    'Check the spelling of the name, and the DNS server of this network: `getent hosts NAME`.',
  ],
  LINE_UNREACHABLE: [
    'peer',
    'again',
    'There is no route to the address of the gateway.',
    'Check the cable or the SIM card, then the default route and the firewall.',
  ],
  LINE_TIMEOUT: [
    'peer',
    'again',
    'The gateway did not answer a connection in time.',
    'Check the address and the port of `gateway.url`, and whether a firewall drops the packets.',
  ],
  LINE_NOT_ADMITTED: [
    'operator',
    'never',
    'The gateway does not admit this device: name or password is wrong.',
    "Compare `gateway.username` and `gateway.password` with the entry under `devices` in the gateway's configuration.",
  ],
  LINE_VERSION_REFUSED: [
    'operator',
    'never',
    'The server does not speak MQTT 3.1.1, or does not take this client id.',
    'Check that `gateway.url` names a Codeplate gateway.',
  ],
  LINE_AUTHORITY_UNKNOWN: [
    'operator',
    'never',
    "The gateway's certificate was signed by an authority that this device does not trust.",
    'Name under `gateway.tls.ca` the certificate of the authority that signed it.',
  ],
  LINE_HOST_NAME_DIFFERS: [
    'operator',
    'never',
    "The gateway's certificate is for another name than the one in `gateway.url`.",
    'Write in `gateway.url` a name that stands in the certificate, or have the certificate made for this name or IP address.',
  ],
  LINE_CERTIFICATE_EXPIRED: [
    'operator',
    'never',
    "The gateway's certificate, or one of its authority's, has expired by the clock of this machine.",
    'Check the clock with `date`; if it is right, renew the certificate.',
  ],
  LINE_CERTIFICATE_NOT_YET_VALID: [
    'operator',
    'again',
    "The gateway's certificate is not valid yet by the clock of this machine.",
    'Set the clock: a box without a battery clock starts in the past, and needs a time server or `fake-hwclock`.',
  ],
  LINE_CERTIFICATE_REFUSED: [
    'operator',
    'never',
    "The gateway does not accept this device's certificate, or the device shows none.",
    "Give under `gateway.tls` a certificate and its key that the gateway's `mqtt.tls.ca` has signed, and check until when it is valid.",
  ],
  LINE_NEEDS_TLS: [
    'operator',
    'never',
    'The gateway speaks TLS on this port, and the device does not.',
    'Write `mqtts://` in `gateway.url`.',
  ],
  LINE_WITHOUT_TLS: [
    'operator',
    'never',
    'The device speaks TLS, and the server on this port does not.',
    "Check the port in `gateway.url`, and `mqtt.tls` in the gateway's configuration.",
  ],
  LINE_TLS_FAILED: [
    'operator',
    'again',
    'Device and gateway came to no agreement on TLS.',
    'Compare `gateway.tls` with `mqtt.tls` of the gateway; the log has the words of OpenSSL.',
  ],
  LINE_SUBSCRIPTION_REFUSED: [
    'operator',
    'never',
    'The gateway let this device in, and did not let it listen to its own topics.',
    'Check that `gateway.url` names a Codeplate gateway and that `device` is the name it knows.',
  ],
  LINE_CLOSED: [
    'peer',
    'again',
    'The other side closed the connection without a reason.',
    "Look at the gateway's log; many such lines speak of a proxy, or of two devices under one name.",
  ],
  LINE_SILENT: [
    'peer',
    'again',
    'Nothing was heard of the gateway any more; the connection was given up.',
    'Nothing: it is built anew. Often means a poor mobile network.',
  ],
  LINE_UNANSWERED: [
    'peer',
    'again',
    'The connection stands, but the gateway does not answer.',
    "Look at the gateway's log and its `/healthz`: its ledger may have stopped.",
  ],
  LINE_BROKEN: [
    'peer',
    'again',
    'The line to the gateway failed for a reason that has no code of its own.',
    'Look at `why` in the log.',
  ],
} as const satisfies Record<string, ErrorRow>;

export type UplinkFaultCode = keyof typeof LINE_ERRORS;
