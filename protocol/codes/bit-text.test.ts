import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base32, base64url } from './bit-text.js';

describe('bytes as text', () => {
  it('writes the examples of RFC 4648 section 10', () => {
    const rows = [
      ['', '', ''],
      ['f', 'MY', 'Zg'],
      ['fo', 'MZXQ', 'Zm8'],
      ['foo', 'MZXW6', 'Zm9v'],
      ['foob', 'MZXW6YQ', 'Zm9vYg'],
      ['fooba', 'MZXW6YTB', 'Zm9vYmE'],
      ['foobar', 'MZXW6YTBOI', 'Zm9vYmFy'],
    ] as const;
    for (const [plain, in32, in64] of rows) {
      const bytes = new TextEncoder().encode(plain);
      expect(base32.encode(bytes)).toBe(in32);
      expect(base64url.encode(bytes)).toBe(in64);
    }
  });

  it('gives back what it was given, and base64url is what Node writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(base32.decode(base32.encode(bytes))).toEqual({ ok: true, value: bytes });
        expect(base64url.decode(base64url.encode(bytes))).toEqual({ ok: true, value: bytes });
        expect(base64url.encode(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
      }),
    );
  });

  it('writes a bitmap of 100 kB', () => {
    const bytes = new Uint8Array(100_000).fill(0xa5);
    expect(base64url.encode(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
  });

  it('accepts one text only for the same bytes', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'), maxLength: 20 }),
        (text) => {
          const decoded = base32.decode(text);
          if (decoded.ok) expect(base32.encode(decoded.value)).toBe(text);
        },
      ),
    );
  });

  it('says what is wrong with a text', () => {
    expect(base32.decode('my')).toEqual({ ok: false, fault: 'character' });
    expect(base32.decode('MY======')).toEqual({ ok: false, fault: 'character' });
    expect(base32.decode('M=')).toEqual({ ok: false, fault: 'character' });
    expect(base32.decode('M0')).toEqual({ ok: false, fault: 'character' });
    expect(base32.decode('M友')).toEqual({ ok: false, fault: 'character' });
    expect(base32.decode('MYA')).toEqual({ ok: false, fault: 'length' });
    expect(base32.decode('MZ')).toEqual({ ok: false, fault: 'trailing-bits' });
    expect(base64url.decode('Zh')).toEqual({ ok: false, fault: 'trailing-bits' });
    expect(base64url.decode('Z')).toEqual({ ok: false, fault: 'length' });
    expect(base64url.decode('Zm+v')).toEqual({ ok: false, fault: 'character' });
  });
});
