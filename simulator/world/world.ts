/**
 * The whole world on one clock: counters with their peripherals, tills and cashiers, the district's people, lines, broker,
 * gateway and ledger, all in one process and all from one seed. First a part with faults, then a quiet one in which
 * everything must come together. The checkers look at each book whenever something is written into it.
 */
import type { Changes } from '#gateway/core/book.js';
import type { DeviceId, MerchantId } from '#protocol/ids.js';
import type { Allowance } from '#protocol/messages/allowance.js';
import { sha256 } from '#protocol/node-crypto.js';
import type { BookEvent, Books, Check, CounterBooks, Paper } from '../checkers/books.js';
import { CouponHistories } from '../checkers/histories.js';
import { CHECKERS } from '../checkers/index.js';
import type { Counter, Fault } from '../faults/fault.js';
import { FAULTS } from '../faults/index.js';
import { IN_YOUHAO } from '../wallets/wallet.js';
import { Crowd } from '../workload/customers.js';
import { Till } from '../workload/till.js';
import { Centre } from './centre.js';
import { CounterBox } from './counter-box.js';
import { Network } from './network.js';
import { MIDNIGHT, type Plan } from './profiles.js';
import { type Chance, chanceFrom } from './random.js';
import type { Sabotage } from './sabotage.js';
import { Scheduler } from './scheduler.js';
import { Signatures } from './signatures.js';
import { Trace } from './trace.js';

export interface Violation {
  readonly invariant: string;
  readonly promise: string;
  readonly what: string;
  /** True time since the start, in ms. */
  readonly at: number;
}

export interface WorldOptions {
  readonly sabotage?: Sabotage;
  readonly onLine?: (line: string) => void;
  /** A whole campaign rather than its accidents: no printers and voices, and cashiers who look up less often. */
  readonly campaign?: {
    readonly booked: (changes: Changes) => void;
    readonly visitEveryMs: (merchant: MerchantId) => number;
  };
}

/** How often a cashier looks at the sale, in ms. */
const LOOK_MS = { from: 300, to: 2_500 } as const;
const RARE_LOOK_MS = { from: 2_500, to: 6_000 } as const;
const PRINTERS = ['generic-58', 'xprinter-80', 'epson-tm-t82', 'mute-58', 'generic-80'] as const;
/** A tuned crystal and a bad one, in parts per million; the product reckons with 50. */
const DRIFT_PPM = 40;
/** From a power cut to the mains' coming back. */
const MAINS_BACK_MS = { from: 2_000, to: 90_000 } as const;
const GATEWAY_BACK_MS = { from: 2_000, to: 60_000 } as const;
/** An offline week starts after so long on line. */
const LINE_LOST_AFTER_MS = 50 * 60_000;

export class World {
  readonly plan: Plan;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly centre: Centre;
  readonly counters: WorldCounter[] = [];
  readonly strikes = new Map<string, number>();
  readonly tills: Till[] = [];
  readonly crowd: Crowd;
  readonly books: Books;
  readonly #network: Network;
  readonly #checks: readonly { readonly name: string; readonly promise: string; readonly check: Check }[];
  readonly #histories: CouponHistories;
  #quiet = false;
  violation: Violation | undefined;

