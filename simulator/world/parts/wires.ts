/**
 * A serial line in the world: the driver's port on one side, a virtual device's machine on the other. Bytes take their
 * time and come in pieces; the plug can be pulled at any moment. The device lives on when the agent dies.
 */
import type { SerialLink, SerialLinkEvents } from '#device/ports/serial-link.js';
import type { Machine } from '#protocol/kernel/machine.js';
import { exactly, type Instant, type MonoMs, monoMs, wallMs } from '#protocol/kernel/time.js';
import type { WireEffect, WireInput } from '../../hardware/wire.js';
import type { Life } from '../life.js';
import type { Chance } from './random.js';
import type { Scheduler } from './scheduler.js';

/** A chunk of bytes is under way for so long, a USB adapter's latency included. */
const WIRE_MS = { from: 1, to: 4 } as const;
/** From plugging in to the port's being open. */
const OPEN_MS = { from: 20, to: 600 } as const;
/** How often a chunk arrives in two pieces. */
const CUT_IN_TWO = 0.15;

type AnyMachine<Input, Own> = Machine<unknown, Input | WireInput, Own | WireEffect>;

export class Cable<Input extends { readonly kind: string }, Own extends { readonly kind: string }> {
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly #machine: AnyMachine<Input, Own>;
  readonly #onEffect: (effect: Own | WireEffect) => void;
  #state: unknown;
  #wakeAt: MonoMs | undefined;
  #cancelWake: (() => void) | undefined;
  #port: Port | undefined;
  #plugged = true;
  #arrivesAt = 0;
  #heardAt = 0;

  constructor(options: {
    readonly scheduler: Scheduler;
    readonly chance: Chance;
    readonly machine: AnyMachine<Input, Own>;
    readonly onEffect: (effect: Own | WireEffect) => void;
  }) {
    this.#scheduler = options.scheduler;
    this.#chance = options.chance;
    this.#machine = options.machine;
    this.#onEffect = options.onEffect;
    this.#state = options.machine.initial;
  }

  /** Bytes, a knob, or something that happens in front of the device. */
  input(input: Input | WireInput): void {
    const at = this.#instant();
    const step = this.#machine.step(this.#state, input, at);
    this.#state = step.state;
    const wakeAt = this.#machine.wakeAt(step.state);
    if (wakeAt !== this.#wakeAt) {
      this.#cancelWake?.();
      this.#wakeAt = wakeAt;
      this.#cancelWake =
        wakeAt === undefined
          ? undefined
          : this.#scheduler.at(wakeAt, () => {
              this.#wakeAt = undefined;
              this.input({ kind: 'wake' });
            });
    }
    for (const effect of step.effects) this.#perform(effect);
  }

  unplug(backAfterMs: number | undefined): void {
    if (!this.#plugged) return;
    this.#plugged = false;
    this.#port?.lost('unplugged');
    if (backAfterMs !== undefined) this.#scheduler.after(backAfterMs, () => this.plug());
  }

  plug(): void {
    if (this.#plugged) return;
    this.#plugged = true;
    this.#port?.open(this.#chance.between(OPEN_MS.from, OPEN_MS.to));
  }

  /** The port as one process of the agent sees it; an earlier one's is dead. */
  link(life: Life, name: string): SerialLink {
    let events: SerialLinkEvents | undefined;
    let isOpen = false;
    const scheduler = this.#scheduler;
    const port: Port = {
      open: (afterMs) =>
        scheduler.after(afterMs, () => {
          if (this.#port !== port || !this.#plugged || isOpen) return;
          isOpen = true;
          life.enter(() => events?.onState('open', undefined));
        }),
      lost: (why) => {
        if (!isOpen) return;
        isOpen = false;
        life.enter(() => events?.onState('lost', why));
      },
      bytes: (bytes) => {
        if (isOpen) life.enter(() => events?.onBytes(bytes));
      },
    };
    return {
      start: (listener) => {
        events = listener;
        this.#port = port;
        if (this.#plugged) port.open(this.#chance.between(OPEN_MS.from, OPEN_MS.to));
      },
      write: (bytes, done) => {
        life.point(`${name} write`);
        const wasOpen = isOpen;
        if (wasOpen) this.#carryToDevice(bytes);
        scheduler.after(1, () => life.enter(() => done(wasOpen ? undefined : 'PORT_LOST')));
        life.point(`${name} written`);
      },
      stop: () => {
        isOpen = false;
        if (this.#port === port) this.#port = undefined;
      },
    };
  }

  #carryToDevice(bytes: Uint8Array): void {
    for (const piece of this.#pieces(bytes)) {
      this.#arrivesAt = Math.max(this.#arrivesAt, this.#scheduler.now + this.#delay());
      this.#scheduler.at(this.#arrivesAt, () => {
        if (this.#plugged) this.input({ kind: 'bytes', bytes: piece });
      });
    }
  }

  #perform(effect: Own | WireEffect): void {
    if (isSend(effect)) {
      for (const piece of this.#pieces(effect.bytes)) {
        this.#heardAt = Math.max(this.#heardAt, this.#scheduler.now + this.#delay());
        this.#scheduler.at(this.#heardAt, () => {
          if (this.#plugged) this.#port?.bytes(piece);
        });
      }
      return;
    }
    this.#onEffect(effect);
    if (isUnplug(effect)) {
      // What was said before it still leaves, as it would have left the UART.
      const { backAfterMs } = effect;
      this.#scheduler.after(WIRE_MS.to + 1, () => this.unplug(backAfterMs));
    }
  }

  #pieces(bytes: Uint8Array): readonly Uint8Array[] {
    if (bytes.length < 2 || !this.#chance.happens(CUT_IN_TWO)) return [bytes];
    const cut = 1 + this.#chance.below(bytes.length - 1);
    return [bytes.slice(0, cut), bytes.slice(cut)];
  }

  readonly #delay = (): number => this.#chance.between(WIRE_MS.from, WIRE_MS.to);

  #instant(): Instant {
    return { mono: monoMs(this.#scheduler.now), wall: exactly(wallMs(this.#scheduler.now)) };
  }
}

interface Port {
  open(afterMs: number): void;
  lost(why: string): void;
  bytes(bytes: Uint8Array): void;
}

const isSend = (effect: { readonly kind: string }): effect is Extract<WireEffect, { kind: 'send' }> =>
  effect.kind === 'send';
const isUnplug = (effect: { readonly kind: string }): effect is Extract<WireEffect, { kind: 'unplug' }> =>
  effect.kind === 'unplug';
