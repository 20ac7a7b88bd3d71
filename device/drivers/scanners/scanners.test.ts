import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc16Xmodem } from '#protocol/codes/crc16.js';
import type { Machine } from '#protocol/kernel/machine.js';
import { cutAt, cuts, DriverBench, expectTranscript } from '../../../test/doubles/driver-bench.js';
import { joinBytes } from '../bytes.js';
import { AFTER_CODE_MS, READ_MS, REPLY_MS, TRIGGER_FRAME } from './gm65.js';
import { SCANNERS, type ScannerName } from './index.js';
import { IDLE_FLUSH_MS, LOST_END_MS, SAME_CODE_MS } from './line.js';
import type { ScannerDriver, ScannerEffect, ScannerInput, ScannerOptions } from './scanner.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const bytes = (data: Uint8Array | string): ScannerInput => ({
  kind: 'bytes',
  bytes: typeof data === 'string' ? utf8(data) : data,
});
const scans = (effects: readonly ScannerEffect[]): string[] =>
  effects.flatMap((effect) => (effect.kind === 'scanned' ? [effect.text] : []));
const codes = (effects: readonly ScannerEffect[]): string[] =>
  effects.flatMap((effect) => (effect.kind === 'noise' ? [effect.code] : []));
const USUAL: ScannerOptions = { suffix: 'cr', stripAimPrefix: false };
const machineOf = (
  name: ScannerName,
  options: Partial<ScannerOptions> = {},
): Machine<unknown, ScannerInput, ScannerEffect> => {
  const driver: ScannerDriver = SCANNERS[name];
  return driver.create({ ...USUAL, ...options });
};
const bench = (options: Partial<ScannerOptions> = {}, name: ScannerName = 'line') =>
  new DriverBench<unknown, ScannerInput, ScannerEffect>(machineOf(name, options), { kind: 'wake' });
const NAMES = Object.keys(SCANNERS) as ScannerName[];
const heeding = (option: keyof ScannerOptions): ScannerName[] =>
  NAMES.filter((name) => (SCANNERS[name].heeds as readonly string[]).includes(option));

const CODE = '6212345678901234567';
const ACK = Uint8Array.of(0x02, 0x00, 0x00, 0x01, 0x00, 0x33, 0x31);

describe.each(NAMES)('a %s scanner', (name) => {
  const driver: ScannerDriver = SCANNERS[name];

  it('stands in the table under its own name', () => {
    expect(driver.name).toBe(name);
  });

  it.each(driver.examples.map((example) => [example.shows, example] as const))(
    'does what its example says, however it is cut: %s',
    (_, example) => {
      expectTranscript(
        () => machineOf(name, example.options),
        example,
        (did, does) => expect(did).toEqual(does),
      );
    },
  );

  it('has examples of a code, and of what is none', () => {
    const kinds = new Set(driver.examples.flatMap(({ does }) => does.map(({ kind }) => kind)));
    const wanted = ['scanned', 'noise'].filter((kind) => !kinds.has(kind as ScannerEffect['kind']));
    expect(wanted.map((kind) => `${name}: write an example of a transcript that ends in "${kind}"`)).toEqual([]);
  });
});

