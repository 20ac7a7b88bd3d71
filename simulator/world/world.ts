/**
 * The whole world on one clock: counters with their peripherals, tills and cashiers, the district's people, lines, broker,
 * gateway and ledger, all in one process and all from one seed. First a part with faults, then a quiet one in which
 * everything must come together. The checkers look at each book whenever something is written into it.
 */
import type { Changes } from '#gateway/ledger/book/book.js';
import { holderIdOf } from '#protocol/codes/presentation.js';
import type { DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import { sha256 } from '#protocol/node/crypto.js';
import type { Books } from '../checkers/books.js';
import { CouponHistories } from '../checkers/histories.js';
import { Street } from '../checkers/street.js';
import { Gang, type GangOptions } from '../liars/gang.js';
import { Liar } from '../liars/liar.js';
import { IN_YOUHAO, type Wallet } from '../wallets/wallet.js';
import { WalletServer } from '../wallets/wallet-server.js';
import { Crowd } from '../workload/customers.js';
import { Till } from '../workload/till.js';
import { Judge, type Violation } from './judge.js';
import { Network } from './parts/network.js';
import { type Chance, chanceFrom } from './parts/random.js';
import { Scheduler } from './parts/scheduler.js';
import { Signatures } from './parts/signatures.js';
import { VirtualGateway, type VirtualGatewayOptions } from './parts/virtual-gateway.js';
import { WorldCounter } from './parts/world-counter.js';
import { MIDNIGHT, type Plan } from './profiles.js';
import type { Sabotage } from './sabotage.js';
import { StoredJournal } from './store/stored-journal.js';
import type { StoredLedger, StoredLedgerOptions } from './store/stored-ledger.js';
import { Trace } from './trace.js';
import { Weather } from './weather.js';

export interface WorldOptions {
  readonly sabotage?: Sabotage;
  /** Lines or power fail by another hand than the plan's faults: promises of a calm street don't hold. */
  readonly isDisturbed?: boolean;
  readonly onLine?: (line: string) => void;
  /** The stores that ship, in this folder; such a world is run by `runStored`. */
  readonly storeIn?: string | undefined;
  /** A whole campaign rather than its accidents: no printers and voices, and cashiers who look up less often. */
  readonly campaign?: {
    readonly booked: (changes: Changes) => void;
    readonly visitEveryMs: (merchant: MerchantId) => number;
  };
}

/** How often a cashier looks at the sale, in ms. */
const LOOK_MS = { from: 300, to: 2_500 } as const;
const RARE_LOOK_MS = { from: 2_500, to: 6_000 } as const;
/** How a question for a coupon begins on the wire. */
const AUTHORISE = '{"v":1,"type":"authorise"';
const GATEWAY_BACK_MS = { from: 2_000, to: 60_000 } as const;

export class World {
  readonly plan: Plan;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly network: Network;
  readonly gateway: VirtualGateway;
  readonly counters: WorldCounter[] = [];
  readonly tills: Till[] = [];
  readonly crowd: Crowd;
  readonly liars: readonly Liar[];
  readonly #street: Street;
  readonly #journals: StoredJournal[] = [];
  readonly #judge: Judge;
  readonly #weather: Weather;

  constructor(plan: Plan, { sabotage = {}, isDisturbed = false, onLine, storeIn, campaign }: WorldOptions = {}) {
    this.plan = plan;
    const scheduler = new Scheduler(plan.start);
    this.scheduler = scheduler;
    this.trace = new Trace(plan.start, onLine);
    const chance = (purpose: string): Chance => chanceFrom(plan.seed, purpose);
    const signatures = new Signatures();
    const liars = new Map(plan.liars.map((merchant, at) => [`x${at + 1}` as DeviceId, merchant]));
    const isCalm = !isDisturbed && plan.faults.size === 0 && liars.size === 0;
    this.#street = new Street({ liars, isCalm, leaseMs: plan.leaseMs });
    const street = this.#street;
    const histories = new CouponHistories(() => scheduler.now, new Set(liars.keys()));
    const network = new Network({
      scheduler,
      chance: chance('network'),
      campaign: plan.campaign.id,
      latencyMs: plan.slow?.lineMs,
      events: {
        sent: (device, direction, payload) => {
          this.trace.mix(payload);
          histories.sent(device, direction, payload);
          street.sent(device, direction, payload);
          const counter = payload.startsWith(AUTHORISE) ? this.#counter(device) : undefined;
          if (counter !== undefined) this.#judge.seen({ kind: 'asked', counter, sale: JSON.parse(payload).sale });
        },
        arrived: (device, direction, payload) => {
          this.trace.mixNumber(scheduler.now);
          histories.arrived(device, direction, payload);
          street.arrived(device, direction, payload);
        },
        published: (topic, payload) => this.#judge.seen({ kind: 'published', topic, payload }),
      },
    });
    this.network = network;
    const merchants = new Map<DeviceId, MerchantId>();
    for (const [at, merchant] of plan.merchants.slice(0, plan.counters).entries())
      merchants.set(deviceId(at), merchant);
    const walletSigner = signatures.signer(`wallet server ${plan.seed}`);
    this.gateway = new VirtualGateway({
      scheduler,
      chance: chance('gateway'),
      network,
      campaign: plan.campaign,
      leaseMs: plan.leaseMs,
      merchantOf: (device) => merchants.get(device) ?? liars.get(device),
      sha256,
      verifier: signatures,
      signer: signatures.signer(`issuer ${plan.seed}`),
      walletServer: walletSigner.publicKey,
      sabotage,
      store: storeIn === undefined ? undefined : this.#storeIn(storeIn, chance('store')),
      events: {
        booked: (changes) => {
          histories.booked(changes);
          campaign?.booked(changes);
          this.#judge.seen({ kind: 'booked', changes });
        },
        allowed: (device, allowance) => {
          this.#counter(device)?.allowances.set(allowance.id, allowance);
          street.allowed(device, allowance);
        },
        alert: (code, what, device) => this.trace.say(scheduler.now, 'gateway', `${code} ${device ?? ''} ${what}`),
        died: (where) => {
          this.trace.say(scheduler.now, 'gateway', `dies (${where})`);
          const { from, to } = GATEWAY_BACK_MS;
          scheduler.after(chance('gateway back').between(from, to), () => this.gateway.start());
        },
      },
    });
    for (const [device, merchant] of merchants) {
      this.counters.push(
        new WorldCounter({
          device,
          merchant,
          plan,
          scheduler,
          chance,
          trace: this.trace,
          network,
          signatures,
          issuerKeys: this.gateway.issuerKeys,
          sabotage,
          isFurnished: campaign === undefined,
          stored:
            storeIn === undefined ? undefined : this.#journalIn(storeIn, device, chance(`store ${device}`), sabotage),
          look: (event) => this.#judge.seen(event),
        }),
      );
    }
    const tiers = plan.campaign.tiers.map((tier) => tier.id);
    const claimsBy = (server: WalletServer) => (wallet: Wallet) =>
      server.claimOf(wallet, { campaign: plan.campaign.id, tiers, nowMs: scheduler.now });
    this.crowd = new Crowd({
      scheduler,
      chance: chance('crowd'),
      campaign: plan.campaign.id,
      people: plan.people,
      position: IN_YOUHAO,
      signer: (secret) => signatures.signer(secret),
      claimsFrom: Math.max(plan.start + 1_000, this.gateway.rules.compiled.claimOpens),
      claimsWithinMs: plan.claimsWithinMs,
      dishonestPerMille: plan.dishonestPerMille,
      onlyHolders: campaign !== undefined,
      claimOf: claimsBy(new WalletServer(walletSigner, chance('wallet server'))),
      forgedClaimOf: claimsBy(new WalletServer(signatures.signer('no server'), chance('no server'))),
      ask: (request, reply) => this.gateway.claim(request, reply),
    });
    for (const { device, merchant, box } of this.counters) {
      this.tills.push(
        new Till({
          name: device,
          box,
          scheduler,
          chance: chance(`till ${device}`),
          crowd: this.crowd,
          habits: {
            visitEveryMs: campaign?.visitEveryMs(merchant) ?? plan.visitEveryMs,
            look: campaign === undefined ? LOOK_MS : RARE_LOOK_MS,
            smallestFen: campaign === undefined ? 2_000 : 10_000,
            trouble: plan.trouble,
            largestFen: campaign === undefined ? 45_000 : 60_000,
            hours: plan.onlyInHours ? { midnight: MIDNIGHT, from: 8.5 * 3_600_000, to: 22.5 * 3_600_000 } : undefined,
            opaque: plan.opaque,
            codeless: plan.codeless,
          },
        }),
      );
    }
    this.liars =
      liars.size === 0
        ? []
        : this.#gang(liars, {
            chance,
            signatures,
            claimOf: claimsBy(new WalletServer(walletSigner, chance('wallet server of the gang'))),
          });
    const { counters, gateway, trace } = this;
    this.#weather = new Weather({ plan, scheduler, network, gateway, counters, trace });
    const books: Books = {
      now: () => scheduler.now,
      campaign: this.gateway.rules.compiled,
      counters: this.counters,
      ledger: this.gateway.record.book,
      postings: this.gateway.record.postings,
      street,
      issuerKeys: this.gateway.issuerKeys,
      verifier: signatures,
      reconciliation: () => this.gateway.reconciliation(),
    };
    this.#judge = new Judge(books, histories, trace);
  }

  get violation(): Violation | undefined {
    return this.#judge.violation;
  }

  /** How often each fault has struck. */
  get strikes(): ReadonlyMap<string, number> {
    return this.#weather.strikes;
  }

  /** Begins, and runs so far; more may follow. */
  runTo(until: number): Violation | undefined {
    if (this.scheduler.steps === 0) this.#begin();
    this.#runUntil(until);
    return this.violation;
  }

  /** Runs all of it, or until something is wrong. */
  run(): Violation | undefined {
    this.runTo(this.plan.start + this.plan.faultsMs);
    return this.comeToRest();
  }

  /** The same where the stores that ship are at work: between two events the world waits until they are idle. */
  async runStored(): Promise<Violation | undefined> {
    const { store } = this.gateway;
    if (store === undefined) return this.run();
    try {
      this.#begin();
      await this.#runStoredUntil(store, this.plan.start + this.plan.faultsMs);
      if (this.violation !== undefined) return this.violation;
      this.#calmDown();
      await this.#runStoredUntil(store, this.scheduler.now + this.plan.quietMs);
      if (this.violation === undefined) await store.compare();
      this.#judge.atQuiet();
      return this.violation;
    } finally {
      for (const one of [store, ...this.#journals]) await one.close();
    }
  }

  async #runStoredUntil(store: StoredLedger, until: number): Promise<void> {
    const stores = [store, ...this.#journals];
    const isBusy = (): boolean => stores.some((one) => one.isBusy);
    const idle = async (): Promise<void> => {
      // What one of them answers may keep another one busy.
      while (isBusy()) for (const one of stores) await one.idle();
    };
    await idle();
    while (this.violation === undefined && !this.#runUntil(until, isBusy)) await idle();
  }

  #journalIn(folder: string, name: DeviceId, chance: Chance, sabotage: Sabotage): StoredJournal {
    const { scheduler } = this;
    const journal = new StoredJournal({ folder, name, chance, scheduler, sha256, sabotage, ...this.#verdicts() });
    this.#journals.push(journal);
    return journal;
  }

  #verdicts(): Pick<StoredLedgerOptions, 'differs' | 'threw'> {
    return {
      differs: (what) => this.#judge.storeDiffers(what),
      threw: (error) => this.#judge.threw(error),
    };
  }

  #storeIn(folder: string, chance: Chance): VirtualGatewayOptions['store'] {
    return { folder, chance, ...this.#verdicts() };
  }

  /** Faults off, time passes, and everything is looked at. */
  comeToRest(): Violation | undefined {
    if (this.violation !== undefined) return this.violation;
    this.#calmDown();
    this.#runUntil(this.scheduler.now + this.plan.quietMs);
    this.#judge.atQuiet();
    return this.violation;
  }

  /** Sales that were charged and settled, as the ledger has them. */
  get sales(): number {
    let settled = 0;
    for (const sale of this.gateway.record.book.sales.values())
      if (sale.state === 'settled' || sale.state === 'refunded') settled += 1;
    return settled;
  }

  #begin(): void {
    const { scheduler } = this;
    this.gateway.start();
    for (const [at, { box }] of this.counters.entries()) {
      scheduler.after(500 + 37 * at, () => box.powerOn());
    }
    for (const till of this.tills) till.start();
    for (const [at, liar] of this.liars.entries()) scheduler.after(900 + 53 * at, () => liar.start());
    this.#weather.begin();
  }

  /** Whoever is in the shop is served; nobody else comes in. */
  #calmDown(): void {
    this.trace.say(this.scheduler.now, 'world', 'faults off');
    this.#weather.end();
    for (const till of this.tills) till.close();
    for (const liar of this.liars) liar.close();
  }

  #gang(
    liars: ReadonlyMap<DeviceId, MerchantId>,
    {
      chance,
      signatures,
      claimOf,
    }: Pick<GangOptions, 'claimOf'> & {
      readonly chance: (purpose: string) => Chance;
      readonly signatures: Signatures;
    },
  ): readonly Liar[] {
    const { plan, scheduler, network, trace, crowd, gateway } = this;
    const { compiled } = gateway.rules;
    const tiers = compiled.tiers.map(({ id, faceFen, thresholdFen, serials }) => ({
      id,
      faceFen,
      thresholdFen,
      ...serials,
    }));
    const merchants = plan.campaign.merchants.map(({ id }) => id);
    const street = this.#street;
    const gang = new Gang({
      scheduler,
      chance: chance('gang'),
      position: IN_YOUHAO,
      partners: plan.partners,
      claimsFrom: Math.max(plan.start + 1_000, compiled.claimOpens),
      signer: (secret) => signatures.signer(secret),
      joined: (wallet) => street.playsAlong(holderIdOf(wallet.signer.publicKey)),
      claimOf,
      ask: (request, reply) => gateway.claim(request, reply),
    });
    return [...liars].map(
      ([device, merchant]) =>
        new Liar({
          device,
          merchant,
          merchants,
          tiers,
          scheduler,
          chance: chance(`liar ${device}`),
          network,
          trace,
          crowd,
          gang,
          exposed: (customer) => street.exposed(holderIdOf(customer.signer.publicKey)),
          everyMs: plan.lieEveryMs,
        }),
    );
  }

  /** True where it came so far. */
  #runUntil(until: number, halt: () => boolean = () => false): boolean {
    try {
      return this.scheduler.runUntil(until, () => this.violation !== undefined || halt());
    } catch (error) {
      this.#judge.threw(error);
      return true;
    }
  }

  #counter(device: DeviceId): WorldCounter | undefined {
    return this.counters.find((counter) => counter.device === device);
  }
}

const deviceId = (at: number): DeviceId => `c${at + 1}` as DeviceId;
