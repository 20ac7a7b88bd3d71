/**
 * The line's torture: a thousand times something goes wrong between devices and their gateway, drawn from one seed, and
 * each time the line must be up again, the outbox empty, and the ledger hold every record once and in order.
 *
 * Real: mqtt.js, TCP, aedes, the gateway, both SQLite files. Bent: the devices' clocks, which run fast, so that a timeout of
 * minutes is over in seconds; what is waited for by a socket takes as long as it takes. The seed draws kinds, moments and
 * amounts; the order in which sockets answer is the machine's own.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { pino } from 'pino';
import { z } from 'zod';
import { checkGatewayConfig, type GatewayConfig } from '#gateway/config/config.js';
import { openSqlite } from '#gateway/ledger/store/sqlite.js';
import { type RunningGateway, startGateway } from '#gateway/main.js';
import type { CampaignId, DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import { type Dice, diceOf } from '../counter/dice.js';
import { freePorts } from '../counter/free-ports.js';
import { startProxy } from '../network/proxy.js';
import { temporaryFolder } from '../processes/at-the-end.js';
import { pause } from '../processes/waiting.js';
import { fastClock } from './fast-clock.js';
import { KIND_NAMES, KINDS, type Kind, type KindName, outageMs, type Struck, type World } from './kinds.js';
import { Lane } from './lane.js';

/** Devices' clocks: a device's 10 s for an answer are 250 ms, which a busy machine still keeps. */
const SPEED = 40;
/** Enough to have something happen while another waits, too few to make a small machine late. */
const LANES = 16;
/**
 * A device that hears nothing finds out within 150 s of its own, and waits 30 s at most before it tries; this is 800 s, for
 * lines that also lose what is tried, and for busy machines. mqtt.js would find out by its own keepalive in 30 real seconds, which must not help.
 */
const RECOVERS_WITHIN_MS = 20_000;
/** A gateway that stops closes everybody's connections, which would help whoever is stuck: that comes last. */
const WITHOUT_RESTARTS = 0.75;

export interface TortureOptions {
  readonly cases: number;
  readonly seed: number;
  /** Path of a campaign document, and two ids in it. */
  readonly campaign: { readonly file: string; readonly id: string; readonly merchant: string };
  readonly onCase?: (done: number) => void;
}

export interface StuckCase {
  readonly number: number;
  readonly kind: KindName;
  readonly why: string;
}

export interface TortureReport {
  readonly seed: number;
  readonly cases: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly reconnects: number;
  readonly records: number;
  readonly stuck: readonly StuckCase[];
  /** Durable on a device, not in the ledger. */
  readonly lost: number;
  /** In the ledger more often than on the device. */
  readonly doubled: number;
  /** Devices whose records stand in another order. */
  readonly disordered: number;
  /** Fen by which the ledger's settled sales differ from the devices'. */
  readonly differenceFen: number;
  /** Devices that were told, or told, of a fork or a loss that never was. */
  readonly falseAlarms: readonly string[];
  /** From the end of the trouble to all well, in real milliseconds. */
  readonly longestMs: number;
  readonly medianMs: number;
}

export const isSound = (report: TortureReport): boolean =>
  report.stuck.length +
    report.lost +
    report.doubled +
    report.disordered +
    Math.abs(report.differenceFen) +
    report.falseAlarms.length ===
  0;

export async function tortureUplinks(options: TortureOptions): Promise<TortureReport> {
  const folder = temporaryFolder('codeplate-lines-');
  const torture = new Torture(options, folder.path);
  try {
    return await torture.run();
  } finally {
    await torture.stop();
    folder.remove();
  }
}

class Torture implements World {
  readonly #options: TortureOptions;
  readonly #folder: string;
  readonly #dice: Dice;
  readonly #lanes: Lane[] = [];
  readonly #stuck: StuckCase[] = [];
  readonly #tookMs: number[] = [];
  #config: GatewayConfig | undefined;
  #gateway: RunningGateway | undefined;
  /** Restarts one after the other. */
  #restarting: Promise<void> = Promise.resolve();
  #done = 0;

