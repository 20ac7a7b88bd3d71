/**
 * Parses bytes from the wire into a message or a fault.
 *
 * It reports the first fault in this order: too large, not UTF-8, not JSON, duplicate name, version, type, content.
 */
import type { z } from 'zod';
import { maskWithin } from '../codes/mask.js';
import { nameTwice } from '../config/strict-json.js';
import { err, ok, type Result } from '../kernel/result.js';
import { MAX_PAYLOAD_BYTES } from './topics.js';

/** The major version of this side. Another major version is refused; an unknown field is not. */
export const MESSAGE_VERSION = 1;

export type MessageFaultCode =
  | 'MESSAGE_TOO_LARGE'
  | 'MESSAGE_NOT_TEXT'
  | 'MESSAGE_NOT_JSON'
  | 'MESSAGE_VERSION_UNKNOWN'
  | 'MESSAGE_TYPE_UNKNOWN'
  | 'MESSAGE_MALFORMED';

export interface MessageFault {
  readonly code: MessageFaultCode;
  /** The problem, for a log or a `rejected` reply: at most 200 characters, payment codes masked. */
  readonly what: string;
  /** The request's id where readable, so that the sender can match the reply. */
  readonly re?: string;
}

/** The size limit of a `rejected` reply's text. */
const WHAT_CHARACTERS = 200;
const REQUEST_ID_CHARACTERS = 24;
const PROBLEMS_TOLD = 3;

// `fatal`: half a character would otherwise decode as U+FFFD and pass.
const utf8 = new TextDecoder('utf-8', { fatal: true });

export function parseMessage<Schema extends z.ZodType>(
  bytes: Uint8Array,
  schema: Schema,
  types: readonly string[],
): Result<z.infer<Schema>, MessageFault> {
  if (bytes.length > MAX_PAYLOAD_BYTES) {
    return fault('MESSAGE_TOO_LARGE', `${bytes.length} bytes; ${MAX_PAYLOAD_BYTES} are allowed`);
  }
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return fault('MESSAGE_NOT_TEXT', 'the bytes are not UTF-8');
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return fault('MESSAGE_NOT_JSON', 'the text is not JSON');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return fault('MESSAGE_MALFORMED', 'not an object');
  }
  const re = ownString(json, 'id', REQUEST_ID_CHARACTERS);
  const twice = nameTwice(text, json);
  if (twice !== undefined) return fault('MESSAGE_MALFORMED', twice.what, re);
  const version = own(json, 'v');
  if (typeof version === 'number' && version !== MESSAGE_VERSION) {
    return fault('MESSAGE_VERSION_UNKNOWN', `version ${version}; this side speaks ${MESSAGE_VERSION}`, re);
  }
  const type = ownString(json, 'type', 40);
  if (version === MESSAGE_VERSION && type !== undefined && !types.includes(type)) {
    return fault('MESSAGE_TYPE_UNKNOWN', `type ${type}; known here: ${types.join(', ')}`, re);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return ok(parsed.data);
  const problems = parsed.error.issues
    .slice(0, PROBLEMS_TOLD)
    .map((issue) => `${issue.path.map(String).join('.') || 'message'}: ${issue.message}`);
  return fault('MESSAGE_MALFORMED', problems.join('; '), re);
}

function fault(code: MessageFaultCode, what: string, re?: string): Result<never, MessageFault> {
  // Names of unknown keys come from outside and may hold anything. Mask before cutting: half of a payment code no longer
  // matches the mask.
  const safe = maskWithin(what).slice(0, WHAT_CHARACTERS);
  return err(re === undefined ? { code, what: safe } : { code, what: safe, re });
}

const own = (json: object, key: string): unknown => Object.getOwnPropertyDescriptor(json, key)?.value;

function ownString(json: object, key: string, maxLength: number): string | undefined {
  const value = own(json, key);
  return typeof value === 'string' && value.length > 0 && value.length <= maxLength ? value : undefined;
}
