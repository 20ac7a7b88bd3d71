/**
 * One counter of the world: its box, and what is heard of it. It is also what faults, checkers and the world know it by,
 * and shows them only books: what is on disk, on paper, in the reader, and what was said.
 */
import { PRINTER_MODEL_NAMES } from '#device/drivers/printers/index.js';
import type { DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import type { Allowance } from '#protocol/messages/allowance.js';
import { sha256 } from '#protocol/node/crypto.js';
import type { BookEvent, CounterBooks, Paper } from '../../checkers/books.js';
import type { Counter } from '../../faults/fault.js';
import type { Plan } from '../profiles.js';
import type { Sabotage } from '../sabotage.js';
import type { StoredJournal } from '../store/stored-journal.js';
import type { Trace } from '../trace.js';
import type { Network } from './network.js';
import type { Chance } from './random.js';
import type { Scheduler } from './scheduler.js';
import type { Signatures } from './signatures.js';
import { VirtualDevice, type VirtualDeviceEvents } from './virtual-device.js';

/** A tuned crystal and a bad one, in parts per million; the product reckons with 50. */
const DRIFT_PPM = 40;
/** From a power cut to the mains' coming back. */
const MAINS_BACK_MS = { from: 2_000, to: 90_000 } as const;

export interface CounterOptions {
  readonly device: DeviceId;
  readonly merchant: MerchantId;
  readonly plan: Plan;
  readonly scheduler: Scheduler;
  readonly chance: (purpose: string) => Chance;
  readonly trace: Trace;
  readonly network: Network;
  readonly signatures: Signatures;
  readonly issuerKeys: ReadonlyMap<number, Uint8Array>;
  readonly sabotage: Sabotage;
  /** Printer and voice, too. */
  readonly isFurnished: boolean;
  /** The shipped journal, beside the one in memory. */
  readonly stored?: StoredJournal | undefined;
  /** Something was written into one of its books. */
  readonly look: (event: BookEvent) => void;
}

export class WorldCounter implements Counter, CounterBooks {
  readonly device: DeviceId;
  readonly merchant: MerchantId;
  readonly box: VirtualDevice;
  readonly allowances = new Map<string, Allowance>();
  forged = false;

  constructor(options: CounterOptions) {
    const { device, merchant, plan, scheduler } = options;
    this.device = device;
    this.merchant = merchant;
    const own = options.chance(`box ${device}`);
    this.box = new VirtualDevice({
      device,
      merchant,
      campaign: plan.campaign,
      driftPpm: own.between(-DRIFT_PPM, DRIFT_PPM),
      printerModel: own.pick(PRINTER_MODEL_NAMES),
      syncMs: plan.slow?.syncMs ?? 0,
      scheduler,
      chance: own,
      network: options.network,
      sha256,
      verifier: options.signatures,
      issuerKeys: options.issuerKeys,
      sabotage: options.sabotage,
      isFurnished: options.isFurnished,
      stored: options.stored,
      events: this.#heard(options),
    });
  }

  get tape(): CounterBooks['tape'] {
    return this.box.disk.tape;
  }
  get disk(): CounterBooks['disk'] {
    return this.box.disk.memory;
  }
  get papers(): readonly Paper[] {
    return this.box.peripherals.papers;
  }
  get isForged(): boolean {
    return this.forged;
  }
  get hasFailedDisk(): boolean {
    return this.box.disk.hasFailed;
  }
  get moved(): CounterBooks['moved'] {
    return this.box.peripherals.moved;
  }
  get takenBack(): CounterBooks['takenBack'] {
    return this.box.peripherals.takenBack;
  }
  bank = (): ReturnType<CounterBooks['bank']> => this.box.peripherals.bank();
  utterances = (): ReturnType<CounterBooks['utterances']> => this.box.peripherals.utterances();

  /** What happens at the counter goes into the trace, and what is written into a book before the judge. */
  #heard({ device, scheduler, chance, trace, look }: CounterOptions): VirtualDeviceEvents {
    const mains = chance(`mains ${device}`);
    return {
      durable: (_, row) => {
        trace.mix(row.body);
        look({ kind: 'journalled', counter: this, row });
      },
      acknowledged: () => look({ kind: 'acknowledged', counter: this }),
      log: (level, code, fields) => {
        if (level === 'debug') return;
        trace.say(scheduler.now, device, `${code}${inWords(fields)}`);
      },
      died: (where) => {
        trace.say(scheduler.now, device, `power gone (${where})`);
        if (where === 'killed') return;
        scheduler.after(mains.between(MAINS_BACK_MS.from, MAINS_BACK_MS.to), () => this.box.powerOn());
      },
      commanded: (ref) => {
        trace.say(scheduler.now, device, `the reader has taken ${ref}`);
        look({ kind: 'commanded', counter: this, ref });
      },
      taken: (ref) => look({ kind: 'taken', counter: this, ref }),
      moved: (entry) => {
        trace.say(scheduler.now, device, `money moved: ${entry.kind} ${entry.ref} ${entry.amountFen} fen`);
        look({ kind: 'moved', counter: this, entry });
      },
      paper: (paper) => {
        trace.say(scheduler.now, device, `paper: ${paper.code ?? 'a torn piece'}${paper.isMarkedCopy ? ' 补打' : ''}`);
        look({ kind: 'paper', counter: this, paper });
      },
      spoken: (text) => {
        trace.say(scheduler.now, device, `says ${text}`);
        look({ kind: 'spoken', counter: this, text });
      },
    };
  }
}

function inWords(fields: Readonly<Record<string, unknown>>): string {
  let words = '';
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined && value !== null) words += ` ${name}=${String(value)}`;
  }
  return words;
}
