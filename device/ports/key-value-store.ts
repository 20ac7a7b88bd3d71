/**
 * A small key-value store for documents from the gateway: campaign bundle, spent set, allowance, time anchor. None of it is
 * money: a lost value is fetched again.
 */
export type StoredName = 'bundle' | 'spent' | 'allowance' | 'time';

export interface KeyValueStore {
  /** The value at the device's start. */
  load(name: StoredName): string | undefined;
  /** Replaces the value soon; after a power cut the old or the new text is there, never a mixture. */
  save(name: StoredName, text: string): void;
}

export const storesNothing: KeyValueStore = { load: () => undefined, save: () => undefined };
