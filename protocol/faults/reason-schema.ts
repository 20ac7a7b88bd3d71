import { z } from 'zod';
import { REASONS, type ReasonCode } from './reasons.js';

/** Longer than any of our codes. */
const MAX_CODE_LENGTH = 40;

/**
 * A reason in a message or a record. A later version may write reasons unknown here; a refusal stays a refusal, and a
 * record is still booked.
 */
export const reasonSchema = z
  .string()
  .max(MAX_CODE_LENGTH)
  .transform((code): ReasonCode => (Object.hasOwn(REASONS, code) ? (code as ReasonCode) : 'other-reason'));
