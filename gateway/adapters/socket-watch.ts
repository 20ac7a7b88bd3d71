/**
 * Watches the sockets of a listening server, plain or TLS, from before their handshake until they close.
 *
 * A socket is identified by its peer's address and port, because under TLS two Node objects stand for one connection.
 */
import type { Server, Socket } from 'node:net';
import { isThisMachine } from '#protocol/config/open-connection.js';
import {
  type ConnectionLimits,
  connectionLimit,
  MOST_IN_ALL,
  MOST_OF_ONE_ADDRESS,
  plainAddress,
} from '../core/connection-limit.js';

export interface SocketWatch {
  /** A device was admitted, or a whole request has arrived: the socket no longer counts as waiting. */
  watch(server: Server): void;
  proved(socket: Socket): void;
  waits(socket: Socket): void;
  /** Destroys all sockets, including those in their handshake and any that open later. */
  closeAll(): void;
}

export interface SocketWatchOptions {
  /** Addresses that many clients share; loopback always counts as one. */
  readonly proxies: readonly string[];
  /** `detail`: the handshake's fault. */
  onRefused(why: SocketRefusal, socket: Socket, detail?: string): void;
  /** For tests. */
  readonly limits?: ConnectionLimits;
}

export type SocketRefusal = 'crowded' | 'no-handshake';

export function createSocketWatch({ proxies, onRefused, limits }: SocketWatchOptions): SocketWatch {
  const sockets = new Map<string, Socket>();
  const speakers = new Set(proxies.map(plainAddress));
  const waiting = connectionLimit<string>(
    limits ?? {
      ofOneAddress: MOST_OF_ONE_ADDRESS,
      inAll: MOST_IN_ALL,
      speaksForMany: (address) => isThisMachine(address) || speakers.has(plainAddress(address)),
    },
  );

  function enter(name: string, address: string): void {
    const goes = waiting.enter(name, address);
    const socket = goes === undefined ? undefined : sockets.get(goes);
    if (socket === undefined) return;
    onRefused('crowded', socket);
    socket.destroy();
  }

  let isClosed = false;
  function open(socket: Socket): void {
    const name = nameOf(socket);
    // A socket without an address was reset before it was examined.
    if (isClosed || name === undefined || socket.remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    sockets.set(name, socket);
    socket.once('close', () => {
      if (sockets.get(name) !== socket) return;
      sockets.delete(name);
      waiting.leave(name);
    });
    enter(name, socket.remoteAddress);
  }

  return {
    watch(server) {
      server.on('connection', open);
      // Node leaves such a socket to its listener; without a session under it, `end` would never get through.
      server.prependListener('tlsClientError', (error: Error, socket: Socket) => {
        onRefused('no-handshake', socket, handshakeFault(error));
        socket.destroy();
      });
    },
    proved(socket) {
      const name = nameOf(socket);
      if (name !== undefined) waiting.leave(name);
    },
    waits(socket) {
      const name = nameOf(socket);
      if (name !== undefined && socket.remoteAddress !== undefined && sockets.has(name)) {
        enter(name, socket.remoteAddress);
      }
    },
    closeAll() {
      isClosed = true;
      for (const socket of sockets.values()) socket.destroy();
    },
  };
}

/** OpenSSL's reason is a few words (`wrong version number`); its message is a line of numbers and file names. */
function handshakeFault(error: Error): string {
  if ('reason' in error && typeof error.reason === 'string') return error.reason;
  return 'code' in error ? String(error.code) : error.message;
}

/** A peer has only one connection per address and port at a time. */
const nameOf = ({ remoteAddress, remotePort }: Socket): string | undefined =>
  remoteAddress === undefined ? undefined : `${remoteAddress}|${remotePort}`;
