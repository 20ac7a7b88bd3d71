import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { SerialPort } from 'serialport';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { onPty } from './on-pty.js';
import { openPty, type Pty } from './pty.js';
import { write } from './readers/crp/frame.js';
import { crpReader, once } from './readers/crp/machine.js';
import { virtualScanner } from './scanner/machine.js';

let folder: string;
const open: { close(): Promise<void> }[] = [];
const ports: SerialPort[] = [];

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'codeplate-pty-'));
});

afterEach(async () => {
  for (const port of ports.splice(0)) if (port.isOpen) await new Promise((resolve) => port.close(resolve));
  for (const thing of open.splice(0)) await thing.close();
  expect(fs.readdirSync(folder)).toEqual([]);
  fs.rmSync(folder, { recursive: true });
});

const keep = <T extends { close(): Promise<void> }>(thing: T): T => {
  open.push(thing);
  return thing;
};

const plugged = async (name = 'port'): Promise<Pty> => keep(await openPty({ link: path.join(folder, name) }));

/** A host as the agent is one. */
async function host(link: string): Promise<{ port: SerialPort; chunks: Buffer[]; text: () => string }> {
  const port = new SerialPort({ path: link, baudRate: 115200, autoOpen: false });
  ports.push(port);
  await new Promise<void>((resolve, reject) => {
    port.open((error) => (error === null ? resolve() : reject(error)));
  });
  const chunks: Buffer[] = [];
  port.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { port, chunks, text: () => Buffer.concat(chunks).toString('latin1') };
}

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, i) => i);

describe('a virtual serial port', () => {
  it('passes all 256 byte values both ways, unchanged and without echo', async () => {
    const pty = await plugged();
    const heard: Uint8Array[] = [];
    pty.onData((bytes) => heard.push(bytes));
    const { port, chunks } = await host(pty.link);
    for (let i = 0; i < 20; i++) pty.write(EVERY_BYTE);
    port.write(EVERY_BYTE);
    await vi.waitFor(() => expect(Buffer.concat(chunks)).toHaveLength(20 * 256), 5000);
    await vi.waitFor(() => expect(Buffer.concat(heard)).toEqual(Buffer.from(EVERY_BYTE)), 5000);
    expect(Buffer.concat(chunks).subarray(-256)).toEqual(Buffer.from(EVERY_BYTE));
  });

  it('lets one host in at a time, as hardware does', async () => {
    const pty = await plugged();
    await host(pty.link);
    await expect(host(pty.link)).rejects.toThrow(/lock/i);
  });

  it('unplugged, its path is gone and the host sees it disconnected; replugged, the same path works again', async () => {
    const pty = await plugged();
    for (let i = 0; i < 5; i++) {
      const { port, text } = await host(pty.link);
      pty.write(Buffer.from('here'));
      await vi.waitFor(() => expect(text()).toBe('here'), 5000);
      const closed = new Promise<{ disconnected?: boolean }>((resolve) => port.once('close', resolve));
      await pty.unplug();
      expect(await closed).toMatchObject({ disconnected: true });
      expect(fs.existsSync(pty.link)).toBe(false);
      pty.write(EVERY_BYTE); // lost, as on a cable
      await pty.replug();
      const again = await host(pty.link);
      pty.write(Buffer.from(`again ${i}`));
      await vi.waitFor(() => expect(again.text()).toBe(`again ${i}`), 5000);
      expect(text()).toBe('here');
      await new Promise((resolve) => again.port.close(resolve));
    }
  });

  it('leaves no descriptor behind, however often it is plugged', async () => {
    const descriptors = (): number => fs.readdirSync('/proc/self/fd').length;
    const first = await openPty({ link: path.join(folder, 'first') });
    await first.close();
    const before = descriptors();
    for (let i = 0; i < 10; i++) {
      const pty = await openPty({ link: path.join(folder, 'again') });
      pty.write(EVERY_BYTE);
      await pty.close();
    }
    expect(descriptors()).toBe(before);
  });

  it('takes no file’s place, and leaves nothing open where its link can’t be made', async () => {
    const descriptors = (): number => fs.readdirSync('/proc/self/fd').length;
    const first = await openPty({ link: path.join(folder, 'first') });
    await first.close();
    const before = descriptors();
    fs.writeFileSync(path.join(folder, 'device.yaml'), 'mine');
    await expect(openPty({ link: path.join(folder, 'device.yaml') })).rejects.toThrow('no link to a device');
    await expect(openPty({ link: path.join(folder, 'nowhere', 'port') })).rejects.toThrow('ENOENT');
    expect(fs.readFileSync(path.join(folder, 'device.yaml'), 'utf8')).toBe('mine');
    expect(descriptors()).toBe(before);
    fs.rmSync(path.join(folder, 'device.yaml'));
  });

  it('does not block, and loses nothing, when the host reads slowly', async () => {
    const pty = await plugged();
    const { port, chunks } = await host(pty.link);
    port.pause();
    const long = Buffer.alloc(300_000, 'receipt ');
    pty.write(long);
    let turns = 0;
    await new Promise<void>((resolve) => {
      const turn = (): void => {
        turns += 1;
        if (turns === 100) resolve();
        else setImmediate(turn);
      };
      turn();
    });
    expect(Buffer.concat(chunks).length).toBeLessThan(long.length);
    port.resume();
    await vi.waitFor(() => expect(Buffer.concat(chunks).equals(long)).toBe(true), 10_000);
  });

  it('can be unplugged while it is full', async () => {
    const pty = await plugged();
    pty.write(Buffer.alloc(300_000)); // nobody reads at all
    await pty.unplug();
    await pty.replug();
    const { text } = await host(pty.link);
    pty.write(Buffer.from('fresh'));
    await vi.waitFor(() => expect(text()).toBe('fresh'), 5000);
  });

  it('cuts into single bytes, gathers into one chunk, and paces, without changing what is said', async () => {
    const pty = await plugged();
    const { chunks, text } = await host(pty.link);
    pty.shape({ chunkBytes: 1 });
    pty.write(Buffer.from('one by one'));
    await vi.waitFor(() => expect(text()).toBe('one by one'), 5000);
    expect(chunks.length).toBeGreaterThan(3);
    chunks.length = 0;
    pty.shape({ gatherMs: 30 });
    for (const word of ['all ', 'at ', 'once']) pty.write(Buffer.from(word));
    await vi.waitFor(() => expect(chunks.map(String)).toEqual(['all at once']), 5000);
    chunks.length = 0;
    pty.shape({ baud: 9600 });
    const began = performance.now();
    pty.write(Buffer.alloc(96));
    await vi.waitFor(() => expect(text()).toHaveLength(96), 5000);
    expect(performance.now() - began).toBeGreaterThan(90); // 960 bits at 9600 a second: never faster
  });
});

