/** Handles of the virtual devices of a `HardwareProcess`: a method for each knob, and what their books say. */
import { z } from 'zod';
import { LAMPS, type Lamp } from './display/machine.js';
import type { PrinterKnob } from './printer/machine.js';
import type { PaperDocument } from './printer/paper/document.js';
import type { LineShape } from './pty.js';
import type { Payment, ReaderEntry } from './readers/bank.js';
import type { Scan } from './scanner/machine.js';
import type { Utterance } from './voice/machine.js';
import type { WireFault } from './wire.js';

/** Ours: no order takes longer than a few turns of the other process's loop. */
export const ORDER_MS = 20_000;

/** Whatever a device tells: `read`, `stage`, `told`, `took`, `printed`, `speaks`, `shows`... */
export type DeviceEvent = { readonly kind: string } & Readonly<Record<string, unknown>>;
/** `at`: when it happened at the device, in milliseconds of the machine's monotonic clock (`machineMs`). */
export type Listener = (device: string, event: DeviceEvent, at: number) => void;
/** One order to the devices; see `messages.ts`. */
export type Order = { readonly do: string; readonly name: string } & Readonly<Record<string, unknown>>;

/** The devices behind the handles. */
export interface Hardware {
  order(order: Order): Promise<unknown>;
  next(device: string, takes: (event: DeviceEvent) => boolean, withinMs: number): Promise<DeviceEvent>;
  onEvent(listener: Listener): () => void;
}

/** What every device can do. */
class Device {
  readonly #hardware: Hardware;
  readonly name: string;
  /** The stable path that the agent is configured with. */
  readonly link: string;

  constructor(hardware: Hardware, name: string, link: string) {
    this.#hardware = hardware;
    this.name = name;
    this.link = link;
  }

  async fault(fault: WireFault): Promise<void> {
    await this.knob({ kind: 'fault', fault });
  }

  async mend(): Promise<void> {
    await this.knob({ kind: 'mend' });
  }

  async power(on: boolean): Promise<void> {
    await this.knob({ kind: 'power', on });
  }

  async shape(shape: LineShape): Promise<void> {
    await this.#hardware.order({ do: 'shape', name: this.name, shape });
  }

  async unplug(how?: 'abrupt'): Promise<void> {
    await this.#hardware.order({ do: 'unplug', name: this.name, abrupt: how === 'abrupt' });
  }

  async replug(): Promise<void> {
    await this.#hardware.order({ do: 'replug', name: this.name });
  }

  next(takes: (event: DeviceEvent) => boolean, withinMs = ORDER_MS): Promise<DeviceEvent> {
    return this.#hardware.next(this.name, takes, withinMs);
  }

  onEvent(listener: (event: DeviceEvent, at: number) => void): () => void {
    return this.#hardware.onEvent((device, event, at) => {
      if (device === this.name) listener(event, at);
    });
  }

  async close(): Promise<void> {
    await this.#hardware.order({ do: 'close', name: this.name });
  }

  async knob(knob: object): Promise<void> {
    await this.#hardware.order({ do: 'knob', name: this.name, knob });
  }

  protected report(): Promise<unknown> {
    return this.#hardware.order({ do: 'report', name: this.name });
  }
}

export class ScannerDevice extends Device {
  /** Holds a code before the scanner. */
  async scan(text: string, more: Omit<Scan, 'kind' | 'text' | 'bytes'> = {}): Promise<void> {
    await this.knob({ kind: 'scan', text, ...more });
  }

  async scanBytes(bytes: Uint8Array, more: Omit<Scan, 'kind' | 'text' | 'bytes'> = {}): Promise<void> {
    await this.knob({ kind: 'scan', bytes, ...more });
  }
}

const bookSchema = z.object({
  book: z.array(
    z.object({
      ref: z.string(),
      kind: z.enum(['sale', 'void']),
      amountFen: z.int(),
      state: z.enum(['open', 'moved', 'not-moved']),
      original: z.string().nullable(),
    }),
  ),
  balanceFen: z.int(),
});

export class ReaderDevice extends Device {
  /** What the next payments will be, in order. */
  async pays(...payments: readonly Payment[]): Promise<void> {
    await this.knob({ kind: 'pays', payments });
  }

  /** What every payment will be for which nothing else was said. */
  async usually(payment: Payment): Promise<void> {
    await this.knob({ kind: 'usually', payment });
  }

  /** The next result speaks of another sale. */
  async forge(field: 'ref' | 'amount' | 'currency'): Promise<void> {
    await this.knob({ kind: 'forge', field });
  }

  /** The bank's own book: what money moved, whatever anybody says. */
  async book(): Promise<readonly ReaderEntry[]> {
    return bookSchema.parse(await this.report()).book;
  }

  async balanceFen(): Promise<number> {
    return bookSchema.parse(await this.report()).balanceFen;
  }
}

/** The child runs this same code; what is checked is that it is a document at all. */
const documentSchema = z.custom<PaperDocument>(
  (value) => typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items),
);

export class PrinterDevice extends Device {
  /** Every byte that reached the printer, as it came. */
  onBytes(listener: (bytes: Uint8Array, at: number) => void): () => void {
    return this.onEvent(({ kind, bytes }, at) => {
      if (kind === 'took' && bytes instanceof Uint8Array) listener(bytes, at);
    });
  }

  /** Every piece of paper, when it is cut, torn off or ends. */
  onPrinted(listener: (document: PaperDocument) => void): () => void {
    return this.onEvent(({ kind, document }) => {
      if (kind === 'printed') listener(documentSchema.parse(document));
    });
  }

  /** Paper out, cover open, stuck, never answers...: the printer's own troubles. */
  async turn(knob: PrinterKnob): Promise<void> {
    await this.knob({ kind: 'knob', knob });
  }
}

const utteranceSchema = z.object({
  text: z.string(),
  music: z.int(),
  end: z.enum(['speaking', 'whole', 'cut']),
});

export class VoiceDevice extends Device {
  async utterances(): Promise<readonly Utterance[]> {
    return z.object({ utterances: z.array(utteranceSchema) }).parse(await this.report()).utterances;
  }
}

export class DisplayDevice extends Device {
  async shown(): Promise<{ readonly digits: string; readonly lamp: Lamp }> {
    return z.object({ digits: z.string(), lamp: z.enum(LAMPS) }).parse(await this.report());
  }
}
