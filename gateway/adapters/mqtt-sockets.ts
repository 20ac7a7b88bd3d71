/** The sockets under the broker: plain or TLS, each watched for what the broker itself does not limit. */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { mqttGuard } from '../core/mqtt-guard.js';

/** PEM texts. With `ca`, a device needs a certificate that it has signed, and speaks only under the name in there. */
export interface BrokerTls {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string | undefined;
}

/** From a socket's opening to its CONNECT; a device sends it at once. */
export const CONNECT_TIMEOUT_MS = 10_000;

// noDelay: without it one QoS 1 round trip takes 44 ms instead of 0.13 (Nagle against delayed acknowledgements).
export function serverFor(tls: BrokerTls | undefined, onSocket: (socket: Socket) => void): Server {
  if (tls === undefined) return createServer({ noDelay: true }, onSocket);
  const isMutual = tls.ca !== undefined;
  return createTlsServer(
    {
      ...tls,
      noDelay: true,
      requestCert: isMutual,
      rejectUnauthorized: isMutual,
      minVersion: 'TLSv1.2',
      handshakeTimeout: CONNECT_TIMEOUT_MS,
    },
    onSocket,
  );
}

/** A subject may have several common names; a certificate of ours has one. */
export function nameInCertificate({ conn }: { readonly conn: unknown }): string | undefined {
  const name: unknown = conn instanceof TLSSocket ? conn.getPeerCertificate().subject?.CN : undefined;
  return typeof name === 'string' ? name : undefined;
}

/** aedes reads with `socket.read`, so that is where the guard looks: no copy, and nothing gets past it. */
export function guard(socket: Socket, onFault: (code: string) => void): void {
  const watch = mqttGuard();
  const read = socket.read.bind(socket);
  socket.read = (size?: number): unknown => {
    const chunk: unknown = read(size);
    if (!(chunk instanceof Uint8Array)) return chunk;
    const fault = watch.feed(chunk);
    if (fault === undefined) return chunk;
    onFault(fault);
    socket.destroy();
    return null;
  };
}
