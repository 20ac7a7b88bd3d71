import { expect, it } from 'vitest';
import { qrModules } from './qr.js';

/**
 * ISO/IEC 18004, 7.9: row 8 begins with the two bits of the correction level, under the mask 10. A mirrored symbol, which
 * most readers forgive, has something else there.
 */
it.each([
  ['L', 0b01],
  ['M', 0b00],
  ['Q', 0b11],
  ['H', 0b10],
] as const)('a symbol says its own level %s, upright and not mirrored', (level, code) => {
  for (const text of ['CPR:YH-0001-000042', '友好', 'x']) {
    const modules = qrModules(new TextEncoder().encode(text), level);
    const bits = [modules?.dark(0, 8), modules?.dark(1, 8)].map(Number);
    expect(((bits[0] ?? 0) ^ 1) * 2 + (bits[1] ?? 0)).toBe(code);
    // The module that is always dark.
    expect(modules?.dark(8, modules.size - 8)).toBe(true);
  }
});

it('nothing, and more than any symbol holds, is no symbol', () => {
  expect(qrModules(new Uint8Array(0), 'M')).toBeUndefined();
  expect(qrModules(new Uint8Array(2954), 'L')).toBeUndefined();
  expect(qrModules(new Uint8Array(2953), 'L')?.size).toBe(177);
});
