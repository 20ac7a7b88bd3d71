/** The hardware process as scenarios use it: a real child, real ports. Needs the build. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SerialPort } from 'serialport';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isLine, type PaperDocument, sentText } from './printer/paper/document.js';
import { HardwareProcess } from './process.js';
import { write } from './readers/crp/frame.js';

const codeplate = fileURLToPath(new URL('../../bin/codeplate.js', import.meta.url));

let folder: string;
let hardware: HardwareProcess;
const ports: SerialPort[] = [];
const at = (name: string): string => path.join(folder, name);

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'codeplate-hardware-'));
  hardware = await HardwareProcess.start();
});

afterEach(async () => {
  for (const port of ports.splice(0)) if (port.isOpen) await new Promise((resolve) => port.close(resolve));
  await hardware.stop();
  expect(fs.readdirSync(folder)).toEqual([]);
  fs.rmSync(folder, { recursive: true });
});

async function host(link: string): Promise<{ port: SerialPort; text: () => string }> {
  const port = new SerialPort({ path: link, baudRate: 115200, autoOpen: false });
  ports.push(port);
  await new Promise<void>((resolve, reject) => {
    port.open((error) => (error === null ? resolve() : reject(error)));
  });
  const chunks: Buffer[] = [];
  port.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { port, text: () => Buffer.concat(chunks).toString('latin1') };
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('a hardware process', () => {
  it('carries a whole counter', async () => {
    const scanner = await hardware.scanner('scanner', at('scanner'), { suffix: 'lf' });
    const reader = await hardware.reader('reader', at('reader'));
    const printer = await hardware.printer('printer', at('printer'));
    const voice = await hardware.voice('voice', at('voice'), { msPerCharacter: 1 });
    const display = await hardware.display('display', at('display'));

    const scans = await host(scanner.link);
    await scanner.scan('6212345678901234567');
    await vi.waitFor(() => expect(scans.text()).toBe('6212345678901234567\n'), 5000);

    await reader.pays({ kind: 'decline' });
    const sale = await host(reader.link);
    sale.port.write(write('HELO', '01', ['1', 'test']));
    const declined = reader.next((event) => Reflect.get(event, 'state') === 'DECLINED');
    sale.port.write(write('SALE', '02', ['S-1', '5100', '156', '60']));
    await declined;
    expect(await reader.book()).toEqual([
      { ref: 'S-1', kind: 'sale', amountFen: 5100, state: 'not-moved', original: null },
    ]);
    expect(await reader.balanceFen()).toBe(0);

    const bytes: Uint8Array[] = [];
    const paper: PaperDocument[] = [];
    printer.onBytes((chunk) => bytes.push(chunk));
    printer.onPrinted((document) => paper.push(document));
    const print = await host(printer.link);
    const job = Buffer.from('\x1b@\x1c&\xc4\xfa\xba\xc3\n\x1dV\x42\x00\x10\x04\x04', 'latin1');
    print.port.write(job);
    await vi.waitFor(() => expect(print.text()).toBe('\x12'), 5000);
    await vi.waitFor(
      () => expect(paper.map(({ items }) => items.filter(isLine).map(sentText))).toEqual([['您好']]),
      5000,
    );
    expect(Buffer.concat(bytes)).toEqual(job);
    await printer.turn({ kind: 'paper-out' });
    print.port.write(Buffer.from([0x10, 0x04, 0x04]));
    await vi.waitFor(() => expect(print.text()).toBe('\x12\x72'), 5000);

    const speech = await host(voice.link);
    const spoke = voice.next((event) => event.kind === 'spoke');
    speech.port.write(Buffer.from('FD000B0101D3EED2F4CCECCFC2C0', 'hex')); // the datasheet's own example
    await spoke;
    expect(await voice.utterances()).toEqual([{ text: '宇音天下', music: 0, end: 'whole' }]);
    await vi.waitFor(() => expect(speech.text()).toBe('\x41\x4f'), 5000);

    const screen = await host(display.link);
    const lit = display.next((event) => Reflect.get(event, 'lamp') === 'total');
    screen.port.write(Buffer.from('\x1b@\x1bQA51.00\r\x1bs2', 'latin1'));
    await lit;
    expect(await display.shown()).toEqual({ digits: '51.00', lamp: 'total' });
  });

  it('unplugs and replugs by order, and by a fault in the middle of a frame', async () => {
    const reader = await hardware.reader('reader', at('reader'));
    await reader.unplug();
    expect(fs.existsSync(reader.link)).toBe(false);
    await reader.replug();
    await reader.fault({
      way: 'said',
      frame: 'ACK HELO',
      does: { kind: 'unplug-within', bytes: 3, backAfterMs: 50 },
    });
    const { port, text } = await host(reader.link);
    const closed = new Promise((resolve) => port.once('close', resolve));
    port.write(write('HELO', '01', ['1', 'test']));
    await closed;
    expect(text()).toBe('$AC');
    await vi.waitFor(() => expect(fs.existsSync(reader.link)).toBe(true), 5000);
  });

  it('refuses what makes no sense, with a sentence, and goes on', async () => {
    await hardware.scanner('scanner', at('scanner'));
    await expect(hardware.scanner('scanner', at('other'))).rejects.toThrow('there is already a device "scanner"');
    await expect(hardware.order({ do: 'report', name: 'nobody' })).rejects.toThrow('there is no device "nobody"');
    await expect(hardware.order({ do: 'knob', name: 'scanner', knob: { kind: 'explode' } })).rejects.toThrow(/kind/);
    await expect(hardware.order({ do: 'dance', name: 'scanner' })).rejects.toThrow(/do/);
    expect(await hardware.order({ do: 'report', name: 'scanner' })).toEqual({ unread: 0 });
  });

  it('ends with its standard input also where a port could not be placed, and takes nobody’s file for its link', async () => {
    const file = at('taken');
    fs.writeFileSync(file, 'somebody’s');
    const orders = [at('no-such-folder/p'), file].map((link, id) => ({
      id,
      do: 'create',
      device: 'printer',
      name: `printer-${id}`,
      link,
    }));
    const { status, stdout } = spawnSync(process.execPath, [codeplate, 'virtual-hardware'], {
      input: orders.map((order) => `${JSON.stringify(order)}\n`).join(''),
      encoding: 'utf8',
      timeout: 20_000,
      killSignal: 'SIGKILL',
    });
    expect(stdout).toMatch(/"id":0,"ok":false,.*no-such-folder/);
    expect(stdout).toMatch(/"id":1,"ok":false,.*is there already, and no link to a device/);
    expect(status).toBe(0);
    expect(fs.readFileSync(file, 'utf8')).toBe('somebody’s');
    fs.rmSync(file);
  }, 30_000);

  it('ends with its parent’s line to it, leaving no process and no port', async () => {
    await hardware.scanner('scanner', at('scanner'));
    const { pid } = hardware;
    await hardware.stop();
    expect(pid === undefined || isAlive(pid)).toBe(false);
    await expect(hardware.order({ do: 'report', name: 'scanner' })).rejects.toThrow('has ended');
  });
});
