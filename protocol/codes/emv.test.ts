import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEmv, type EmvFields, encodeEmv, isEmvTemplate, looksLikeEmv } from './emv.js';

/** The sample of the EMV specification's annex: Chinese in tag 64, and tags out of order. */
const SPECIFICATION_SAMPLE =
  '00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN5914BEST TRANSPORT' +
  '6007BEIJING64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603***0708A60086670902ME' +
  '91320016A0112233449988770708123456786304A13A';

const reasonOf = (text: string): string | undefined => {
  const decoded = decodeEmv(text);
  return decoded.ok ? undefined : decoded.fault.reason;
};

describe('an EMVCo merchant code', () => {
  it("is read as the specification's sample says, templates nested, lengths in characters", () => {
    const decoded = decodeEmv(SPECIFICATION_SAMPLE);
    expect(decoded).toMatchObject({
      ok: true,
      value: {
        fields: {
          '01': '12',
          '29': { '00': 'D15600000000', '05': 'A93FO3230Q' },
          '31': { '00': 'D15600000001', '03': '12345678' },
          '53': '156',
          '54': '23.72',
          '58': 'CN',
          '59': 'BEST TRANSPORT',
          '62': { '03': '1234', '06': '***', '07': 'A6008667', '09': 'ME' },
          '64': { '00': 'ZH', '01': '最佳运输', '02': '北京' },
          '63': 'A13A',
        },
      },
    });
  });

  it('has its CRC compared without regard to case', () => {
    expect(decodeEmv(SPECIFICATION_SAMPLE.replace(/A13A$/, 'a13a')).ok).toBe(true);
  });

  it('says which part of it is wrong', () => {
    const rows = [
      ['', 'emv-not-payload-format'],
      ['https://example.com', 'emv-not-payload-format'],
      ['000201', 'emv-crc-missing'],
      ['00020101', 'emv-truncated'],
      ['000201010', 'emv-truncated'],
      ['0002010105', 'emv-truncated'],
      ['000201xx021', 'emv-tag-or-length'],
      ['00020101-112', 'emv-tag-or-length'],
      ['0002015802CN5802CN', 'emv-repeated-tag'],
      ['000201620301x', 'emv-template'],
      [SPECIFICATION_SAMPLE.replace('23.72', '03.72'), 'emv-crc'],
      [`${SPECIFICATION_SAMPLE}5802CN`, 'emv-repeated-tag'],
      [`${SPECIFICATION_SAMPLE}8500`, 'emv-crc-missing'],
      [`000201${'9'.repeat(5_000)}`, 'emv-truncated'],
    ] as const;
    for (const [text, reason] of rows) expect(reasonOf(text), text.slice(0, 40)).toBe(reason);
  });

  it('keeps what could be read beside the fault, and says which CRC would be right', () => {
    const wrong = decodeEmv('0002015802CN63040000');
    expect(wrong).toMatchObject({ ok: false, fault: { reason: 'emv-crc', fields: { '58': 'CN' } } });
    if (wrong.ok) throw new Error('taken');
    expect(decodeEmv(`0002015802CN6304${wrong.fault.expectedCrc}`).ok).toBe(true);
  });

  it('never crashes, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.stringMatching(/^\d+$/)), (text) => {
        decodeEmv(text);
        decodeEmv(`000201${text}`);
      }),
    );
    for (let cut = 0; cut < SPECIFICATION_SAMPLE.length; cut++) {
      expect(decodeEmv(SPECIFICATION_SAMPLE.slice(0, cut)).ok).toBe(false);
    }
  });

  it('is read back as it was written', () => {
    const value = fc.string({ unit: fc.constantFrom(...'0123456789AZaz. 友好区𠮷'), maxLength: 20 });
    const tag = fc.integer({ min: 1, max: 99 }).filter((n) => n !== 63);
    const twoDigits = (n: number) => String(n).padStart(2, '0');
    const nested = fc.dictionary(fc.integer({ min: 0, max: 99 }).map(twoDigits), value, { maxKeys: 3 });
    const fields = fc
      .uniqueArray(tag, { maxLength: 12 })
      .chain((tags) =>
        fc
          .tuple(...tags.map((n): fc.Arbitrary<string | EmvFields> => (isEmvTemplate(twoDigits(n)) ? nested : value)))
          .map((values): EmvFields => Object.fromEntries(tags.map((n, at) => [twoDigits(n), values[at] ?? '']))),
      );
    fc.assert(
      fc.property(fields, (given) => {
        const decoded = decodeEmv(encodeEmv(given));
        if (!decoded.ok) throw new Error(decoded.fault.reason);
        const { '00': format, '63': crc, ...rest } = decoded.value.fields;
        expect(format).toBe('01');
        expect(crc).toMatch(/^[0-9A-F]{4}$/);
        expect(rest).toEqual(given);
      }),
    );
  });

  it('cannot be written with a value or tag that does not fit', () => {
    expect(() => encodeEmv({ '59': 'x'.repeat(100) })).toThrow(RangeError);
    expect(() => encodeEmv({ x: '1' })).toThrow(RangeError);
  });
});

it('is read in payload format 02 as well, as every DuitNow code has it', () => {
  const code =
    '00020201021126440014A000000615000101065016640212000123456789520400005303458540510.005802MY5912KEDAI CONTOH6005BANGI630414CD';
  expect(looksLikeEmv(code)).toBe(true);
  expect(decodeEmv(code)).toMatchObject({ ok: true, value: { fields: { '58': 'MY', '59': 'KEDAI CONTOH' } } });
  expect(looksLikeEmv(code.replace('000202', '000203'))).toBe(false);
});
