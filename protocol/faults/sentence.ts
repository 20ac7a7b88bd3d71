/**
 * Formats a reason as one line for the counter.
 *
 * Values come from campaigns and sales, so they are cleaned first and inserted in one pass (a value with braces stays a
 * value). If a value is missing, the bare sentence is used.
 */
import { REASONS, type Reason, type ReasonCode } from './reasons.js';

export type Language = 'zh' | 'en';

/** Display-ready: yuan as `51` or `51.5`, times as `09:00`. */
export interface SentenceParams {
  readonly missing?: string;
  readonly face?: string;
  readonly opens?: string;
  readonly closes?: string;
}

export function sentence(code: ReasonCode, params: SentenceParams, language: Language): string {
  const reason: Reason = REASONS[code];
  const values = new Map(Object.entries(params));
  let isComplete = true;
  const filled = reason[language].replace(PLACE, (_place, name: string) => {
    const value = values.get(name);
    isComplete &&= typeof value === 'string' && value !== '';
    return clean(String(value));
  });
  return isComplete ? filled : (reason.bare ?? reason)[language].replace(PLACE, '…');
}

const PLACE = /\{([a-z]+)\}/g;

/** Longer than any amount or time; a display has one line. */
const LONGEST_VALUE = 20;
const clean = (value: string): string => value.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '').slice(0, LONGEST_VALUE);
