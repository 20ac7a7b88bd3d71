/** The two commands with commands of their own inside: stored graphics, and symbols that the printer draws by itself. */
import { columnBitmap, enlarged, rasterBitmap } from './paper/bitmaps.js';
import { isLineStart, type PrintMechanism, putImage, putQr } from './paper/print-mechanism.js';
import { at, type PrinterEvent, type Refusal, word } from './parameters.js';

const LEVELS = ['L', 'M', 'Q', 'H'] as const;

/** `GS ( L`: graphics. m fn a bx by c xL xH yL yH d… */
export function graphics(
  print: PrintMechanism,
  p: Uint8Array,
  emit: (event: PrinterEvent) => void,
): Refusal | undefined {
  const fn = at(p, 1);
  if (fn === 112 || fn === 113) {
    const [across, down] = [at(p, 3), at(p, 4)];
    const [width, height] = [word(p, 6), word(p, 8)];
    if (![1, 2].includes(across) || ![1, 2].includes(down) || width === 0 || height === 0) return 'bad-parameter';
    const needed = fn === 112 ? Math.ceil(width / 8) * height : width * Math.ceil(height / 8);
    const data = p.subarray(10);
    if (data.length < needed) return 'bad-parameter';
    const bits =
      fn === 112
        ? rasterBitmap(Math.ceil(width / 8), height, data)
        : { ...columnBitmap(width, Math.ceil(height / 8), data), height };
    print.settings.graphic = enlarged(bits, across, down);
    return undefined;
  }
  if (fn === 2 || fn === 50) {
    if (!isLineStart(print)) return 'misplaced';
    if (print.settings.graphic === undefined) return 'bad-parameter';
    putImage(print, print.settings.graphic);
    print.settings.graphic = undefined;
    emit({ kind: 'paper-moved' });
    return undefined;
  }
  return 'unsupported';
}

/** `GS ( k`: two-dimensional symbols. cn fn parameters…; 49 is QR, functions 165 to 181 are written as 65 to 81. */
export function symbol(print: PrintMechanism, p: Uint8Array, emit: (event: PrinterEvent) => void): Refusal | undefined {
  const { settings } = print;
  if (at(p, 0) !== 49 || !print.profile.nativeQr) return 'unsupported';
  const n = at(p, 2);
  switch (at(p, 1)) {
    case 65:
      if (n !== 49 && n !== 50) return 'bad-parameter';
      settings.qr = { ...settings.qr, model: n === 49 ? 1 : 2 };
      return undefined;
    case 67:
      if (n < 1 || n > 16) return 'bad-parameter';
      settings.qr = { ...settings.qr, size: n };
      return undefined;
    case 69: {
      const level = LEVELS[n - 48];
      if (level === undefined) return 'bad-parameter';
      settings.qr = { ...settings.qr, level };
      return undefined;
    }
    case 80:
      if (n !== 48 || p.length < 4) return 'bad-parameter';
      settings.qr = { ...settings.qr, data: p.slice(3) };
      return undefined;
    case 81:
      if (!isLineStart(print)) return 'misplaced';
      if (!putQr(print)) return settings.qr.data.length === 0 ? 'bad-parameter' : 'too-long';
      emit({ kind: 'paper-moved' });
      return undefined;
    default:
      return 'unsupported';
  }
}
