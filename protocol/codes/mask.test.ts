import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify } from './classify.js';
import { mask, maskWhole, maskWithin } from './mask.js';

const digit = fc.constantFrom(...'0123456789');
const digits = (least: number, most: number) => fc.string({ unit: digit, minLength: least, maxLength: most });
const separator = fc.constantFrom(
  '',
  '',
  '',
  ' ',
  '  ',
  '.',
  '-',
  ' - ',
  '/',
  '·',
  '\u00a0',
  '\u3000',
  '–',
  '\u200e',
  '_',
  ') ',
);
/** The same number as a person types it: in groups, or with full-width digits. */
const written = (number: fc.Arbitrary<string>): fc.Arbitrary<{ readonly number: string; readonly text: string }> =>
  number.chain((plain) =>
    fc
      .tuple(fc.array(separator, { minLength: plain.length, maxLength: plain.length }), fc.boolean())
      .map(([between, wide]) => ({
        number: plain,
        text: Array.from(plain)
          .map(
            (one, at) =>
              (at === 0 ? '' : (between[at] ?? '')) + (wide ? String.fromCodePoint(one.charCodeAt(0) + 0xfee0) : one),
          )
          .join(''),
      })),
  );

const phone = fc.tuple(fc.constantFrom('13', '15', '18', '19'), digits(9, 9)).map((parts) => parts.join(''));
const identity = fc.tuple(digits(17, 17), fc.constantFrom('X', 'x', '7')).map((parts) => parts.join(''));
const card = digits(12, 19);
const around = fc.constantFrom('', 'card ', '会员号：', '"', 'to ', 'tel. +86 ', 'x=');
/** The masked text doesn't give the number away: few of its digits remain in order. */
const plainDigits = (text: string): string => text.normalize('NFKC').replace(/[^0-9]/g, '');

describe('no personal number in a text', () => {
  it.each([
    ['phone', phone, 4],
    ['identity number', identity, 6],
    ['card', card, 6],
  ] as const)('a %s, in whatever groups', (_, number, most) => {
    fc.assert(
      fc.property(around, written(number), fc.constantFrom('', ' is new', '。', '!'), (before, { text }, after) => {
        // In exactly this form it looks the same as a machine's address.
        fc.pre(!/^(?:\d{1,3}\.){3}\d{1,3}$/.test(text));
        const masked = maskWithin(`${before}${text}${after}`);
        const left = plainDigits(masked.slice(before === 'tel. +86 ' ? 0 : before.length));
        expect(left.length).toBeLessThanOrEqual(most + 2);
        expect(masked).toMatch(/\*{3,}/);
        expect(masked.startsWith(before.replace(/\+86 $/, '')) && masked.endsWith(after)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['6222  0212  3456  7890', '62**********7890'],
    ['code 6212345678901234567!', 'code 62*************4567!'],
    ['6212/3456/7890/1234/567', '62*************4567'],
    ['138.0013.8000', '13*******00'],
    ['11010519491231002X', '11************002X'],
    ['Authorization: Bearer abc.def-123', 'Authorization: Bearer …'],
    ['{"password":"geheim-geheim"}', '{"password":"…"}'],
    ['口令：geheim', '口令：…'],
    ['token 3sWqZ8YdJk2LmN4pQrS6tUvW8xYzA1bC lost', 'token … lost'],
    ['hQVDUFYwMWEiTwigAAADMwEBAVcSYlCUcAAAABTUkSIBAAAAAAD/XzQBAA==', 'hQ…'],
    ['got CP1:AEAUGVVCAKPPT3MVOL3Q', 'got CP1:…'],
  ])('%s', (text, masked) => {
    expect(maskWithin(text)).toBe(masked);
  });

  it.each([
    '192.168.100.200:1883',
    'mqtt://127.0.0.1:37453: connect ECONNREFUSED 127.0.0.1:37453',
    '2026-11-29T10:05:06.123Z',
    'the clock of this machine says 2026-11-29 10:05:06',
    's000001-123456',
    'plate-001-s000001-123456',
    'a2f1c39b00112233445566778899aabbccddeeff00112233445566778899aabb',
    '/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0',
    '72388 bytes as a message, of 65536',
  ])('leaves alone what is of nobody: %s', (text) => {
    expect(maskWithin(text)).toBe(text);
  });
});

describe('a scanned text that nobody knows', () => {
  it('is masked whole: what kind of characters, how many, and two of them where there are eight', () => {
    expect(maskWhole('13800138000')).toBe('13… (11 characters: digits)');
    expect(maskWhole('张三')).toBe('… (2 characters: Hanzi)');
    expect(maskWhole('VIP-0042 王')).toBe('VI… (10 characters: digits, letters, Hanzi, blanks, signs)');
    expect(maskWhole('ab\u001b[2Jcdef')).toBe('ab… (10 characters: digits, letters, signs, control characters)');
  });

  it('shows nothing else of it, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 8, maxLength: 200 }), (text) => {
        const scanned = classify(text);
        fc.pre(scanned.kind === 'unknown');
        expect(
          scanned.masked.replace(
            /^.{0,2}… \(\d+ characters: (?:digits|letters|Hanzi|blanks|signs|control characters|, )+\)$/su,
            '',
          ),
        ).toMatch(/^(?:|.{0,2}… \(\d+ characters\))$/su);
        expect(scanned.masked).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  it('is a card too where it is an EMV consumer-presented code', () => {
    const code = 'hQVDUFYwMWEiTwigAAADMwEBAVcSYlCUcAAAABTUkSIBAAAAAAD/XzQBAA==';
    expect(classify(code)).toMatchObject({ kind: 'unknown', masked: expect.not.stringContaining('DUFYwM') });
  });
});

it('a known code keeps its ends, and no control character gets through', () => {
  expect(mask('6212345678901234567')).toBe('62*************4567');
  expect(mask(`CP1:${'A'.repeat(60)}`)).toBe('CP1:AAAAAAAA…AAAA');
  expect(mask('CP1:\u001b[2J')).toBe('CP1:\ufffd[2J');
  expect(Array.from(mask('友'.repeat(200))).length).toBe(81);
});
