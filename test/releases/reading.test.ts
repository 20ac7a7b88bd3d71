/**
 * What earlier releases left on disks and lines is read by today's code: journal, ledger, messages, evidence, configuration.
 * And what today's gateway says is understood by the counters of then, by the schemas that their release left here.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openJournal } from '#device/adapters/journal/sqlite-journal.js';
import { parseDeviceConfig } from '#device/config/config.js';
import { startDevice } from '#device/main.js';
import type { StoredRecord } from '#device/ports/journal.js';
import { checkGatewayConfig, parseGatewayConfig } from '#gateway/config/config.js';
import { createIssuer } from '#gateway/core/issuer.js';
import type { Evidence } from '#gateway/ledger/book/book.js';
import { compileRules } from '#gateway/ledger/decide/rules.js';
import { type RunningGateway, startGateway } from '#gateway/main.js';
import type { Reconciliation } from '#gateway/ports/ledger.js';
import { ADDED_FIELDS } from '#protocol/campaign/abilities.js';
import { parseCampaign } from '#protocol/campaign/load.js';
import { campaignOnTheWire } from '#protocol/campaign/schema.js';
import { base64url } from '#protocol/codes/bit-text.js';
import { checkPresentation, decodePresentation } from '#protocol/codes/presentation.js';
import { checkEvidence, evidenceSchema } from '#protocol/evidence/evidence.js';
import type { CampaignId } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import { openAllowance, signedAllowanceSchema } from '#protocol/messages/allowance.js';
import { bundleEnvelopeSchema, openBundle } from '#protocol/messages/bundle.js';
import { parseBundle, parseDown, parseSpent, parseState, parseUp } from '#protocol/messages/index.js';
import { timeHolds } from '#protocol/messages/signed-time.js';
import { es256Signer, es256Verifier, generatePrivateKey, sha256 } from '#protocol/node/crypto.js';
import youhao from '../../campaigns/youhao-2023.json' with { type: 'json' };
import { asked, MORNING } from '../contract/ledger-fixture.js';
import { everyKindOfRecord, morningClock, OPERATOR_TOKEN } from './making.js';
import { RELEASES, Release } from './release.js';

const verifier = es256Verifier();
const head = z.object({ seq: z.int(), hash: z.string() });
const saidSchema = z.array(z.object({ from: z.enum(['device', 'gateway']), topic: z.string(), payload: z.string() }));

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'codeplate-reading-'));
});
afterEach(() => rmSync(work, { recursive: true }));

describe.each(RELEASES)('of release %s today reads', (version) => {
  const release = new Release(version);
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const presentations = z
    .object({
      campaign: z.string(),
      issuerKeys: z.record(z.string(), z.string()),
      holders: z.array(z.object({ id: z.string(), shown: z.string() })),
    })
    .parse(release.json('gateway/presentations.json'));
  const issuerKeys = new Map(
    Object.entries(presentations.issuerKeys).map(([id, text]) => {
      const key = base64url.decode(text);
      if (!key.ok) throw new Error(`issuer key ${id}`);
      return [Number(id), key.value];
    }),
  );
  const transcript = saidSchema.parse(release.json('wire/transcript.json'));

  it('every message', () => {
    const groups = z
      .object({
        up: z.record(z.string(), z.string()),
        down: z.record(z.string(), z.string()),
        state: z.record(z.string(), z.string()),
        bundle: z.record(z.string(), z.string()),
        spent: z.record(z.string(), z.string()),
      })
      .parse(release.json('wire/messages.json'));
    const parse = { up: parseUp, down: parseDown, state: parseState, bundle: parseBundle, spent: parseSpent };
    for (const group of ['up', 'down', 'state', 'bundle', 'spent'] as const) {
      for (const [type, text] of Object.entries(groups[group]))
        expect(parse[group](bytes(text)), `${group} ${type}`).toMatchObject({ ok: true, value: { type } });
    }
  });

  it('its bundle, its allowance and its word on the time, and believes them', () => {
    const kept = (name: string): unknown => release.json(`device/kept/${name}.json`);
    const bundle = openBundle(bundleEnvelopeSchema.parse(kept('bundle')), issuerKeys, verifier);
    expect(bundle).toMatchObject({ ok: true, value: { campaign: { id: 'youhao-2023' } } });
    const allowance = openAllowance(signedAllowanceSchema.parse(kept('allowance')), issuerKeys, verifier);
    expect(allowance).toMatchObject({ ok: true, value: { device: 'plate-001', campaign: 'youhao-2023' } });
    const welcome = transcript.flatMap(({ payload }) => {
      const parsed = parseDown(bytes(payload));
      return parsed.ok && parsed.value.type === 'welcome' ? [parsed.value] : [];
    })[0];
    if (welcome === undefined) throw new Error('no welcome in the transcript');
    expect(timeHolds({ ...welcome, device: 'd5' as never }, welcome, issuerKeys, verifier)).toBe(true);
  });

  it('what its phones show', () => {
    const trust = { campaign: presentations.campaign as CampaignId, issuerKeys };
    const at = { earliest: wallMs(MORNING), latest: wallMs(MORNING + 1_000) };
    for (const { id, shown } of presentations.holders) {
      expect(decodePresentation(shown)).toMatchObject({ ok: true });
      expect(checkPresentation({ code: shown, ...trust, at, verifier })).toMatchObject({
        ok: true,
        value: { holder: id },
      });
    }
  });

  it('its journal, and goes on with it', async () => {
    release.unpack('device', work);
    const expected = z.object({ head, acknowledged: head }).parse(release.json('device/journal.json'));
    const stored: StoredRecord[] = [];
    const file = join(work, 'journal.sqlite');
    const opened = await openJournal(file, { sha256, onRecord: (record) => stored.push(record) });
    if (!opened.ok) throw new Error(opened.fault.message);
    const journal = opened.value;
    expect({ head: journal.head, acknowledged: journal.acknowledged }).toEqual(expected);
    expect(stored).toHaveLength(expected.head.seq);
    const more = everyKindOfRecord('');
    await new Promise<void>((resolve, reject) =>
      journal.append(more, (fault) => (fault === undefined ? resolve() : reject(new Error(fault.message)))),
    );
    expect(journal.head.seq).toBe(expected.head.seq + more.length);
    await new Promise<void>((done) => journal.close(done));
  });

  it('a counter’s whole data folder, and starts from it', async () => {
    release.unpack('device', join(work, 'device-data'));
    const yaml = release.text('device.yaml');
    expect(parseDeviceConfig(yaml, join(work, 'device.yaml'))).toMatchObject({ ok: true });
    // The same counter without its hardware, and at a port that is free.
    const bare = yaml
      .replace(/^(scanner|reader|printer|voice|display):\n( .*\n)+/gm, '')
      .replace('port: 8787', 'port: 0');
    const config = parseDeviceConfig(bare, join(work, 'device.yaml'));
    if (!config.ok) throw new Error(JSON.stringify(config.fault));
    const faults: string[] = [];
    const device = await startDevice(config.value, { log: (level, code) => level === 'error' && faults.push(code) });
    try {
      const health = await (await fetch(`http://127.0.0.1:${device.httpPort}/v1/health`)).json();
      const { head: last, acknowledged } = z
        .object({ head, acknowledged: head })
        .parse(release.json('device/journal.json'));
      expect(health).toMatchObject({ journal: 'ok', unsent: { records: last.seq - acknowledged.seq } });
      expect(faults).toEqual([]);
    } finally {
      await device.stop();
    }
  });

  it('the configuration of its gateway', () => {
    expect(parseGatewayConfig(release.text('gateway.yaml'), join(work, 'gateway.yaml'))).toMatchObject({ ok: true });
  });

  it('its evidence, which still proves what it proved', () => {
    const proved = release.names('evidence').map((name) => {
      const result = checkEvidence(evidenceSchema.parse(release.json(`evidence/${name}`)), { verifier, sha256 });
      return `${name}: ${result.ok ? result.value.proves : result.fault.why}`;
    });
    expect(proved).toEqual(PROVED[version] ?? PROVED_SINCE);
  });

  it('its ledger: the sums agree, the audit is whole, nothing of the staging table is lost', async () => {
    const gateway = await gatewayOn(release);
    try {
      const { ledger } = gateway;
      expect(await asked<Reconciliation>(ledger.reconciliation.bind(ledger))).toMatchObject(
        asNamedToday(z.record(z.string(), z.unknown()).parse(release.json('gateway/reconciliation.json'))),
      );
      expect(await asked<boolean>(ledger.auditIntact.bind(ledger))).toBe(true);
      const evidence = await asked<readonly Evidence[]>(ledger.evidence.bind(ledger));
      expect(evidence.map(({ id, kind }) => `${id}-${kind}.json`)).toEqual(release.names('evidence'));
    } finally {
      await gateway.stop();
    }
  });

  describe('and its counters read', () => {
    const schemas = z.record(z.string(), z.record(z.string(), z.unknown())).parse(release.json('wire/schemas.json'));
    /** As that release's counters parse it, in the form that it left here. */
    const readsThen = (name: string, value: unknown): unknown => z.fromJSONSchema(schemas[name] ?? {}).parse(value);
    const payloadOf = (envelope: unknown): unknown =>
      JSON.parse(z.object({ payload: z.string() }).parse(envelope).payload);

    it('today’s bundle of the reference campaign', () => {
      const document = parseCampaign(youhao);
      if (!document.ok) throw new Error(JSON.stringify(document.fault));
      const rules = compileRules({ campaign: document.value, sha256, leaseMs: 1_000, merchantOf: () => undefined });
      const envelope = createIssuer(rules, es256Signer(generatePrivateKey()), 1).bundle(wallMs(MORNING));
      readsThen('bundle', envelope);
      const { campaign } = z.object({ campaign: z.unknown() }).parse(payloadOf(envelope));
      readsThen('campaign', campaign);
    });

    it('no campaign by half: whatever field came since says what ability it needs', () => {
      const { campaign } = schemas;
      const then = new Set(fieldsOf(campaign));
      const now = fieldsOf(z.toJSONSchema(campaignOnTheWire, { io: 'input', unrepresentable: 'any' }));
      const unsaid = now.filter((path) => !then.has(path) && !Object.hasOwn(ADDED_FIELDS, path));
      expect(unsaid.map((path) => `${path}: add it to ADDED_FIELDS in protocol/campaign/abilities.ts`)).toEqual([]);
    });

    it('what today’s gateway answers to all that they say', async () => {
      const gateway = await gatewayOn(release);
      try {
        const answers = await played(gateway, transcript);
        for (const { topic, payload } of answers) {
          const value: unknown = JSON.parse(payload);
          const { type } = z.object({ type: z.string() }).parse(value);
          if (type === 'bundle') {
            readsThen('bundle', value);
            readsThen('campaign', z.object({ campaign: z.unknown() }).parse(payloadOf(value)).campaign);
          } else if (topic.endsWith('/spent')) readsThen('spent', value);
          else readsThen('down', value);
          if (type === 'allowance') readsThen('allowance', payloadOf(value));
        }
        // Every question has its answer, of the kind that it had then.
        const kinds = (said: z.infer<typeof saidSchema>): string[] =>
          said.flatMap(({ from, payload }) => {
            const { re, type } = z.object({ type: z.string(), re: z.string().nullish() }).parse(JSON.parse(payload));
            return from === 'device' || typeof re !== 'string' ? [] : [`${re} ${type}`];
          });
        expect(kinds(answers)).toEqual(kinds(transcript));
      } finally {
        await gateway.stop();
      }
    });
  });
});