  constructor(plan: Plan, { sabotage = {}, onLine, campaign }: WorldOptions = {}) {
    this.plan = plan;
    const scheduler = new Scheduler(plan.start);
    this.scheduler = scheduler;
    this.trace = new Trace(plan.start, onLine);
    const chance = (purpose: string): Chance => chanceFrom(plan.seed, purpose);
    const signatures = new Signatures();
    const histories = new CouponHistories(() => scheduler.now);
    this.#histories = histories;
    const network = new Network({
      scheduler,
      chance: chance('network'),
      campaign: plan.campaign.id,
      events: {
        sent: (device, direction, payload) => {
          this.trace.mix(payload);
          histories.sent(device, direction, payload);
        },
        arrived: (device, direction, payload) => {
          this.trace.mixNumber(scheduler.now);
          histories.arrived(device, direction, payload);
        },
      },
    });
    this.#network = network;
    const merchants = new Map<DeviceId, MerchantId>();
    for (const [at, merchant] of plan.merchants.slice(0, plan.counters).entries())
      merchants.set(deviceId(at), merchant);
    this.centre = new Centre({
      scheduler,
      chance: chance('gateway'),
      network,
      campaign: plan.campaign,
      leaseMs: plan.leaseMs,
      merchantOf: (device) => merchants.get(device),
      sha256,
      verifier: signatures,
      signer: signatures.signer(`issuer ${plan.seed}`),
      sabotage,
      events: {
        booked: (changes) => {
          histories.booked(changes);
          campaign?.booked(changes);
          this.#look({ kind: 'booked', changes });
        },
        allowed: (device, allowance) => this.#counter(device)?.allowances.set(allowance.id, allowance),
        alarm: (code, what, device) => this.trace.say(scheduler.now, 'gateway', `${code} ${device ?? ''} ${what}`),
        died: (where) => {
          this.trace.say(scheduler.now, 'gateway', `dies (${where})`);
          const { from, to } = GATEWAY_BACK_MS;
          scheduler.after(chance('gateway back').between(from, to), () => this.centre.start());
        },
      },
    });
    for (const [device, merchant] of merchants) {
      this.counters.push(this.#build(device, merchant, chance, signatures, sabotage, campaign === undefined));
    }
    this.crowd = new Crowd({
      scheduler,
      chance: chance('crowd'),
      campaign: plan.campaign.id,
      tiers: plan.campaign.tiers.map((tier) => tier.id),
      people: plan.people,
      position: IN_YOUHAO,
      signer: (secret) => signatures.signer(secret),
      claimsFrom: Math.max(plan.start + 1_000, this.centre.rules.compiled.claimOpens),
      claimsWithinMs: plan.claimsWithinMs,
      dishonestPerMille: plan.dishonestPerMille,
      onlyHolders: campaign !== undefined,
      ask: (request, reply) => this.centre.claim(request, reply),
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
    this.books = {
      now: () => scheduler.now,
      campaign: this.centre.rules.compiled,
      counters: this.counters,
      ledger: this.centre.record.book,
      postings: this.centre.record.postings,
    };
    this.#checks = CHECKERS.map(({ name, promise, watch }) => ({ name, promise, check: watch(this.books) }));
  }

  get isQuiet(): boolean {
    return this.#quiet;
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

  /** Faults off, time passes, and everything is looked at. */
  comeToRest(): Violation | undefined {
    if (this.violation !== undefined) return this.violation;
    this.#calmDown();
    this.#runUntil(this.scheduler.now + this.plan.quietMs);
    if (this.violation === undefined) this.#lookAtEnd();
    return this.violation;
  }

  /** Sales that were charged and settled, as the ledger has them. */
  get sales(): number {
    let settled = 0;
    for (const sale of this.centre.record.book.sales.values())
      if (sale.state === 'settled' || sale.state === 'refunded') settled += 1;
    return settled;
  }

  #begin(): void {
    const { plan, scheduler } = this;
    this.centre.start();
    for (const [at, { box }] of this.counters.entries()) {
      scheduler.after(500 + 37 * at, () => box.powerOn());
    }
    for (const till of this.tills) till.start();
    for (const fault of FAULTS) {
      const everyMs = plan.faults.get(fault.id);
      if (everyMs === undefined) continue;
      for (const counter of this.counters) {
        this.#strikeLater(fault, counter, everyMs, chanceFrom(plan.seed, `${fault.id} ${counter.device}`));
      }
    }
    if (plan.offlineWeek) {
      for (const { device } of this.counters) {
        scheduler.after(LINE_LOST_AFTER_MS, () => {
          this.#network.gone.add(device);
          this.#network.reset(device, 'the line is gone for a week');
          this.trace.say(scheduler.now, device, 'the line is gone for a week');
        });
      }
    }
  }

  #strikeLater(fault: Fault, counter: WorldCounter, everyMs: number, chance: Chance): void {
    this.scheduler.after(chance.around(everyMs), () => {
      if (this.#quiet) return;
      const say = (what: string): void => this.trace.say(this.scheduler.now, counter.device, `fault: ${what}`);
      const struck = fault.strike({
        chance,
        scheduler: this.scheduler,
        network: this.#network,
        centre: this.centre,
        counter,
        isQuiet: () => this.#quiet,
        say,
      });
      if (struck) {
        say(fault.words);
        this.strikes.set(fault.id, (this.strikes.get(fault.id) ?? 0) + 1);
      }
      this.#strikeLater(fault, counter, everyMs, chance);
    });
  }

  /** Faults off, lines mended, a technician at every counter; whoever is in the shop is served. */
  #calmDown(): void {
    this.#quiet = true;
    this.trace.say(this.scheduler.now, 'world', 'faults off');
    this.centre.failing = 0;
    this.centre.stallMs = 0;
    this.centre.cutPowerAfter(Number.POSITIVE_INFINITY);
    this.centre.start();
    for (const counter of this.counters) {
      const { box, device } = counter;
      box.cutPowerAfter(Number.POSITIVE_INFINITY);
      this.#network.gone.delete(device);
      this.#network.mend(device);
      box.furniture.service();
      box.disk.stallMs = 0;
      box.disk.memory.failNext = undefined;
      box.disk.lieNext = undefined;
      if (box.disk.hasFailed) {
        box.cutPower('service');
        if (!counter.isForged) box.disk.restore();
      }
      this.scheduler.after(5_000, () => box.powerOn());
      this.scheduler.after(20_000, () => box.resumePrinting());
    }
    for (const till of this.tills) till.close();
  }

  #runUntil(until: number): void {
    try {
      this.scheduler.runUntil(until, () => this.violation !== undefined);
    } catch (error) {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#violated('nothing throws', 'no input and no fault makes the product throw', what);
    }
  }

  #build(
    device: DeviceId,
    merchant: MerchantId,
    chance: (purpose: string) => Chance,
    signatures: Signatures,
    sabotage: Sabotage,
    isFurnished: boolean,
  ): WorldCounter {
    const { scheduler, plan, trace } = this;
    const own = chance(`box ${device}`);
    const mains = chance(`mains ${device}`);
    const box: CounterBox = new CounterBox({
      device,
      merchant,
      campaign: plan.campaign,
      driftPpm: own.between(-DRIFT_PPM, DRIFT_PPM),
      printerModel: own.pick(PRINTERS),
      scheduler,
      chance: own,
      network: this.#network,
      sha256,
      verifier: signatures,
      issuerKeys: this.centre.issuerKeys,
      sabotage,
      isFurnished,
      events: {
        durable: (_, row) => {
          trace.mix(row.body);
          this.#look({ kind: 'journalled', counter, row });
        },
        acknowledged: () => this.#look({ kind: 'acknowledged', counter }),
        log: (level, code, fields) => {
          if (level === 'debug') return;
          trace.say(scheduler.now, device, `${code}${inWords(fields)}`);
        },
        died: (where) => {
          trace.say(scheduler.now, device, `power gone (${where})`);
          if (where === 'killed') return;
          scheduler.after(mains.between(MAINS_BACK_MS.from, MAINS_BACK_MS.to), () => box.powerOn());
        },
        commanded: (ref) => {
          trace.say(scheduler.now, device, `the reader has taken ${ref}`);
          this.#look({ kind: 'commanded', counter, ref });
        },
        moved: (entry) => {
          trace.say(scheduler.now, device, `money moved: ${entry.kind} ${entry.ref} ${entry.amountFen} fen`);
          this.#look({ kind: 'moved', counter, entry });
        },
        paper: (paper) => {
          trace.say(
            scheduler.now,
            device,
            `paper: ${paper.code ?? 'a torn piece'}${paper.isMarkedCopy ? ' 补打' : ''}`,
          );
          this.#look({ kind: 'paper', counter, paper });
        },
        spoken: (text) => {
          trace.say(scheduler.now, device, `says ${text}`);
          this.#look({ kind: 'spoken', counter, text });
        },
      },
    });
    const counter = new WorldCounter(device, merchant, box);
    return counter;
  }

