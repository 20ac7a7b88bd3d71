/** The sockets under the broker: plain or TLS, each guarded by the limits that the broker lacks. */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { mqttGuard } from '../core/mqtt/mqtt-guard.js';
import type { Certificate } from '../secrets/certificates.js';

/**
 * Timeout from a socket's opening to its CONNECT. A device sends it at once, but of 5,000 that return together the last
 * waits 10 s on a quiet machine. `gateway/core/connection-limit.ts` bounds the cost of silent sockets.
 */
export const CONNECT_TIMEOUT_MS = 30_000;

// noDelay: without it one QoS 1 round trip takes 44 ms instead of 0.13 (Nagle's algorithm against delayed
// acknowledgements).
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
 * One connection's share per turn: a packet counts one, and each 4 KiB one more. An invalid packet costs some 30 µs, one of
 * 64 KiB some ms. A counter has one request and two uploads in flight; a client that sends more waits a turn for each
 * share, and TCP back-pressure holds the rest.
 */
const SHARE = 16;
const BYTES_LOG2 = 12;
/** Size of one read: at most this much, and less where packets are small, because the excess must be put back. */
const MOST_BYTES = SHARE << BYTES_LOG2;
const LEAST_BYTES = 512;

/** CONNACK 1, "unacceptable protocol version" (MQTT-3.1.2-2): the parser would close without a word. */
const VERSION_REFUSED = Uint8Array.of(0x20, 2, 0, 1);

/**
 * Guards `socket.read`, aedes' only way to read: no copy, and nothing gets past it. A single read of 64 KiB may hold ten
 * thousand packets, and libuv delivers thirty such reads of one socket before it turns to the next. A client that leaves
 * its answers unread isn't read from either, so that answers don't pile up in memory.
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
    // A stream that was read in part emits no event for the rest.
    if (left <= 0 || !isAll || socket.readableLength > 0) wait();
    if (isAll) return chunk;
    socket.unshift(chunk.subarray(taken));
    return chunk.subarray(0, taken);
  };
}
