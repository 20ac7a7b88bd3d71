/**
 * The device manager of one hardware process: creates, turns, asks and removes virtual devices by name, as orders say.
 */
import { unreachable } from '#protocol/kernel/machine.js';
import { ledDisplay } from './display/machine.js';
import { type DeviceKind, KNOBS, OPTIONS, type Order } from './messages.js';
import { type OnPty, onPty } from './on-pty.js';
import { printerOnWire } from './printer-on-wire.js';
import type { LineShape, Pty } from './pty.js';
import { balanceFen } from './readers/bank.js';
import { crpReader } from './readers/crp/machine.js';
import { transbankTerminal } from './readers/transbank/machine.js';
import { virtualScanner } from './scanner/machine.js';
import { voiceModule } from './voice/machine.js';
import type { WireInput } from './wire.js';

/** A device whose kind no longer matters. */
interface OnBench {
  readonly pty: Pty;
  knob(knob: unknown): void;
  report(): unknown;
  close(): Promise<void>;
}

interface Making {
  readonly link: string;
  readonly shape?: LineShape;
  readonly onEvent: (event: { readonly kind: string }) => void;
}

/** Another kind of device: one line in KINDS of `messages.ts`, its schemas there, and its case here. */
async function make(kind: DeviceKind, options: unknown, at: Making): Promise<OnBench> {
  switch (kind) {
    case 'scanner':
      return devices(await onPty(virtualScanner(OPTIONS.scanner.parse(options)), at), KNOBS.scanner, (state) => ({
        unread: state.held.length,
      }));
    case 'crp-reader':
      return devices(
        await onPty(crpReader(OPTIONS[kind].parse(options)), at),
        KNOBS[kind],
        ({ bank, store, power }) => ({
          book: bank.book,
          balanceFen: balanceFen(bank.book),
          stored: store.stored,
          boots: store.boots,
          power,
        }),
      );
    case 'transbank-reader':
      return devices(
        await onPty(transbankTerminal(OPTIONS[kind].parse(options)), at),
        KNOBS[kind],
        ({ bank, store, power }) => ({
          book: bank.book,
          balanceFen: balanceFen(bank.book),
          operation: store.operation,
          power,
        }),
      );
    case 'printer':
      return devices(
        await onPty(printerOnWire(OPTIONS.printer.parse(options)), at),
        KNOBS.printer,
        ({ bytesTaken, printer }) => ({ bytesTaken, condition: printer.condition }),
      );
    case 'voice':
      return devices(
        await onPty(voiceModule(OPTIONS.voice.parse(options)), at),
        KNOBS.voice,
        ({ utterances, complaints }) => ({ utterances, complaints }),
      );
    case 'display':
      OPTIONS.display.parse(options);
      return devices(await onPty(ledDisplay(), at), KNOBS.display, ({ digits, lamp, complaints }) => ({
        digits,
        lamp,
        complaints,
      }));
    default:
      return unreachable(kind);
  }
}

function devices<State, Input>(
  device: OnPty<State, Input>,
  knobs: { parse(knob: unknown): Input | WireInput },
  report: (state: State) => unknown,
): OnBench {
  return {
    pty: device.pty,
    knob: (knob) => device.input(knobs.parse(knob)),
    report: () => report(device.state),
    close: () => device.close(),
  };
}

export class DeviceManager {
  readonly #devices = new Map<string, OnBench>();
  readonly #onEvent: (device: string, event: { readonly kind: string }) => void;

  constructor(onEvent: (device: string, event: { readonly kind: string }) => void) {
    this.#onEvent = onEvent;
  }

  /** What the order's answer says. Throws an Error with a sentence where it can't be done. */
  async carryOut(order: Order): Promise<unknown> {
    if (order.do === 'create') {
      if (this.#devices.has(order.name)) throw new Error(`there is already a device "${order.name}"`);
      const device = await make(order.device, order.options ?? {}, {
        link: order.link,
        ...(order.shape === undefined ? {} : { shape: order.shape }),
        onEvent: (event) => this.#onEvent(order.name, event),
      });
      this.#devices.set(order.name, device);
      return { link: device.pty.link };
    }
    const device = this.#devices.get(order.name);
    if (device === undefined) throw new Error(`there is no device "${order.name}"; create it first`);
    switch (order.do) {
      case 'knob':
        device.knob(order.knob);
        return null;
      case 'shape':
        device.pty.shape(order.shape);
        return null;
      case 'unplug':
        await device.pty.unplug(order.abrupt === true ? 'abrupt' : undefined);
        return null;
      case 'replug':
        await device.pty.replug();
        return null;
      case 'report':
        return device.report();
      case 'close':
        this.#devices.delete(order.name);
        await device.close();
        return null;
      default:
        return unreachable(order);
    }
  }

  async close(): Promise<void> {
    const devices = [...this.#devices.values()];
    this.#devices.clear();
    await Promise.all(devices.map((device) => device.close()));
  }
}
