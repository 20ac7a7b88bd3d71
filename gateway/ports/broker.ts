/** MQTT as the gateway uses it: messages from devices, and retained topics for everybody. */
import type { DeviceId } from '#protocol/kernel/ids.js';
import type { StateMessage } from '#protocol/messages/state.js';

/** The origin of a rejected connection and the fault, by which an operator finds the counter. */
export interface RefusedFrom {
  readonly address?: string | undefined;
  readonly why?: string | undefined;
}

export interface BrokerEvents {
  onMessage(device: DeviceId, payload: Uint8Array): void;
  onConnected(device: DeviceId): void;
  onDisconnected(device: DeviceId): void;
  /** A device's reported state, or the disconnect that its last will reports. */
  onState(device: DeviceId, state: StateMessage): void;
  /** A rejection and its code, for the log and the metrics. */
  onRefused(code: string, device: DeviceId | undefined, from?: RefusedFrom): void;
}

export interface Broker {
  listen(events: BrokerEvents, done: (fault: Error | undefined) => void): void;
  /** Sends to the device's own `down` topic; dropped if it isn't connected, because it will ask again. */
  send(device: DeviceId, payload: string): void;
  /** Sends to every connected device's `down` topic. */
  sendAll(payload: string): void;
  publish(topic: string, payload: string, retain: boolean): void;
  close(done: () => void): void;
}
