import { describe, expect, it } from 'vitest';
import { monoMs } from '#protocol/kernel/time.js';
import { type Display, ledDisplay } from './machine.js';

function shown(...chunks: readonly string[]): Display {
  const machine = ledDisplay();
  return chunks.reduce<Display>(
    (state, chunk) =>
      machine.step(state, { kind: 'bytes', bytes: Buffer.from(chunk, 'latin1') }, { mono: monoMs(0), wall: undefined })
        .state,
    machine.initial,
  );
}

describe('a virtual LED8 display', () => {
  it('shows digits under a lamp, wherever the bytes are cut', () => {
    const all = '\x1b@\x0c\x1bQA51.00\r\x1bs2';
    for (let cut = 0; cut <= all.length; cut++)
      expect(shown(all.slice(0, cut), all.slice(cut))).toMatchObject({
        digits: '51.00',
        lamp: 'total',
        complaints: [],
      });
  });

  it('clears its digits and keeps its lamp; initialised, both are dark', () => {
    expect(shown('\x1bQA1\r\x1bs4', '\x0c')).toMatchObject({ digits: '', lamp: 'change' });
    expect(shown('\x1bQA1\r\x1bs4', '\x1b@')).toMatchObject({ digits: '', lamp: 'off' });
  });

  it.each(['\x1bQA123456789\r', '\x1bQAabc\r', '\x1bs9', 'x', '\x1bZ'])(
    'complains of %j and shows the next',
    (bytes) => {
      const state = shown(bytes, '\x1bQA2.50\r');
      expect(state.digits).toBe('2.50');
      expect(state.complaints).toHaveLength(1);
    },
  );
});
