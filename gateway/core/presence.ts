/** Which devices are there. What an operator looks at, never an input of a decision about money. */
import type { DeviceId } from '#protocol/ids.js';
import type { WallMs } from '#protocol/time.js';

export interface DevicePresence {
  readonly online: boolean;
  /** When it last came or went. */
  readonly since: WallMs;
  readonly lastMessage: WallMs | null;
}

export type Presence = ReadonlyMap<DeviceId, DevicePresence>;

export type PresenceEvent = 'connected' | 'disconnected' | 'message';

export function observed(known: DevicePresence | undefined, event: PresenceEvent, at: WallMs): DevicePresence {
  switch (event) {
    case 'connected':
    case 'disconnected':
      return { online: event === 'connected', since: at, lastMessage: known?.lastMessage ?? null };
    case 'message':
      return { online: true, since: known?.since ?? at, lastMessage: at };
  }
}

export const onlineCount = (presence: Presence): number =>
  [...presence.values()].filter((device) => device.online).length;
