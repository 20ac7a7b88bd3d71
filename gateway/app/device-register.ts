/**
 * The devices of this gateway: their passwords and the merchant each sells for.
 *
 * It is replaced as a whole while the gateway runs, so that a bank can withdraw a lost device within seconds and no counter
 * waits for a restart.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import type { GatewayConfig } from '../config/config.js';

interface Entry {
  readonly passwordHash: Buffer;
  /** undefined: any. */
  readonly merchant: MerchantId | undefined;
}

export interface RegisterChange {
  readonly added: readonly DeviceId[];
  readonly removed: readonly DeviceId[];
  /** Devices whose password changed. */
  readonly changed: readonly DeviceId[];
}

export class DeviceRegister {
  #entries: ReadonlyMap<DeviceId, Entry>;
  /**
   * Merchants of removed devices: messages that they sent earlier may still wait, and must not be booked for any other
   * merchant.
   */
  readonly #gone = new Map<DeviceId, MerchantId>();

  constructor(devices: GatewayConfig['devices']) {
    this.#entries = entriesOf(devices);
  }

  get devices(): readonly DeviceId[] {
    return [...this.#entries.keys()];
  }

  has(device: DeviceId): boolean {
    return this.#entries.has(device);
  }

  merchantOf(device: DeviceId): MerchantId | undefined {
    const entry = this.#entries.get(device);
    return entry === undefined ? this.#gone.get(device) : entry.merchant;
  }

  /** Compares hashes, so that the time taken reveals neither length nor first difference. */
  admits(device: DeviceId, password: Uint8Array): boolean {
    const entry = this.#entries.get(device);
    return timingSafeEqual(entry?.passwordHash ?? NOBODYS, digest(password)) && entry !== undefined;
  }

  replace(devices: GatewayConfig['devices']): RegisterChange {
    const before = this.#entries;
    const after = entriesOf(devices);
    this.#entries = after;
    for (const [device, { merchant }] of before) {
      if (merchant !== undefined && !after.has(device)) this.#gone.set(device, merchant);
    }
    return {
      added: [...after.keys()].filter((device) => !before.has(device)),
      removed: [...before.keys()].filter((device) => !after.has(device)),
      changed: [...after].flatMap(([device, { passwordHash }]) => {
        const was = before.get(device);
        return was === undefined || was.passwordHash.equals(passwordHash) ? [] : [device];
      }),
    };
  }
}

const digest = (secret: string | Uint8Array): Buffer => createHash('sha256').update(secret).digest();

const NOBODYS = digest('');

const entriesOf = (devices: GatewayConfig['devices']): ReadonlyMap<DeviceId, Entry> =>
  new Map(devices.map(({ id, password, merchant }) => [id, { passwordHash: digest(password), merchant }]));
