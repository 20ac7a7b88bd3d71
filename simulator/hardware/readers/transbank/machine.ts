/**
 * A virtual Transbank POS Integrado terminal: poll, sale with progress, last sale, refund, close. The maker's own SDK,
 * run against it over a pty, is the outside judge of it.
 *
 * What makes it unlike CRP/1: no reference of the host's own is asked about, only the last approved sale can be; the host tells
 * from ticket, amount and an operation number that has moved on. While a sale runs the terminal hears nobody.
 */
import type { Machine } from '#protocol/kernel/machine.js';
import { unreachable } from '#protocol/kernel/machine.js';
import { earliestWake, type Instant, later, type MonoMs } from '#protocol/kernel/time.js';
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
} from '../../wire.js';
import {
  type Bank,
  decide,
  holdsMoneyOf,
  newBank,
  nextDecision,
  nextPayment,
  type Payment,
  type Stages,
  sendOnline,
  stages,
} from '../bank.js';
import { localTime } from '../local-time.js';
import { ACK, feed, INTER_BYTE_MS, NAK, open, type Partial as PartialFrame, seal } from './frame.js';

/** Manual: an answer without ACK is sent again after 10 s, twice. */
export const RESEND_MS = 10_000;
const TRANSMISSIONS = 3;
/** The SDK merges what comes within 100 ms into one packet, so a real terminal leaves more than that between an ACK and an answer. */
const ANSWER_GAP_MS = 150;
/** The manual gives the host 150 s to wait; the terminal gives the customer less. */
const CARD_TIMEOUT_MS = 60_000;

export interface TransbankOptions {
  readonly commerce?: string | undefined;
  readonly terminal?: string | undefined;
  /** 0 sends the answer right behind the ACK: one chunk on the host's side. */
  readonly answerGapMs?: number | undefined;
  readonly bootGarbage?: Uint8Array | undefined;
  readonly store?: TransbankStore | undefined;
}

interface LastSale {
  readonly ticket: string;
  readonly amountFen: number;
  readonly operation: number;
  readonly fields: readonly string[];
}

/** What survives the terminal's power. */
export interface TransbankStore {
  readonly operation: number;
  readonly last: LastSale | undefined;
  /** Sent to the bank under this operation, no answer yet: asked for at the next start. */
  readonly online: { readonly ticket: string; readonly ref: string; readonly amountFen: number } | undefined;
}

export type TransbankInput =
  | WireInput
  | { readonly kind: 'pays'; readonly payments: readonly Payment[] }
  | { readonly kind: 'usually'; readonly payment: Payment }
  /** The next sale's answer speaks of something else. */
  | { readonly kind: 'forge'; readonly field: 'ref' | 'amount' };

export type TransbankEffect =
  | WireEffect
  | { readonly kind: 'stage'; readonly ref: string; readonly state: 'ACCEPTED' | 'ONLINE' | 'APPROVED' | 'ENDED' };

interface Running {
  readonly ticket: string;
  /** The bank's name for it: a ticket may come twice in the terminal's life. */
  readonly ref: string;
  readonly amountFen: number;
  readonly payment: Payment;
  readonly stages: Stages;
  readonly wantsProgress: boolean;
  readonly phase: 'waiting' | 'card' | 'online';
}

interface Answer {
  readonly frame: string;
  readonly bytes: Uint8Array;
  readonly sendAt: MonoMs;
  readonly sent: number;
}

export interface TransbankTerminal {
  readonly options: TransbankOptions;
  readonly store: TransbankStore;
  readonly bank: Bank;
  readonly wire: Wire;
  readonly power: 'on' | 'off';
  readonly powerBackAt: MonoMs | undefined;
  readonly partial: PartialFrame;
  readonly partialSince: MonoMs | undefined;
  readonly running: Running | undefined;
  readonly answer: Answer | undefined;
  readonly forge: readonly ('ref' | 'amount')[];
}

export function transbankTerminal(
  options: TransbankOptions = {},
): Machine<TransbankTerminal, TransbankInput, TransbankEffect> {
  return {
    initial: {
      options,
      store: options.store ?? { operation: 0, last: undefined, online: undefined },
      bank: newBank(),
      wire: QUIET_WIRE,
      power: 'on',
      powerBackAt: undefined,
      partial: undefined,
      partialSince: undefined,
      running: undefined,
      answer: undefined,
      forge: [],
    },
    step(state, input, at) {
      const turn = new Turn(state, at);
      turn.passTime();
      turn.take(input);
      return { state: turn.state, effects: turn.effects };
    },
    wakeAt: ({ powerBackAt, bank, power, wire, answer, running }) =>
      earliestWake(
        powerBackAt,
        nextDecision(bank),
        ...(power === 'off' ? [] : [nextLate(wire), answer?.sendAt, runningWake(running)]),
      ),
  };
}

