/**
 * Scanners, voices and displays against their virtual twins, which share no line of code with them. The twins are typed by
 * the drivers' names: a new driver doesn't compile here before it has one.
 */
import { describe, expect, it } from 'vitest';
import { DISPLAYS, type DisplayName } from '#device/drivers/displays/index.js';
import { SCANNERS, type ScannerName } from '#device/drivers/scanners/index.js';
import type {
  ScannerEffect as ScannerDoes,
  ScannerDriver,
  ScannerInput as ScannerHears,
  ScannerOptions,
} from '#device/drivers/scanners/scanner.js';
import { VOICES, type VoiceName } from '#device/drivers/voices/index.js';
import type { VoiceEffect as VoiceDoes, VoiceDriver, VoiceInput as VoiceHears } from '#device/drivers/voices/voice.js';
import type { Machine } from '#protocol/kernel/machine.js';
import { fen } from '#protocol/kernel/money.js';
import { earliestWake, monoMs } from '#protocol/kernel/time.js';
import { type Display, type DisplayInput, ledDisplay } from '#simulator/hardware/display/machine.js';
import { type ScannerInput, type VirtualScanner, virtualScanner } from '#simulator/hardware/scanner/machine.js';
import { type VoiceModule, voiceModule } from '#simulator/hardware/voice/machine.js';
import type { WireEffect, WireInput } from '#simulator/hardware/wire.js';

type DriverEffect = { readonly kind: string; readonly bytes?: Uint8Array | undefined };
type TwinMachine<Twin, Input> = Machine<Twin, Input | WireInput, { readonly kind: string } | WireEffect>;

/** A driver and its twin on one cable, with one clock. */
class OnTheLine<Hears, Does extends DriverEffect, Twin, TwinInput> {
  readonly did: Does[] = [];
  twin: Twin;
  #host: unknown;
  #now = 0;

  constructor(
    readonly driver: Machine<unknown, Hears | { kind: 'bytes'; bytes: Uint8Array } | { kind: 'wake' }, Does>,
    readonly device: TwinMachine<Twin, TwinInput>,
  ) {
    this.#host = driver.initial;
    this.twin = device.initial;
  }