/** Every field that a JSON Schema names, as `tiers[].faceFen`. */
function fieldsOf(schema: unknown, path = ''): readonly string[] {
  const {
    properties = {},
    items,
    anyOf = [],
    oneOf = [],
  } = z
    .object({
      properties: z.record(z.string(), z.unknown()),
      items: z.unknown(),
      anyOf: z.array(z.unknown()),
      oneOf: z.array(z.unknown()),
    })
    .partial()
    .parse(schema);
  return [
    ...Object.entries(properties).flatMap(([name, inner]) => {
      const here = path === '' ? name : `${path}.${name}`;
      return [here, ...fieldsOf(inner, here)];
    }),
    ...(typeof items === 'object' ? fieldsOf(items, `${path}[]`) : []),
    ...[...anyOf, ...oneOf].flatMap((one) => fieldsOf(one, path)),
  ];
}

/** Sums of what only counters say have been called `reported` since 0.1.0. */
/** Sums of merchants were gross then; what they have stands in the accounts. */
function asNamedToday({
  netFen,
  refundedFen,
  merchants: _gross,
  ...sums
}: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { ...sums, ...(netFen !== undefined && { reportedNetFen: netFen, reportedRefundedFen: refundedFen }) };
}

/** What each piece of a release's evidence was made to prove. */
const PROVED_SINCE = [
  '1-disputed.json: nothing',
  '2-double-spend.json: holder-spent-twice',
  '3-fork.json: device-forked',
];
const PROVED: Readonly<Record<string, readonly string[]>> = { '0.1.0': PROVED_SINCE };

