/**
 * LED8 客显: eight seven-segment digits and four lamps, as on every small till. It never answers.
 *
 * `ESC @` initialises it, `0C` clears it, `ESC Q A digits CR` shows a number, `ESC s n` lights a lamp.
 */
import { unreachable } from '#protocol/kernel/machine.js';
import { type Fen, fen, formatYuan } from '#protocol/kernel/money.js';
import { joinBytes, latin1Bytes } from '../bytes.js';
import type { DisplayDriver, Showing } from './display.js';

const ESC = 0x1b;
const CLEAR = Uint8Array.of(0x0c);
const CR = 0x0d;
/** The decimal point shares a digit's place; a minus sign takes one. */
const PLACES = 8;

const LAMPS: Readonly<Record<Extract<Showing, { kind: 'amount' }>['lamp'], string>> = {
  off: '0',
  price: '1',
  total: '2',
  received: '3',
  change: '4',
};

export const led8Display: DisplayDriver = {
  name: 'led8',
  baudRate: 2_400,
  examples: [
    { showing: { kind: 'clear' }, bytes: '\u001bs0\f' },
    { showing: { kind: 'amount', fen: fen(5_100), lamp: 'total' }, bytes: '\u001bs2\u001bQA51.00\r' },
    { showing: { kind: 'amount', fen: fen(-550), lamp: 'change' }, bytes: '\u001bs4\u001bQA-5.50\r' },
  ],
  greeting: joinBytes([ESC, 0x40], CLEAR),
  encode(showing) {
    switch (showing.kind) {
      case 'clear':
        return joinBytes(lamp('off'), CLEAR);
      case 'amount':
        return joinBytes(lamp(showing.lamp), digits(showing.fen));
      default:
        return unreachable(showing);
    }
  },
};

const lamp = (name: keyof typeof LAMPS): Uint8Array => joinBytes([ESC, 0x73], latin1Bytes(LAMPS[name]));

/** An amount that doesn't fit isn't shown at all: a truncated amount would be a wrong one. */
function digits(amount: Fen): Uint8Array {
  const text = formatYuan(amount);
  if (text.replace('.', '').length > PLACES) return CLEAR;
  return joinBytes([ESC, 0x51, 0x41], latin1Bytes(text), [CR]);
}
