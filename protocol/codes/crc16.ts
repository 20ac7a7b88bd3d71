/**
 * The two CRC-16 variants of the counter: polynomial 1021, most significant bit first, no final xor.
 *
 * They differ in their initial value. Each constant names its check value, the CRC of `123456789`.
 */

/** CCITT-FALSE, initial value FFFF, check 29B1: CRP/1 lines and EMVCo QR codes. */
export const crc16CcittFalse = (bytes: Uint8Array): number => crc16(bytes, 0xffff);

/** XMODEM, initial value 0, check 31C3: command frames of GM65 scanner modules. */
export const crc16Xmodem = (bytes: Uint8Array): number => crc16(bytes, 0);

/** Four upper-case hex digits, as EMVCo and CRP/1 write it. */
export const crcHex = (crc: number): string => crc.toString(16).toUpperCase().padStart(4, '0');

const POLYNOMIAL = 0x1021;
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ POLYNOMIAL;
  return crc;
});

function crc16(bytes: Uint8Array, begin: number): number {
  let crc = begin;
  for (let at = 0; at < bytes.length; at++) crc = ((crc << 8) & 0xffff) ^ (TABLE[(crc >>> 8) ^ (bytes[at] ?? 0)] ?? 0);
  return crc;
}
