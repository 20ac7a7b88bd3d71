import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type DeviceConfig, parseDeviceConfig } from './config/config.js';
import { startDevice } from './main.js';
import type { CounterHealth } from './ports/till.js';

const folder = mkdtempSync(path.join(tmpdir(), 'codeplate-start-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** `more`: further keys of the file, each after a comma. */
function configOf(data: string, more = ''): DeviceConfig {
  const yaml = `{device: plate-001, merchant: yh-02, campaign: youhao-2023, data: ${data}, gateway: {url: "mqtt://127.0.0.1:1"}${more}}`;
  const config = parseDeviceConfig(yaml, path.join(folder, 'device.yaml'));
  if (!config.ok) throw new Error(JSON.stringify(config.fault));
  return config.value;
}

describe('a second agent on one data folder', () => {
  it('ends with a code before it has touched line or hardware', async () => {
    const config = configOf('data-of-two');
    const first = await startDevice(config, { log: () => {} });
    const codes: string[] = [];
    const second = startDevice(config, { log: (_level, code) => codes.push(code) });
    await expect(second).rejects.toMatchObject({
      code: 'JOURNAL_IN_USE',
      message: expect.stringContaining('Stop the other agent first'),
    });
    expect(codes).toEqual([]);
    await first.stop();
    await (await startDevice(config, { log: () => {} })).stop();
  });
});

describe('an agent whose till port is taken', () => {
  it('says so and ends, and its successor finds port and journal free', async () => {
    const other = createServer();
    const port = await new Promise<number>((listening) => {
      other.listen(0, '127.0.0.1', () => {
        const address = other.address();
        listening(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const config = configOf('data', `, till: {http: {port: ${port}}}`);
    const faults: string[] = [];
    const log = (level: string, code: string): unknown => level === 'error' && faults.push(code);
    await expect(startDevice(config, { log })).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
    await new Promise((closed) => other.close(closed));
    const successor = await startDevice(config, { log });
    expect(successor.httpPort).toBe(port);
    expect(faults).toEqual([]);
    await successor.stop();
  });
});

describe('an agent that cannot keep what the gateway tells', () => {
  it('says so and goes on: the gateway tells it again', async () => {
    const config = configOf('data-without');
    mkdirSync(config.data, { recursive: true });
    writeFileSync(path.join(config.data, 'kept'), '');
    const codes: string[] = [];
    const device = await startDevice(config, { log: (_level, code) => codes.push(code) });
    expect(codes).toEqual(['KEEP_WRITE_FAILED', 'SQLITE_DOUBTFUL', 'READY']);
    await device.stop();
  });
});

describe('an agent whose journal cannot be opened', () => {
  it('starts, and says it once', async () => {
    const config = configOf('data-closed');
    mkdirSync(path.join(config.data, 'journal.sqlite'), { recursive: true });
    const codes: string[] = [];
    const device = await startDevice(config, { log: (_level, code) => codes.push(code) });
    expect(codes).toEqual(['JOURNAL_CANNOT_OPEN', 'SQLITE_DOUBTFUL', 'READY']);
    await device.stop();
  });
});

describe('an agent whose scanner and printer are not there', () => {
  it('does not say that all is well, and says which of them to look at', async () => {
    const ports = ', scanner: {path: no-scanner, driver: line}, printer: {path: no-printer, model: generic-58}';
    const device = await startDevice(configOf('data-ports', `${ports}, till: {http: {port: 0}}`), { log: () => {} });
    const health = async (): Promise<CounterHealth> =>
      (await (await fetch(`http://127.0.0.1:${device.httpPort}/v1/health`)).json()) as CounterHealth;
    const isLost = ({ ports: { scanner, printer } }: CounterHealth): boolean =>
      scanner === 'lost' && printer === 'lost';
    let seen = await health();
    while (!isLost(seen)) seen = await health();
    const { line, troubles } = seen;
    expect(line.en).not.toBe('All is well');
    expect(troubles.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['reader-away', 'scanner-away', 'printer-away', 'line-never-up']),
    );
    await device.stop();
  });
});
