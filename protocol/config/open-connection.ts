/**
 * Requires TLS for connections that leave this machine.
 *
 * Anybody on the path of a plain connection can read passwords, payment codes and records. A person may write `insecure:
 * true` beside the address where a tunnel or a TLS proxy protects the path.
 */
import type { Problem } from './yaml-file.js';

/** RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3, RFC 6761 section 6.3. Brackets as in a URL. */
const THIS_MACHINE =
  /^(localhost|[^.]+\.localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[?::1\]?|\[?::ffff:127\.\d{1,3}\.\d{1,3}\.\d{1,3}\]?)\.?$/i;

/** True for a loopback host name or address. */
export const isThisMachine = (host: string): boolean => THIS_MACHINE.test(host);

export interface OpenConnection {
  /** The configuration path of the address, and its value. */
  readonly path: string;
  readonly value: string;
  readonly host: string;
  readonly hasTls: boolean;
  readonly isInsecure: boolean;
  /** How to secure it, such as "mqtts://" or "mqtt.tls". */
  readonly remedy: string;
}

export const isOpen = ({ host, hasTls }: Pick<OpenConnection, 'host' | 'hasTls'>): boolean =>
  !hasTls && !isThisMachine(host);

/** undefined: the connection is allowed. */
export function openConnectionProblem(line: OpenConnection): Problem | undefined {
  if (!isOpen(line) || line.isInsecure) return undefined;
  const { path, value, remedy } = line;
  const allowed = `${remedy}, an address of this machine such as 127.0.0.1, or insecure: true beside it where the network is protected otherwise`;
  return { path, value, allowed };
}