  constructor(options: TortureOptions, folder: string) {
    this.#options = options;
    this.#folder = folder;
    this.#dice = diceOf(options.seed);
  }

  async run(): Promise<TortureReport> {
    const { cases, seed } = this.#options;
    const plan = dealt(cases, this.#dice);
    await this.#build(Math.min(LANES, cases));
    const queue = plan.map((kind, number) => ({ kind, number }));
    await Promise.all(
      this.#lanes.map(async (lane) => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          await this.#case(lane, next.kind, next.number);
        }
      }),
    );
    for (const lane of this.#lanes) await lane.stop();
    await this.#stopGateway();
    const books = await this.#compare();
    const kinds: Record<string, number> = {};
    for (const kind of plan) kinds[kind] = (kinds[kind] ?? 0) + 1;
    const sorted = this.#tookMs.toSorted((a, b) => a - b);
    return {
      seed,
      cases,
      kinds,
      reconnects: sum(this.#lanes.map(({ timesOnline }) => timesOnline)),
      records: sum(this.#lanes.map(({ bodies }) => bodies.length)),
      stuck: this.#stuck,
      ...books,
      falseAlarms: this.#lanes.flatMap(({ device, falseAlarms }) => falseAlarms.map((code) => `${device}: ${code}`)),
      longestMs: Math.round(sorted.at(-1) ?? 0),
      medianMs: Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0),
    };
  }

  async stop(): Promise<void> {
    for (const lane of this.#lanes) {
      await lane.stop();
      lane.broker.stop();
      await lane.proxy.close();
    }
    await this.#restarting;
    await this.#stopGateway();
  }

  restartGateway(downMs: number): Promise<void> {
    this.#restarting = this.#restarting.then(async () => {
      await this.#stopGateway();
      await pause(downMs);
      await this.#startGateway();
    });
    return this.#restarting;
  }

  async #case(lane: Lane, name: KindName, number: number): Promise<void> {
    const kind: Kind = KINDS[name];
    try {
      await lane.trade(lane.dice.between(0, 1), 20);
      const [struck] = await Promise.all([kind.strike(lane, this), lane.trade(lane.dice.between(1, 2), 40)]);
      await this.#endure(lane, struck);
    } catch (error) {
      this.#stuck.push({ number, kind: name, why: error instanceof Error ? error.message : String(error) });
      lane.proxy.back();
    }
    lane.straighten();
    this.#done += 1;
    this.#options.onCase?.(this.#done);
  }

  async #endure(lane: Lane, struck: Struck): Promise<void> {
    await lane.trade(lane.dice.between(0, 2), 50);
    await pause(outageMs(lane.dice));
    const began = performance.now();
    await struck.end?.();
    if (struck.lasts !== true) lane.straighten();
    await lane.sell();
    await lane.settled(RECOVERS_WITHIN_MS);
    this.#tookMs.push(performance.now() - began);
  }

  async #build(lanes: number): Promise<void> {
    const { campaign } = this.#options;
    const [mqttPort = 0, httpPort = 0] = await freePorts(2);
    const devices = Array.from({ length: lanes }, (_, at) => ({
      id: `lane-${at + 1}`,
      password: this.#dice.hex(12),
      merchant: campaign.merchant,
    }));
    const checked = checkGatewayConfig(
      { campaign: campaign.file, data: 'gateway', mqtt: { port: mqttPort }, http: { port: httpPort }, devices },
      this.#folder,
    );
    if (!checked.ok) throw new Error(JSON.stringify(checked.fault));
    this.#config = checked.value;
    await this.#startGateway();
    mkdirSync(path.join(this.#folder, 'devices'));
    const clock = fastClock(SPEED);
    for (const { id, password, merchant } of devices) {
      const lane = new Lane({
        device: id as DeviceId,
        password,
        merchant: merchant as MerchantId,
        campaign: campaign.id as CampaignId,
        journalFile: path.join(this.#folder, 'devices', `${id}.sqlite`),
        proxy: await startProxy({ toPort: mqttPort }),
        gatewayPort: mqttPort,
        clock,
        dice: this.#dice.fork(id),
      });
      this.#lanes.push(lane);
      await lane.start();
    }
    await Promise.all(this.#lanes.map((lane) => lane.settled(RECOVERS_WITHIN_MS)));
  }

  async #startGateway(): Promise<void> {
    if (this.#config === undefined) throw new Error('there is no configuration yet');
    this.#gateway = await startGateway(this.#config, {
      logger: pino({ level: 'silent' }),
      clock: {
        now: () => wallMs(Date.now()),
        // Beacons come as fast as the devices' clocks run.
        wakeAfter(afterMs, ring) {
          const timer = setTimeout(ring, afterMs / SPEED);
          return () => clearTimeout(timer);
        },
      },
    });
  }

  async #stopGateway(): Promise<void> {
    const gateway = this.#gateway;
    this.#gateway = undefined;
    await gateway?.stop();
  }

  /** The ledger's file against what was durable on the devices. */
  async #compare(): Promise<Pick<TortureReport, 'lost' | 'doubled' | 'disordered' | 'differenceFen'>> {
    const ledger = await readLedger(path.join(this.#folder, 'gateway', 'ledger.db'));
    let [lost, doubled, disordered] = [0, 0, 0];
    for (const { device, bodies } of this.#lanes) {
      const there = ledger.bodies.get(device) ?? [];
      const counts = new Map<string, number>();
      for (const body of bodies) counts.set(body, (counts.get(body) ?? 0) + 1);
      for (const body of there) counts.set(body, (counts.get(body) ?? 0) - 1);
      for (const count of counts.values()) {
        if (count > 0) lost += count;
        else doubled -= count;
      }
      if (JSON.stringify(there) !== JSON.stringify(bodies)) disordered += 1;
    }
    return {
      lost,
      doubled,
      disordered,
      differenceFen: ledger.netFen - sum(this.#lanes.map((lane) => lane.settledFen)),
    };
  }
}

/** Every kind equally often, in a random order, but for the gateway's restarts. */
function dealt(cases: number, dice: Dice): KindName[] {
  const kinds = Array.from({ length: cases }, (_, at) => KIND_NAMES[at % KIND_NAMES.length] ?? 'reset');
  const calm = shuffled(
    kinds.filter((kind) => kind !== 'broker-gone'),
    dice,
  );
  const restarts = kinds.filter((kind) => kind === 'broker-gone');
  const first = calm.splice(0, Math.floor(calm.length * WITHOUT_RESTARTS));
  return [...first, ...shuffled([...calm, ...restarts], dice)];
}

function shuffled<T>(list: readonly T[], dice: Dice): T[] {
  const left = [...list];
  const drawn: T[] = [];
  while (left.length > 0) drawn.push(...left.splice(dice.below(left.length), 1));
  return drawn;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

const chunksSchema = z.array(z.object({ device: z.string(), first: z.int(), bodies: z.array(z.string()) }));

function readLedger(
  file: string,
): Promise<{ readonly bodies: ReadonlyMap<string, readonly string[]>; readonly netFen: number }> {
  return new Promise((resolve, reject) => {
    openSqlite(file, (opened, database) => {
      if (opened !== null) return reject(opened);
      const ask = (sql: string): Promise<unknown> =>
        new Promise((answer, fail) =>
          database
            .prepare(sql)
            .text([''], (error, text) => (error === undefined ? answer(JSON.parse(text)) : fail(error))),
        );
      void Promise.all([
        ask(
          `select json_group_array(json(doc)) as text from (select doc from journal order by device, last) where ?1 = ''`,
        ),
        ask(`select coalesce(sum(doc->>'netFen'), 0) as text from sale where doc->>'state' = 'settled' and ?1 = ''`),
      ])
        .then(([chunks, netFen]) => {
          const bodies = new Map<string, string[]>();
          for (const chunk of chunksSchema.parse(chunks)) {
            bodies.set(chunk.device, [...(bodies.get(chunk.device) ?? []), ...chunk.bodies]);
          }
          resolve({ bodies, netFen: z.int().parse(netFen) });
        })
        .catch(reject)
        .finally(() => database.close(() => {}));
    });
  });
}
