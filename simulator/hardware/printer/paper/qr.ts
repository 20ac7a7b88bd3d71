/** The modules of a QR symbol, as the printer's firmware would draw it. */
import qrcode from 'qrcode';
import type { QrLevel } from './document.js';

export interface QrModules {
  readonly size: number;
  dark(x: number, y: number): boolean;
}

const sizes = new Map<string, number | undefined>();

/** Its side in modules, which only length and level decide; undefined as below. Where it goes is known without drawing it. */
export function qrSide(data: Uint8Array, level: QrLevel): number | undefined {
  const name = `${level} ${data.length}`;
  if (!sizes.has(name)) sizes.set(name, qrModules(data, level)?.size);
  return sizes.get(name);
}

/** undefined: no symbol holds so much, and the printer prints nothing. */
export function qrModules(data: Uint8Array, level: QrLevel): QrModules | undefined {
  if (data.length === 0) return undefined;
  try {
    const { modules } = qrcode.create([{ data, mode: 'byte' }], { errorCorrectionLevel: level });
    return {
      size: modules.size,
      dark: (x, y) => x >= 0 && y >= 0 && x < modules.size && y < modules.size && Boolean(modules.get(y, x)),
    };
  } catch {
    return undefined;
  }
}
