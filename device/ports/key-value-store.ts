/**
 * A small key-value store for what the gateway has sent: campaign bundle, spent set, allowance, time anchor. Nothing in it
 * is money: a lost value is fetched again.
 */
export type StoredName = 'bundle' | 'spent' | 'allowance' | 'time';

export interface KeyValueStore {
  /** What was there when the device started. */
  load(name: StoredName): string | undefined;
  /** Replaces it whole, soon; after a power cut the old or the new text is there, never a mixture. */
  save(name: StoredName, text: string): void;
}

export const storesNothing: KeyValueStore = { load: () => undefined, save: () => undefined };
