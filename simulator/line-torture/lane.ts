/**
 * One device as far as its line goes: the shipped `Line` (uplink and outbox) over the shipped MQTT client and the shipped
 * journal on a file, a proxy on the way to the gateway, and a till that settles a sale now and then.
 */
import type { IClientOptions, MqttClient } from 'mqtt';
import mqtt from 'mqtt';
import { openJournal } from '#device/adapters/journal/sqlite-journal.js';
import type { Clock } from '#device/ports/clock.js';
import type { Journal } from '#device/ports/journal.js';
import { EventQueue } from '#device/runtime/event-queue.js';
import { Uplink } from '#device/uplink/uplink.js';
import type { CampaignId, DeviceId, MerchantId, OrderNo, ReceiptNo, SaleId } from '#protocol/kernel/ids.js';
import type { Fen } from '#protocol/kernel/money.js';
import { campaignTopic, downTopic, spentTopic, stateTopic } from '#protocol/messages/topics.js';
import { sha256 } from '#protocol/node/crypto.js';
import type { ChainHead } from '#protocol/records/chain.js';
import type { JournalRecord } from '#protocol/records/record.js';
import type { Dice } from '../counter/dice.js';
import type { LineProxy } from '../network/proxy.js';
import { pause, until } from '../processes/waiting.js';
import { BentBroker, STRAIGHT } from './bent-broker.js';

export interface LaneOptions {
  readonly device: DeviceId;
  readonly password: string;
  readonly merchant: MerchantId;
  readonly campaign: CampaignId;
  readonly journalFile: string;
  readonly proxy: LineProxy;
  /** Past the proxy: for the other client that takes the session over. */
  readonly gatewayPort: number;
  readonly clock: Clock;
  readonly dice: Dice;
}

/** No ledger loses anything in these runs, and no card is cloned: whoever says so cries wolf. */
const FALSE_ALARMS: ReadonlySet<string> = new Set(['JOURNAL_FORKED', 'GATEWAY_WENT_BACK']);

export class Lane {
  readonly proxy: LineProxy;
  readonly dice: Dice;
  readonly broker: BentBroker;
  readonly device: DeviceId;
  /** Every alarm that had no reason. */
  readonly falseAlarms: string[] = [];
  /** Exact texts of everything that became durable here, in order. */
  readonly bodies: string[] = [];
  settledFen = 0;
  settledSales = 0;
  timesOnline = 0;
  /** mqtt.js's stream says that it is closed only this long after it was: 0 is as ever. */
  closesLateMs = 0;
  readonly #options: LaneOptions;
  #journal: Journal | undefined;
  #line: Uplink | undefined;
  #head: ChainHead | undefined;
  #sales = 0;
  #boots = 0;
  readonly #others = new Set<MqttClient>();
  /** The till waits while the agent starts anew. */
  #busy: Promise<void> = Promise.resolve();

  constructor(options: LaneOptions) {
    const { device, password, merchant, campaign, proxy, dice } = options;
    this.#options = options;
    this.proxy = proxy;
    this.dice = dice;
    this.device = device;
    this.broker = new BentBroker(
      {
        url: `mqtt://127.0.0.1:${proxy.port}`,
        clientId: device,
        username: device,
        password,
        topics: [downTopic(device), campaignTopic(campaign), spentTopic(campaign)],
        will: {
          topic: stateTopic(device),
          payload: JSON.stringify({ v: 1, type: 'state', device, merchant, agent: 'torture', boot: 0, online: false }),
        },
        // Its clock is the real one; the uplink's own patience, on the fast clock, must do.
        connectTimeoutMs: 120_000,
        open: (url, more) => this.#open(url, more),
        log: () => {},
      },
      dice.fork('broker'),
    );
  }

  async start(): Promise<void> {
    const { device, clock, dice, journalFile } = this.#options;
    this.bodies.length = 0;
    const opened = await openJournal(journalFile, { sha256, onRecord: ({ body }) => this.bodies.push(body) });
    if (!opened.ok) throw new Error(`${device}: ${opened.fault.code}: ${opened.fault.message}`);
    const journal = opened.value;
    this.#journal = journal;
    this.#head = journal.head;
    this.#boots += 1;
    const queue = new EventQueue();
    const line = new Uplink({
      device,
      agent: 'torture',
      boot: this.#boots,
      broker: this.broker,
      journal,
      hasJournal: true,
      clock,
      random: dice.fork(`boot ${this.#boots}`),
      queue,
      now: () => ({ mono: clock.mono(), wall: undefined }),
      log: (_, code) => {
        if (FALSE_ALARMS.has(code)) this.falseAlarms.push(code);
      },
      events: {
        onOnline: () => {
          this.timesOnline += 1;
        },
        onOffline: () => {},
        onStillOffline: () => {},
        onAuthorised: () => {},
        onWelcome: () => {},
        onBeacon: () => {},
        onAcknowledged: () => {},
        onWentBack: () => {},
        onAllowance: () => {},
        onCampaign: () => {},
        onJournalFault: (code) => this.falseAlarms.push(code),
      },
    });
    this.#line = line;
    queue.enqueue(() => line.start());
  }

