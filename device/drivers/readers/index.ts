/** All card readers, by their configuration name. A new one is a file and a line here. */
import { crp1Reader } from './crp1.js';
import type { ReaderDriver } from './reader.js';
import { transbankReader } from './transbank.js';

export const READERS = {
  crp1: crp1Reader,
  transbank: transbankReader,
} as const satisfies Record<string, ReaderDriver>;

export type ReaderName = keyof typeof READERS;
