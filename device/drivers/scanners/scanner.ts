/** The interface of a scanner driver: bytes in, scanned texts out. */
import type { Machine } from '#protocol/kernel/machine.js';
import type { Examples, Transcript } from '../transcript.js';

export type ScannerInput =
  | { readonly kind: 'link-up' }
  | { readonly kind: 'link-lost' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Whether a sale wants a code: scanners with a trigger read only then. */
  | { readonly kind: 'look'; readonly wanted: boolean }
  | { readonly kind: 'wake' };

export type ScannerEffect =
  | { readonly kind: 'write'; readonly bytes: Uint8Array }
  /** One code, decoded text without prefix and suffix. */
  | { readonly kind: 'scanned'; readonly text: string }
  /** Input that was no code: over-long, broken UTF-8, control bytes. Logged with its code, changes nothing. */
  | { readonly kind: 'noise'; readonly code: string; readonly what: string };

export interface ScannerDriver<State = unknown> {
  readonly name: string;
  readonly baudRate: number;
  /** The options that this scanner supports; the configuration refuses the others. */
  readonly heeds: readonly (keyof ScannerOptions)[];
  readonly examples: Examples<ScannerExample>;
  create(options: ScannerOptions): Machine<State, ScannerInput, ScannerEffect>;
}

export interface ScannerOptions {
  readonly suffix: 'cr' | 'crlf' | 'lf' | 'tab' | 'none';
  readonly stripAimPrefix: boolean;
}

export interface ScannerExample extends Transcript<ScannerInput, ScannerEffect> {
  readonly options?: Partial<ScannerOptions>;
}
