import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseDeviceConfig } from '#device/config/config.js';
import { parseGatewayConfig } from '#gateway/config/config.js';
import { compileCampaign } from '#protocol/campaign/compiled.js';
import { parseCampaign } from '#protocol/campaign/load.js';
import { wallMs } from '#protocol/kernel/time.js';
import { UsageError } from '../usage.js';
import { command } from './init.js';

let parent: string;
let folder: string;
let printed: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'codeplate-init-'));
  folder = join(parent, 'shop');
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(parent, { recursive: true, force: true });
});

const init = (...args: string[]) =>
  command()
    .exitOverride()
    .parseAsync([folder, ...args], { from: 'user' });
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

describe('codeplate init', () => {
  it('writes a gateway and a counter that know each other', async () => {
    await init('--device', 'plate-007', '--mqtt-port', '11883');
    const gateway = parseGatewayConfig(read('gateway.yaml'), join(folder, 'gateway.yaml'));
    const device = parseDeviceConfig(read('device.yaml'), join(folder, 'device.yaml'));
    if (!gateway.ok || !device.ok) throw new Error(JSON.stringify([gateway, device]));
    const [admitted] = gateway.value.devices;
    expect(device.value.device).toBe('plate-007');
    expect(admitted).toEqual({
      id: device.value.gateway.username,
      password: device.value.gateway.password,
      merchant: device.value.merchant,
    });
    expect(device.value.gateway.url).toBe(`mqtt://127.0.0.1:${gateway.value.mqtt.port}`);
    expect(device.value.gateway.issuerKeys?.get(gateway.value.keyId)).toHaveLength(33);
    const campaign = parseCampaign(JSON.parse(readFileSync(gateway.value.campaign, 'utf8')));
    expect(campaign.ok && campaign.value.id).toBe(device.value.campaign);
    expect(device.value.data).not.toBe(gateway.value.data);
    expect(statSync(join(folder, 'device.yaml')).mode & 0o077).toBe(0);
    expect(printed).toContain('codeplate device --config');
  });

  it('says that a campaign is over, and moves it to today where that is asked for', async () => {
    await init();
    expect(printed).toContain('Its last day was 2023-04-10');
    folder = join(parent, 'now');
    printed = '';
    await init('--today');
    expect(printed).not.toContain('last day');
    const campaign = parseCampaign(JSON.parse(read('youhao-2023.json')));
    if (!campaign.ok) throw new Error(JSON.stringify(campaign.fault));
    const now = wallMs(Date.now());
    expect(
      compileCampaign(campaign.value).openings.some(({ earliest, latest }) => earliest <= now && now < latest),
    ).toBe(true);
    expect(campaign.value.merchants).toHaveLength(21);
  });

  it('makes keys and passwords of their own every time', async () => {
    await init();
    const first = read('device.yaml');
    folder = join(parent, 'other');
    await init();
    const secrets = (yaml: string) => /password: (.*)\n[\s\S]*"1": (.*)\n/.exec(yaml)?.slice(1);
    expect(secrets(read('device.yaml'))).toHaveLength(2);
    expect(secrets(read('device.yaml'))?.some((secret) => first.includes(secret))).toBe(false);
  });

  it('prints one JSON object when asked', async () => {
    await init('--json');
    expect(JSON.parse(printed)).toMatchObject({
      device: 'plate-001',
      campaign: 'youhao-2023',
      files: ['gateway.yaml', 'device.yaml', 'youhao-2023.json'].map((name) => join(folder, name)),
      next: [expect.stringContaining('codeplate gateway'), expect.stringContaining('codeplate device')],
    });
  });

  it('makes the folders above it, and says where none can be made', async () => {
    folder = join(parent, 'a', 'b');
    await init();
    expect(read('device.yaml')).toContain('plate-001');
    // Node 20 asked for a folder in /proc with `recursive` never comes back.
    folder = '/proc/codeplate/shop';
    await expect(init()).rejects.toThrow(/^OUTPUT_UNWRITABLE: .*codeplate.*Name a place where you may write/);
  });

  it('says where nothing can be written', async () => {
    folder = '/proc';
    await expect(init()).rejects.toThrow(/^OUTPUT_UNWRITABLE: .*\/proc: .*Name a place where you may write/);
    await expect(init()).rejects.toBeInstanceOf(UsageError);
    // As a variable that nobody has set.
    folder = '';
    await expect(init()).rejects.toThrow(/Name a folder to write into/);
  });

  it('gives the commands to go on with as a shell takes them', async () => {
    folder = join(parent, "li's shop");
    await init('--json');
    const { next } = JSON.parse(printed) as { next: readonly string[] };
    const words = execFileSync('sh', ['-c', `for word in ${next[1]}; do echo "$word"; done`], { encoding: 'utf8' });
    expect(words.split('\n').slice(0, 4)).toEqual(['codeplate', 'device', '--config', join(folder, 'device.yaml')]);
    expect(readdirSync(folder).toSorted()).toEqual(['data', 'device.yaml', 'gateway.yaml', 'youhao-2023.json']);
  });

  it('overwrites nothing, and says what to do', async () => {
    await init();
    const before = read('device.yaml');
    await expect(init()).rejects.toThrow(/holds gateway.yaml, device.yaml.*Name another folder/);
    await expect(init()).rejects.toBeInstanceOf(UsageError);
    expect(read('device.yaml')).toBe(before);
    folder = join(parent, 'file');
    writeFileSync(folder, '');
    await expect(init()).rejects.toThrow(/^OUTPUT_UNWRITABLE: .*is not a folder/);
  });

  it.each([
    [['--device', 'Plate 1'], /--device.*plate-001/],
    [['--merchant', 'nobody'], /--merchant nobody: not on the list of youhao-2023/],
    [['--mqtt-port', '0'], /port from 1 to 65535/],
    [['--http-port', '1e3'], /port from 1 to 65535/],
    [['--mqtt-port', '8080'], /both 8080: give each a port of its own/],
    [['--campaign', 'no-such-campaign'], /Shipped: .*youhao-2023/],
  ])('refuses %s before anything is written', async (args, message) => {
    await expect(init(...args)).rejects.toThrow(message);
    expect(() => statSync(folder)).toThrow(/ENOENT/);
  });
});
