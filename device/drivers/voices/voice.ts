/** The interface of a voice driver: sentences in, each spoken once, in order, stale ones dropped. */
import type { Machine } from '#protocol/kernel/machine.js';
import type { MonoMs } from '#protocol/kernel/time.js';
import type { Examples, Transcript } from '../transcript.js';

export type VoiceInput =
  | { readonly kind: 'link-up' }
  | { readonly kind: 'link-lost'; readonly why: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'wake' }
  /** `id` (the sale's) is announced once however often it is requested; `replay` repeats it on purpose. */
  | {
      readonly kind: 'say';
      readonly id: string;
      readonly text: string;
      readonly staleAt: MonoMs;
      readonly replay: boolean;
    };

export type VoiceEffect =
  | { readonly kind: 'write'; readonly bytes: Uint8Array }
  | { readonly kind: 'spoken'; readonly id: string }
  | { readonly kind: 'dropped'; readonly id: string; readonly why: 'stale' | 'no-voice' | 'rejected' }
  | { readonly kind: 'noise'; readonly code: string; readonly what: string };

export type VoiceExample = Transcript<VoiceInput, VoiceEffect>;

export interface VoiceDriver<State = unknown> {
  readonly name: string;
  readonly baudRate: number;
  readonly examples: Examples<VoiceExample>;
  create(): Machine<State, VoiceInput, VoiceEffect>;
}
