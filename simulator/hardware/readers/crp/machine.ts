/**
 * A virtual CRP/1 card reader, complete: HELO, SALE, CANC, STAT, LAST, VOID, PING, with its flash, its cardholder, its
 * bank and every way it is known to fail.
 *
 * In words. Every line but ACK and NAK is acknowledged; what was just handled is acknowledged again and not done again.
 * One line of its own waits for its ACK at a time. A sale is in the store before it is acknowledged, and its result
 * before RSLT goes out. A known reference with the same amount never charges again. What the bank was asked, the bank
 * decides, whether or not the reader still has power.
 */
import { type Machine, unreachable } from '#protocol/kernel/machine.js';
import { earliestWake, later } from '#protocol/kernel/time.js';
import { addFault, due, hear, mend, nextLate, QUIET_WIRE, type WireFault } from '../../wire.js';
import { decide, holdsMoneyOf, newBank, nextDecision, nextPayment, type Payment, sendOnline, stages } from '../bank.js';
import { type CrpLine, cut, read, verbOf, write } from './frame.js';
import { Saying } from './saying.js';
import {
  type CrpEffect,
  type CrpInput,
  type CrpOptions,
  type CrpReader,
  FRESH_LINK,
  RECOVER_MS,
  VOID_MS,
} from './state.js';
import { accept, find, hasExpired, newStore } from './store.js';

export * from './state.js';

export function crpReader(options: CrpOptions = {}): Machine<CrpReader, CrpInput, CrpEffect> {
  const store = options.store ?? newStore(options.slots);
  return {
    initial: {
      options,
      store: { ...store, boots: store.boots + 1 },
      bank: newBank(),
      wire: QUIET_WIRE,
      power: 'on',
      powerBackAt: undefined,
      link: FRESH_LINK,
      running: undefined,
      resolving: [],
      forge: [],
    },
    step(state, input, at) {
      const turn = new Turn(state, at);
      turn.passTime();
      turn.take(input);
      return { state: turn.state, effects: turn.effects };
    },
    wakeAt: (state) => {
      const { running } = state;
      return earliestWake(
        state.powerBackAt,
        nextDecision(state.bank),
        ...(state.power === 'off'
          ? []
          : [
              nextLate(state.wire),
              state.link.resendAt,
              running?.phase === 'CARD' ? running.stages.onlineAt : undefined,
              running?.stages.endAt,
              ...state.resolving.map((r) => r.at),
            ]),
      );
    },
  };
}

/** One step: what time brought, then what came in. */
class Turn extends Saying {
  take(input: CrpInput): void {
    switch (input.kind) {
      case 'bytes':
        if (this.state.power === 'on') this.#hear(input.bytes);
        return;
      case 'wake':
        return; // passTime has done it all
      case 'power':
        if (!input.on) this.powerOff(undefined);
        else if (this.state.power === 'off') this.#boot();
        return;
      case 'fault':
        this.set({ wire: addFault(this.state.wire, input.fault) });
        return;
      case 'mend':
        this.set({ wire: mend(this.state.wire), forge: [] });
        return;
      case 'pays':
        this.set({ bank: { ...this.state.bank, script: [...this.state.bank.script, ...input.payments] } });
        return;
      case 'usually':
        this.set({ bank: { ...this.state.bank, usual: input.payment } });
        return;
      case 'forge':
        this.set({ forge: [...this.state.forge, input.field] });
        return;
      default:
        unreachable(input);
    }
  }

  // -- time

  passTime(): void {
    this.set({ bank: decide(this.state.bank, this.now) });
    if (this.state.powerBackAt !== undefined && this.state.powerBackAt <= this.now) this.#boot();
    if (this.state.power === 'off') return;
    const late = due(this.state.wire, this.now);
    this.set({ wire: late.wire });
    this.effects.push(...late.effects);
    this.#run();
    this.#resolve();
    const { resendAt } = this.state.link;
    if (resendAt !== undefined && resendAt <= this.now) this.resend();
  }

