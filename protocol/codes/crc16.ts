/**
 * The two CRC-16 of the counter, both of polynomial 1021, most significant bit first, no final xor. They differ in where
 * they begin; each is named with its check value, the CRC of `123456789`.
 */

/** CCITT-FALSE, begins at FFFF, check 29B1: CRP/1 lines and EMVCo QR codes. */
export const crc16CcittFalse = (bytes: Uint8Array): number => crc16(bytes, 0xffff);

/** XMODEM, begins at 0, check 31C3: command frames of GM65 scanner modules. */
export const crc16Xmodem = (bytes: Uint8Array): number => crc16(bytes, 0);

/** As both EMVCo and CRP/1 write it: four upper-case hex digits. */
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