  #counter(device: DeviceId): WorldCounter | undefined {
    return this.counters.find((counter) => counter.device === device);
  }

  #look(event: BookEvent): void {
    if (this.violation !== undefined) return;
    for (const { name, promise, check } of this.#checks) {
      const wrong = check.seen?.(event);
      if (wrong !== undefined) {
        this.#violated(name, promise, wrong);
        return;
      }
    }
  }

  #lookAtEnd(): void {
    for (const { name, promise, check } of this.#checks) {
      const wrong = check.atQuiet?.();
      if (wrong !== undefined) {
        this.#violated(name, promise, wrong);
        return;
      }
    }
    const wrong = this.#histories.check();
    if (wrong !== undefined) this.#violated('linearizable', CouponHistories.promise, wrong);
  }

  #violated(invariant: string, promise: string, what: string): void {
    if (this.violation !== undefined) return;
    this.violation = { invariant, promise, what, at: this.scheduler.now - this.plan.start };
    this.trace.say(this.scheduler.now, 'CHECK', `${invariant}: ${what}`);
  }
}

/** One counter as faults, checkers and the world itself see it. */
export class WorldCounter implements Counter, CounterBooks {
  readonly device: DeviceId;
  readonly merchant: MerchantId;
  readonly box: CounterBox;
  readonly allowances = new Map<string, Allowance>();
  forged = false;

  constructor(device: DeviceId, merchant: MerchantId, box: CounterBox) {
    this.device = device;
    this.merchant = merchant;
    this.box = box;
  }

  get tape(): CounterBooks['tape'] {
    return this.box.disk.tape;
  }
  get disk(): CounterBooks['disk'] {
    return this.box.disk.memory;
  }
  get papers(): readonly Paper[] {
    return this.box.furniture.papers;
  }
  get isForged(): boolean {
    return this.forged;
  }
  get hasFailedDisk(): boolean {
    return this.box.disk.hasFailed;
  }
  get moved(): CounterBooks['moved'] {
    return this.box.furniture.moved;
  }
  get takenBack(): CounterBooks['takenBack'] {
    return this.box.furniture.takenBack;
  }
  bank = (): ReturnType<CounterBooks['bank']> => this.box.furniture.bank();
  utterances = (): ReturnType<CounterBooks['utterances']> => this.box.furniture.utterances();
}

const deviceId = (at: number): DeviceId => `c${at + 1}` as DeviceId;

function inWords(fields: Readonly<Record<string, unknown>>): string {
  let words = '';
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined && value !== null) words += ` ${name}=${String(value)}`;
  }
  return words;
}
