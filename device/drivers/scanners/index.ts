/** All scanners, by their configuration name. A new one is a file and a line here. */
import { gm65Scanner } from './gm65.js';
import { lineScanner } from './line.js';
import type { ScannerDriver } from './scanner.js';

export const SCANNERS = {
  line: lineScanner,
  gm65: gm65Scanner,
} as const satisfies Record<string, ScannerDriver>;

export type ScannerName = keyof typeof SCANNERS;
