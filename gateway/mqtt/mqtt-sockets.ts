/** The sockets under the broker: plain or TLS, each watched for what the broker itself does not limit. */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { mqttGuard } from '../core/mqtt/mqtt-guard.js';
import type { Certificate } from '../secrets/certificates.js';

/**
 * From a socket's opening to its CONNECT. A device sends it at once, but 5,000 that come back together wait for their turn: 10 s
 * of it on a quiet machine. What silence costs is bounded by the limits of `gateway/core/connection-limit.ts`.
 */
export const CONNECT_TIMEOUT_MS = 30_000;

// noDelay: without it one QoS 1 round trip takes 44 ms instead of 0.13 (Nagle against delayed acknowledgements).
export function serverFor(
  tls: Certificate | undefined,
  handshakeTimeout: number,
  onSocket: (socket: Socket) => void,
): Server {
  if (tls === undefined) return createServer({ noDelay: true }, onSocket);
  const isMutual = tls.ca !== undefined;
  return createTlsServer(
    {
      ...tls,
      noDelay: true,
      requestCert: isMutual,
      rejectUnauthorized: isMutual,
      minVersion: 'TLSv1.2',
      handshakeTimeout,
    },
    onSocket,
  );
}

/** A subject may have several common names; a certificate of ours has one. */
export function nameInCertificate({ conn }: { readonly conn: unknown }): string | undefined {
  const name: unknown = conn instanceof TLSSocket ? conn.getPeerCertificate().subject?.CN : undefined;
  return typeof name === 'string' ? name : undefined;
}

/**
 * What of one connection is taken before the others have their turn: a packet counts one, and each 4 KiB one more. A packet
 * of nonsense costs some 30 µs, one of 64 KiB some ms. A counter asks one thing at a time and sends two batches of records;
 * who sends more at once waits a turn for each share, and TCP makes it wait with what it hasn't sent yet.
 */
const SHARE = 16;
const BYTES_LOG2 = 12;
/** Read in one piece at most, and at least where packets are small: what is too much has to be put back. */
const MOST_BYTES = SHARE << BYTES_LOG2;
const LEAST_BYTES = 512;

/** CONNACK 1, "unacceptable protocol version" (MQTT-3.1.2-2): the parser would close without a word. */
const VERSION_REFUSED = Uint8Array.of(0x20, 2, 0, 1);

/**
 * aedes reads with `socket.read`, so that is where the guard looks: no copy, and nothing gets past it. Read whole, a piece of
 * 64 KiB may hold ten thousand packets, and libuv hands over thirty such pieces of one socket before it looks at the next.
 * Nor is more taken from a client that leaves its answers unread: memory is not what they wait in.
 */
export function guard(socket: Socket, onFault: (code: string) => void): void {
  const watch = mqttGuard();
  const read = socket.read.bind(socket);
  let left = SHARE;
  let piece = MOST_BYTES;
  let isWaiting = false;
  const goOn = (): void => {
    isWaiting = false;
    left = SHARE;
    socket.emit('readable');
  };
  const wait = (): void => {
    isWaiting = true;
    if (socket.writableNeedDrain) socket.once('drain', goOn);
    else setImmediate(goOn);
  };
  socket.read = (size?: number): unknown => {
    if (isWaiting) return null;
    if (socket.writableNeedDrain) {
      wait();
      return null;
    }
    const chunk: unknown = read(socket.readableLength > piece ? piece : size);
    if (!(chunk instanceof Uint8Array)) return chunk;
    const fault = watch.feed(chunk, left);
    if (fault !== undefined) {
      onFault(fault);
      if (fault === 'MQTT_VERSION_UNKNOWN') socket.end(VERSION_REFUSED, () => socket.destroy());
      else socket.destroy();
      isWaiting = true;
      return null;
    }
    const { taken } = watch;
    left -= watch.packets + (taken >> BYTES_LOG2);
    const isAll = taken === chunk.length;
    piece = isAll ? Math.min(piece * 2, MOST_BYTES) : Math.max(taken * 2, LEAST_BYTES);
    // A stream of which a part was read says nothing of the rest by itself.
    if (left <= 0 || !isAll || socket.readableLength > 0) wait();
    if (isAll) return chunk;
    socket.unshift(chunk.subarray(taken));
    return chunk.subarray(0, taken);
  };
}
