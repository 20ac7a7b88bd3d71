/** MQTT as the gateway sees it: devices that speak, and topics that everybody may read. */
import type { DeviceId } from '#protocol/kernel/ids.js';
import type { StateMessage } from '#protocol/messages/state.js';

/** Where somebody was turned away came from, and what was wrong: an operator looks for the counter by it. */
export interface RefusedFrom {
  readonly address?: string | undefined;
  readonly why?: string | undefined;
}

export interface BrokerEvents {
  onMessage(device: DeviceId, payload: Uint8Array): void;
  onConnected(device: DeviceId): void;
  onDisconnected(device: DeviceId): void;
  /** How a device says it stands, or by its last will that it has gone. */
  onState(device: DeviceId, state: StateMessage): void;
  /** What was kept out, and why: a code for the log and the metrics. */
  onRefused(code: string, device: DeviceId | undefined, from?: RefusedFrom): void;
}

export interface Broker {
  listen(events: BrokerEvents, done: (fault: Error | undefined) => void): void;
  /** To the device's own `down` topic; dropped when it isn't connected, since it will ask again. */
  send(device: DeviceId, payload: string): void;
  /** To every connected device's `down` topic. */
  sendAll(payload: string): void;
  publish(topic: string, payload: string, retain: boolean): void;
  close(done: () => void): void;
}
