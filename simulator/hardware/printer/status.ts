/** What a printer says about itself: the status bytes of Epson's reference, and how it finds questions in the stream. */

export interface Condition {
  readonly paper: 'ok' | 'near-end' | 'out';
  readonly coverOpen: boolean;
  readonly offline: boolean;
  readonly cutterJammed: boolean;
}

export const isOffline = (condition: Condition): boolean =>
  condition.offline || condition.coverOpen || condition.cutterJammed || condition.paper === 'out';

const bit = (n: number, yes: boolean): number => (yes ? 1 << n : 0);
/** Every answer to DLE EOT has bits 1 and 4 set, bits 0 and 7 clear. */
const FIXED = 0x12;
const NEAR_END = 0x0c;
const END = 0x60;
/** Bits 0 to 3 of the fourth byte say nothing; printers send ones. */
const ASB_LAST = 0x0f;

/** `DLE EOT n`; undefined: a question that this printer doesn't know, and leaves without an answer. */
export function statusByte(n: number, condition: Condition): number | undefined {
  switch (n) {
    case 1:
      return FIXED | bit(3, isOffline(condition));
    case 2:
      return FIXED | bit(2, condition.coverOpen) | bit(5, condition.paper === 'out') | bit(6, condition.cutterJammed);
    case 3:
      return FIXED | bit(3, condition.cutterJammed);
    case 4:
      return FIXED | (condition.paper === 'near-end' ? NEAR_END : condition.paper === 'out' ? END : 0);
    default:
      return undefined;
  }
}

/** Automatic status back: four bytes, known by bit 4 alone in the first. */
export const asbBytes = (condition: Condition): Uint8Array =>
  Uint8Array.of(
    0x10 | bit(3, isOffline(condition)) | bit(5, condition.coverOpen),
    bit(3, condition.cutterJammed),
    condition.paper === 'near-end' ? 0x03 : condition.paper === 'out' ? 0x0f : 0,
    ASB_LAST,
  );

/** `GS r 1`: the roll's two sensors; `GS r 2`: the drawer, which is closed. */
export function sensorByte(n: number, condition: Condition): number | undefined {
  if (n === 1) return condition.paper === 'near-end' ? 0x03 : condition.paper === 'out' ? 0x0f : 0;
  return n === 2 ? 0 : undefined;
}

/** `GS I n`: a number for 1 to 3, a text between 5F and 00 for 65 to 68. */
export function identityBytes(n: number): Uint8Array | undefined {
  const numbers: Readonly<Record<number, number>> = { 1: 0x20, 49: 0x20, 2: 0x02, 50: 0x02, 3: 0x01, 51: 0x01 };
  const texts: Readonly<Record<number, string>> = { 65: '1.00', 66: 'CODEPLATE', 67: 'VIRTUAL', 68: '00000001' };
  const [number, text] = [numbers[n], texts[n]];
  if (number !== undefined) return Uint8Array.of(number);
  if (text !== undefined) return Uint8Array.of(0x5f, ...Array.from(text, (char) => char.charCodeAt(0)), 0);
  return undefined;
}

/**
 * Finds `DLE EOT n` as it comes in, whatever surrounds it. A real printer looks at every byte before it stores it, even
 * inside a picture (Epson says so), which is how it can answer with a full buffer and no paper.
 */
export function realTimeQuestions(
  tail: Uint8Array,
  bytes: Uint8Array,
): { readonly asked: readonly number[]; readonly tail: Uint8Array } {
  const all = Uint8Array.of(...tail, ...bytes.subarray(0, 2));
  const asked: number[] = [];
  const look = (data: Uint8Array, from: number): void => {
    for (let i = from; i + 2 < data.length; i += 1) {
      if (data[i] === 0x10 && data[i + 1] === 0x04) asked.push(data[i + 2] ?? 0);
    }
  };
  look(all, 0);
  look(bytes, 0);
  return { asked, tail: bytes.length >= 2 ? bytes.slice(-2) : all.slice(-2) };
}
