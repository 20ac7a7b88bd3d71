/**
 * A street of counters on virtual hardware: the real gateway, a line to each counter that can be cut, real agents on real
 * pseudo-terminals, and customers who have claimed. Everything is on free ports and in a folder of its own; `stop`
 * leaves no process, port, terminal or file behind.
 *
 *     const rig = await startRig({ counters: [{ name: 'plate-001', merchant: 'yh-02' }], campaign, dice: diceOf(1) });
 *     const li = await rig.customer(['yuan-20', 'yuan-40']);
 *     await rig.counter('plate-001').till.open('A1', 25990);
 *     await rig.counter('plate-001').scanner.scan(li.present(rig.now()));
 *     ...
 *     await rig.stop();
 */
import path from 'node:path';
import type { CampaignId } from '#protocol/kernel/ids.js';
import { es256Signer, generatePrivateKey } from '#protocol/node/crypto.js';
import { HardwareProcess } from '../hardware/process.js';
import type { LineShape } from '../hardware/pty.js';
import { type LineProxy, startProxy } from '../network/proxy.js';
import { type Folder, temporaryFolder } from '../processes/at-the-end.js';
import { pause } from '../processes/waiting.js';
import { byWalletServer, claimOverHttp } from '../wallets/claim-over-http.js';
import { randomIdentity } from '../wallets/identities.js';
import { Wallet } from '../wallets/wallet.js';
import { WalletServer } from '../wallets/wallet-server.js';
import { campaignIdOf } from './campaign-copy.js';
import { Counter } from './counter.js';
import type { Dice } from './dice.js';
import { freePorts } from './free-ports.js';
import { GatewayUnderTest } from './gateway-under-test.js';
import { type Reconciled, reconcile } from './reconcile.js';

/** Paper and loudspeaker are heard of over other ways than the till: this long after rest everything has been. */
const SETTLE_MS = 5_000;
const LOOK_AGAIN_MS = 50;
/** Counters whose virtual hardware shares one process: some twenty terminals each. */
const COUNTERS_A_PROCESS = 7;

export interface RigOptions {
  readonly counters: readonly {
    readonly name: string;
    readonly merchant: string;
    readonly shape?: LineShape | undefined;
  }[];
  /** A campaign's parsed JSON, in whose window the gateway's clock lies. */
  readonly campaign: unknown;
  readonly dice: Dice;
  /** Processes can be killed; in this process many are cheaper. Default: process. */
  readonly agents?: 'process' | 'here';
  readonly gateway?: 'process' | 'here';
  /** Added to the system's clock at the gateway and in customers' phones; counters believe the gateway. */
  readonly clockOffsetMs?: number;
  /**
   * As little as can be gets in the agents' way: they connect to the gateway itself, so their lines can't be cut, and the
   * hardware's process compiles nothing beside them.
   */
  readonly measured?: boolean;
  readonly devices?: readonly ('voice' | 'display')[];
  readonly language?: 'zh' | 'en';
  /** Every log line of every agent. */
  readonly onLog?: (counter: string, line: string) => void;
  /** Kept after `stop` where given; else a temporary one that goes. */
  readonly folder?: string;
}

export interface Rig {
  readonly folder: string;
  readonly gateway: GatewayUnderTest;
  readonly counters: readonly Counter[];
  readonly dice: Dice;
  /** Throws where there is none of this name. */
  counter(name: string): Counter;
  /** Milliseconds since the epoch, by the gateway's clock. */
  now(): number;
  /** A new person with a phone, who claims these tiers over HTTP. Rejects where the gateway gives less. */
  customer(tiers: readonly string[]): Promise<Wallet>;
  /** Heals everything, waits until all is at rest, and compares the four books. */
  settle(): Promise<Reconciled>;
  /** Compares the books as they are now. */
  reconcile(): Promise<Reconciled>;
  stop(): Promise<void>;
}

export async function startRig(options: RigOptions): Promise<Rig> {
  const kept = options.folder;
  const folder = kept === undefined ? temporaryFolder('codeplate-') : { path: kept, remove: () => {} };
  const rig = new RunningRig(options, folder);
  try {
    await rig.start();
  } catch (error) {
    await rig.stop();
    throw error;
  }
  return rig;
}

class RunningRig implements Rig {
  readonly folder: string;
  readonly dice: Dice;
  readonly #options: RigOptions;
  readonly #offsetMs: number;
  readonly #counters: Counter[] = [];
  readonly #hardware: HardwareProcess[] = [];
  readonly #lines: LineProxy[] = [];
  readonly #folder: Folder;
  readonly #walletServer: WalletServer;
  #gateway: GatewayUnderTest | undefined;