describe('a device on a virtual port', () => {
  it('reads what is held before the scanner', async () => {
    const scanner = keep(await onPty(virtualScanner({ suffix: 'crlf' }), { link: path.join(folder, 'scanner') }));
    const { text } = await host(scanner.pty.link);
    scanner.input({ kind: 'scan', text: '6212345678901234567', times: 2, everyMs: 20 });
    await vi.waitFor(() => expect(text()).toBe('6212345678901234567\r\n6212345678901234567\r\n'), 5000);
  });

  it('sells over CRP/1, loses its cable after the ACK, and still knows the sale when it is back', async () => {
    const reader = keep(await onPty(crpReader(), { link: path.join(folder, 'reader') }));
    const before = await host(reader.pty.link);
    before.port.write(write('HELO', '01', ['1', 'test']));
    await vi.waitFor(() => expect(before.text()).toContain('$HELO|01|1|VIRTUAL-CRP|'), 5000);
    reader.input(once('said', 'ACK SALE', { kind: 'unplug-after', backAfterMs: 50 }));
    const closed = new Promise((resolve) => before.port.once('close', resolve));
    before.port.write(write('SALE', '02', ['S-1', '5100', '156', '60']));
    await closed;
    await vi.waitFor(() => expect(fs.existsSync(reader.pty.link)).toBe(true), 5000);
    const after = await host(reader.pty.link);
    after.port.write(write('HELO', '01', ['1', 'test']));
    await vi.waitFor(() => expect(reader.state.bank.book).toMatchObject([{ ref: 'S-1', state: 'moved' }]), 5000);
    after.port.write(write('STAT', '02', ['S-1']));
    await vi.waitFor(() => expect(after.text()).toMatch(/\$RSLT\|..\|S-1\|APPROVED\|5100\|156\|/), 5000);
  });
});
