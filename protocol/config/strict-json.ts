/**
 * JSON from a person or another program, read strictly. RFC 8259 leaves open what a name means that stands twice in one object:
 * JavaScript takes the last, SQLite the first, and other programs refuse it. Money must not hang on that choice, so such a
 * text is refused, with the path of the name. So are names that mean a prototype, and nesting that no document of ours has.
 *
 * `readJson` is for what people and their programs write: files, and bodies over HTTP. `nameTwice` is for messages and records,
 * in which later versions may write names that this one doesn't know: it refuses nothing but a name that stands there twice.
 */
import { err, ok, type Result } from '../kernel/result.js';

/** A campaign's geofence is the deepest document there is: 7 levels. */
export const MAX_JSON_DEPTH = 32;

export interface JsonFault {
  readonly kind: 'not-json' | 'name-twice' | 'forbidden-name' | 'too-deep';
  /** `tiers[0].faceFen`; empty for the document itself. */
  readonly path: string;
  /** What is wrong, for a person, in English. It quotes names of the text and none of its values. */
  readonly what: string;
}

/** A byte order mark at the beginning is skipped: .NET, Delphi and VB write one. */
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
 * The name that stands twice in one object of `text`, of which `value` was read. Our own agents write with `JSON.stringify`, so
 * the text of an honest message comes back letter for letter, which is checked at the speed of writing; any other text is looked
 * through.
 */
export function nameTwice(text: string, value: unknown): JsonFault | undefined {
  return JSON.stringify(value) === text ? undefined : faultIn(text, ['name-twice']);
}

/** Texts between quotes whole, and the marks of JSON's structure one by one; numbers and words have none in them. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]/gs;

/** One object or list that is still open. */
interface Open {
  /** The names so far; undefined in a list. */
  readonly names: Set<string> | undefined;
  name: string;
  index: number;
}

type FaultInJson = Exclude<JsonFault['kind'], 'not-json'>;
const EVERY_FAULT: readonly FaultInJson[] = ['name-twice', 'forbidden-name', 'too-deep'];

/** Of a text that is known to be JSON. */
function faultIn(text: string, kinds: readonly FaultInJson[] = EVERY_FAULT): JsonFault | undefined {
  const open: Open[] = [];
  let lastText = '';
  for (const [token] of text.matchAll(TOKENS)) {
    const here = open.at(-1);
    switch (token) {
      case '{':
      case '[':
        if (open.length === MAX_JSON_DEPTH && kinds.includes('too-deep'))
          return { kind: 'too-deep', path: '', what: `it is nested deeper than ${MAX_JSON_DEPTH} levels` };
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
        // Decoded: "a" and "\u0061" are one name.
        const name = lastText.includes('\\') ? String(JSON.parse(lastText)) : lastText.slice(1, -1);
        const isTwice = here.names.has(name);
        here.names.add(name);
        here.name = name;
        const isForbidden = name === '__proto__' || (name === 'prototype' && open.at(-2)?.name === 'constructor');
        if (!isTwice && !isForbidden) break;
        const path = pathOf(open);
        if (isTwice) return { kind: 'name-twice', path, what: `${path} stands there twice; which one counts?` };
        if (kinds.includes('forbidden-name'))
          return { kind: 'forbidden-name', path, what: `${path} is no name that may stand there` };
        break;
      }
      default:
        lastText = token;
    }
  }
  return undefined;
}

/** Names are somebody else's: as long as they like, and with anything in them. */
const LONGEST_NAME = 40;

const pathOf = (open: readonly Open[]): string =>
  open
    .map(({ names, name, index }) => (names === undefined ? `[${index}]` : `.${harmless(name)}`))
    .join('')
    .replace(/^\./, '')
    .slice(0, 4 * LONGEST_NAME);

const harmless = (name: string): string =>
  name.slice(0, LONGEST_NAME).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd');

/** The engine's own words quote the text, and a password or a code may stand in there: only the likeliest cause is said. */
function notJson(text: string): string {
  if (text.trim() === '') return 'it is empty';
  if (/^\s*</.test(text)) return 'it is not JSON: it begins like HTML or XML';
  if (/^\s*[[{]/.test(text)) return 'it begins like JSON but has a mistake, or ends too early';
  return 'it is not JSON';
}
