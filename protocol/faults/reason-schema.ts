import { z } from 'zod';
import { REASONS, type ReasonCode } from './reasons.js';

/** Longer than any code of ours. */
const MAX_CODE_LENGTH = 40;

/**
 * A reason in a message or a record. The program that wrote it may be a later version with reasons of its own: what is
 * refused is refused all the same, and what is recorded is booked all the same.
 */
export const reasonSchema = z
  .string()
  .max(MAX_CODE_LENGTH)
  .transform((code): ReasonCode => (Object.hasOwn(REASONS, code) ? (code as ReasonCode) : 'other-reason'));
