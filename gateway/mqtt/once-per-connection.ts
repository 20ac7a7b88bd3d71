/**
 * A broken line is one thing that went wrong, however many packets were on it: each code is told once of a connection, and
 * that it broke only where nothing better is known of it.
 */
import { Socket } from 'node:net';
import type { DeviceId } from '#protocol/kernel/ids.js';
import type { RefusedFrom } from '../ports/broker.js';

/** `connection`: the socket, as it is known by wherever something is found wrong with it. */
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

/** A reset connection has none any more. */
const addressOf = (connection: object): string | undefined =>
  connection instanceof Socket ? connection.remoteAddress : undefined;
