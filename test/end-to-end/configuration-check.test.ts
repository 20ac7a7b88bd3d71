/** `--check` says beforehand what a start would say and what could not work, under the same codes; and nobody's secret is printed. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDeviceConfig } from '#device/config/config.js';
import { deviceFindings } from '#device/config/config-findings.js';
import { startDevice } from '#device/main.js';
import { parseGatewayConfig } from '#gateway/config/config.js';
import { gatewayFindings } from '#gateway/config/config-findings.js';
import { startGateway } from '#gateway/main.js';
import type { Findings, Problem } from '#protocol/config/yaml-file.js';
import { isErrorCode } from '#protocol/faults/errors.js';
import { pairOf } from '#simulator/network/tls-pair.js';
import { testCampaign } from '../contract/ledger-fixture.js';

let folder: string;
const at = (name: string): string => path.join(folder, name);
const NOW = new Date();

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'codeplate-check-'));
  const authority = await pairOf('authority');
  const [good, old, early, other] = await Promise.all([
    pairOf('gateway', authority),
    pairOf('gateway', authority, { days: [-9, -2] }),
    pairOf('gateway', authority, { days: [2, 9] }),
    pairOf('plate-002', authority),
  ]);
  for (const [name, { cert, key }] of Object.entries({ authority, good, old, early, other })) {
    writeFileSync(at(`${name}.pem`), cert);
    writeFileSync(at(`${name}.key`), key);
  }
  writeFileSync(at('ca.cer'), Buffer.from(authority.cert.replace(/-----[^-]*-----|\s/g, ''), 'base64'));
  writeFileSync(at('empty.pem'), '');
  writeFileSync(at('words.pem'), 'certificate');
  writeFileSync(at('damaged.pem'), authority.cert.replace(/[A-Za-z0-9]{20}/, 'AAAAAAAAAAAAAAAAAAAA'));
  const campaign = testCampaign();
  const write = (name: string, document: unknown): void => writeFileSync(at(name), JSON.stringify(document));
  write('campaign.json', campaign);
  write('over.json', {
    ...campaign,
    window: { ...campaign.window, firstDay: '2020-01-01' },
    claim: { ...campaign.claim, opens: { day: '2020-01-01', time: '00:00' } },
  });
  const merchants = Array.from({ length: 600 }, (_, n) => ({
    id: `m-${n}`,
    name: `特别长的商户名称第${n}号`.padEnd(40, '店'),
    category: '超市',
  }));
  write('crowded.json', { ...campaign, merchants });
  const [first, ...rest] = campaign.tiers;
  write('tiers.json', { ...campaign, tiers: [{ ...first, quantity: 1 }, ...rest] });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function gateway(yaml: string): Promise<Findings> {
  const parsed = parseGatewayConfig(yaml, at('gateway.yaml'));
  return parsed.ok ? gatewayFindings(parsed.value, NOW) : { problems: parsed.fault, warnings: [] };
}

function device(yaml: string): Findings {
  const parsed = parseDeviceConfig(yaml, at('device.yaml'));
  return parsed.ok ? deviceFindings(parsed.value, NOW) : { problems: parsed.fault, warnings: [] };
}

const deviceYaml = (more: string): string =>
  `{device: plate-001, merchant: yh-01, campaign: youhao-2023, data: data, gateway: {url: "mqtts://localhost:1", ${more}}}`;
const gatewayYaml = (more: string, campaign = 'campaign.json'): string =>
  `{campaign: ${campaign}, data: gw-data, identityKey: {file: key.hex}, ${more}}`;
const told = (problems: readonly Problem[]) => problems.map(({ code, path: where }) => [code, where]);

describe('the certificates of a device', () => {
  it.each([
    ['in DER', 'tls: {ca: ca.cer}', 'ca', /DER/],
    ['empty', 'tls: {ca: empty.pem}', 'ca', /empty/],
    ['a key', 'tls: {ca: authority.key}', 'ca', /private key/],
    ['words', 'tls: {ca: words.pem}', 'ca', /PEM/],
    ['damaged', 'tls: {ca: damaged.pem}', 'ca', /damaged/],
    ['not there', 'tls: {ca: nowhere.pem}', 'ca', /no such file/],
    ['of two pairs', 'tls: {cert: good.pem, key: other.key}', 'key', /not the key of/],
    ['a certificate for a key', 'tls: {cert: good.pem, key: good.pem}', 'key', /not a private key/],
  ])('that are %s stop the start', async (_, tls, part, what) => {
    const { problems } = device(deviceYaml(tls));
    expect(problems).toMatchObject([
      { code: 'CERTIFICATE_UNUSABLE', path: `gateway.tls.${part}`, allowed: expect.stringMatching(what) },
    ]);
    const parsed = parseDeviceConfig(deviceYaml(tls), at('device.yaml'));
    if (!parsed.ok) throw new Error('it is in order as YAML');
    await expect(startDevice(parsed.value, { log: () => {} })).rejects.toMatchObject({
      code: 'CERTIFICATE_UNUSABLE',
      message: expect.stringMatching(what),
    });
  });

  it.each([
    ['CERTIFICATE_EXPIRED', 'tls: {cert: old.pem, key: old.key}', /has expired on/],
    ['CERTIFICATE_NOT_YET_VALID', 'tls: {cert: early.pem, key: early.key}', /the clock says/],
    ['CERTIFICATE_OF_ANOTHER', 'tls: {cert: other.pem, key: other.key}', /plate-002/],
  ])('that cannot work are told as %s, and stop nothing', (code, tls, what) => {
    const { problems, warnings } = device(deviceYaml(tls));
    expect(problems).toEqual([]);
    expect(warnings).toContainEqual(expect.objectContaining({ code, allowed: expect.stringMatching(what) }));
  });
});

describe('the configuration of a gateway', () => {
  it('is told all at once what cannot work', async () => {
    const devices = 'devices: [{id: a, password: long-enough, merchant: yh-77}, {id: b, password: long-enough}]';
    const tls = 'mqtt: {tls: {cert: old.pem, key: other.key}}, http: {tls: {cert: early.pem, key: early.key}}';
    const { problems, warnings } = await gateway(gatewayYaml(`${devices}, ${tls}`, 'over.json'));
    expect(told(problems)).toEqual([['CERTIFICATE_UNUSABLE', 'mqtt.tls.key']]);
    expect(told(warnings)).toEqual([
      ['CERTIFICATE_EXPIRED', 'mqtt.tls.cert'],
      ['CERTIFICATE_NOT_YET_VALID', 'http.tls.cert'],
      ['CAMPAIGN_OVER', 'campaign'],
      ['MERCHANT_UNKNOWN', 'devices[0].merchant'],
    ]);
    for (const { code } of [...problems, ...warnings]) expect(isErrorCode(code ?? '')).toBe(true);
  });

  it('has no more merchants than a message to the counters has room for', async () => {
    const yaml = gatewayYaml('devices: []', 'crowded.json');
    const { problems } = await gateway(yaml);
    expect(told(problems)).toEqual([['CAMPAIGN_INVALID', 'campaign']]);
    const parsed = parseGatewayConfig(yaml, at('gateway.yaml'));
    if (!parsed.ok) throw new Error('it is in order as YAML');
    await expect(startGateway(parsed.value, { logger: pino({ enabled: false }) })).rejects.toMatchObject({
      code: 'CAMPAIGN_INVALID',
      message: expect.stringContaining(problems[0]?.allowed ?? '-'),
    });
  });

  it('has the tiers of its ledger, which is looked at while the gateway runs', async () => {
    const ports = 'mqtt: {port: 0}, http: {port: 0}';
    const parsed = parseGatewayConfig(gatewayYaml(ports), at('gateway.yaml'));
    if (!parsed.ok) throw new Error('it is in order as YAML');
    const codes: string[] = [];
    const write = (line: string): void => void codes.push((JSON.parse(line) as { code: string }).code);
    const devices = [{ id: 'a', password: 'long-enough', merchant: 'yh-77' }];
    const running = await startGateway(
      { ...parsed.value, devices: devices as unknown as typeof parsed.value.devices },
      { logger: pino({ base: null }, { write }) },
    );
    try {
      // The start says the same.
      expect(codes).toContain('MERCHANT_UNKNOWN');
      expect((await gateway(gatewayYaml(ports))).problems).toEqual([]);
      const { problems } = await gateway(gatewayYaml(ports, 'tiers.json'));
      expect(told(problems)).toEqual([['LEDGER_OF_OTHER_TIERS', 'data']]);
    } finally {
      await running.stop();
    }
  });
});

describe('a line off this machine', () => {
  it.each(['broker.example.org', '10.0.0.7', '[2001:db8::1]'])(
    'without TLS is refused, unless a person wrote that it is meant: %s',
    (host) => {
      const yaml = (more: string): string => deviceYaml(more).replace('mqtts://localhost:1', `mqtt://${host}:1883`);
      expect(device(yaml('')).problems).toMatchObject([
        { path: 'gateway.url', allowed: expect.stringContaining('mqtts://') },
      ]);
      expect(device(yaml('insecure: true')).problems).toEqual([]);
    },
  );

  it.each(['127.0.0.1', 'localhost', '[::1]'])('is not %s', (host) => {
    expect(device(deviceYaml('').replace('mqtts://localhost:1', `mqtt://${host}:1883`)).problems).toEqual([]);
  });
});

describe('a secret', () => {
  it('that is cut short by # is told, under its path', () => {
    const yaml =
      'device: a\nmerchant: m\ncampaign: c\ndata: d\ngateway:\n  url: mqtt://localhost:1\n  username: a\n  password: abcdefgh #ijkl\n';
    expect(device(yaml).problems).toMatchObject([
      { path: 'gateway.password', allowed: expect.stringContaining('quotes') },
    ]);
    expect(device(yaml.replace('abcdefgh #ijkl', '"abcdefgh #ijkl"')).problems).toEqual([]);
  });

  it('is as long as the gateway wants it', () => {
    expect(device(deviceYaml('username: a, password: abcd')).problems).toMatchObject([
      { path: 'gateway.password', value: '(not shown)' },
    ]);
  });

  it('law: is printed nowhere, whatever is wrong with the file and whichever command it is handed to', async () => {
    const SECRET = 'geheim-0815';
    const where = fc.constantFrom(
      (key: string) => `devices: [{id: a, password: ${SECRET}, ${key}: x}]`,
      (key: string) => `${key}: [{id: a, password: ${SECRET}}]`,
      (key: string) => `${key}: ${SECRET}`,
      (key: string) => `gateway: {url: "mqtt://a:${SECRET}@h:1", ${key}: ${SECRET}}`,
      (key: string) => `gateway: ${SECRET} # ${key}`,
      (key: string) => `gateway: {password: ${SECRET} # ${key}\n}`,
      (key: string) => `gateway: {password: [${SECRET}], ${key}: {deep: ${SECRET}}}`,
      (key: string) => `http: {operatorToken: ${SECRET}, ${key}: ${SECRET}}`,
      (key: string) => `mqtt: {tls: ${SECRET}, ${key}: 1}`,
      (key: string) => `gateway: {tls: {key: "-----BEGIN PRIVATE KEY----- ${SECRET}", ${key}: ${SECRET}}}`,
    );
    const key = fc.constantFrom('passwrd', 'pin', 'device', 'merchant', 'data', 'log', 'x');
    await fc.assert(
      fc.asyncProperty(where, key, async (text, name) => {
        const yaml = text(name);
        const said = JSON.stringify([device(yaml), await gateway(yaml)]);
        // The text under a key of ours that is no secret is shown: device: geheim is a name that may not stand there.
        fc.pre(!/^(device|merchant|data|log): /.test(yaml));
        expect(said).not.toContain(SECRET);
      }),
      { numRuns: 200 },
    );
  });
});

describe('the wrong one of two files', () => {
  it('is called by its name', async () => {
    const gatewayFile = 'campaign: a.json\ndata: d\ndevices: [{id: a, password: geheim-0815}]\n';
    expect(device(gatewayFile).problems).toMatchObject([
      { allowed: expect.stringContaining('looks like a gateway.yaml') },
    ]);
    expect((await gateway(deviceYaml(''))).problems).toMatchObject([
      { allowed: expect.stringContaining('looks like a device.yaml') },
    ]);
  });
});

it('the command prints warnings and leaves with 0, problems and leaves with 2, and makes nothing', () => {
  const BIN = fileURLToPath(new URL('../../bin/codeplate.js', import.meta.url));
  const check = (yaml: string, ...more: string[]) => {
    mkdirSync(at('cli'), { recursive: true });
    writeFileSync(at('gateway.yaml'), yaml);
    return spawnSync(process.execPath, [BIN, 'gateway', '--config', at('gateway.yaml'), '--check', ...more], {
      encoding: 'utf8',
    });
  };
  const over = check(gatewayYaml('devices: []', 'over.json').replace('gw-data', 'never-made'));
  expect([over.status, over.stdout]).toEqual([
    0,
    expect.stringMatching(/can be started, but:\n {2}CAMPAIGN_OVER: campaign/),
  ]);
  const wrong = check(
    gatewayYaml('mqtt: {tls: {cert: good.pem, key: other.key}}').replace('gw-data', 'never-made'),
    '--json',
  );
  expect(wrong.status).toBe(2);
  expect(JSON.parse(wrong.stdout)).toMatchObject({
    problems: [{ code: 'CERTIFICATE_UNUSABLE', path: 'mqtt.tls.key' }],
  });
  expect(wrong.stderr).toContain('CERTIFICATE_UNUSABLE: mqtt.tls.key');
});
