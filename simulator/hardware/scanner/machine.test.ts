import { describe, expect, it } from 'vitest';
import { monoMs } from '#protocol/kernel/time.js';
import { type ScannerInput, type ScannerOptions, virtualScanner } from './machine.js';

/** What a scanner says, run on a clock of its own; inputs come `at` their times. */
function said(options: ScannerOptions, inputs: readonly [number, ScannerInput][], until = 10_000): string[] {
  const machine = virtualScanner(options);
  let state = machine.initial;
  const out: string[] = [];
  const step = (at: number, input: ScannerInput): void => {
    const done = machine.step(state, input, { mono: monoMs(at), wall: undefined });
    state = done.state;
    for (const effect of done.effects) {
      if (effect.kind === 'send') out.push(`${at} ${Buffer.from(effect.bytes).toString('latin1')}`);
    }
  };
  const wakes = (before: number): void => {
    for (let w = machine.wakeAt(state); w !== undefined && w < before; w = machine.wakeAt(state))
      step(w, { kind: 'wake' });
  };
  for (const [at, input] of inputs) {
    wakes(at);
    step(at, input);
  }
  wakes(until);
  return out;
}

const TRIGGER: ScannerInput = { kind: 'bytes', bytes: Buffer.from('7E000801000201ABCD', 'hex') };
const ACK = '\x02\x00\x00\x01\x0031';

describe('a virtual scanner', () => {
  it.each([
    ['cr', 'A\r'],
    ['crlf', 'A\r\n'],
    ['lf', 'A\n'],
    ['tab', 'A\t'],
    ['none', 'A'],
  ] as const)('ends a code with %s', (suffix, line) => {
    expect(said({ suffix }, [[0, { kind: 'scan', text: 'A' }]])).toEqual([`0 ${line}`]);
  });

  it('reads the same phone again while it stays in view', () => {
    const scan: ScannerInput = { kind: 'scan', text: 'A', times: 3, everyMs: 400 };
    expect(said({}, [[0, scan]])).toEqual(['0 A\r', '400 A\r', '800 A\r']);
  });

  it('prints an AIM prefix where it is set to, and any bytes whatever', () => {
    const bytes = Uint8Array.of(0xc4, 0xfa, 0xff);
    expect(said({ aimPrefix: true }, [[0, { kind: 'scan', bytes }]])).toEqual(['0 ]Q1\xc4\xfa\xff\r']);
  });

  it('GM65: waits for its trigger, and acknowledges before the code, with no line end between', () => {
    const held: ScannerInput = { kind: 'scan', text: 'A' };
    expect(said({ model: 'gm65' }, [[0, held]])).toEqual([]);
    expect(
      said({ model: 'gm65' }, [
        [0, held],
        [50, TRIGGER],
      ]),
    ).toEqual([`50 ${ACK}`, '50 A\r']);
    expect(
      said({ model: 'gm65' }, [
        [0, TRIGGER],
        [900, held],
        [950, held],
      ]),
    ).toEqual([`0 ${ACK}`, '900 A\r']);
  });

  it('GM65: looks for five seconds, hears a trigger cut anywhere, and ignores a wrong CRC', () => {
    const held: ScannerInput = { kind: 'scan', text: 'A' };
    expect(
      said({ model: 'gm65' }, [
        [0, TRIGGER],
        [5001, held],
      ]),
    ).toEqual([`0 ${ACK}`]);
    const hex = '7E000801000201ABCD';
    for (let cut = 2; cut < hex.length; cut += 2) {
      const parts = [hex.slice(0, cut), hex.slice(cut)].map((part) => Buffer.from(part, 'hex'));
      const inputs = parts.map((bytes, i): [number, ScannerInput] => [i, { kind: 'bytes', bytes }]);
      expect(said({ model: 'gm65' }, inputs)).toEqual([`1 ${ACK}`]);
    }
    const wrong = Buffer.from('7E0008010002011234', 'hex');
    expect(said({ model: 'gm65' }, [[0, { kind: 'bytes', bytes: wrong }]])).toEqual([]);
  });

  it('can drop a byte of the next code', () => {
    const fault = { way: 'said', frame: 'SCAN', does: { kind: 'drop-byte', at: 1 } } as const;
    const scan: ScannerInput = { kind: 'scan', text: '6212' };
    expect(
      said({}, [
        [0, { kind: 'fault', fault }],
        [1, scan],
        [2, scan],
      ]),
    ).toEqual(['1 612\r', '2 6212\r']);
  });
});
