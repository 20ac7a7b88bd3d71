/**
 * CRC-16 with the polynomial 1021, most significant bit first, no final xor. Started at 0 it is the one called XMODEM
 * (scanner modules), started at FFFF the one called CCITT-FALSE (CRP/1).
 */
export function crc16(bytes: ArrayLike<number>, start: 0 | 0xffff): number {
  let crc: number = start;
  for (let at = 0; at < bytes.length; at++)
    crc = ((crc << 8) & 0xffff) ^ (OF_HIGH_BYTE[(crc >> 8) ^ (bytes[at] ?? 0)] ?? 0);
  return crc;
}

/** What eight steps of the shift register make of each high byte. */
const OF_HIGH_BYTE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
  return crc;
});