const runningWake = (running: Running | undefined): MonoMs | undefined =>
  running?.phase === 'waiting' ? (running.stages.onlineAt ?? running.stages.endAt) : running?.stages.endAt;

class Turn {
  readonly effects: TransbankEffect[] = [];
  state: TransbankTerminal;
  readonly #at: Instant;

  constructor(state: TransbankTerminal, at: Instant) {
    this.state = state;
    this.#at = at;
  }

  get #now(): MonoMs {
    return this.#at.mono;
  }

  #set(change: Partial<TransbankTerminal>): void {
    this.state = { ...this.state, ...change };
  }

  take(input: TransbankInput): void {
    switch (input.kind) {
      case 'bytes':
        if (this.state.power === 'on') this.#hear(input.bytes);
        return;
      case 'wake':
        return;
      case 'power':
        if (!input.on) this.#powerOff(undefined);
        else if (this.state.power === 'off') this.#boot();
        return;
      case 'fault':
        this.#set({ wire: addFault(this.state.wire, input.fault) });
        return;
      case 'mend':
        this.#set({ wire: mend(this.state.wire), forge: [] });
        return;
      case 'pays':
        this.#set({ bank: { ...this.state.bank, script: [...this.state.bank.script, ...input.payments] } });
        return;
      case 'usually':
        this.#set({ bank: { ...this.state.bank, usual: input.payment } });
        return;
      case 'forge':
        this.#set({ forge: [...this.state.forge, input.field] });
        return;
      default:
        unreachable(input);
    }
  }

  // -- time

  passTime(): void {
    this.#set({ bank: decide(this.state.bank, this.#now) });
    if (this.state.powerBackAt !== undefined && this.state.powerBackAt <= this.#now) this.#boot();
    if (this.state.power === 'off') return;
    const late = due(this.state.wire, this.#now);
    this.#set({ wire: late.wire });
    this.effects.push(...late.effects);
    this.#settle();
    this.#run();
    this.#sendAnswer();
  }

  #run(): void {
    const { running } = this.state;
    if (running === undefined) return;
    const { onlineAt, decidedAt, endAt, moved } = running.stages;
    if (running.phase === 'waiting' && onlineAt !== undefined && onlineAt <= this.#now) {
      this.#set({ store: { ...this.state.store, online: running } });
      this.effects.push({ kind: 'stage', ref: running.ref, state: 'ONLINE' });
      const { ref, amountFen } = running;
      const bank = sendOnline(
        this.state.bank,
        { ref, amountFen, kind: 'sale', original: null, moved },
        decidedAt ?? endAt,
      );
      this.#set({ bank: decide(bank, this.#now), running: { ...running, phase: 'online' } });
      if (running.wantsProgress) this.#send('PROGRESS 82', seal('0900|82|'));
    }
    if (this.state.running !== undefined && endAt <= this.#now) this.#end();
  }

  #end(): void {
    const { running } = this.state;
    if (running === undefined) return;
    this.#set({ running: undefined });
    const online = running.phase === 'online';
    const { payment } = running;
    switch (payment.kind) {
      case 'approve':
        if (online) this.#approve(running, '00');
        else this.#refuse(running, '22');
        return;
      case 'decline':
        this.#refuse(running, online ? '01' : '22');
        return;
      case 'cancel':
        this.#refuse(running, '07');
        return;
      case 'walk-away':
        this.#refuse(running, '22');
        return;
      case 'card-error':
        this.#refuse(running, '12');
        return;
      case 'bank-silent':
        // "Host does not answer". Where the bank did take the money the terminal knows by the time it is asked again.
        if (online && payment.moved) this.#approve(running, '02');
        else this.#refuse(running, online ? '02' : '22');
        return;
      default:
        unreachable(payment);
    }
  }

  #approve(sale: { ticket: string; ref: string; amountFen: number }, code: string): void {
    const last = this.#keep(sale);
    this.effects.push({ kind: 'stage', ref: sale.ref, state: 'APPROVED' });
    if (code === '00') this.#reply('SALE 00', this.#saleAnswer('0210', '00', last));
    else this.#refuse(sale, code);
  }

  /** The store gets the sale before anybody is told. */
  #keep(sale: { ticket: string; ref: string; amountFen: number }): LastSale {
    const operation = this.state.store.operation + 1;
    const time = localTime(this.#at);
    const date = `${time.slice(6, 8)}${time.slice(4, 6)}${time.slice(0, 4)}`;
    const fields = [
      '0',
      '0',
      '0042',
      String(operation).padStart(6, '0'),
      'CR',
      '',
      '',
      'UP',
      date,
      time.slice(8),
      '',
      '0',
    ];
    const last: LastSale = { ticket: sale.ticket, amountFen: sale.amountFen, operation, fields };
    this.#set({ store: { operation, last, online: undefined } });
    return last;
  }

  #refuse(sale: { ticket: string; ref: string; amountFen: number }, code: string): void {
    this.#set({ store: { ...this.state.store, online: undefined } });
    this.effects.push({ kind: 'stage', ref: sale.ref, state: 'ENDED' });
    const { commerce, terminal } = this.#names();
    const blank = ['', String(sale.amountFen), '', '', '', '', '', '', '', '', '', '', '', ''];
    this.#reply(`SALE ${code}`, ['0210', code, commerce, terminal, sale.ticket, ...blank, ''].join('|'));
  }

  #saleAnswer(command: '0210' | '0260', code: string, last: LastSale): string {
    const { commerce, terminal } = this.#names();
    let { ticket, amountFen } = last;
    const [forged, ...forge] = command === '0210' ? this.state.forge : [];
    if (command === '0210') this.#set({ forge });
    if (forged === 'ref') ticket = `9${ticket.slice(1, 5)}X`;
    if (forged === 'amount') amountFen += 1;
    const auth = `A${String(last.operation).padStart(5, '0')}`;
    return [command, code, commerce, terminal, ticket, auth, String(amountFen), ...last.fields, ''].join('|');
  }

  #names(): { commerce: string; terminal: string } {
    const { commerce, terminal } = this.state.options;
    return { commerce: commerce ?? '597029414300', terminal: terminal ?? '75001087' };
  }

  #powerOff(backAt: MonoMs | undefined): void {
    this.#set({
      power: 'off',
      powerBackAt: backAt,
      partial: undefined,
      running: undefined,
      answer: undefined,
      wire: { ...this.state.wire, late: [] },
    });
  }

  #boot(): void {
    this.#set({ power: 'on', powerBackAt: undefined });
    const { bootGarbage } = this.state.options;
    if (bootGarbage !== undefined) this.effects.push({ kind: 'send', bytes: bootGarbage });
  }

  /** What was at the bank when the power went is known as soon as the bank is: kept, or forgotten. */
  #settle(): void {
    const { online } = this.state.store;
    if (online === undefined || this.state.running !== undefined) return;
    const entry = this.state.bank.book.find(({ ref }) => ref === online.ref);
    if (entry?.state === 'moved') this.#keep(online);
    else if (entry?.state !== 'open') this.#set({ store: { ...this.state.store, online: undefined } });
  }

  // -- hearing

  #hear(bytes: Uint8Array): void {
    const { partial, partialSince } = this.state;
    const stale = partial !== undefined && partialSince !== undefined && this.#now > later(partialSince, INTER_BYTE_MS);
    const fed = feed(stale ? undefined : partial, bytes);
    this.#set({ partial: fed.partial, partialSince: this.#now });
    for (const heard of fed.heard) {
      const raw = heard.kind === 'frame' ? heard.raw : Uint8Array.of(heard.kind === 'ack' ? ACK : NAK);
      const name = heard.kind === 'frame' ? commandOf(raw) : heard.kind.toUpperCase();
      const passed = hear(this.state.wire, name, raw);
      this.#set({ wire: passed.wire });
      for (const frame of passed.frames) {
        if (this.state.power === 'off') break;
        if (heard.kind === 'ack') this.#acknowledged();
        else if (heard.kind === 'nak') this.#again();
        else this.#frame(frame, passed.nak !== undefined);
      }
      this.effects.push(...passed.effects);
    }
  }

  /** Of the answer, once that has been sent; before, it was for a progress frame. */
  #acknowledged(): void {
    const { answer } = this.state;
    if (answer !== undefined && answer.sent > 0) this.#set({ answer: undefined });
  }

  #frame(raw: Uint8Array, refuse: boolean): void {
    if (this.state.running !== undefined) return;
    const data = refuse ? undefined : open(raw);
    if (data === undefined) {
      this.#send('NAK', Uint8Array.of(NAK));
      return;
    }
    const fields = data.split('|');
    const command = fields[0] ?? '';
    const { commerce, terminal } = this.#names();
    this.#send(`ACK ${COMMANDS[command] ?? command}`, Uint8Array.of(ACK));
    if (this.state.power === 'off') return;
    switch (command) {
      case '0100':
      case '0300':
        return;
      case '0200':
        this.#sale(fields);
        return;
      case '0250': {
        const { last } = this.state.store;
        if (last === undefined) this.#reply('LAST 11', `0260|11|${commerce}|${terminal}|||||||||||||||`);
        else this.#reply('LAST 00', this.#saleAnswer('0260', '00', last));
        return;
      }
      case '0500':
        this.#reply('CLOSE', `0510|00|${commerce}|${terminal}|`);
        return;
      case '0800':
        this.#reply('KEYS', `0810|00|${commerce}|${terminal}|`);
        return;
      case '1200':
        this.#refund(fields);
        return;
      default:
        this.#reply(
          'UNKNOWN',
          `${command.slice(0, 3)}${(Number(command.slice(3)) || 0) + 1}|12|${commerce}|${terminal}|`,
        );
    }
  }

  #sale(fields: readonly string[]): void {
    const [, amount = '', ticket = '', , , status] = fields;
    const amountFen = Number(amount);
    const ref = `${ticket}#${this.state.bank.book.length + 1}`;
    const sale = { ticket, ref, amountFen };
    if (!/^\d{9}$/.test(amount) || amountFen === 0) {
      this.#refuse(sale, '72');
      return;
    }
    if (!/^[A-Za-z0-9]{1,6}$/.test(ticket)) {
      this.#refuse(sale, '70');
      return;
    }
    const { bank, payment } = nextPayment(this.state.bank);
    this.effects.push({ kind: 'stage', ref, state: 'ACCEPTED' });
    const wantsProgress = status === '1';
    this.#set({
      bank,
      running: {
        ...sale,
        payment,
        stages: stages(payment, this.#now, CARD_TIMEOUT_MS),
        wantsProgress,
        phase: 'waiting',
      },
    });
    if (wantsProgress) {
      const said = say(this.state.wire, 'PROGRESS 78', seal('0900|78|'), this.#now);
      // Late like an answer: behind the ACK by more than the gap that a packet parser needs.
      const at = later(this.#now, this.#gap());
      const chunks = said.effects.flatMap((e) => (e.kind === 'send' ? [{ at, bytes: e.bytes }] : []));
      this.#set({ wire: { ...said.wire, late: [...said.wire.late, ...chunks] } });
    }
  }

  /** `1200|operation|`: takes back the sale of that operation number. */
  #refund(fields: readonly string[]): void {
    const { commerce, terminal } = this.#names();
    const { last } = this.state.store;
    const operation = Number(fields[1]);
    const sale = [...this.state.bank.book]
      .filter((entry) => entry.kind === 'sale' && entry.state === 'moved')
      .at(Number.isSafeInteger(operation) && operation > 0 ? operation - 1 : 0);
    const known = sale !== undefined && last !== undefined && operation >= 1 && operation <= last.operation;
    if (!known || !holdsMoneyOf(this.state.bank, sale.ref)) {
      this.#reply('REFUND 05', `1210|${known ? '04' : '05'}|${commerce}|${terminal}||${fields[1] ?? ''}|`);
      return;
    }
    const { amountFen, ref: original } = sale;
    const request = { ref: `${original}-void`, kind: 'void' as const, amountFen, original, moved: true };
    this.#set({ bank: decide(sendOnline(this.state.bank, request, this.#now), this.#now) });
    const auth = `V${String(operation).padStart(5, '0')}`;
    this.#reply('REFUND 00', `1210|00|${commerce}|${terminal}|${auth}|${String(operation).padStart(6, '0')}|`);
  }

  // -- saying

  #gap(): number {
    return this.state.options.answerGapMs ?? ANSWER_GAP_MS;
  }

  #send(frame: string, bytes: Uint8Array): void {
    const said = say(this.state.wire, frame, bytes, this.#now);
    this.#set({ wire: said.wire });
    this.effects.push(...said.effects);
    if (said.powerCutMs !== undefined) this.#powerOff(later(this.#now, said.powerCutMs));
  }

  #reply(frame: string, data: string): void {
    this.#set({ answer: { frame, bytes: seal(data), sendAt: later(this.#now, this.#gap()), sent: 0 } });
    this.#sendAnswer();
  }

  #sendAnswer(): void {
    const { answer } = this.state;
    if (answer === undefined || answer.sendAt > this.#now) return;
    if (answer.sent >= TRANSMISSIONS) {
      this.#set({ answer: undefined });
      return;
    }
    this.#set({ answer: { ...answer, sent: answer.sent + 1, sendAt: later(this.#now, RESEND_MS) } });
    this.#send(answer.frame, answer.bytes);
  }

  /** The host's NAK: at once again, as often as without an ACK. */
  #again(): void {
    const { answer } = this.state;
    if (answer === undefined || answer.sent === 0) return;
    this.#set({ answer: { ...answer, sendAt: this.#now } });
    this.#sendAnswer();
  }
}

/** Names for faults: `ACK SALE`, heard `SALE`. */
const COMMANDS: Readonly<Record<string, string>> = {
  '0100': 'POLL',
  '0200': 'SALE',
  '0250': 'LAST',
  '0300': 'NORMAL',
  '0500': 'CLOSE',
  '0800': 'KEYS',
  '1200': 'REFUND',
};
const commandOf = (raw: Uint8Array): string =>
  COMMANDS[Buffer.from(raw.subarray(1, 5)).toString('latin1')] ?? 'UNKNOWN';