  tell(input: Hears | { kind: 'bytes'; bytes: Uint8Array } | { kind: 'wake' }): void {
    const { state, effects } = this.driver.step(this.#host, input, this.#at());
    this.#host = state;
    for (const effect of effects) {
      if (effect.kind === 'write' && effect.bytes !== undefined) this.turn({ kind: 'bytes', bytes: effect.bytes });
      else this.did.push(effect);
    }
  }

  turn(input: TwinInput | WireInput): void {
    const { state, effects } = this.device.step(this.twin, input, this.#at());
    this.twin = state;
    for (const effect of effects)
      if (effect.kind === 'send' && 'bytes' in effect) this.tell({ kind: 'bytes', bytes: effect.bytes });
  }

  pass(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const wake = earliestWake(this.driver.wakeAt(this.#host), this.device.wakeAt(this.twin));
      if (wake === undefined || wake > until) break;
      this.#now = Math.max(this.#now, wake);
      this.turn({ kind: 'wake' });
      this.tell({ kind: 'wake' });
    }
    this.#now = until;
  }

  #at = () => ({ mono: monoMs(this.#now), wall: undefined });
}

// ---------------------------------------------------------------- scanners

const SCANNER_TWINS = {
  line: ({ suffix, stripAimPrefix }) => virtualScanner({ model: 'line', suffix, aimPrefix: stripAimPrefix }),
  gm65: ({ suffix, stripAimPrefix }) => virtualScanner({ model: 'gm65', suffix, aimPrefix: stripAimPrefix }),
} as const satisfies Record<ScannerName, (options: ScannerOptions) => TwinMachine<VirtualScanner, ScannerInput>>;

function scanner(name: ScannerName, change: Partial<ScannerOptions> = {}) {
  const options: ScannerOptions = { suffix: 'cr', stripAimPrefix: false, ...change };
  const driver: ScannerDriver = SCANNERS[name];
  const line = new OnTheLine<ScannerHears, ScannerDoes, VirtualScanner, ScannerInput>(
    driver.create(options),
    SCANNER_TWINS[name](options),
  );
  line.tell({ kind: 'link-up' });
  line.tell({ kind: 'look', wanted: true });
  const told = (): string[] =>
    line.did.map((effect) => (effect.kind === 'scanned' ? effect.text : effect.kind === 'noise' ? effect.code : ''));
  /** Held up until it is read, with all the time that a module takes to look again. */
  const hold = (code: string | Uint8Array): void => {
    line.turn(typeof code === 'string' ? { kind: 'scan', text: code } : { kind: 'scan', bytes: code });
    line.pass(12_000);
  };
  return { line, told, hold };
}

describe.each(Object.keys(SCANNER_TWINS) as ScannerName[])('a %s scanner and its twin', (name) => {
  it('read what is held up, one code after the other', () => {
    const { told, hold } = scanner(name);
    hold('https://example.com');
    hold('6212345678901234567');
    expect(told()).toEqual(['https://example.com', '6212345678901234567']);
  });

  it('call what is no text noise, and read the next code', () => {
    const { told, hold } = scanner(name);
    hold('0109501101020917\u001d10LOT7');
    hold(Uint8Array.of(0xcf, 0xfb, 0xb7, 0xd1));
    hold('消费券');
    expect(told()).toEqual(['SCAN_CONTROL_BYTES', 'SCAN_NOT_TEXT', '消费券']);
  });

  it.each(
    (['cr', 'lf', 'crlf', 'tab', 'none'] as const).filter(() =>
      (SCANNERS[name].heeds as readonly string[]).includes('suffix'),
    ),
  )('agree on the suffix %s', (suffix) => {
    const { told, hold } = scanner(name, { suffix });
    hold('6212345678901234567');
    hold('6212345678901234568');
    expect(told()).toEqual(['6212345678901234567', '6212345678901234568']);
  });

  it.runIf((SCANNERS[name].heeds as readonly string[]).includes('stripAimPrefix'))('agree on the AIM prefix', () => {
    const { told, hold } = scanner(name, { stripAimPrefix: true });
    hold('6212345678901234567');
    expect(told()).toEqual(['6212345678901234567']);
  });
});

it('a GM65 that nobody triggers reads nothing', () => {
  const { line, told, hold } = scanner('gm65');
  line.tell({ kind: 'look', wanted: false });
  line.pass(20_000);
  hold('https://example.com');
  expect(told()).toEqual([]);
  line.tell({ kind: 'look', wanted: true });
  expect(told()).toEqual(['https://example.com']);
});

// ---------------------------------------------------------------- voices

const VOICE_TWINS = {
  syn6288: () => voiceModule(),
  xfs5152: () => voiceModule({ checkByte: false }),
} as const satisfies Record<VoiceName, () => TwinMachine<VoiceModule, WireInput>>;

describe.each(Object.keys(VOICE_TWINS) as VoiceName[])('a %s voice and its twin', (name) => {
  it('say each sentence once and whole, rare characters too', () => {
    const driver: VoiceDriver = VOICES[name];
    const line = new OnTheLine<VoiceHears, VoiceDoes, VoiceModule, WireInput>(driver.create(), VOICE_TWINS[name]());
    line.tell({ kind: 'link-up' });
    for (const [id, text] of [
      ['s1', '收款五十一元'],
      ['s2', '收款二百一十九元九角，消费券已优惠四十元'],
      ['s3', '镕𠮷'],
    ] as const)
      line.tell({ kind: 'say', id, text, staleAt: monoMs(1e9), replay: false });
    line.pass(120_000);
    expect(line.twin.complaints).toEqual([]);
    expect(line.twin.utterances.map(({ text, end }) => `${text} ${end}`)).toEqual([
      '收款五十一元 whole',
      '收款二百一十九元九角，消费券已优惠四十元 whole',
      '镕𠮷 whole',
    ]);
    expect(line.did.map((effect) => (effect.kind === 'spoken' ? effect.id : effect.kind))).toEqual(['s1', 's2', 's3']);
  });
});

// ---------------------------------------------------------------- displays

const DISPLAY_TWINS = { led8: ledDisplay } as const satisfies Record<
  DisplayName,
  () => Machine<Display, DisplayInput, unknown>
>;

describe.each(Object.keys(DISPLAY_TWINS) as DisplayName[])('a %s display and its twin', (name) => {
  it('show each amount under its lamp, and nothing after it was cleared', () => {
    const driver = DISPLAYS[name];
    const device = DISPLAY_TWINS[name]();
    let twin = device.initial;
    const send = (bytes: Uint8Array): void => {
      twin = device.step(twin, { kind: 'bytes', bytes }, { mono: monoMs(0), wall: undefined }).state;
    };
    send(driver.greeting);
    for (const lamp of ['price', 'total', 'received', 'change'] as const) {
      send(driver.encode({ kind: 'amount', fen: fen(21_990), lamp }));
      expect(twin).toMatchObject({ digits: '219.90', lamp, complaints: [] });
    }
    send(driver.encode({ kind: 'clear' }));
    expect(twin).toMatchObject({ digits: '', lamp: 'off', complaints: [] });
  });
});
