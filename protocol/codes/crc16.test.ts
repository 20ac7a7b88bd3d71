import { expect, it } from 'vitest';
import { crc16CcittFalse, crc16Xmodem, crcHex } from './crc16.js';

const utf8 = new TextEncoder();

it('gives the published check values of both CRCs', () => {
  const digits = utf8.encode('123456789');
  expect(crcHex(crc16CcittFalse(digits))).toBe('29B1');
  expect(crcHex(crc16Xmodem(digits))).toBe('31C3');
  // The acknowledgement of a GM65 module, 02 00 00 01 00 33 31.
  expect(crc16Xmodem(Uint8Array.of(0, 1, 0))).toBe(0x3331);
});

it('agrees with a CRP/1 line of the manual, and pads to four digits', () => {
  expect(crcHex(crc16CcittFalse(utf8.encode('HELO|01|1|agent-1.0')))).toBe('8A91');
  expect(crcHex(crc16CcittFalse(utf8.encode('ACK|02')))).toBe('1074');
  expect(crcHex(0xb)).toBe('000B');
  expect(crcHex(crc16CcittFalse(new Uint8Array()))).toBe('FFFF');
});
