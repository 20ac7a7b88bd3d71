import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parseDeviceConfig } from './config.js';
import { startDevice } from './main.js';

const folder = mkdtempSync(path.join(tmpdir(), 'codeplate-start-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a second agent on one data folder', () => {
  it('ends with a code before it has touched line or hardware', async () => {
    const config = parseDeviceConfig(
      '{device: plate-001, merchant: yh-02, campaign: youhao-2023, data: data-of-two, gateway: {url: "mqtt://127.0.0.1:1"}}',
      path.join(folder, 'device.yaml'),
    );
    if (!config.ok) throw new Error(JSON.stringify(config.fault));
    const first = await startDevice(config.value, { log: () => {} });
    const codes: string[] = [];
    const second = startDevice(config.value, { log: (_level, code) => codes.push(code) });
    await expect(second).rejects.toMatchObject({
      code: 'JOURNAL_IN_USE',
      message: expect.stringContaining('Stop the other agent first'),
    });
    expect(codes).toEqual([]);
    await first.stop();
    await (await startDevice(config.value, { log: () => {} })).stop();
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
    const config = parseDeviceConfig(
      `{device: plate-001, merchant: yh-02, campaign: youhao-2023, data: data, gateway: {url: "mqtt://127.0.0.1:1"}, till: {http: {port: ${port}}}}`,
      path.join(folder, 'device.yaml'),
    );
    if (!config.ok) throw new Error(JSON.stringify(config.fault));
    const faults: string[] = [];
    const log = (level: string, code: string): unknown => level === 'error' && faults.push(code);
    await expect(startDevice(config.value, { log })).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
    await new Promise((closed) => other.close(closed));
    const successor = await startDevice(config.value, { log });
    expect(successor.httpPort).toBe(port);
    expect(faults).toEqual([]);
    await successor.stop();
  });
});

describe('an agent that cannot keep what the gateway tells', () => {
  it('says so and goes on: the gateway tells it again', async () => {
    const config = parseDeviceConfig(
      '{device: plate-001, merchant: yh-02, campaign: youhao-2023, data: data-without, gateway: {url: "mqtt://127.0.0.1:1"}}',
      path.join(folder, 'device.yaml'),
    );
    if (!config.ok) throw new Error(JSON.stringify(config.fault));
    mkdirSync(config.value.data, { recursive: true });
    writeFileSync(path.join(config.value.data, 'kept'), '');
    const codes: string[] = [];
    const device = await startDevice(config.value, { log: (_level, code) => codes.push(code) });
    expect(codes).toEqual(['KEEP_WRITE_FAILED', 'READY']);
    await device.stop();
  });
});

describe('an agent whose journal cannot be opened', () => {
  it('starts, and says it once', async () => {
    const config = parseDeviceConfig(
      '{device: plate-001, merchant: yh-02, campaign: youhao-2023, data: data-closed, gateway: {url: "mqtt://127.0.0.1:1"}}',
      path.join(folder, 'device.yaml'),
    );
    if (!config.ok) throw new Error(JSON.stringify(config.fault));
    mkdirSync(path.join(config.value.data, 'journal.sqlite'), { recursive: true });
    const codes: string[] = [];
    const device = await startDevice(config.value, { log: (_level, code) => codes.push(code) });
    expect(codes).toEqual(['JOURNAL_CANNOT_OPEN', 'READY']);
    await device.stop();
  });
});
