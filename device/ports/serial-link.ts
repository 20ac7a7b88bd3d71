/**
 * One serial port as the drivers see it. The adapter reopens by itself for ever; no event is an error that stops
 * anything. Callbacks, not promises: the simulated world runs this same interface on a virtual clock, one event at a time.
 */
export type LinkState = 'opening' | 'open' | 'lost';

export interface SerialLinkEvents {
  onState(state: LinkState, why: string | undefined): void;
  onBytes(bytes: Uint8Array): void;
}

export interface SerialLink {
  /** Starts opening, and goes on for ever. Called once. */
  start(events: SerialLinkEvents): void;
  /** `done(undefined)` when the bytes have been handed to the line; a fault code when the port died or the deadline passed. */
  write(bytes: Uint8Array, done: (fault: string | undefined) => void): void;
  stop(): void;
}
