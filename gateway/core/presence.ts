/** The connected devices and their reported states: for operators, never an input of a decision about money. */
import type { DeviceId } from '#protocol/kernel/ids.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { StateMessage } from '#protocol/messages/state.js';

export type ReportedState = Extract<StateMessage, { readonly online: true }>;

export interface DevicePresence {
  readonly online: boolean;
  /** The time of the last connect or disconnect. */
  readonly since: WallMs;
  readonly lastMessage: WallMs | null;
  /** The last reported state, kept after a disconnect: it says until when and for how much the device can go on. */
  readonly state: { readonly at: WallMs; readonly said: ReportedState } | null;
}

export type Presence = ReadonlyMap<DeviceId, DevicePresence>;

export type PresenceEvent = 'connected' | 'disconnected' | 'message';

export function observed(known: DevicePresence | undefined, event: PresenceEvent, at: WallMs): DevicePresence {
  const { lastMessage = null, state = null, since = at } = known ?? {};
  switch (event) {
    case 'connected':
    case 'disconnected':
      return { online: event === 'connected', since: at, lastMessage, state };
    case 'message':
      return { online: true, since, lastMessage: at, state };
  }
}

/** The last will only reports the disconnect, which the connection shows as well. */
export function stated(known: DevicePresence | undefined, said: StateMessage, at: WallMs): DevicePresence {
  const before = known ?? { online: true, since: at, lastMessage: null, state: null };
  return said.online ? { ...before, state: { at, said } } : before;
}

export const onlineCount = (presence: Presence): number =>
  [...presence.values()].filter((device) => device.online).length;
