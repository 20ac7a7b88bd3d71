/** The GM65 driver and the virtual module, each on its side of one line: a module that nobody triggers reads nothing. */
import { expect, it } from 'vitest';
import { SCANNERS } from '#device/drivers/scanners/index.js';
import { earliestWake, type Instant, monoMs } from '#protocol/time.js';
import { virtualScanner } from '#simulator/hardware/scanner/machine.js';

type DriverInput = Parameters<ReturnType<(typeof SCANNERS)['gm65']['create']>['step']>[1];
type ModuleInput = Parameters<ReturnType<typeof virtualScanner>['step']>[1];

function counter() {
  const driver = SCANNERS.gm65.create({ suffix: 'cr', stripAimPrefix: false });
  const module = virtualScanner({ model: 'gm65' });
  let host = driver.initial;
  let scanner = module.initial;
  let now = 0;
  const read: string[] = [];
  const at = (): Instant => ({ mono: monoMs(now), wall: undefined });
  function toDriver(input: DriverInput): void {
    const step = driver.step(host, input, at());
    host = step.state;
    for (const effect of step.effects) {
      if (effect.kind === 'write') toModule({ kind: 'bytes', bytes: effect.bytes });
      else read.push(effect.kind === 'scanned' ? effect.text : effect.code);
    }
  }
  function toModule(input: ModuleInput): void {
    const step = module.step(scanner, input, at());
    scanner = step.state;
    for (const effect of step.effects) if (effect.kind === 'send') toDriver({ kind: 'bytes', bytes: effect.bytes });
  }
  function pass(ms: number): void {
    const until = now + ms;
    for (;;) {
      const wake = earliestWake(driver.wakeAt(host), module.wakeAt(scanner));
      if (wake === undefined || wake > until) break;
      now = Math.max(now, wake);
      toModule({ kind: 'wake' });
      toDriver({ kind: 'wake' });
    }
    now = until;
  }
  toDriver({ kind: 'link-up' });
  return {
    read,
    pass,
    look: (wanted: boolean) => toDriver({ kind: 'look', wanted }),
    hold: (text: string) => toModule({ kind: 'scan', text }),
  };
}

it('reads what is held up while a code is wanted, one code after the other, and nothing else', () => {
  const { read, pass, look, hold } = counter();
  hold('https://example.com');
  pass(20_000);
  expect(read).toEqual([]);
  look(true);
  expect(read).toEqual(['https://example.com']);
  pass(12_000);
  hold('6212345678901234567');
  expect(read).toEqual(['https://example.com', '6212345678901234567']);
  look(false);
  pass(6_000);
  hold('6212345678901234568');
  pass(20_000);
  expect(read).toHaveLength(2);
});
