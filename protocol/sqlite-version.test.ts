import { expect, it } from 'vitest';
import { sqliteDoubt } from './sqlite-version.js';

it.each([
  ['3.51.2', 'wal-reset'],
  ['3.44.0', 'wal-reset'],
  ['2.8.17', 'wal-reset'],
  ['3.51.3', undefined],
  ['3.52.0', 'withdrawn'],
  ['3.52.1', undefined],
  ['3.53.4', undefined],
  ['4.0.0', undefined],
  ['3.52', 'unknown'],
  ['', 'unknown'],
] as const)('SQLite %s: %s', (version, doubt) => expect(sqliteDoubt(version)).toBe(doubt));
