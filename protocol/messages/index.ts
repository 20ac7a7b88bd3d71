/**
 * The table of contents of the wire. Every message is parsed here, once, at the border; inside, only parsed types travel.
 * Topics: `topics.ts`.
 */
import { mask } from '../codes/mask.js';
import type { Result } from '../kernel/result.js';
import { type BundleEnvelope, bundleEnvelopeSchema } from './bundle.js';
import { type DownMessage, downSchema } from './down.js';
import { type MessageFault, parseMessage } from './parse.js';
import { type SpentMessage, spentSchema } from './spent.js';
import { type StateMessage, stateSchema } from './state.js';
import { type UpMessage, upSchema } from './up.js';

export type { MessageFault } from './parse.js';

export const UP_TYPES = upSchema.options.map((option) => option.shape.type.value);
export const DOWN_TYPES = downSchema.options.map((option) => option.shape.type.value);

export const parseUp = (bytes: Uint8Array): Result<UpMessage, MessageFault> => parseMessage(bytes, upSchema, UP_TYPES);
export const parseDown = (bytes: Uint8Array): Result<DownMessage, MessageFault> =>
  parseMessage(bytes, downSchema, DOWN_TYPES);
export const parseState = (bytes: Uint8Array): Result<StateMessage, MessageFault> =>
  parseMessage(bytes, stateSchema, ['state']);
export const parseBundle = (bytes: Uint8Array): Result<BundleEnvelope, MessageFault> =>
  parseMessage(bytes, bundleEnvelopeSchema, ['bundle']);
export const parseSpent = (bytes: Uint8Array): Result<SpentMessage, MessageFault> =>
  parseMessage(bytes, spentSchema, ['spent', 'spent-delta']);

export type Message = UpMessage | DownMessage | StateMessage | BundleEnvelope | SpentMessage;

/** The message's payload. */
export const encode = (message: Message): string => JSON.stringify(message);

/** The log form: presentations masked, long content counted. */
export function logForm(message: Message): Readonly<Record<string, unknown>> {
  switch (message.type) {
    case 'authorise':
      return { ...message, presented: { ...message.presented, code: mask(message.presented.code) } };
    case 'records':
      return { ...message, bodies: message.bodies.length };
    case 'bundle':
    case 'allowance':
      return { ...message, payload: message.payload.length };
    case 'spent':
      return { ...message, bits: message.bits.length };
    case 'spent-delta':
      return { ...message, spent: message.spent.length, restored: message.restored.length };
    default:
      return message;
  }
}
