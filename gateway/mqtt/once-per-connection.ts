/**
 * Reports each code once per connection, because a broken connection is one fault however many packets it carried. The
 * generic "broken" is reported only if no better code is known.
 */
import { Socket } from 'node:net';
import type { DeviceId } from '#protocol/kernel/ids.js';
import type { RefusedFrom } from '../ports/broker.js';

/** `connection`: the socket, as the place that found the fault knows it. */
type Refuse = (connection: object, code: string, device?: DeviceId, why?: string) => void;

export function oncePerConnection(
  tell: (code: string, device: DeviceId | undefined, from: RefusedFrom) => void,
): Refuse {
  const told = new WeakMap<object, Set<string>>();
  return (connection, code, device, why) => {
    const codes = told.get(connection) ?? new Set();
    if (codes.has(code) || (code === 'MQTT_CONNECTION_ERROR' && codes.size > 0)) return;
    told.set(connection, codes.add(code));
    tell(code, device, { address: addressOf(connection), why });
  };
}

/** A reset connection no longer has an address. */
const addressOf = (connection: object): string | undefined =>
  connection instanceof Socket ? connection.remoteAddress : undefined;