  constructor(options: RigOptions, folder: Folder) {
    this.#folder = folder;
    this.#options = options;
    this.#offsetMs = options.clockOffsetMs ?? 0;
    this.folder = folder.path;
    this.dice = options.dice;
    this.#walletServer = new WalletServer(es256Signer(generatePrivateKey()), options.dice.fork('wallet server'));
  }

  get gateway(): GatewayUnderTest {
    if (this.#gateway === undefined) throw new Error('the rig has not been started');
    return this.#gateway;
  }

  get counters(): readonly Counter[] {
    return this.#counters;
  }

  now(): number {
    return Date.now() + this.#offsetMs;
  }

  counter(name: string): Counter {
    const counter = this.#counters.find((one) => one.name === name);
    if (counter === undefined) throw new Error(`there is no counter "${name}"`);
    return counter;
  }

  async start(): Promise<void> {
    const {
      counters,
      campaign,
      agents = 'process',
      gateway = 'process',
      devices = ['voice', 'display'],
      measured = false,
    } = this.#options;
    const ports = await freePorts(2 + counters.length);
    const [mqttPort = 0, httpPort = 0, ...tillPorts] = ports;
    const passwords = counters.map(() => this.dice.fork('passwords').hex(12));
    this.#gateway = new GatewayUnderTest({
      folder: path.join(this.folder, 'gateway'),
      campaign,
      mqttPort,
      httpPort,
      devices: counters.map(({ name, merchant }, at) => ({ id: name, password: passwords[at] ?? '', merchant })),
      walletKey: this.#walletServer.publicKey,
      as: gateway,
      clockOffsetMs: this.#offsetMs,
    });
    const hardware = Array.from({ length: Math.ceil(counters.length / COUNTERS_A_PROCESS) }, () =>
      HardwareProcess.start({ compiles: !measured }).then((started) => {
        this.#hardware.push(started);
        return started;
      }),
    );
    await allOf([this.#gateway.start(), ...hardware]);
    const issuerKeys = await this.#gateway.issuerKeys();
    for (const [at, { name, merchant, shape }] of counters.entries()) {
      const line = await startProxy({ toPort: mqttPort });
      this.#lines.push(line);
      const counter = await Counter.build(
        {
          name,
          merchant,
          campaign: campaignIdOf(campaign),
          folder: path.join(this.folder, name),
          tillPort: tillPorts[at] ?? 0,
          line,
          brokerPort: measured ? mqttPort : line.port,
          credentials: { username: name, password: passwords[at] ?? '' },
          issuerKeys,
          hardware: await (hardware[Math.floor(at / COUNTERS_A_PROCESS)] ?? HardwareProcess.start()),
          devices: new Set<'voice' | 'display'>(devices),
          language: this.#options.language ?? 'zh',
          shape,
          agent: agents,
        },
        (text) => this.#options.onLog?.(name, text),
      );
      this.#counters.push(counter);
    }
    await allOf(this.#counters.map((counter) => counter.start()));
    await allOf(this.#counters.map((counter) => counter.ready()));
  }

  async customer(tiers: readonly string[]): Promise<Wallet> {
    const wallet = new Wallet({ identity: randomIdentity(this.dice), signer: es256Signer(generatePrivateKey()) });
    if (tiers.length === 0) return wallet;
    const place = {
      gateway: this.gateway.url,
      campaign: campaignIdOf(this.#options.campaign) as CampaignId,
      now: () => this.now(),
    };
    const claimed = await claimOverHttp(place, wallet, tiers, byWalletServer(this.#walletServer));
    if (!claimed.ok) throw new Error(`the claim failed: ${claimed.fault}`);
    const refused = claimed.value.results.filter((result) => !result.ok);
    if (refused.length > 0) throw new Error(`the claim was refused: ${JSON.stringify(refused)}`);
    return wallet;
  }

  async settle(): Promise<Reconciled> {
    await this.gateway.start();
    await Promise.all(this.#counters.map((counter) => counter.quiet()));
    const end = performance.now() + SETTLE_MS;
    for (;;) {
      const reconciled = await this.reconcile();
      if (reconciled.differences.length === 0 || performance.now() > end) return reconciled;
      await pause(LOOK_AGAIN_MS);
    }
  }

  async reconcile(): Promise<Reconciled> {
    const books = [];
    for (const counter of this.#counters) books.push(await counter.books());
    return reconcile(books, await this.gateway.sums());
  }

  async stop(): Promise<void> {
    await Promise.all(this.#counters.map((counter) => counter.stop()));
    await Promise.all(this.#lines.map((line) => line.close()));
    await this.#gateway?.stop();
    await Promise.all(this.#hardware.map((hardware) => hardware.stop()));
    this.#folder.remove();
  }
}

/** Where one fails the others are waited for all the same: what is still starting can't be stopped. */
async function allOf(starts: readonly Promise<unknown>[]): Promise<void> {
  for (const start of await Promise.allSettled(starts)) if (start.status === 'rejected') throw start.reason;
}
