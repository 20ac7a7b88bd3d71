/** Pictures as they come in ESC/POS, made into plain bitmaps. */
import { type Bitmap, inkAt } from './document.js';

export const rasterBitmap = (bytesAcross: number, height: number, data: Uint8Array): Bitmap => ({
  width: bytesAcross * 8,
  height,
  rows: data.slice(0, bytesAcross * height),
});

/** Column by column, the topmost dot in the highest bit of the first byte (`ESC *`, `GS ( L` function 113). */
export const columnBitmap = (width: number, bytesDown: number, data: Uint8Array): Bitmap =>
  drawn(width, bytesDown * 8, (x, y) => (((data[x * bytesDown + (y >> 3)] ?? 0) >> (7 - (y & 7))) & 1) === 1);

export const enlarged = (bits: Bitmap, across: number, down: number): Bitmap =>
  across === 1 && down === 1
    ? bits
    : drawn(bits.width * across, bits.height * down, (x, y) =>
        inkAt(bits, Math.floor(x / across), Math.floor(y / down)),
      );

/** A picture of its own, dot by dot. */
export function drawn(width: number, height: number, ink: (x: number, y: number) => boolean): Bitmap {
  const stride = Math.ceil(width / 8);
  const rows = new Uint8Array(stride * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (ink(x, y)) rows[y * stride + (x >> 3)] = (rows[y * stride + (x >> 3)] ?? 0) | (0x80 >> (x & 7));
    }
  }
  return { width, height, rows };
}
