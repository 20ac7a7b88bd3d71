/** The serial adapter on real pseudo-terminals: what a cable, a hub and a stuck device do to it. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LIMITS, type SerialLinkOptions, serialLink } from '#device/adapters/serial-link.js';
import type { SerialLink } from '#device/ports/serial-link.js';
import { openPty, type Pty } from '#simulator/hardware/pty.js';

/** Every wait is for an event; this only bounds it. */
const BOUND_MS = 15_000;
const QUICK: SerialLinkOptions['limits'] = { firstRetryMs: 20, maxRetryMs: 100, watchMs: 100 };

let dir: string;
let link: string;
const cleanUp: (() => void | Promise<void>)[] = [];

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'serial-link-'));
  link = path.join(dir, 'port');
});
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
  fs.rmSync(dir, { recursive: true });
});

class Ear {
  readonly states: string[] = [];
  readonly received: number[] = [];
  #waiting: (() => void)[] = [];

  readonly events = {
    onState: (state: string, why: string | undefined) => {
      this.states.push(why === undefined ? state : `${state} ${why.split(':')[0]}`);
      this.poke();
    },
    onBytes: (bytes: Uint8Array) => {
      this.received.push(...bytes);
      this.poke();
    },
  };

  poke(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async until(condition: () => boolean): Promise<void> {
    const bound = AbortSignal.timeout(BOUND_MS);
    while (!condition()) {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push(resolve);
        bound.addEventListener('abort', () => reject(new Error(`never happened; states ${this.states.join(', ')}`)));
      });
    }
  }
}

function opened(options: Partial<SerialLinkOptions> = {}): { ear: Ear; on: SerialLink } {
  const on = serialLink({ path: link, baudRate: 115_200, limits: QUICK, ...options });
  const ear = new Ear();
  on.start(ear.events);
  cleanUp.push(() => on.stop());
  return { ear, on };
}

async function plugged(): Promise<{ pty: Pty; heard: Ear }> {
  const pty = await openPty({ link });
  const heard = new Ear();
  pty.onData(heard.events.onBytes);
  cleanUp.push(() => pty.close());
  return { pty, heard };
}

const write = (on: SerialLink, bytes: Uint8Array): Promise<string | undefined> =>
  new Promise((resolve) => on.write(bytes, resolve));

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);

