/**
 * Until when and for how much a counter can go on without a line: at the gateway, in its metrics and on its screen, before
 * the line goes, while it is gone, and over a restart of the agent meanwhile.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { movedToToday } from '#simulator/counter/campaign-copy.js';
import { diceOf } from '#simulator/counter/dice.js';
import { type Rig, startRig } from '#simulator/counter/rig.js';
import { AT_REST } from '#simulator/counter/till-client.js';
import { until } from '#simulator/processes/waiting.js';

const SOON_MS = 20_000;
const HOUR_MS = 3_600_000;

let rig: Rig;
let began: number;
beforeAll(async () => {
  const campaign = movedToToday(JSON.parse(readFileSync('campaigns/youhao-2023.json', 'utf8')), Date.now());
  const { offline } = campaign;
  const strict = { ...(offline as object), maxCoupons: 3, maxFaceFen: 12_000, maxSyncAgeHours: 5 };
  began = Date.now();
  rig = await startRig({
    counters: [{ name: 'plate-001', merchant: 'yh-02' }],
    campaign: { ...campaign, offline: strict },
    dice: diceOf(5),
    agents: 'here',
    gateway: 'here',
    devices: [],
  });
});
afterAll(() => rig.stop());

const base = (): string => `http://127.0.0.1:${rig.counter('plate-001').till.port}`;
const offlineSchema = z.object({
  reason: z.string().nullable(),
  couponsLeft: z.int(),
  faceFenLeft: z.int(),
  until: z.int().nullable(),
  line: z.object({ zh: z.string(), en: z.string() }),
});

async function standing(): Promise<z.infer<typeof offlineSchema>> {
  const health: unknown = await (await fetch(`${base()}/v1/health`)).json();
  return z.object({ offline: offlineSchema }).parse(health).offline;
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${base()}/metrics`)).text();
  return Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1]);
}

/** The first thing that a screen shows when it is opened. */
async function screen(): Promise<string> {
  const ended = new AbortController();
  const response = await fetch(`${base()}/v1/events?lang=en`, { signal: ended.signal });
  const { value } = (await response.body?.getReader().read()) ?? {};
  ended.abort();
  return Buffer.from(value ?? []).toString();
}

const deviceSchema = z.object({
  devices: z.tuple([
    z.object({
      device: z.literal('plate-001'),
      online: z.boolean(),
      state: z
        .object({
          said: z.object({
            unsent: z.object({ records: z.int() }),
            offline: z.object({
              permitted: z.boolean(),
              couponsLeft: z.int(),
              faceLeftFen: z.int(),
              until: z.int().nullable(),
            }),
          }),
        })
        .nullable(),
    }),
  ]),
});
async function atTheGateway(): Promise<z.infer<typeof deviceSchema>['devices'][0]> {
  const said: unknown = await (
    await fetch(`${rig.gateway.url}/v1/devices`, { headers: rig.gateway.asOperator })
  ).json();
  return deviceSchema.parse(said).devices[0];
}

it('is told before it is needed, counted while it is, and not forgotten by a restart', async () => {
  const counter = rig.counter('plate-001');
  await until('the gateway knows what the counter may do', SOON_MS, async () => {
    const { online, state } = await atTheGateway();
    return online && state?.said.offline.couponsLeft === 3 ? true : undefined;
  });
  expect((await atTheGateway()).state?.said.offline).toMatchObject({ permitted: true, faceLeftFen: 12_000 });
  expect(await standing()).toMatchObject({ reason: null, couponsLeft: 3, faceFenLeft: 12_000 });

  const customers = [await rig.customer(['yuan-40']), await rig.customer(['yuan-80']), await rig.customer(['yuan-20'])];
  counter.line.refuse();
  await until('offline', SOON_MS, async () => ((await counter.till.health())?.online === false ? true : undefined));
  const sell = async (order: string, code: string) => {
    await counter.till.open(order, 31_000);
    await counter.scanner.scan(code);
    return counter.till.follow(order, ({ state }) => AT_REST.has(state), { withinMs: SOON_MS, what: 'at rest' });
  };
  const [one, two, three] = customers.map((customer) => customer.present(rig.now()));
  expect(await sell('O1', one ?? '')).toMatchObject({ coupon: { faceFen: 4_000, offline: true } });

  const left = await standing();
  expect(left).toMatchObject({ reason: null, couponsLeft: 2, faceFenLeft: 8_000 });
  const ends = left.until ?? 0;
  expect(Math.abs(ends - began - 5 * HOUR_MS)).toBeLessThan(HOUR_MS);
  const clock = new Intl.DateTimeFormat('sv-SE', {
    timeZone: 'Asia/Shanghai',
    dateStyle: 'short',
    timeStyle: 'short',
  }).format(ends);
  expect(left.line).toEqual({
    zh: `${clock}前还可离线用券2张、共80元`,
    en: `2 more coupons, 80 yuan in all, can be taken offline until ${clock}`,
  });
  expect(await screen()).toContain(left.line.en);
  expect(await metric('codeplate_offline_permitted')).toBe(1);
  expect(await metric('codeplate_offline_coupons_left')).toBe(2);
  expect(await metric('codeplate_offline_face_fen_left')).toBe(8_000);
  expect(await metric('codeplate_offline_until_seconds')).toBe(ends / 1_000);
  const known = await until('the gateway misses it', SOON_MS, async () => {
    const device = await atTheGateway();
    return device.online ? undefined : device;
  });
  expect(known.state?.said.offline).toMatchObject({ permitted: true, couponsLeft: 3 });

  await counter.stop();
  await counter.start();
  expect(await standing()).toEqual(left);
  await counter.ready();
  expect(await sell('O2', two ?? '')).toMatchObject({ coupon: { faceFen: 8_000, offline: true } });
  expect(await standing()).toMatchObject({ reason: 'offline-allowance-spent', couponsLeft: 1, faceFenLeft: 0 });
  expect(await metric('codeplate_offline_permitted')).toBe(0);
  expect(await screen()).toContain('The offline allowance is used up');
  expect(await sell('O3', three ?? '')).toMatchObject({ coupon: null, reason: 'offline-allowance-spent' });

  counter.line.back();
  await until('the gateway knows the new allowance', SOON_MS, async () => {
    const { online, state } = await atTheGateway();
    return online && state?.said.offline.couponsLeft === 3 && state.said.unsent.records === 0 ? true : undefined;
  });
  expect((await rig.settle()).differences).toEqual([]);
}, 90_000);
