import type { Instant } from '#protocol/kernel/time.js';
import { midpoint } from '#protocol/kernel/time.js';

const CHINA_OFFSET_MS = 8 * 3_600_000;

/** The reader's own clock, yyyyMMddHHmmss at UTC+8; empty where it knows no time. */
export function localTime(at: Instant): string {
  if (at.wall === undefined) return '';
  return new Date(midpoint(at.wall) + CHINA_OFFSET_MS).toISOString().replace(/\D/g, '').slice(0, 14);
}
