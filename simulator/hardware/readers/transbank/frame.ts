/**
 * Frames of a Transbank POS as the terminal hears and says them: STX data ETX LRC, with ACK and NAK bare between them.
 * The LRC may itself look like STX, ETX, ACK or NAK, so bytes are counted, not searched for.
 */
export const STX = 0x02;
export const ETX = 0x03;
export const ACK = 0x06;
export const NAK = 0x15;
/** Manual: 2,048 bytes, and 500 ms between two bytes of one frame. */
const MAX_BYTES = 2048;
export const INTER_BYTE_MS = 500;

export type Heard =
  | { readonly kind: 'ack' }
  | { readonly kind: 'nak' }
  | { readonly kind: 'frame'; readonly raw: Uint8Array };

/** A frame in the making: undefined between frames, else its bytes from STX on. */
export type Partial = readonly number[] | undefined;

export function feed(before: Partial, chunk: Uint8Array): { partial: Partial; heard: readonly Heard[] } {
  const heard: Heard[] = [];
  let partial = before === undefined ? undefined : [...before];
  for (const byte of chunk) {
    if (partial === undefined) {
      if (byte === STX) partial = [byte];
      else if (byte === ACK) heard.push({ kind: 'ack' });
      else if (byte === NAK) heard.push({ kind: 'nak' });
    } else {
      const lrcComes = partial.length > 1 && partial[partial.length - 1] === ETX;
      partial.push(byte);
      if (lrcComes) {
        heard.push({ kind: 'frame', raw: Uint8Array.from(partial) });
        partial = undefined;
      } else if (partial.length >= MAX_BYTES) partial = undefined;
    }
  }
  return { partial, heard };
}

/** The data of a frame, or undefined where the LRC is wrong. */
export function open(raw: Uint8Array): string | undefined {
  if (raw.length < 4 || raw[0] !== STX || raw[raw.length - 2] !== ETX) return undefined;
  const covered = raw.subarray(1, -1);
  if (covered.reduce((lrc, byte) => lrc ^ byte, 0) !== raw[raw.length - 1]) return undefined;
  return Buffer.from(covered.subarray(0, -1)).toString('latin1');
}

export function seal(data: string): Uint8Array {
  const covered = [...Buffer.from(data, 'latin1'), ETX];
  return Uint8Array.from([STX, ...covered, covered.reduce((lrc, byte) => lrc ^ byte, 0)]);
}
