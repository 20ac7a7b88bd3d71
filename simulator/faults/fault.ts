/** What a fault is: something that strikes now and then, and what it may lay its hands on. */
import type { DeviceId } from '#protocol/kernel/ids.js';
import type { Network } from '../world/parts/network.js';
import type { Chance } from '../world/parts/random.js';
import type { Scheduler } from '../world/parts/scheduler.js';
import type { VirtualDevice } from '../world/parts/virtual-device.js';
import type { VirtualGateway } from '../world/parts/virtual-gateway.js';

export interface Counter {
  readonly device: DeviceId;
  readonly box: VirtualDevice;
  /** Somebody has put an older journal under the agent. */
  forged: boolean;
}

export interface Scene {
  readonly chance: Chance;
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly gateway: VirtualGateway;
  /** The one that is struck. */
  readonly counter: Counter;
  /** Faults are over: what is still to come of this one stays away. */
  isQuiet(): boolean;
  say(what: string): void;
}

export interface Fault {
  readonly id: string;
  /** In words, for the summary. */
  readonly words: string;
  /** Mean time between two strikes on one counter in the profile `rough`, in ms; other profiles scale it. */
  readonly everyMs: number;
  /** Strikes; false where there was nothing to strike. */
  strike(scene: Scene): boolean;
}

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