describe.each(heeding('suffix'))('a %s scanner, whose scans end as the port is configured,', (name) => {
  it.each([
    ['CR', 'cr', '\r'],
    ['LF', 'lf', '\n'],
    ['CR LF, as one end', 'crlf', '\r\n'],
    ['TAB, where the port is configured so', 'tab', '\t'],
    ['CR LF though CR was configured', 'cr', '\r\n'],
  ] as const)('ends a scan at %s', (_, suffix, end) => {
    for (const way of cuts(utf8(`${CODE}${end}https://qr.95516.com/a${end}`))) {
      const on = bench({ suffix }, name);
      for (const chunk of way) on.put(bytes(chunk));
      expect(scans(on.effects)).toEqual([CODE, 'https://qr.95516.com/a']);
      expect(codes(on.effects)).toEqual([]);
    }
  });

  it('ends a scan after 100 ms of silence where there is no suffix, and not before', () => {
    const on = bench({ suffix: 'none' }, name);
    on.put(bytes(CODE.slice(0, 9)));
    on.pass(IDLE_FLUSH_MS - 1);
    on.put(bytes(CODE.slice(9)));
    expect(scans(on.pass(IDLE_FLUSH_MS - 1))).toEqual([]);
    expect(scans(on.pass(1))).toEqual([CODE]);
  });

  it('ends a scan by silence even when the wake-up comes late, after the next bytes', () => {
    const on = bench({ suffix: 'none' }, name);
    on.put(bytes('first'));
    on.now += 400;
    on.put(bytes('second'));
    on.pass(IDLE_FLUSH_MS);
    expect(scans(on.effects)).toEqual(['first', 'second']);
  });

  it('does not glue a rest without its end to the next code', () => {
    const on = bench({}, name);
    on.put(bytes('621234'));
    expect(codes(on.pass(LOST_END_MS))).toEqual(['SCAN_WITHOUT_END']);
    expect(scans(on.put(bytes(`${CODE}\r`)))).toEqual([CODE]);
  });

  it('throws an over-long line away once, up to its end, and reads the next', () => {
    for (const size of [1, 7, 4_096, 20_000]) {
      const on = bench({}, name);
      const stream = utf8(`${'x'.repeat(9_000)}\r${CODE}\r`);
      for (let at = 0; at < stream.length; at += size) on.put(bytes(stream.slice(at, at + size)));
      expect(codes(on.effects)).toEqual(['SCAN_TOO_LONG']);
      expect(scans(on.effects)).toEqual([CODE]);
    }
  });

  it('takes 4,096 bytes, the most there may be', () => {
    const on = bench({}, name);
    expect(scans(on.put(bytes(`${'x'.repeat(4_096)}\r`)))).toEqual(['x'.repeat(4_096)]);
    expect(codes(on.put(bytes(`${'x'.repeat(4_097)}\r`)))).toEqual(['SCAN_TOO_LONG']);
  });

  it('reads a UTF-8 character that two chunks share', () => {
    for (const way of cuts(utf8('消费券\r'))) {
      const on = bench({}, name);
      for (const chunk of way) on.put(bytes(chunk));
      expect(scans(on.effects)).toEqual(['消费券']);
    }
  });

  it('calls GBK and other broken UTF-8 noise, without its contents', () => {
    const on = bench({}, name);
    on.put(bytes(Uint8Array.of(0xcf, 0xfb, 0xb7, 0xd1, 0x0d)));
    expect(codes(on.effects)).toEqual(['SCAN_NOT_TEXT']);
  });

  it('calls control bytes noise and never shows what stood around them', () => {
    const on = bench({}, name);
    on.put(bytes(`${CODE}\x1b@\r`));
    expect(codes(on.effects)).toEqual(['SCAN_CONTROL_BYTES']);
    expect(JSON.stringify(on.effects)).not.toContain('621234');
  });

  it('takes the same code within 1.5 s of its last sight as one, and as another after that', () => {
    const on = bench({}, name);
    for (let i = 0; i < 5; i++) {
      on.put(bytes(`${CODE}\r`));
      on.pass(SAME_CODE_MS - 1);
    }
    expect(scans(on.effects)).toEqual([CODE]);
    on.pass(1);
    on.put(bytes(`${CODE}\r`));
    on.put(bytes('other\r'));
    expect(scans(on.effects)).toEqual([CODE, CODE, 'other']);
  });

  it('tells a code again that was held up before anybody wanted it and is still in view, and one that was heeded never', () => {
    const on = bench({}, name);
    const sights = (count: number): string[] => {
      const from = on.effects.length;
      for (let sight = 0; sight < count; sight++) {
        on.put(bytes(`${CODE}\r`));
        on.pass(500);
      }
      return scans(on.effects.slice(from));
    };
    expect(sights(3)).toEqual([CODE]);
    on.put({ kind: 'look', wanted: true });
    expect(sights(3)).toEqual([CODE]);
    // The sale has it. If it is refused, the sale waits for another code, and so does the next customer's.
    on.put({ kind: 'look', wanted: false });
    expect(sights(3)).toEqual([]);
    on.put({ kind: 'look', wanted: true });
    expect(sights(3)).toEqual([]);
  });

  it.runIf(heeding('stripAimPrefix').includes(name))(
    'strips the AIM prefix only where the port is configured so',
    () => {
      expect(scans(bench({ stripAimPrefix: true }, name).put(bytes(`]Q1${CODE}\r]C0\r`)))).toEqual([CODE]);
      expect(scans(bench({}, name).put(bytes(`]Q1${CODE}\r`)))).toEqual([`]Q1${CODE}`]);
    },
  );

  it('forgets half a code when the port is lost', () => {
    const on = bench({}, name);
    on.put(bytes('6212'));
    on.put({ kind: 'link-lost' });
    on.put({ kind: 'link-up' });
    expect(scans(on.put(bytes(`${CODE}\r`)))).toEqual([CODE]);
  });

  it('gives the same scans however the same bytes are cut (law)', () => {
    const piece = fc.oneof(
      fc.constantFrom('\r', '\n', '\r\n', '\t', ']Q1', CODE, '消费券', '', 'x'.repeat(4_100)).map(utf8),
      fc.constant(ACK),
      fc.constant(Uint8Array.of(0x02)),
      fc.uint8Array({ maxLength: 12 }),
    );
    const suffix = fc.constantFrom('cr', 'crlf', 'lf', 'tab', 'none' as const);
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        suffix,
        (parts, places, end) => {
          const stream = joinBytes(...parts);
          const whole = bench({ suffix: end, stripAimPrefix: true }, name);
          const cut = bench({ suffix: end, stripAimPrefix: true }, name);
          whole.put(bytes(stream));
          for (const chunk of cutAt(stream, places)) cut.put(bytes(chunk));
          whole.pass(5_000);
          cut.pass(5_000);
          expect(cut.effects).toEqual(whole.effects);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('a GM65 scanner', () => {
  const wanted: ScannerInput = { kind: 'look', wanted: true };
  const notWanted: ScannerInput = { kind: 'look', wanted: false };
  const triggers = (effects: readonly ScannerEffect[]): number => effects.filter(({ kind }) => kind === 'write').length;
  const plugged = () => {
    const on = bench({}, 'gm65');
    on.put({ kind: 'link-up' });
    return on;
  };

  it('asks for one read with the frame of its manual, and takes the acknowledgement out before the code', () => {
    expect([...TRIGGER_FRAME]).toEqual([0x7e, 0x00, 0x08, 0x01, 0x00, 0x02, 0x01, 0xab, 0xcd]);
    for (const way of cuts(joinBytes(ACK, utf8(`${CODE}\r`)))) {
      const on = plugged();
      expect(on.put(wanted)).toEqual([{ kind: 'write', bytes: TRIGGER_FRAME }]);
      for (const chunk of way) on.put(bytes(chunk));
      on.put(notWanted);
      on.pass(5_000);
      expect(scans(on.effects)).toEqual([CODE]);
      expect(codes(on.effects)).toEqual([]);
      expect(triggers(on.effects)).toBe(1);
    }
  });

  it('is triggered again and again while a code is wanted: after a read that found none, and after each code', () => {
    const on = plugged();
    on.put(wanted);
    on.put(bytes(ACK));
    expect(triggers(on.pass(READ_MS - 1))).toBe(0);
    expect(triggers(on.pass(1))).toBe(1);
    on.put(bytes(ACK));
    on.put(bytes(`${CODE}\r`));
    expect(triggers(on.pass(AFTER_CODE_MS - 1))).toBe(0);
    expect(triggers(on.pass(1))).toBe(1);
    on.put(bytes(ACK));
    on.put(notWanted);
    expect(on.pass(60_000)).toEqual([]);
  });

  it('is triggered as soon as it is plugged in where a code is wanted already', () => {
    const on = bench({}, 'gm65');
    expect(on.put(wanted)).toEqual([]);
    expect(triggers(on.put({ kind: 'link-up' }))).toBe(1);
    on.put({ kind: 'link-lost' });
    expect(on.pass(60_000)).toEqual([]);
    expect(triggers(on.put({ kind: 'link-up' }))).toBe(1);
  });

  it('says so when the trigger is not acknowledged, or is refused, or the reply is broken', () => {
    const on = plugged();
    on.put(wanted);
    expect(codes(on.pass(REPLY_MS))).toEqual(['SCANNER_SILENT']);
    on.put(bytes(Uint8Array.of(2, 0, 0, 1, 0, 0x33, 0x30)));
    const refusal = Uint8Array.of(1, 1, 0);
    const crc = crc16Xmodem(refusal);
    on.put(bytes(Uint8Array.of(2, 0, ...refusal, crc >> 8, crc & 0xff)));
    expect(codes(on.effects)).toEqual(['SCANNER_SILENT', 'SCANNER_REPLY_CRC', 'SCANNER_REFUSED']);
    expect(scans(on.put(bytes(`${CODE}\r`)))).toEqual([CODE]);
  });
});