  async stop(): Promise<void> {
    for (const other of this.#others) other.end(true);
    this.#line?.stop();
    this.#line = undefined;
    this.broker.discard();
    const journal = this.#journal;
    this.#journal = undefined;
    if (journal !== undefined) await new Promise<void>((closed) => journal.close(closed));
  }

  /** The agent ends between two records and starts on the same journal. */
  restart(): Promise<void> {
    return this.#inTurn(async () => {
      await this.stop();
      await this.start();
    });
  }

  /** A sale at full price or one that came to nothing: two to four records, durable when this resolves. */
  async sell(): Promise<void> {
    this.#sales += 1;
    const sale = `${this.device}-${this.#sales}` as SaleId;
    const order = `T${this.#sales}` as OrderNo;
    const netFen = this.dice.between(1, 99_999) as Fen;
    await this.#append({ kind: 'opened', sale, order, amountFen: netFen, at: null }, false);
    if (this.dice.chance(0.3)) {
      await this.#append({ kind: 'abandoned', sale, why: 'till', at: null }, true);
      return;
    }
    const { merchant } = this.#options;
    const money = { sale, order, amountFen: netFen, netFen };
    await this.#append(
      { kind: 'charging', ...money, merchant, coupon: null, reason: null, readerMark: null, at: null },
      false,
    );
    const card = { auth: '1', rrn: '1', last4: '0000', scheme: 'test', readerTime: '20230327100000' };
    const receipt = `R-${sale}` as ReceiptNo;
    await this.#append({ kind: 'settled', ...money, serial: null, faceFen: 0 as Fen, receipt, card, at: null }, true);
    this.settledFen += netFen;
    this.settledSales += 1;
  }

  /** So many sales with random pauses between. */
  async trade(sales: number, pauseMs: number): Promise<void> {
    for (let sale = 0; sale < sales; sale += 1) {
      await this.sell();
      await pause(this.dice.between(0, pauseMs));
    }
  }

  /** Online, and the gateway has everything. Rejects where it takes longer than `withinMs`. */
  async settled(withinMs: number): Promise<void> {
    await until(
      `${this.device} online and empty`,
      withinMs,
      () => (this.#isSettled() ? true : undefined),
      () => `online: ${this.#line?.online}, ${this.#line?.acknowledged.seq} of ${this.#head?.seq} acknowledged`,
    );
  }

  /** Another client with this device's name and password, at the gateway itself. */
  async takenOver(forMs: number): Promise<void> {
    const { gatewayPort, password, device } = this.#options;
    const other = mqtt.connect(`mqtt://127.0.0.1:${gatewayPort}`, {
      clientId: device,
      username: device,
      password,
      reconnectPeriod: 0,
      protocolVersion: 4,
    });
    this.#others.add(other);
    other.on('error', () => {});
    await Promise.race([new Promise<void>((done) => other.once('connect', () => done())), pause(forMs)]);
    await pause(this.dice.between(0, forMs));
    other.end(true);
    this.#others.delete(other);
  }

  straighten(): void {
    this.broker.bend = STRAIGHT;
    this.broker.dnsGone = false;
    this.closesLateMs = 0;
    this.proxy.disarm();
  }

  #isSettled(): boolean {
    const line = this.#line;
    if (line === undefined || !line.online || this.#head === undefined) return false;
    return line.acknowledged.seq === this.#head.seq && line.acknowledged.hash === this.#head.hash;
  }

  #append(record: JournalRecord, urgent: boolean): Promise<void> {
    return this.#inTurn(
      () =>
        new Promise((resolve, reject) => {
          this.#journal?.append([record], (fault, head) => {
            if (fault !== undefined) {
              reject(new Error(`${this.device}: ${fault.code}: ${fault.message}`));
              return;
            }
            this.bodies.push(JSON.stringify(record));
            this.#head = head;
            this.#line?.recordsAppended(head, urgent);
            resolve();
          });
        }),
    );
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    const done = this.#busy.then(act);
    this.#busy = done.catch(() => {});
    return done;
  }

  #open(url: string, options: IClientOptions): MqttClient {
    const client = mqtt.connect(url, options);
    const late = this.closesLateMs;
    if (late > 0) {
      const { stream } = client;
      const destroy = stream._destroy.bind(stream);
      stream._destroy = (error: Error | null, done: (after?: Error | null) => void): void =>
        destroy(error, (after) => setTimeout(() => done(after), late));
    }
    return client;
  }
}