/** Today's gateway on a copy of the data folder. */
async function gatewayOn(release: Release): Promise<RunningGateway> {
  const data = join(work, 'data');
  release.unpack('gateway', data);
  const ids = [
    ['d1', 'm1'],
    ['d2', 'm1'],
    ['d3', 'm2'],
    ['d4', 'm1'],
    ['d5', 'm1'],
  ] as const;
  const file = {
    campaign: 'data/campaign.json',
    data: 'data',
    mqtt: { port: 0 },
    http: { port: 0, operatorToken: OPERATOR_TOKEN },
    devices: ids.map(([id, merchant]) => ({ id, merchant, password: 'a password for fixtures' })),
  };
  const config = checkGatewayConfig(file, work);
  if (!config.ok) throw new Error(JSON.stringify(config.fault));
  return startGateway(config.value, { logger: pino({ level: 'silent' }), clock: morningClock() });
}

/** Says what the counter said, byte for byte, each line after the answer to the one before. */
async function played(
  { mqttPort }: RunningGateway,
  transcript: z.infer<typeof saidSchema>,
): Promise<z.infer<typeof saidSchema>> {
  const client = mqtt.connect(`mqtt://127.0.0.1:${mqttPort}`, {
    ...{ clientId: 'd5', username: 'd5', password: 'a password for fixtures', reconnectPeriod: 0 },
  });
  const heard: z.infer<typeof saidSchema> = [];
  let wake = (): void => undefined;
  client.on('message', (topic, payload) => {
    heard.push({ from: 'gateway', topic, payload: payload.toString() });
    wake();
  });
  const hears = async (wanted: (payload: string) => boolean): Promise<void> => {
    while (!heard.some(({ payload }) => wanted(payload))) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('error', reject);
  });
  const topics = new Set(transcript.flatMap(({ from, topic }) => (from === 'gateway' ? [topic] : [])));
  await client.subscribeAsync([...topics], { qos: 1 });
  for (const { from, topic, payload } of transcript) {
    if (from === 'gateway') continue;
    const { id } = z.object({ id: z.string() }).parse(JSON.parse(payload));
    client.publish(topic, payload, { qos: 1 });
    await hears((text) => text.includes(`"re":"${id}"`));
  }
  for (const wanted of ['"type":"bundle"', '"type":"spent"', '"type":"allowance"'])
    await hears((text) => text.includes(wanted));
  await client.endAsync(true);
  return heard;
}