  #run(): void {
    const { running } = this.state;
    if (running === undefined) return;
    const { onlineAt, endAt, decidedAt, moved } = running.stages;
    if (running.phase === 'CARD' && onlineAt !== undefined && onlineAt <= this.now) {
      const stored = find(this.state.store, running.ref);
      if (stored === undefined) return;
      // "Online" is in the flash before the request leaves: a power cut from here on can't be taken for "nothing sent".
      this.store(running.ref, { state: 'ONLINE' });
      const bank = sendOnline(this.state.bank, { ...stored, moved }, decidedAt ?? endAt);
      this.set({ bank: decide(bank, this.now), running: { ...running, phase: 'ONLINE' } });
      this.tell('EVNT', 'EVNT ONLINE', [running.ref, 'ONLINE'], running.ref);
    }
    if (this.state.running !== undefined && endAt <= this.now && this.state.power === 'on') this.#end();
  }

  #end(): void {
    const { running } = this.state;
    if (running === undefined) return;
    const { ref, payment } = running;
    this.set({ running: undefined });
    const sent = running.phase === 'ONLINE';
    switch (payment.kind) {
      case 'bank-silent':
        if (!sent) {
          this.result(ref, 'TIMEOUT', '');
          return;
        }
        if (payment.resolvesAfterMs === undefined) {
          this.result(ref, 'UNKNOWN', 'NOANSWER');
          return;
        }
        this.set({ resolving: [...this.state.resolving, { ref, at: later(this.now, payment.resolvesAfterMs) }] });
        this.result(ref, 'PENDING', 'NOANSWER');
        return;
      case 'approve':
        if (sent) this.result(ref, 'APPROVED', '00');
        else this.result(ref, 'TIMEOUT', '');
        return;
      case 'decline':
        if (sent) this.result(ref, 'DECLINED', payment.code ?? '51');
        else this.result(ref, 'TIMEOUT', '');
        return;
      case 'cancel':
        this.result(ref, 'CANCELLED', 'KEY');
        return;
      case 'walk-away':
        this.result(ref, 'TIMEOUT', '');
        return;
      case 'card-error':
        this.result(ref, 'ERROR', payment.code ?? 'CARD');
        return;
      default:
        unreachable(payment);
    }
  }

  #resolve(): void {
    const ready = this.state.resolving.filter(({ at }) => at <= this.now);
    if (ready.length === 0) return;
    this.set({ resolving: this.state.resolving.filter(({ at }) => at > this.now) });
    for (const { ref } of ready) {
      const entry = this.state.bank.book.find((e) => e.ref === ref);
      if (entry?.state === 'open')
        this.set({ resolving: [...this.state.resolving, { ref, at: later(this.now, RECOVER_MS) }] });
      else if (entry?.state === 'moved') this.result(ref, 'APPROVED', '00');
      else this.result(ref, 'DECLINED', '51');
    }
  }

  #boot(): void {
    const { store, options } = this.state;
    this.set({ power: 'on', powerBackAt: undefined, link: FRESH_LINK, store: { ...store, boots: store.boots + 1 } });
    if (options.bootGarbage !== undefined) this.effects.push({ kind: 'send', bytes: options.bootGarbage });
    for (const { ref, state } of this.state.store.stored) {
      if (state === 'ACCEPTED') this.store(ref, { state: 'ERROR', code: 'POWER' });
      else if (state === 'ONLINE' || state === 'PENDING') {
        const unknown = options.afterPowerCut === 'unknown';
        this.store(ref, { state: unknown ? 'UNKNOWN' : 'PENDING', code: 'POWER' });
        if (!unknown) this.set({ resolving: [...this.state.resolving, { ref, at: later(this.now, RECOVER_MS) }] });
      }
    }
  }

  // -- hearing

  #hear(bytes: Uint8Array): void {
    const { buffer, lines } = cut(this.state.link.buffer, bytes);
    this.link({ buffer });
    for (const line of lines) {
      const verb = verbOf(line);
      const about = verb === 'ACK' || verb === 'NAK' ? ` ${this.state.link.outbox[0]?.verb ?? ''}` : '';
      const heard = hear(this.state.wire, `${verb}${about}`, line);
      this.set({ wire: heard.wire });
      for (const frame of heard.frames) if (this.state.power === 'on') this.#line(frame, heard.nak);
      this.effects.push(...heard.effects);
    }
  }

  #line(bytes: Uint8Array, nak: string | undefined): void {
    const line = read(bytes);
    if (nak === 'CRC' || line.verb === 'damaged') {
      this.send('NAK CRC', write('NAK', '00', ['CRC']));
      return;
    }
    if (!('body' in line)) {
      this.nak('seq' in line ? line.seq : '00', 'FORMAT', '?');
      return;
    }
    if (line.verb === 'ACK') {
      this.acknowledged(line.seq);
      return;
    }
    if (line.verb === 'NAK') {
      this.refused(line);
      return;
    }
    if (nak !== undefined) {
      this.nak(line.seq, nak, line.verb);
      return;
    }
    // A HELO starts the link anew, and is answered however often it comes: it may be a reopened port's first line.
    if (line.verb === 'HELO') {
      this.#hello(line);
      return;
    }
    const { heard } = this.state.link;
    if (heard !== undefined && heard.seq === line.seq && heard.body === line.body) {
      this.ack(line);
      return;
    }
    this.#command(line);
  }

  #command(line: CrpLine): void {
    // A card number has no business on this line: 13 to 19 digits in any field that isn't a reference.
    const refs = line.verb === 'VOID' ? 2 : 1;
    if (line.fields.slice(refs).some((field) => /(?<!\d)\d{13,19}(?!\d)/.test(field))) {
      this.nak(line.seq, 'FORMAT', line.verb);
      return;
    }
    switch (line.verb) {
      case 'PING':
        this.ack(line);
        return;
      case 'SALE':
        this.#sale(line);
        return;
      case 'CANC':
        this.#cancel(line);
        return;
      case 'STAT':
        this.#stat(line);
        return;
      case 'LAST': {
        this.ack(line);
        const last = this.state.store.stored.at(-1);
        if (last === undefined) this.tellNothing('-', 'NOTFOUND');
        else this.tellStanding(last);
        return;
      }
      case 'VOID':
        this.#void(line);
        return;
      default:
        this.nak(line.seq, 'UNSUPPORTED', line.verb);
        return;
    }
  }

  #hello(line: CrpLine): void {
    if (line.fields[0] !== '1') {
      this.nak(line.seq, 'UNSUPPORTED', 'HELO');
      return;
    }
    this.set({ link: { ...FRESH_LINK, buffer: this.state.link.buffer, seq: this.state.link.seq, greeted: true } });
    this.ack(line);
    const { options, store } = this.state;
    const model = options.model ?? 'VIRTUAL-CRP';
    this.tell('HELO', 'HELO', ['1', model, options.serial ?? '00000001', `${store.boots}`, `${store.slots}`], '');
  }

  #sale(line: CrpLine): void {
    const [ref = '', amount = '', ccy, timeout = ''] = line.fields;
    const seconds = Number(timeout);
    const wellFormed =
      line.fields.length === 4 &&
      REF.test(ref) &&
      AMOUNT.test(amount) &&
      ccy === '156' &&
      /^\d{2,3}$/.test(timeout) &&
      seconds >= 15 &&
      seconds <= 180;
    if (!wellFormed) {
      this.nak(line.seq, 'FORMAT', 'SALE');
      return;
    }
    const amountFen = Number(amount);
    if (!this.#isNew(line, { ref, kind: 'sale', amountFen })) return;
    this.#accept({ ref, kind: 'sale', amountFen, original: null });
    const { bank, payment } = nextPayment(this.state.bank);
    this.set({
      bank,
      running: { ref, payment, stages: stages(payment, this.now, seconds * 1000), phase: 'CARD' },
    });
    this.ack(line);
    this.tell('EVNT', 'EVNT CARD', [ref, 'CARD'], ref);
  }

  #void(line: CrpLine): void {
    const [ref = '', original = '', amount = ''] = line.fields;
    if (line.fields.length !== 3 || !REF.test(ref) || !REF.test(original) || !AMOUNT.test(amount)) {
      this.nak(line.seq, 'FORMAT', 'VOID');
      return;
    }
    const amountFen = Number(amount);
    if (!this.#isNew(line, { ref, kind: 'void', amountFen })) return;
    this.#accept({ ref, kind: 'void', amountFen, original });
    const sale = this.state.bank.book.find((e) => e.kind === 'sale' && e.ref === original);
    const possible = sale?.amountFen === amountFen && holdsMoneyOf(this.state.bank, original);
    // A void that can't be is refused by the reader itself; nothing goes online for it.
    const payment: Payment = possible
      ? { kind: 'approve', cardMs: 0, bankMs: VOID_MS }
      : { kind: 'card-error', afterMs: 0, code: sale === undefined ? 'NOORIG' : 'NOTVOIDABLE' };
    const { bank, payment: scripted } = possible ? nextPayment(this.state.bank) : { bank: this.state.bank, payment };
    // A script meant for voids is taken as it stands; the usual approval needs no second card.
    const meets = scripted === bank.usual ? payment : scripted;
    this.set({
      bank,
      running: { ref, payment: meets, stages: stages(meets, this.now, VOID_TIMEOUT_MS), phase: 'CARD' },
    });
    this.ack(line);
  }

  /** Answers a command whose reference is known, or that comes while another runs; true where it is to be carried out. */
  #isNew(line: CrpLine, want: { ref: string; kind: 'sale' | 'void'; amountFen: number }): boolean {
    const known = find(this.state.store, want.ref);
    if (known !== undefined) {
      if (known.kind !== want.kind || known.amountFen !== want.amountFen) {
        this.nak(line.seq, 'REFCONFLICT', line.verb);
        return false;
      }
      this.ack(line);
      this.tellStanding(known);
      return false;
    }
    if (hasExpired(this.state.store, want.ref)) {
      this.nak(line.seq, 'REFCONFLICT', line.verb);
      return false;
    }
    if (this.state.running !== undefined) {
      this.nak(line.seq, 'BUSY', line.verb);
      return false;
    }
    return true;
  }

  #accept(request: { ref: string; kind: 'sale' | 'void'; amountFen: number; original: string | null }): void {
    this.set({ store: accept(this.state.store, request) });
    this.effects.push({ kind: 'stage', ref: request.ref, state: 'ACCEPTED' });
  }

  #cancel(line: CrpLine): void {
    this.ack(line);
    const { running } = this.state;
    if (running === undefined || running.ref !== line.fields[0] || running.phase === 'ONLINE') return;
    this.set({ running: undefined });
    this.result(running.ref, 'CANCELLED', 'HOST');
  }

  #stat(line: CrpLine): void {
    const ref = line.fields[0] ?? '';
    if (line.fields.length !== 1 || !REF.test(ref)) {
      this.nak(line.seq, 'FORMAT', 'STAT');
      return;
    }
    this.ack(line);
    const stored = find(this.state.store, ref);
    if (stored !== undefined) {
      this.tellStanding(stored);
      return;
    }
    this.tellNothing(ref, hasExpired(this.state.store, ref) ? 'EXPIRED' : 'NOTFOUND');
  }
}

const REF = /^[A-Za-z0-9-]{1,32}$/;
/** Manual: 1 to 99999999 fen. */
const AMOUNT = /^[1-9]\d{0,7}$/;
/** Ours: a void waits for no card. */
const VOID_TIMEOUT_MS = 60_000;

/** For tests and scenarios: a fault that hits once. */
export const once = (
  way: WireFault['way'],
  frame: string,
  does: WireFault['does'],
): { readonly kind: 'fault'; readonly fault: WireFault } => ({
  kind: 'fault',
  fault: { way, frame, does },
});
