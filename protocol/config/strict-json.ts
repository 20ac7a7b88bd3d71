/**
 * Strict JSON from a person or another program: refuses duplicate names, prototype names and excessive nesting.
 *
 * RFC 8259 leaves duplicate names undefined: JavaScript takes the last, SQLite the first, and other programs refuse them.
 * Money must not depend on that choice, so the text is refused with the path of the name.
 *
 * `readJson` is for files and HTTP bodies. `nameTwice` is for messages and records, in which later versions may use unknown
 * names; it refuses only duplicates.
 */
import { err, ok, type Result } from '../kernel/result.js';

/** The deepest document is a campaign's geofence: 7 levels. */
export const MAX_JSON_DEPTH = 32;

export interface JsonFault {
  readonly kind: 'not-json' | 'name-twice' | 'forbidden-name' | 'too-deep';
  /** `tiers[0].faceFen`; empty for the document itself. */
  readonly path: string;
  /** The problem, in English, for a person. Quotes names of the text and none of its values. */
  readonly what: string;
}

/** Skips a leading byte order mark: .NET, Delphi and VB write one. */
export function readJson(text: string): Result<unknown, JsonFault> {
  const plain = text.startsWith('\ufeff') ? text.slice(1) : text;
  let value: unknown;
  try {
    value = JSON.parse(plain);
  } catch {
    return err({ kind: 'not-json', path: '', what: notJson(plain) });
  }
  const fault = faultIn(plain);
  return fault === undefined ? ok(value) : err(fault);
}

/**
 * The duplicate name in `text`, of which `value` was parsed. Our own agents use `JSON.stringify`, so an honest text equals
 * its re-serialisation, which is fast to check; any other text is scanned.
 */
export function nameTwice(text: string, value: unknown): JsonFault | undefined {
  return JSON.stringify(value) === text ? undefined : faultIn(text, ['name-twice']);
}

/** Whole strings, and single structural characters; numbers and literals contain none of these. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]/gs;

/** An object or list that is still open. */
interface Open {
  /** The names so far; undefined in a list. */
  readonly names: Set<string> | undefined;
  name: string;
  index: number;
}

type FaultInJson = Exclude<JsonFault['kind'], 'not-json'>;
const EVERY_FAULT: readonly FaultInJson[] = ['name-twice', 'forbidden-name', 'too-deep'];

/** The text must already be valid JSON. */
function faultIn(text: string, kinds: readonly FaultInJson[] = EVERY_FAULT): JsonFault | undefined {
  const open: Open[] = [];
  let lastText = '';
  for (const [token] of text.matchAll(TOKENS)) {
    const here = open.at(-1);
    switch (token) {
      case '{':
      case '[':
        if (open.length === MAX_JSON_DEPTH && kinds.includes('too-deep'))
          return { kind: 'too-deep', path: '', what: `nested deeper than ${MAX_JSON_DEPTH} levels` };
        open.push({ names: token === '{' ? new Set() : undefined, name: '', index: 0 });
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case ',':
        if (here !== undefined) here.index += 1;
        break;
      case ':': {
        if (here?.names === undefined) break;
        // Compare decoded names: "a" and "\u0061" are equal.
        const name = lastText.includes('\\') ? String(JSON.parse(lastText)) : lastText.slice(1, -1);
        const isTwice = here.names.has(name);
        here.names.add(name);
        here.name = name;
        const isForbidden = name === '__proto__' || (name === 'prototype' && open.at(-2)?.name === 'constructor');
        if (!isTwice && !isForbidden) break;
        const path = pathOf(open);
        if (isTwice) return { kind: 'name-twice', path, what: `${path} is there twice` };
        if (kinds.includes('forbidden-name'))
          return { kind: 'forbidden-name', path, what: `${path} is a forbidden name` };
        break;
      }
      default:
        lastText = token;
    }
  }
  return undefined;
}

/** Names come from outside: any length, any characters. */
const LONGEST_NAME = 40;

const pathOf = (open: readonly Open[]): string =>
  open
    .map(({ names, name, index }) => (names === undefined ? `[${index}]` : `.${harmless(name)}`))
    .join('')
    .replace(/^\./, '')
    .slice(0, 4 * LONGEST_NAME);

const harmless = (name: string): string =>
  name.slice(0, LONGEST_NAME).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd');

/** The engine's message quotes the text, which may hold a password or a code, so report only the likeliest cause. */
function notJson(text: string): string {
  if (text.trim() === '') return 'it is empty';
  if (/^\s*</.test(text)) return 'it is not JSON: it begins like HTML or XML';
  if (/^\s*[[{]/.test(text)) return 'it begins like JSON but has a mistake, or ends too early';
  return 'it is not JSON';
}
