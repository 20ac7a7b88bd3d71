/** Which devices are there, and how they said they stand. What an operator looks at, never an input of a decision about money. */
import type { DeviceId } from '#protocol/kernel/ids.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { StateMessage } from '#protocol/messages/state.js';

export type ReportedState = Extract<StateMessage, { readonly online: true }>;

export interface DevicePresence {
  readonly online: boolean;
  /** When it last came or went. */
  readonly since: WallMs;
  readonly lastMessage: WallMs | null;
  /** What it said last of itself; kept when it has gone: until when and for how much it can go on stands in there. */
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

/** The last will says only that it has gone, which the connection tells as well. */
export function stated(known: DevicePresence | undefined, said: StateMessage, at: WallMs): DevicePresence {
  const before = known ?? { online: true, since: at, lastMessage: null, state: null };
  return said.online ? { ...before, state: { at, said } } : before;
}

export const onlineCount = (presence: Presence): number =>
  [...presence.values()].filter((device) => device.online).length;
