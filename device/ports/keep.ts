/**
 * A small drawer for what the gateway told this device (campaign bundle, spent set, allowance, the time's anchor). None
 * of it is money: what is lost here is only asked for again.
 */
export type KeptName = 'bundle' | 'spent' | 'allowance' | 'time';

export interface Keep {
  /** What was there when the device started. */
  load(name: KeptName): string | undefined;
  /** Replaces it whole, soon; after a power cut the old or the new text is there, never a mixture. */
  save(name: KeptName, text: string): void;
}

export const keepNothing: Keep = { load: () => undefined, save: () => undefined };
