/** What files can say to a gateway that is not what it should be: its configuration, and its campaign. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseGatewayConfig } from '#gateway/config/config.js';
import { counter, folder, gatewayForEachTest, restartGateway, start } from '../contract/gateway-for-each-test.js';
import { testCampaign } from '../contract/ledger-fixture.js';

describe('a configuration', () => {
  it('every problem of a configuration is told at once', () => {
    const parsed = parseGatewayConfig(
      `campaign: 7
mqtt: { port: 70000 }
http: { port: 0.5, operatorToken: short }
keyId: -1
leaseSeconds: "120"
devices:
  - { id: __proto__, password: "12345678" }
  - { id: d1, password: "x" }
  - { id: D2, password: "12345678", merchant: "a b" }
log: loud
constructor: 1
`,
      '/nowhere/gateway.yaml',
    );
    const paths = parsed.ok ? [] : parsed.fault.map((problem) => problem.path);
    expect(paths.toSorted()).toEqual(
      [
        'campaign',
        'constructor',
        'data',
        'devices[0].id',
        'devices[1].password',
        'devices[2].id',
        'devices[2].merchant',
        'http.operatorToken',
        'http.port',
        'keyId',
        'leaseSeconds',
        'log',
        'mqtt.port',
      ].toSorted(),
    );
  });

  it.each([
    [
      'the same name twice, beside a bad value',
      'devices: [&d { id: d1, password: x }, *d]',
      ['devices[0].password', 'devices[1].id', 'devices[1].password'],
    ],
    ['one port for both doors', 'http: { port: 1883 }', ['http.port']],
    [
      'one port for both doors, on every address',
      'mqtt: { port: 9000 }\nhttp: { host: 0.0.0.0, port: 9000, insecure: true }',
      ['http.port'],
    ],
    [
      'one port on two addresses',
      'mqtt: { port: 9000 }\nhttp: { host: 10.0.0.1, port: 9000, tls: { cert: c, key: k } }',
      [],
    ],
    ['doors for everybody without TLS', 'mqtt: { host: 0.0.0.0 }\nhttp: { host: "::" }', ['http.host', 'mqtt.host']],
    ['the same, as a person wants it', 'mqtt: { host: 0.0.0.0, insecure: true }', []],
    ['any free port for both', 'mqtt: { port: 0 }\nhttp: { port: 0 }', []],
  ])('what lies between settings is told as well: %s', (_, more, expected) => {
    const parsed = parseGatewayConfig(`campaign: c.json\ndata: data\n${more}\n`, '/nowhere/gateway.yaml');
    expect((parsed.ok ? [] : parsed.fault).map((problem) => problem.path).toSorted()).toEqual(expected);
  });
});

describe('a campaign', () => {
  gatewayForEachTest();

  it('whose names command printers is not started with, and every such name is told', async () => {
    const good: unknown = JSON.parse(readFileSync(path.join(folder, 'campaign.json'), 'utf8'));
    const bad = {
      ...(good as object),
      receiptLine: '谢谢\u001bp0',
      merchants: [
        { id: 'm1', name: '商店\u0000', category: '超市' },
        { id: 'm2', name: '第二\u202e商店', category: '超\n市' },
      ],
    };
    writeFileSync(path.join(folder, 'campaign.json'), JSON.stringify(bad));
    const problem = await start().then(
      () => 'it started',
      (error: unknown) => String(error),
    );
    expect(problem).toMatch(
      /receiptLine[\s\S]*merchants.*0.*name[\s\S]*merchants.*1.*name[\s\S]*merchants.*1.*category/,
    );
    expect(problem.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u);
    writeFileSync(path.join(folder, 'campaign.json'), JSON.stringify(good));
    await restartGateway();
    expect(await (await counter()).hello()).toMatchObject({ type: 'welcome' });
  });

  it('too long for the message that brings it to the counters is not started with', async () => {
    const merchants = Array.from({ length: 2_000 }, (_, n) => ({ id: `m${n}`, name: `第${n}商店`, category: '超市' }));
    writeFileSync(path.join(folder, 'campaign.json'), JSON.stringify({ ...testCampaign(), merchants }));
    await expect(start()).rejects.toMatchObject({
      code: 'CAMPAIGN_INVALID',
      message: expect.stringMatching(/ bytes .* 65536 /),
    });
    writeFileSync(path.join(folder, 'campaign.json'), JSON.stringify(testCampaign()));
    await restartGateway();
  });
});
