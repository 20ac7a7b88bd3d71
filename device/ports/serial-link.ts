/**
 * A serial port as the drivers use it. The adapter reopens it by itself for ever, so no event is a fatal error.
 *
 * Callbacks instead of promises: the simulated world runs this interface on a virtual clock, one event at a time.
 */
export type LinkState = 'opening' | 'open' | 'lost';

export interface SerialLinkEvents {
  onState(state: LinkState, why: string | undefined): void;
  onBytes(bytes: Uint8Array): void;
}

export interface SerialLink {
  /** Starts opening, and retries for ever. Called once. */
  start(events: SerialLinkEvents): void;
  /** `done(undefined)` once the bytes are handed to the line; a fault code if the port died or the deadline passed. */
  write(bytes: Uint8Array, done: (fault: string | undefined) => void): void;
  stop(): void;
}
