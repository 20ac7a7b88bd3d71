/** `docs/openapi.yaml` matches the code: it has every route of the server, and its schemas fit a gateway's real answers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { wallMs } from '#protocol/kernel/time.js';
import { VERSION } from '#protocol/node/version.js';
import { CLAIMS, signedClaim } from '../../test/contract/claiming-phone.js';
import { MORNING, testCampaign } from '../../test/contract/ledger-fixture.js';
import { checkGatewayConfig } from '../config/config.js';
import { startGateway } from '../main.js';
import { API, renderHttpDocument } from './http-document.js';
import { type HttpOptions, httpServer } from './http-server.js';

it('stands in docs as the code has it', async () => {
  await expect(renderHttpDocument(VERSION)).toMatchFileSnapshot('../../docs/openapi.yaml');
});

/** Parses fastify's tree, four columns a level: `│   └── /:id (GET, HEAD)`. */
function routesIn(tree: string): readonly string[] {
  const above: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', part = '', methods] = /^((?:[│ ] {3})*)[├└]── (\S+)(?: \((.*)\))?/u.exec(line) ?? [];
    if (part === '') return [];
    above.length = indent.length / 4;
    above.push(part);
    const asked = methods?.split(', ').filter((method) => method !== 'HEAD') ?? [];
    return asked.map((method) => `${method.toLowerCase()} ${above.join('')}`);
  });
}

it('has every route that the server has, and no other', async () => {
  // Only the routes are built; no request is sent.
  const options: unknown = {
    rules: {},
    loop: {},
    ledger: {},
    issuer: { issuerKeys: new Map() },
    metrics: {},
    trustedProxies: [],
    devices: () => [],
    refused: () => undefined,
  };
  const { app } = httpServer(options as HttpOptions);
  await app.ready();
  const made = routesIn(app.printRoutes({ commonPrefix: false }));
  await app.close();
  expect(made.length).toBeGreaterThan(10);
  expect([...made].sort()).toEqual(API.map((route) => `${route.method} ${route.path}`).sort());
});

it('describes what a gateway answers', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'codeplate-openapi-'));
  writeFileSync(path.join(folder, 'campaign.json'), JSON.stringify(testCampaign()));
  const file = {
    campaign: 'campaign.json',
    data: 'data',
    mqtt: { port: 0 },
    http: { port: 0, operatorToken: 'the operator of the day' },
    claims: CLAIMS,
    devices: [{ id: 'd1', password: 'correct horse' }],
  };
  const config = checkGatewayConfig(file, folder);
  if (!config.ok) throw new Error(JSON.stringify(config.fault));
  const clock = { now: () => wallMs(MORNING), wakeAfter: () => () => undefined };
  const gateway = await startGateway(config.value, { logger: pino({ enabled: false }), clock });
  try {
    const base = `http://127.0.0.1:${gateway.httpPort}`;
    const headers = { authorization: 'Bearer the operator of the day', connection: 'close' };
    const wrong: string[] = [];
    for (const { method, path: address, answer } of API) {
      const isPlain = method === 'get' && !address.includes(':');
      if (address !== '/v1/claims' && !isPlain) continue;
      const body = isPlain ? undefined : JSON.stringify(signedClaim());
      const response = await fetch(`${base}${address}`, {
        method,
        headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body }),
      });
      expect([address, response.status]).toEqual([address, 200]);
      if (answer === 'text/plain') continue;
      const parsed = answer.safeParse(await response.json());
      if (!parsed.success) wrong.push(`${address}: ${parsed.error.message}`);
    }
    expect(wrong).toEqual([]);
  } finally {
    await gateway.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
