/**
 * CRC-16 with the polynomial 1021, most significant bit first, no final xor. Started at 0 it is the one called XMODEM
 * (scanner modules), started at FFFF the one called CCITT-FALSE (CRP/1).
 */
export function crc16(bytes: Iterable<number>, start: 0 | 0xffff): number {
  let crc: number = start;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    crc &= 0xffff;
  }
  return crc;
}
