/**
 * Errors carry a stable code, and a code is worth something only where somebody can look it up: every one that product code
 * logs, answers or throws is in the registry of protocol/faults.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isErrorCode } from '#protocol/faults/errors.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What happens and is no fault: logged at `info` or `debug`. */
const EVENTS: ReadonlySet<string> = new Set([
  'CLOCK_RIGHT',
  'DEVICES_TAKEN',
  'LINE_UP',
  'PORT_OPEN',
  'PORT_OPENING',
  'READER_PROGRESS',
  'READER_READY',
]);

/** Words in capitals that are somebody else's, or go where a reader's own words go. */
const NO_CODES: ReadonlyMap<string, string> = new Map([
  ['BEFORE_COMMAND', 'not-charged: the reader was never asked'],
  ['NO_OPERATION_NUMBER', "not-charged: the reader's journal knows nothing"],
  ['BROKEN_OFF', 'a fault of a line, told to the reader as NAK'],
  ['TOO_LONG', 'a fault of a frame, told to the reader as NAK'],
  ['ERR_HTTP_REQUEST_TIMEOUT', "Node's"],
  ['HPE_HEADER_OVERFLOW', "Node's"],
  ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', "fastify's"],
  ['SQLITE_CANTOPEN', "SQLite's"],
  ['SQLITE_CONSTRAINT', "SQLite's"],
  ['SQLITE_FULL', "SQLite's"],
  ['SQLITE_PERM', "SQLite's"],
  ['SQLITE_READONLY', "SQLite's"],
]);

interface Said {
  readonly code: string;
  readonly where: string;
}

const sources = ['protocol', 'device', 'gateway', 'bin'].flatMap((room) =>
  readdirSync(join(ROOT, room), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /(?<!\.test|testing)\.ts$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith('protocol/faults/'))
    .map((path) => ({ path, text: withoutComments(readFileSync(join(ROOT, path), 'utf8')) })),
);

/** The same number of lines, so that a place is still the place. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' ')).replace(/^\s*\/\/.*$/gm, '');
}

function found(pattern: RegExp): Said[] {
  return sources.flatMap(({ path, text }) =>
    [...text.matchAll(pattern)].map((match) => ({
      code: match[1] ?? '',
      where: `${path}:${text.slice(0, match.index).split('\n').length}`,
    })),
  );
}

const instead = ({ code, where }: Said): string =>
  `${where}: ${code} is in no registry; give it a row in protocol/faults/errors/ (npx vitest run protocol/faults -u)`;

describe('every code that the product says', () => {
  it('is in the registry of errors', () => {
    // Two words in capitals between quotes are a code, and so is what begins a text that a command prints.
    const said = [...found(/'([A-Z]+(?:_[A-Z]+)+)'/g), ...found(/`([A-Z]+(?:_[A-Z]+)+): /g)];
    expect(said.length).toBeGreaterThan(100);
    const unknown = said.filter(({ code }) => !isErrorCode(code) && !EVENTS.has(code) && !NO_CODES.has(code));
    expect(unknown.map(instead)).toEqual([]);
  });

  it('is an error of the registry where it is logged as a warning or worse', () => {
    const said = [
      ...found(/\blog\(\s*'(?:warn|error)',\s*'([A-Z_]+)'/g),
      ...found(/\.(?:warn|error)\(\s*\{\s*code:\s*'([A-Z_]+)'/g),
    ];
    expect(said.length).toBeGreaterThan(5);
    expect(said.filter(({ code }) => !isErrorCode(code)).map(instead)).toEqual([]);
  });

  it('is not excused here without need', () => {
    const all = new Set(found(/'([A-Z]+(?:_[A-Z]+)+)'/g).map(({ code }) => code));
    expect([...EVENTS, ...NO_CODES.keys()].filter((word) => !all.has(word) || isErrorCode(word))).toEqual([]);
  });
});