describe('a serial link', () => {
  it('carries every byte value both ways', async () => {
    const { pty, heard } = await plugged();
    const { ear, on } = opened();
    await ear.until(() => ear.states.includes('open'));
    expect(await write(on, EVERY_BYTE)).toBeUndefined();
    await heard.until(() => heard.received.length === 256);
    pty.write(EVERY_BYTE);
    await ear.until(() => ear.received.length === 256);
    expect(heard.received).toEqual([...EVERY_BYTE]);
    expect(ear.received).toEqual([...EVERY_BYTE]);
    expect(ear.states).toEqual(['opening', 'open']);
  });

  it('waits for a device that is not there yet, and says so once', async () => {
    const { ear, on } = opened();
    await ear.until(() => ear.states.length === 2);
    expect(await write(on, EVERY_BYTE)).toBe('PORT_CLOSED');
    await plugged();
    await ear.until(() => ear.states.length === 3);
    expect(ear.states).toEqual(['opening', 'lost PORT_ABSENT', 'open']);
  });

  it.each([
    ['gently', undefined],
    ['abruptly', 'abrupt'],
  ] as const)('comes back each time its device is unplugged %s, and tells each change once', async (_, how) => {
    const { pty, heard } = await plugged();
    const { ear, on } = opened();
    const times = 4;
    for (let i = 1; i <= times; i++) {
      await ear.until(() => ear.states.length === 2 * i);
      await write(on, Uint8Array.of(i));
      await heard.until(() => heard.received.includes(i));
      pty.write(Uint8Array.of(100 + i));
      await ear.until(() => ear.received.includes(100 + i));
      await pty.unplug(how);
      await ear.until(() => ear.states.length === 2 * i + 1);
      await pty.replug();
    }
    await ear.until(() => ear.states.length === 2 * times + 2);
    expect(ear.states).toEqual(['opening', 'open', ...Array(times).fill(['lost PORT_LOST', 'open']).flat()]);
  });

  it('takes over a port that another one holds, as soon as that one lets go', async () => {
    await plugged();
    const first = opened();
    await first.ear.until(() => first.ear.states.includes('open'));
    const second = opened();
    await second.ear.until(() => second.ear.states.length === 2);
    first.on.stop();
    await second.ear.until(() => second.ear.states.length === 3);
    expect(second.ear.states).toEqual(['opening', 'lost PORT_BUSY', 'open']);
  });

  it('gives up a write on a port that takes nothing more, and tears the port down', async () => {
    await stuckPty();
    const { ear, on } = opened({ baudRate: 4_000_000, limits: { ...QUICK, writeGraceMs: 200 } });
    await ear.until(() => ear.states.includes('open'));
    const faults = await Promise.all([write(on, new Uint8Array(200_000)), write(on, Uint8Array.of(1))]);
    expect(faults).toEqual(['PORT_STUCK', 'PORT_STUCK']);
    await ear.until(() => ear.states.length >= 3);
    expect(ear.states.slice(0, 3)).toEqual(['opening', 'open', 'lost PORT_STUCK']);
    await ear.until(() => ear.states.length >= 4);
    expect(ear.states[3]).toBe('open');
  });

  it('ends the writes under way when its device is unplugged', async () => {
    await stuckPty();
    const { ear, on } = opened();
    await ear.until(() => ear.states.includes('open'));
    const pending = write(on, new Uint8Array(200_000));
    fs.rmSync(link);
    expect(await pending).toBe('PORT_LOST');
  });

  it('never calls back from within a write', () => {
    const { on } = opened();
    let within = true;
    const called = new Promise<boolean>((resolve) => on.write(EVERY_BYTE, () => resolve(within)));
    within = false;
    return expect(called).resolves.toBe(false);
  });

  it('stops for good: no descriptor left, no event after it, writes ended, in every state', async () => {
    const { pty } = await plugged();
    const target = fs.realpathSync(link);
    const held = (): number =>
      fs.readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return fs.readlinkSync(`/proc/self/fd/${fd}`) === target;
        } catch {
          return false;
        }
      }).length;
    const before = held();
    const open = opened();
    await open.ear.until(() => open.ear.states.includes('open'));
    expect(held()).toBe(before + 1);
    open.on.stop();
    expect(await write(open.on, EVERY_BYTE)).toBe('PORT_CLOSED');
    for (let i = 0; i < 20; i++) opened().on.stop(); // while it opens
    const ear = new Ear();
    const poll = setInterval(() => ear.poke(), 5);
    cleanUp.push(() => clearInterval(poll));
    await ear.until(() => held() === before);
    await pty.unplug();
    await pty.replug();
    expect(open.ear.states).toEqual(['opening', 'open']);
  });

  it('waits longer each time up to its cap, with half of it left to chance', async () => {
    const waits: number[] = [];
    const { ear } = opened({
      limits: { firstRetryMs: 4, maxRetryMs: 16 },
      random: () => {
        waits.push(performance.now());
        ear.poke();
        return 0;
      },
    });
    await ear.until(() => waits.length >= 6);
    expect(ear.states).toEqual(['opening', 'lost PORT_ABSENT']);
    expect(LIMITS.maxRetryMs).toBeLessThanOrEqual(2_000);
  });
});

/** A pty whose master nobody reads. */
async function stuckPty(): Promise<void> {
  const { open } = await import('@lydell/node-pty');
  const { master, slave, ptsName } = open({ encoding: null });
  const keeper = fs.openSync(ptsName, fs.constants.O_RDWR | fs.constants.O_NOCTTY);
  slave.setRawMode(true);
  slave.destroy();
  master.pause();
  master.on('error', () => {});
  fs.symlinkSync(ptsName, link);
  cleanUp.push(() => {
    master.destroy();
    fs.closeSync(keeper);
  });
}
