import type { UplinkFault } from '../core/uplink/uplink-fault.js';

/** MQTT as the uplink uses it: one client at a time, rebuilt from nothing whenever the uplink's watchdog requires it. */
export interface BrokerEvents {
  onUp(): void;
  onDown(fault: UplinkFault): void;
  onMessage(topic: string, payload: Uint8Array): void;
}

export interface Broker {
  /** Builds a new client (discarding the old one, if any) and starts one connection attempt. */
  connect(events: BrokerEvents): void;
  /** QoS 1, fire and forget: a PUBACK proves nothing, so nothing waits for it. False without a connection. */
  publish(topic: string, payload: string, retain: boolean): boolean;
  /** Discards the client and its socket, at once. */
  discard(): void;
}
