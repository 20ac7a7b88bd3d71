/** The gateway as an operator has it: one file, one process, and signals. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, watch, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import mqtt, { type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bounded } from '#simulator/processes/waiting.js';
import { testCampaign } from '../../test/contract/ledger-fixture.js';

const BIN = fileURLToPath(new URL('../codeplate.js', import.meta.url));
const WITHIN_MS = 20_000;

let folder: string;
let file: string;
let child: ChildProcess | undefined;
const clients: MqttClient[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'codeplate-gateway-'));
  file = join(folder, 'gateway.yaml');
  writeFileSync(join(folder, 'campaign.json'), JSON.stringify(testCampaign()));
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.end(true);
  if (child?.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  child = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** Device ids and their passwords. */
type Devices = Readonly<Record<string, string>>;

function configure(devices: Devices, more = ''): void {
  const entries = Object.entries(devices).map(([id, password]) => `  - { id: ${id}, password: "${password}" }`);
  const least = 'campaign: campaign.json\ndata: data\nmqtt: { port: 0 }\nhttp: { port: 0 }';
  writeFileSync(file, [least, 'devices:', ...entries, more].join('\n'));
}

const start = (...args: string[]): ChildProcess => {
  child = spawn(process.execPath, [BIN, 'gateway', '--config', file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  return child;
};

/** The line of `stream` that holds `words`. */
function line(stream: NodeJS.ReadableStream | null, words: string): Promise<string> {
  if (stream === null) throw new Error('the child has no such stream');
  const found = new Promise<string>((resolve) => {
    createInterface({ input: stream }).on('line', (one) => {
      if (one.includes(words)) resolve(one);
    });
  });
  return bounded(`a line with ${words}`, WITHIN_MS, found);
}

async function connect(port: number, device: string, password: string): Promise<MqttClient | 'refused'> {
  const options = { clientId: device, username: device, password, reconnectPeriod: 0 };
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, options);
  clients.push(client);
  const outcome = new Promise<MqttClient | 'refused'>((resolve) => {
    client.once('connect', () => resolve(client));
    client.once('error', () => resolve('refused'));
  });
  return bounded(`an answer to ${device}`, WITHIN_MS, outcome);
}

async function letIn(port: number, device: string, password: string): Promise<MqttClient> {
  const client = await connect(port, device, password);
  if (client === 'refused') throw new Error(`${device} was refused`);
  return client;
}

function closed(client: MqttClient): Promise<void> {
  const end = new Promise<void>((resolve) => {
    if (client.connected) client.once('close', () => resolve());
    else resolve();
  });
  return bounded('the end of a connection', WITHIN_MS, end);
}

describe('codeplate gateway', () => {
  it('takes other devices while it runs, cuts off who may not stay, and leaves the rest alone', async () => {
    configure({ stays: 'password-1', lost: 'password-2', renewed: 'password-3' });
    const gateway = start('--json');
    const ready = await line(gateway.stdout, 'mqttPort');
    const { mqttPort } = JSON.parse(ready) as { readonly mqttPort: number };
    const [stays, lost, renewed] = await Promise.all([
      letIn(mqttPort, 'stays', 'password-1'),
      letIn(mqttPort, 'lost', 'password-2'),
      letIn(mqttPort, 'renewed', 'password-3'),
    ]);
    configure({ stays: 'password-1', renewed: 'password-4', fresh: 'password-5' }, 'leaseSeconds: 60');
    const taken = line(gateway.stderr, 'DEVICES_TAKEN');
    const asked = line(gateway.stderr, 'RESTART_NEEDED');
    gateway.kill('SIGHUP');
    expect(JSON.parse(await taken)).toMatchObject({ added: ['fresh'], removed: ['lost'], changed: ['renewed'] });
    expect(JSON.parse(await asked)).toMatchObject({ others: ['leaseSeconds'] });
    await Promise.all([closed(lost), closed(renewed)]);
    expect(await connect(mqttPort, 'lost', 'password-2')).toBe('refused');
    expect(await connect(mqttPort, 'renewed', 'password-3')).toBe('refused');
    await letIn(mqttPort, 'renewed', 'password-4');
    await letIn(mqttPort, 'fresh', 'password-5');
    expect(stays.connected).toBe(true);
  });

  it('takes other devices as soon as it is ready where it is told to while it starts', async () => {
    configure({ lost: 'password-1' });
    const starting = new Promise<void>((resolve) => {
      const watcher = watch(folder, (_, name) => {
        if (name !== 'data') return;
        watcher.close();
        resolve();
      });
    });
    const gateway = start('--json');
    const ready = line(gateway.stdout, 'mqttPort');
    const taken = line(gateway.stderr, 'DEVICES_TAKEN');
    await bounded('its folder', WITHIN_MS, starting); // made after the configuration was read, and before the ledger
    configure({ fresh: 'password-2' });
    gateway.kill('SIGHUP');
    const { mqttPort } = JSON.parse(await ready) as { readonly mqttPort: number };
    expect(JSON.parse(await taken)).toMatchObject({ added: ['fresh'], removed: ['lost'] });
    expect(await connect(mqttPort, 'lost', 'password-1')).toBe('refused');
    await letIn(mqttPort, 'fresh', 'password-2');
  });

  it('keeps its devices where the configuration has become wrong, and names what is', async () => {
    configure({ d1: 'password-1' });
    const gateway = start('--json');
    const { mqttPort } = JSON.parse(await line(gateway.stdout, 'mqttPort')) as { readonly mqttPort: number };
    const d1 = await letIn(mqttPort, 'd1', 'password-1');
    configure({ d2: 'short' });
    const refused = line(gateway.stderr, 'DEVICES_NOT_TAKEN');
    gateway.kill('SIGHUP');
    expect(JSON.parse(await refused)).toMatchObject({ what: expect.stringContaining('devices[0].password') });
    configure({}); // the last one taken out, and the heading left
    const emptied = line(gateway.stderr, 'devices: null');
    gateway.kill('SIGHUP');
    expect(JSON.parse(await emptied)).toMatchObject({ what: expect.stringContaining('[] for none') });
    expect(d1.connected).toBe(true);
    await letIn(mqttPort, 'd1', 'password-1');
    const ended = once(gateway, 'exit');
    gateway.kill('SIGTERM');
    expect(await bounded('the stop', WITHIN_MS, ended)).toEqual([0, null]);
  });

  it.each([
    ['in order', { d1: 'password-1' }, 0, /can be started, but:\n {2}CAMPAIGN_OVER: campaign/],
    [
      'wrong',
      { d1: 'short', D2: 'password-2' },
      2,
      /CONFIG_INVALID[\s\S]*devices\[0\]\.password[\s\S]*devices\[1\]\.id/,
    ],
  ])('only reads a configuration that is %s, when asked to', async (_, devices, code, says) => {
    configure(devices);
    const { stdout, stderr } = start('--check');
    if (stdout === null || stderr === null || child === undefined) throw new Error('no child');
    const [[exit], out, err] = await Promise.all([once(child, 'exit'), text(stdout), text(stderr)]);
    expect(exit).toBe(code);
    expect(out + err).toMatch(says);
  });

  it.each([
    ['{ "id": 7, "tiers": "none" }', [/campaign\.json: id: 7 - /, /campaign\.json: tiers: "none" - /]],
    [`${'['.repeat(200_000)}${']'.repeat(200_000)}`, [/campaign\.json: nested deeper than/]],
    ['{', [/campaign: .*campaign\.json - The campaign file cannot be read/]],
  ])('finds what is wrong with the campaign as well, when asked to (%#)', async (document, says) => {
    configure({ d1: 'password-1' });
    writeFileSync(join(folder, 'campaign.json'), document);
    const { stderr } = start('--check');
    if (stderr === null || child === undefined) throw new Error('no child');
    const [[exit], told] = await Promise.all([once(child, 'exit'), text(stderr)]);
    expect(exit).toBe(2);
    for (const what of says) expect(told).toMatch(what);
  });

  it.each([
    ['a port that another process has', (taken: number) => `http: { port: ${taken} }`, 'ADDRESS_IN_USE', 'http: 127'],
    // TEST-NET-3 (RFC 5737): nobody's.
    [
      'an address of another machine',
      () => 'mqtt: { port: 0, host: 203.0.113.7, insecure: true }',
      'ADDRESS_UNUSABLE',
      'mqtt: 203',
    ],
    [
      'a name that is no address',
      () => 'http: { port: 0, host: no.such.invalid, insecure: true }',
      'ADDRESS_UNUSABLE',
      'http: no.such',
    ],
  ])('ends with one line that says what to do where it is to listen on %s', async (_, listen, code, where) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const door = listen(typeof address === 'object' && address !== null ? address.port : 0);
    const rest = door.startsWith('http') ? 'mqtt: { port: 0 }' : 'http: { port: 0 }';
    writeFileSync(file, ['campaign: campaign.json', 'data: data', rest, door, 'devices: []'].join('\n'));
    const { stdout, stderr } = start();
    if (stdout === null || stderr === null || child === undefined) throw new Error('no child');
    const [[exit], out, err] = await Promise.all([once(child, 'exit'), text(stdout), text(stderr)]);
    await new Promise((closed) => other.close(closed));
    expect({ exit, out, lines: err.trim().split('\n').length }).toEqual({ exit: 1, out: '', lines: 1 });
    expect(err).toMatch(new RegExp(`^${code}: .*${where}.* (Stop it|Choose a port)`));
  });
});
