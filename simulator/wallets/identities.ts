/**
 * People who do not exist, as the claim rules want them: mobile number, ID card with its check digit, device number.
 * Drawn from the given randomness, so the same seed is the same crowd.
 */
import type { Random } from '#device/ports/clock.js';

export interface Identity {
  /** 11 digits, mainland mobile. */
  readonly phone: string;
  /** 18 characters by GB 11643-1999. */
  readonly idCard: string;
  readonly device: string;
}

/** Second digits that Chinese mobile numbers have (numbering plan of the ministry, 2017). */
const MOBILE_SECOND_DIGITS = '3456789';
/** Yichun, its districts and some cities that visitors come from: GB/T 2260 codes. */
const REGIONS = ['230701', '230717', '230718', '230719', '230103', '110105', '310115', '440305'];
const FIRST_BIRTHDAY = Date.UTC(1945, 0, 1);
const LAST_BIRTHDAY = Date.UTC(2004, 11, 31);
const DAY_MS = 86_400_000;
/** GB 11643-1999: weights of the first 17 digits, and the check character by the sum modulo 11 (ISO 7064 MOD 11-2). */
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK_CHARACTERS = '10X98765432';

export const randomIdentity = (random: Random): Identity => ({
  phone: `1${MOBILE_SECOND_DIGITS.charAt(below(random, MOBILE_SECOND_DIGITS.length))}${digits(random, 9)}`,
  idCard: randomIdCard(random),
  device: random.hex(16),
});

function randomIdCard(random: Random): string {
  const region = REGIONS[below(random, REGIONS.length)] ?? '230719';
  const born = new Date(FIRST_BIRTHDAY + below(random, (LAST_BIRTHDAY - FIRST_BIRTHDAY) / DAY_MS) * DAY_MS);
  const birthday = born.toISOString().slice(0, 10).replaceAll('-', '');
  // 000 is never given out.
  const sequence = String(1 + below(random, 999)).padStart(3, '0');
  const body = `${region}${birthday}${sequence}`;
  const sum = WEIGHTS.reduce((total, weight, at) => total + weight * Number(body[at]), 0);
  return body + CHECK_CHARACTERS.charAt(sum % 11);
}

const below = (random: Random, limit: number): number => Math.floor(random.next() * limit);
const digits = (random: Random, count: number): string =>
  Array.from({ length: count }, () => below(random, 10)).join('');
