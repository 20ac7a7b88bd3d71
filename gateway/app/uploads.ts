/** Decides whether a device may upload now, from its own budget and the free space under the ledger. */
import type { DeviceId } from '#protocol/kernel/ids.js';
import type { WallMs } from '#protocol/kernel/time.js';
import {
  fullBudget,
  type Room,
  refilled,
  roomOf,
  spent,
  type Upload,
  type UploadBudget,
  uploadRefusal,
} from '../core/upload-budget.js';

/** One device at full speed writes some 20 MB in this time. */
export const LOOK_AT_DISK_MS = 1_000;

interface Standing {
  budget: UploadBudget;
  /** Alert once, until it may send again. */
  isTold: boolean;
}

export type UploadAlert = (code: string, what: string, device: DeviceId | undefined) => void;

export class Uploads {
  readonly #alert: UploadAlert;
  readonly #standings = new Map<DeviceId, Standing>();
  #room: Room = 'enough';
  #free: number | undefined;

  constructor(alert: UploadAlert) {
    this.#alert = alert;
  }

  get room(): Room {
    return this.#room;
  }
  get freeBytes(): number | undefined {
    return this.#free;
  }

  /** Free space on the ledger's disk. */
  freeBytesAre(free: number): void {
    const before = this.#room;
    this.#free = free;
    this.#room = roomOf(free);
    if (this.#room === before || this.#room === 'enough') return;
    const who =
      this.#room === 'none' ? 'all uploads are refused' : 'devices that sent more than a day’s worth must wait';
    this.#alert('LEDGER_DISK_FULL', `${Math.floor(free / 1024 / 1024)} MiB are free: ${who}`, undefined);
  }

  /** The refusal for the device; undefined: accepted and counted. */
  refusal(device: DeviceId, upload: Upload, now: WallMs): { readonly code: string; readonly what: string } | undefined {
    const state = this.#standings.get(device) ?? { budget: fullBudget(now), isTold: false };
    this.#standings.set(device, state);
    state.budget = refilled(state.budget, now);
    const code = uploadRefusal(state.budget, upload, this.#room);
    if (code === undefined) {
      state.budget = spent(state.budget, upload) ?? state.budget;
      if (upload.records > 0) state.isTold = false;
      return undefined;
    }
    if (code === 'LEDGER_DISK_FULL') return { code, what: 'the disk is nearly full: retry later' };
    if (!state.isTold) {
      state.isTold = true;
      this.#alert(
        'DEVICE_OVER_BUDGET',
        'it sends more than a busy shop does in weeks; the excess is refused for now',
        device,
      );
    }
    return { code, what: 'upload budget exceeded: retry later; part of it is accepted each hour' };
  }
}
