/** The virtual printer on a line that can go wrong: its replies are frames that faults can name (`STATUS`). */
import type { Machine } from '#protocol/kernel/machine.js';
import { unreachable } from '#protocol/kernel/machine.js';
import type { Instant } from '#protocol/kernel/time.js';
import { earliestWake } from '#protocol/kernel/time.js';
import {
  type PrinterKnob,
  printerMachine,
  type VirtualPrinterEffect,
  type VirtualPrinterInput,
  type VirtualPrinterState,
} from './printer/machine.js';
import { PAPER_58, type VirtualPrinterProfile } from './printer/profile.js';
import {
  addFault,
  due,
  hear,
  mend,
  nextLate,
  QUIET_WIRE,
  say,
  type Wire,
  type WireEffect,
  type WireInput,
} from './wire.js';

export type PrinterOnWireInput = WireInput | { readonly kind: 'knob'; readonly knob: PrinterKnob };
export type PrinterOnWireEffect =
  | WireEffect
  | Exclude<VirtualPrinterEffect, { kind: 'reply' }>
  /** Every byte as it came, before the printer made anything of it. */
  | { readonly kind: 'took'; readonly bytes: Uint8Array };

export interface PrinterOnWire {
  readonly wire: Wire;
  readonly printer: VirtualPrinterState;
  readonly bytesTaken: number;
}

export function printerOnWire(
  profile: VirtualPrinterProfile = PAPER_58,
): Machine<PrinterOnWire, PrinterOnWireInput, PrinterOnWireEffect> {
  const machine = printerMachine(profile);
  return {
    initial: { wire: QUIET_WIRE, printer: machine.initial, bytesTaken: 0 },
    step(before, input, at) {
      const effects: PrinterOnWireEffect[] = [];
      const late = due(before.wire, at.mono);
      effects.push(...late.effects);
      let state: PrinterOnWire = { ...before, wire: late.wire };
      const pass = (passed: VirtualPrinterInput): void => {
        state = through(machine.step(state.printer, passed, at), state, at, effects);
      };
      switch (input.kind) {
        case 'bytes': {
          const heard = hear(state.wire, 'BYTES', input.bytes);
          state = { ...state, wire: heard.wire, bytesTaken: state.bytesTaken + input.bytes.length };
          effects.push({ kind: 'took', bytes: input.bytes });
          for (const bytes of heard.frames) pass({ kind: 'bytes', bytes });
          effects.push(...heard.effects);
          break;
        }
        case 'wake':
        case 'knob':
          pass(input);
          break;
        case 'power':
          pass({ kind: 'knob', knob: input });
          break;
        case 'fault':
          state = { ...state, wire: addFault(state.wire, input.fault) };
          break;
        case 'mend':
          state = { ...state, wire: mend(state.wire) };
          break;
        default:
          unreachable(input);
      }
      return { state, effects };
    },
    wakeAt: (state) => earliestWake(machine.wakeAt(state.printer), nextLate(state.wire)),
  };
}

function through(
  done: { readonly state: VirtualPrinterState; readonly effects: readonly VirtualPrinterEffect[] },
  before: PrinterOnWire,
  at: Instant,
  effects: PrinterOnWireEffect[],
): PrinterOnWire {
  let { wire } = before;
  for (const effect of done.effects) {
    if (effect.kind === 'reply') {
      const said = say(wire, 'STATUS', effect.bytes, at.mono);
      wire = said.wire;
      effects.push(...said.effects);
    } else effects.push(effect);
  }
  return { ...before, wire, printer: done.state };
}
