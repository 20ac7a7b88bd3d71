/**
 * Validates and normalises the identifiers that distinguish persons: phone, identity card, phone id.
 *
 * Each kind has one normal form. The ledger stores keyed hashes of that form, so +86 138… and 138… are the same phone.
 */
import { unreachable } from '../../kernel/machine.js';
import { DAY_MS, dayNumber, isRealDay } from '../calendar.js';
import type { CompiledCampaign } from '../compiled.js';
import type { ClaimRule, Person, When } from './rule.js';

export const identityRule: ClaimRule = {
  id: 'identity',
  evaluate(campaign, { person, at }) {
    for (const kind of campaign.campaign.claim.identifiers) {
      switch (kind) {
        case 'phone':
          if (normalPhone(person.phone) === undefined) return 'invalid-phone';
          break;
        case 'idCard':
          if (normalIdCard(person.idCard, today(campaign, at)) === undefined) return 'invalid-id-card';
          break;
        case 'device':
          if (normalPhoneId(person.device) === undefined) return 'invalid-device';
          break;
        default:
          return unreachable(kind);
      }
    }
    return null;
  },
  examples: [
    { claim: 'with all three', gives: null },
    { claim: 'with the country in front', ...by({ phone: '+86 138-0013-8000' }), gives: null },
    { claim: 'with the marks of a contact list', ...by({ phone: '\u202d138 0013 8000\u202c' }), gives: null },
    { claim: 'with parentheses', ...by({ phone: '(+86)13800138000' }), gives: null },
    { claim: 'with parentheses and blanks', ...by({ phone: '(+86) 138 0013 8000' }), gives: null },
    { claim: 'with full-width parentheses', ...by({ phone: '（+86）13800138000' }), gives: null },
    { claim: 'with full-width parentheses and dashes', ...by({ phone: '（+86）138-0013-8000' }), gives: null },
    { claim: 'with a card copied in pieces', ...by({ idCard: '\u200e110105 19491231 002X' }), gives: null },
    { claim: 'with a landline', ...by({ phone: '0458-3880000' }), gives: 'invalid-phone' },
    { claim: 'with a number that no network has', ...by({ phone: '12800138000' }), gives: 'invalid-phone' },
    { claim: 'with a digit too many', ...by({ phone: '138001380001' }), gives: 'invalid-phone' },
    { claim: 'with a foreign number', ...by({ phone: '+1 380 013 8000' }), gives: 'invalid-phone' },
    { claim: 'with a check digit X, written small', ...by({ idCard: '11010519491231002x' }), gives: null },
    { claim: 'with two digits exchanged', ...by({ idCard: '11010519491213002X' }), gives: 'invalid-id-card' },
    { claim: 'born on 30 February', ...by({ idCard: '110105194902300020' }), gives: 'invalid-id-card' },
    { claim: 'born tomorrow', ...by({ idCard: '110105202303290024' }), gives: 'invalid-id-card' },
    { claim: 'born today', ...by({ idCard: '110105202303280029' }), gives: null },
    { claim: 'born in 1899', ...by({ idCard: '110105189912310023' }), gives: 'invalid-id-card' },
    { claim: 'where no time counts', at: 'any-time', gives: null },
    { claim: 'before the time is known', at: undefined, gives: null },
    { claim: 'with a card of fifteen digits', ...by({ idCard: '110105491231002' }), gives: 'invalid-id-card' },
    {
      claim: 'with full-width digits',
      ...by({ idCard: '１１０１０５１９４９１２３１００２Ｘ' }),
      gives: 'invalid-id-card',
    },
    { claim: 'with a device that hides its number', ...by({ device: '00000000-0000-0000' }), gives: 'invalid-device' },
    {
      claim: 'with the same, in full',
      ...by({ device: '00000000-0000-0000-0000-000000000000' }),
      gives: 'invalid-device',
    },
    {
      claim: 'with the address that phones give instead of theirs',
      ...by({ device: '02:00:00:00:00:00' }),
      gives: 'invalid-device',
    },
    { claim: 'with that address, written otherwise', ...by({ device: '02-00-00-00-00-00' }), gives: 'invalid-device' },
    { claim: 'with an address that begins like it', ...by({ device: '02:00:00:00:00:01' }), gives: null },
    { claim: 'with a word for a number', ...by({ device: 'Unknown' }), gives: 'invalid-device' },
    { claim: 'with a variable that nobody has set', ...by({ device: 'undefined' }), gives: 'invalid-device' },
    { claim: 'with none at all, in words', ...by({ device: ' null ' }), gives: 'invalid-device' },
    { claim: 'with a nought', ...by({ device: '0' }), gives: 'invalid-device' },
    {
      claim: 'with the number that a whole make of phones had',
      ...by({ device: '9774d56d682e549c' }),
      gives: 'invalid-device',
    },
    { claim: 'with a number that begins with a word', ...by({ device: 'unknown-7f3a' }), gives: null },
    { claim: 'with no device number', ...by({ device: '' }), gives: 'invalid-device' },
    { claim: 'with markup for a device', ...by({ device: '<script>' }), gives: 'invalid-device' },
    {
      claim: 'without a phone where only the card counts',
      ...by({ phone: '', device: '' }),
      campaign: { claim: { identifiers: ['idCard'] } },
      gives: null,
    },
  ],
};

