/** All customer displays, by their configuration name. A new one is a file and a line here. */
import type { DisplayDriver } from './display.js';
import { led8Display } from './led8.js';

export const DISPLAYS = {
  led8: led8Display,
} as const satisfies Record<string, DisplayDriver>;

export type DisplayName = keyof typeof DISPLAYS;
