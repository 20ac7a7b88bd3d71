/** All voice modules, by their configuration name. A new one is a file and a line here. */
import { syn6288Voice } from './syn6288.js';
import type { VoiceDriver } from './voice.js';
import { xfs5152Voice } from './xfs5152.js';

export const VOICES = {
  syn6288: syn6288Voice,
  xfs5152: xfs5152Voice,
} as const satisfies Record<string, VoiceDriver>;

export type VoiceName = keyof typeof VOICES;

export { refundedWords, saleWords } from './words.js';
