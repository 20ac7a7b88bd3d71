/** CRC-16, polynomial 1021, bit by bit as the standard draws it: init FFFF is CCITT-FALSE, init 0 is XMODEM. */
export function crc16(bytes: Uint8Array, init: number): number {
  let crc = init;
  for (let at = 0; at < bytes.length; at++) {
    crc ^= (bytes[at] ?? 0) << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    crc &= 0xffff;
  }
  return crc;
}
