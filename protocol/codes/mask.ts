/**
 * Masks personal data for logs: payment codes, card, phone and identity numbers, tokens and presentations, in any grouping.
 * The logger, the refusals and `inspect` all use this file.
 *
 * There are two ways. A scanned text of unknown kind is masked whole, because it may be a name or a membership number. A
 * sentence of our own that quotes input keeps its words and loses the numbers.
 */

/** Any layout and any case: a damaged or newer presentation still counts as a presentation. */
export const LIKE_PRESENTATION = /^CP\d{1,2}:/i;

/** Number of characters of a known code that a log keeps. */
const MASKED_CHARACTERS = 80;
/** Below this length the first two characters would reveal most of the text. */
const LEAST_FOR_A_BEGINNING = 8;

/** The masked form of a known code for logs and screens. A presentation keeps only its ends. */
export function mask(text: string): string {
  if (LIKE_PRESENTATION.test(text) && text.length > 24) {
    return `${maskDigits(text.slice(0, 12))}…${maskDigits(text.slice(-4))}`.replace(CONTROL, '\ufffd');
  }
  const characters = Array.from(maskWithin(text));
  return characters.length <= MASKED_CHARACTERS
    ? characters.join('')
    : `${characters.slice(0, MASKED_CHARACTERS).join('')}…`;
}

/** `69… (13 characters: digits)`: enough to recognise what was scanned. */
export function maskWhole(text: string): string {
  const characters = Array.from(text);
  const isLong = characters.length >= LEAST_FOR_A_BEGINNING;
  const beginning = isLong ? characters.slice(0, 2).join('').replace(CONTROL, '\ufffd') : '';
  const kinds = KINDS.filter(([, pattern]) => pattern.test(text)).map(([kind]) => kind);
  return `${beginning}… (${characters.length} characters${kinds.length === 0 ? '' : `: ${kinds.join(', ')}`})`;
}

const KINDS: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ['digits', /\p{Nd}/u],
  ['letters', /(?!\p{Script=Han})\p{L}/u],
  ['Hanzi', /\p{Script=Han}/u],
  ['blanks', /\p{Zs}/u],
  ['signs', /[\p{P}\p{S}]/u],
  ['control characters', /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u],
];

/** Masks numbers in one of our own sentences that may quote input. */
export const maskWithin = (text: string): string => maskPersonal(text).replace(CONTROL, '\ufffd');

/** The same for the logger, which handles control characters itself. */
export const maskPersonal = (text: string): string =>
  SECRETS.reduce((masked, [pattern, stars]) => masked.replace(pattern, stars), maskDigits(text));

/** C0, DEL, C1, and direction marks. */
const CONTROL = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const SECRETS: readonly (readonly [pattern: RegExp, stars: string])[] = [
  // A presentation inside a sentence.
  [/\b(CP\d{1,2}:)[A-Z2-7]{9,}/gi, '$1…'],
  // EMV Consumer-Presented Mode, section 4: base64 of 85 05 "CPV01". It contains track 2 of a card (tags 57 and 5A).
  [/hQVDUFYw[A-Za-z0-9+/=_-]*/g, 'hQ…'],
  [/\b(Bearer\s+)[^\s"',;]+/gi, '$1…'],
  [/((?:password|passwd|secret|token|口令|密码)["']?\s*[:=：]\s*["']?)[^\s"',;}]+/gi, '$1…'],
  // base64url of 24 bytes or more, as in tokens and keys. A path may be as long, so text after a slash doesn't count.
  [/(?<![\w/.+=-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{32,}(?![\w/.-])/g, '…'],
];

/**
 * A phone number has 11 digits (more with +86), an identity number 17 or 18 (GB 11643), a card number 12 to 19 (ISO/IEC
 * 7812-1). People write them in groups and in any script's digits: full-width ６２ is as readable as 62.
 */
const FEWEST_DIGITS = 11;
const BETWEEN = String.raw`[\p{Zs}\p{Pd}\p{Cf}\t.．/／\\_·•()（）]{0,3}`;
const LONG_NUMBER = new RegExp(
  String.raw`\p{Nd}(?:${BETWEEN}\p{Nd}){${FEWEST_DIGITS - 1},}(?:${BETWEEN}[XxＸｘ](?![\p{L}\p{Nd}]))?`,
  'gu',
);
/** Our own identifiers that look like numbers: hashes, and ids of sales and refunds. */
const OURS = /\b[0-9a-f]{64}(?:[0-9a-f]{2})?\b|\b[sr]\d{6}-[0-9a-f]{6}\b/g;
/** A machine's address: four groups of 0 to 255, with no digit next to them. */
const IP_ADDRESS = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

function maskDigits(text: string): string {
  const parts: string[] = [];
  let from = 0;
  for (const { 0: ours, index } of text.matchAll(OURS)) {
    parts.push(text.slice(from, index).replace(LONG_NUMBER, stars), ours);
    from = index + ours.length;
  }
  return [...parts, text.slice(from).replace(LONG_NUMBER, stars)].join('');
}

/**
 * From this length on keep the last four digits, which distinguish two cards as on a receipt; shorter numbers are phones'
 * and keep two.
 */
const DIGITS_OF_A_CARD = 13;

function stars(run: string): string {
  if (IP_ADDRESS.test(run)) return run;
  const digits = Array.from(run).filter((character) => /[\p{Nd}XxＸｘ]/u.test(character));
  const kept = digits.length >= DIGITS_OF_A_CARD ? 4 : 2;
  return `${digits.slice(0, 2).join('')}${'*'.repeat(digits.length - 2 - kept)}${digits.slice(-kept).join('')}`;
}
