/**
 * Passwords, payment codes and records on a line without TLS are for everybody who sits on it. So off this machine a line has
 * TLS, or a person has written `insecure: true` beside its address: because the network is a tunnel, or a proxy ends TLS.
 */
import type { Problem } from './yaml-file.js';

/** RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3, RFC 6761 section 6.3. Brackets as in a URL. */
const THIS_MACHINE =
  /^(localhost|[^.]+\.localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[?::1\]?|\[?::ffff:127\.\d{1,3}\.\d{1,3}\.\d{1,3}\]?)\.?$/i;

/** A host name or an address that leads nowhere else. */
export const isThisMachine = (host: string): boolean => THIS_MACHINE.test(host);

export interface OpenConnection {
  /** Where the address stands in the configuration, and what does. */
  readonly path: string;
  readonly value: string;
  readonly host: string;
  readonly hasTls: boolean;
  readonly isInsecure: boolean;
  /** How it is made safe, such as "mqtts://" or "mqtt.tls". */
  readonly remedy: string;
}

export const isOpen = ({ host, hasTls }: Pick<OpenConnection, 'host' | 'hasTls'>): boolean =>
  !hasTls && !isThisMachine(host);

/** undefined where the line may be used. */
export function openConnectionProblem(line: OpenConnection): Problem | undefined {
  if (!isOpen(line) || line.isInsecure) return undefined;
  const { path, value, remedy } = line;
  const allowed = `${remedy}, an address of this machine such as 127.0.0.1, or insecure: true beside it where the network is protected otherwise`;
  return { path, value, allowed };
}
