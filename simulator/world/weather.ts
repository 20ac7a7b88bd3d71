/** The faults of a world as they strike: each kind on each counter from a stream of chance of its own, until it is quiet. */
import type { Fault } from '../faults/fault.js';
import { FAULTS } from '../faults/index.js';
import type { Network } from './parts/network.js';
import { type Chance, chanceFrom } from './parts/random.js';
import type { Scheduler } from './parts/scheduler.js';
import type { VirtualGateway } from './parts/virtual-gateway.js';
import type { WorldCounter } from './parts/world-counter.js';
import type { Plan } from './profiles.js';
import type { Trace } from './trace.js';

/** An offline week starts after so long online. */
const LINE_LOST_AFTER_MS = 50 * 60_000;

export interface WeatherOptions {
  readonly plan: Plan;
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly gateway: VirtualGateway;
  readonly counters: readonly WorldCounter[];
  readonly trace: Trace;
}

export class Weather {
  readonly #options: WeatherOptions;
  /** How often each fault has struck. */
  readonly strikes = new Map<string, number>();
  #quiet = false;

  constructor(options: WeatherOptions) {
    this.#options = options;
  }

  begin(): void {
    const { plan, counters, scheduler } = this.#options;
    for (const fault of FAULTS) {
      const everyMs = plan.faults.get(fault.id);
      if (everyMs === undefined) continue;
      for (const counter of counters)
        this.#strikeLater(fault, counter, everyMs, chanceFrom(plan.seed, `${fault.id} ${counter.device}`));
    }
    if (!plan.offlineWeek) return;
    for (const counter of counters) scheduler.after(LINE_LOST_AFTER_MS, () => this.#loseLine(counter));
  }

  /** Faults off, lines mended, a technician at every counter. */
  end(): void {
    const { network, gateway, counters, scheduler } = this.#options;
    this.#quiet = true;
    gateway.failing = 0;
    gateway.stallMs = 0;
    gateway.cutPowerAfter(Number.POSITIVE_INFINITY);
    gateway.start();
    for (const { box, device, isForged } of counters) {
      box.cutPowerAfter(Number.POSITIVE_INFINITY);
      network.gone.delete(device);
      network.mend(device);
      box.peripherals.service();
      box.disk.stallMs = 0;
      box.disk.memory.failNext = undefined;
      box.disk.lieNext = undefined;
      if (box.disk.hasFailed) {
        box.cutPower('service');
        if (!isForged) box.disk.restore();
      }
      scheduler.after(5_000, () => box.powerOn());
      scheduler.after(20_000, () => box.resumePrinting());
    }
  }

  #loseLine({ device }: WorldCounter): void {
    const { network, scheduler, trace } = this.#options;
    network.gone.add(device);
    network.reset(device, 'the line is gone for a week');
    trace.say(scheduler.now, device, 'the line is gone for a week');
  }

  #strikeLater(fault: Fault, counter: WorldCounter, everyMs: number, chance: Chance): void {
    const { scheduler, network, gateway, trace } = this.#options;
    scheduler.after(chance.around(everyMs), () => {
      if (this.#quiet) return;
      const say = (what: string): void => trace.say(scheduler.now, counter.device, `fault: ${what}`);
      const isQuiet = (): boolean => this.#quiet;
      if (fault.strike({ chance, scheduler, network, gateway, counter, isQuiet, say })) {
        say(fault.words);
        this.strikes.set(fault.id, (this.strikes.get(fault.id) ?? 0) + 1);
      }
      this.#strikeLater(fault, counter, everyMs, chance);
    });
  }
}
