/**
 * Limits sockets that have proved nothing yet: before their CONNECT is accepted, or before a whole request has arrived.
 *
 * Each costs a file descriptor and some KiB, and anybody can open one. So there is a limit per address and one in total.
 * Over a limit the oldest socket of that address is closed and the new one stays: an honest client proves itself within
 * some round trips, so it survives beside an attacker at its own address.
 */

/**
 * A department store with 50 counters behind one address connects twice each after a power cut, and has its customers'
 * Wi-Fi on top; 256 leaves that room. One attacker holds 256 descriptors, not all.
 */
export const MOST_OF_ONE_ADDRESS = 256;
/** 5,000 devices that return at once may all be in their handshake together; a socket costs some 10 KiB. */
export const MOST_IN_ALL = 8_192;

export interface ConnectionLimits {
  readonly ofOneAddress: number;
  readonly inAll: number;
  /** A proxy on this machine or of the operator stands for many clients: only the total limit applies. */
  speaksForMany(address: string): boolean;
}

export interface ConnectionLimit<Socket> {
  /** The socket to close so that the limits hold; undefined if they hold. Never the one that enters. */
  enter(socket: Socket, address: string): Socket | undefined;
  /** The socket has proved itself or is closed. */
  leave(socket: Socket): void;
  readonly size: number;
}

export function connectionLimit<Socket>(limits: ConnectionLimits): ConnectionLimit<Socket> {
  const groups = new Map<string, Set<Socket>>();
  const groupOf = new Map<Socket, string>();

  function leave(socket: Socket): void {
    const name = groupOf.get(socket);
    if (name === undefined) return;
    groupOf.delete(socket);
    const group = groups.get(name);
    group?.delete(socket);
    if (group?.size === 0) groups.delete(name);
  }

  /** The oldest socket of the largest group: a crowd from one place gives way before a socket from anywhere else. */
  function oldestOfLargest(): Socket | undefined {
    let largest: Set<Socket> | undefined;
    for (const group of groups.values()) if (largest === undefined || group.size > largest.size) largest = group;
    return first(largest);
  }

  return {
    enter(socket, address) {
      const name = networkOf(address);
      const group = groups.get(name);
      const isFull = !limits.speaksForMany(address) && (group?.size ?? 0) >= limits.ofOneAddress;
      const goes = isFull ? first(group) : groupOf.size >= limits.inAll ? oldestOfLargest() : undefined;
      if (goes !== undefined) leave(goes);
      leave(socket);
      groupOf.set(socket, name);
      groups.set(name, (groups.get(name) ?? new Set<Socket>()).add(socket));
      return goes;
    },
    leave,
    get size() {
      return groupOf.size;
    },
  };
}

const first = <Value>(values: Set<Value> | undefined): Value | undefined => values?.values().next().value;

const MAPPED = /^::ffff:(?=\d+\.)/i;

/** Normalises an IPv4 address that arrives mapped into IPv6 (RFC 4291 section 2.5.5.2). */
export const plainAddress = (address: string): string => address.replace(MAPPED, '');

/** One customer of a provider has a whole /64 of IPv6 (RFC 6177), so that counts as one address. */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.toLowerCase().split('%')[0]?.split('::') ?? [];
  const [left, right] = [head, tail ?? ''].map((part) => part.split(':').filter((group) => group !== ''));
  const missing = tail === undefined ? 0 : 8 - (left?.length ?? 0) - (right?.length ?? 0);
  const groups = [...(left ?? []), ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...(right ?? [])];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
