/** For tests only: ESC/POS written by hand, byte for byte from the manual, so that nothing of ours judges itself. */

export const ESC = 0x1b;
export const FS = 0x1c;
export const GS = 0x1d;

export type Part = number | string | Uint8Array | readonly number[];

/** Numbers and ASCII texts, one after another. Chinese goes in as its bytes. */
export function stream(...parts: readonly Part[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) => {
      if (typeof part === 'number') return [part];
      if (typeof part === 'string') return Array.from(part, (char) => char.charCodeAt(0));
      return Array.from(part);
    }),
  );
}

/** GB18030 by hand. 消费券 is CFFB B7D1 C8AF; 友好 is D3D1 BAC3; ￥ is A3A4. */
export const XIAO_FEI_QUAN = [0xcf, 0xfb, 0xb7, 0xd1, 0xc8, 0xaf] as const;
export const YOU_HAO = [0xd3, 0xd1, 0xba, 0xc3] as const;
export const YUAN_SIGN = [0xa3, 0xa4] as const;
/** U+00A5 in GB18030. */
export const YEN_IN_FOUR_BYTES = [0x81, 0x30, 0x84, 0x36] as const;
export const CHINESE = [FS, 0x26] as const;
export const CUT = [GS, 0x56, 66, 0] as const;

/** `GS ( k`: model 2, size, level, store, print. */
export function nativeQr(data: string, size = 4, level: 'L' | 'M' | 'Q' | 'H' = 'M'): Uint8Array {
  const bytes = new TextEncoder().encode(data);
  const call = (fn: number, ...parameters: number[]): number[] => {
    const length = parameters.length + 2;
    return [GS, 0x28, 0x6b, length & 255, length >> 8, 49, fn, ...parameters];
  };
  return stream(
    call(65, 50, 0),
    call(67, size),
    call(69, 48 + 'LMQH'.indexOf(level)),
    call(80, 48, ...bytes),
    call(81, 48),
  );
}