/** Longer than any of the three identifiers; anything longer is rejected unread. */
const LONGEST_IDENTIFIER = 80;

/**
 * Characters around a number copied from a contact list that carry no meaning: blanks, dashes, parentheses of both widths,
 * and direction marks (U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069).
 */
const AROUND_A_NUMBER = /[\s\-()（）\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Eleven digits. China's mobile numbers are 1, then 3 to 9, then nine digits (电信网编号计划, 2017). */
export function normalPhone(text: string): string | undefined {
  if (text.length > LONGEST_IDENTIFIER) return undefined;
  const digits = text.replace(AROUND_A_NUMBER, '').replace(/^(\+86|0086|86(?=\d{11}$))/, '');
  return /^1[3-9]\d{9}$/.test(digits) ? digits : undefined;
}

/**
 * Eighteen characters, X in upper case: six of the region, eight of the birth date, three of the sequence, one check
 * character (GB 11643-1999). Fifteen-digit numbers ended in 2013. A birth date after `lastDay` is invalid.
 */
export function normalIdCard(text: string, lastDay: number = Number.POSITIVE_INFINITY): string | undefined {
  if (text.length > LONGEST_IDENTIFIER) return undefined;
  const card = text.replace(AROUND_A_NUMBER, '').toUpperCase();
  if (!/^[1-9]\d{16}[\dX]$/.test(card)) return undefined;
  const year = Number(card.slice(6, 10));
  const month = Number(card.slice(10, 12));
  const day = Number(card.slice(12, 14));
  if (year < 1900 || !isRealDay(year, month, day) || dayNumber(year, month, day) > lastDay) return undefined;
  return checkCharacter(card.slice(0, 17)) === card[17] ? card : undefined;
}

/** ISO/IEC 7064 MOD 11-2, by its recursive method. */
export function checkCharacter(digits: string): string {
  let product = 0;
  for (const digit of digits) product = ((product + Number(digit)) * 2) % 11;
  return '0123456789X'[(12 - product) % 11] ?? '';
}

/**
 * Placeholders that phones and apps give instead of a number that they hide or lack, without separators. Under `samePerson:
 * any`, the first claim with a placeholder would get a coupon and every later one would be refused.
 */
const NO_NUMBERS: ReadonlySet<string> = new Set([
  // A programming language's null; Android returns `unknown` for a serial number that it hides.
  ...['unknown', 'null', 'undefined', 'none', 'nil'],
  // The hardware address that Android since 6 and iOS since 7 return to every app.
  '020000000000',
  // An ANDROID_ID shared by many Android 2.2 models, and emulators' IMEIs.
  ...['9774d56d682e549c', '004999010640000', '358240051111110'],
  // Factory placeholders: an IMEI, an Android serial number.
  ...['012345678912345', '0123456789abcdef'],
]);

/**
 * The identifier that the app's platform gives: IMEI, UUID or its own number, in lower case. A phone that hides its number
 * repeats one character or returns one of the placeholders above.
 */
export function normalPhoneId(text: string): string | undefined {
  if (text.length > LONGEST_IDENTIFIER) return undefined;
  const device = text.trim().toLowerCase();
  if (!/^[a-z0-9][a-z0-9:._-]{3,63}$/.test(device)) return undefined;
  const signs = device.replace(/[:._-]/g, '');
  return new Set(signs).size > 1 && !NO_NUMBERS.has(signs) ? device : undefined;
}

/** The campaign's current day as a day number. */
function today({ zone }: CompiledCampaign, at: When): number {
  return at === undefined || at === 'any-time' ? Number.POSITIVE_INFINITY : Math.floor(zone.local(at.latest) / DAY_MS);
}

export function examplePerson(): Person {
  return { phone: '13800138000', idCard: '11010519491231002X', device: 'a1b2c3d4-e5f6' };
}

function by(change: Partial<Person>) {
  return { ask: { person: { ...examplePerson(), ...change } } };
}
