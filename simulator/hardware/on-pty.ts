/** The thin shell around a virtual device: a pty, the real clock, one timer. Everything it knows is in the machine. */
import type { Machine } from '#protocol/kernel/machine.js';
import { exactly, type Instant, monoMs, wallMs } from '#protocol/kernel/time.js';
import { type LineShape, openPty, type Pty } from './pty.js';
import type { WireEffect, WireInput } from './wire.js';

export interface OnPty<State, Input> {
  readonly pty: Pty;
  readonly state: State;
  /** A knob, as if it happened now. */
  input(input: Input | WireInput): void;
  close(): Promise<void>;
}

export interface OnPtyOptions<Own> {
  readonly link: string;
  readonly shape?: LineShape;
  /** Every effect that isn't bytes. */
  readonly onEvent?: (event: Own | WireEffect) => void;
}

export async function onPty<State, Input, Own extends { readonly kind: string }>(
  machine: Machine<State, Input | WireInput, Own | WireEffect>,
  options: OnPtyOptions<Own>,
): Promise<OnPty<State, Input>> {
  const pty = await openPty({ link: options.link, ...(options.shape === undefined ? {} : { shape: options.shape }) });
  let state = machine.initial;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  /** Between the pulling of the plug and its being out: nothing more gets through. */
  let pulled = false;
  const replugs = new Set<NodeJS.Timeout>();

  const step = (input: Input | WireInput): void => {
    if (closed) return;
    const at = now();
    const done = machine.step(state, input, at);
    state = done.state;
    for (const effect of done.effects) perform(effect);
    if (timer !== undefined) clearTimeout(timer);
    const wakeAt = machine.wakeAt(state);
    // Rounded up: a timer that fires a fraction early would spin.
    timer = wakeAt === undefined ? undefined : setTimeout(step, Math.max(0, Math.ceil(wakeAt - at.mono)), WAKE);
  };

  const perform = (effect: Own | WireEffect): void => {
    if (isSend(effect)) {
      if (!pulled) pty.write(effect.bytes);
    } else {
      if (isUnplug(effect)) pull(effect.backAfterMs);
      options.onEvent?.(effect);
    }
  };

  /** What was said before it still leaves, as it would have left the UART. */
  const pull = (backAfterMs: number | undefined): void => {
    pulled = true;
    void pty
      .drained()
      .then(() => pty.unplug())
      .then(() => {
        pulled = false;
      });
    if (backAfterMs === undefined) return;
    const back = setTimeout(() => {
      replugs.delete(back);
      void pty.drained().then(() => pty.replug());
    }, backAfterMs);
    replugs.add(back);
  };

  pty.onData((bytes) => step({ kind: 'bytes', bytes: Uint8Array.from(bytes) }));
  return {
    pty,
    get state() {
      return state;
    },
    input: step,
    async close() {
      closed = true;
      if (timer !== undefined) clearTimeout(timer);
      for (const back of replugs) clearTimeout(back);
      await pty.close();
    },
  };
}

const WAKE: WireInput = { kind: 'wake' };
const now = (): Instant => ({ mono: monoMs(performance.now()), wall: exactly(wallMs(Date.now())) });
const isSend = (effect: { kind: string }): effect is Extract<WireEffect, { kind: 'send' }> => effect.kind === 'send';
const isUnplug = (effect: { kind: string }): effect is Extract<WireEffect, { kind: 'unplug' }> =>
  effect.kind === 'unplug';
