/**
 * CRP/1, the default card reader: the conversation.
 *
 * Rules 1. Only one line of ours is in flight. It is sent up to three times, with the same number and the same bytes, until
 * the reader acknowledges or refuses it. A line not yet sent can be withdrawn. A line sent without an answer ends as
 * `silent`, because its arrival is unknown. 2. After each opening of the port both sides greet (HELO) before anything else.
 * Until then the reader is away: a charge is refused (it was never sent), and `ask` is answered by `silent`; the sale asks
 * again two seconds later. 3. One charge or void at a time; another meanwhile is refused as BUSY. 4. A result is
 * acknowledged only once the host has stored it. Until then the reader repeats it, and the repeats are ignored. A result
 * that needs no storing (still running, cannot say) is acknowledged at once. 5. A result counts only if reference, amount
 * and currency match the request. Any other raises an alert and gets no acknowledgement, so that it stays in the reader's
 * store as evidence. NOTFOUND counts only from the reader that was given the charge, by its serial number: a replacement
 * knows nothing of the broken one's charges. 6. While a charge runs the reader is probed every 10 s, so that a dead one is
 * noticed long before the charge's time limit. 7. No ACK, no result within the charge's time, or a lost port: `silent`, and
 * the sale asks. This driver never decides, and never sends a charge twice under two numbers.
 *
 * | link | on | goes to |
 * |---|---|---|
 * | down | link-up | greeting |
 * | greeting | HELO answered | ready |
 * | greeting | HELO unanswered | greeting, again after GREET_PAUSE_MS, for ever |
 * | ready | three transmissions unanswered | greeting |
 * | any | link-lost | down |
 */
import type { SaleId } from '#protocol/kernel/ids.js';
import { unreachable } from '#protocol/kernel/machine.js';
import { type Fen, MAX_SALE_FEN } from '#protocol/kernel/money.js';
import { earliestWake, type Instant, later, type Millis, type MonoMs } from '#protocol/kernel/time.js';
import { finality, objection, toAnswer } from './crp1/answers.js';
import { CRP1_EXAMPLES } from './crp1/examples.js';
import { BETWEEN_LINES, encodeLine, feed } from './crp1/frame.js';
import {
  ackMs,
  BAUD_RATE,
  GREET_PAUSE_MS,
  LOOK_EVERY_MS,
  MAX_QUEUE,
  RESULT_GRACE_MS,
  STAT_ANSWER_MS,
  TRANSMISSIONS,
  VOID_MS,
} from './crp1/limits.js';
import {
  type ChargeMessage,
  type HostMessage,
  hostFields,
  isCharge,
  parseMessage,
  type ReaderMessage,
  type ResultMessage,
} from './crp1/messages.js';
import { type Crp1State, INITIAL, type Known, leftBehind, remembering, type Sent } from './crp1/state.js';
import type { ReaderDriver, ReaderInput } from './reader.js';
import { ReaderTalk } from './talk.js';

export const crp1Reader: ReaderDriver<Crp1State> = {
  name: 'crp1',
  baudRate: BAUD_RATE,
  examples: CRP1_EXAMPLES,
  create: ({ agent, baudRate }) => ({
    initial: INITIAL,
    step(state, input, at) {
      const talk = new Conversation(state, at, agent, ackMs(baudRate));
      talk.take(input);
      return { state: talk.state, effects: talk.effects };
    },
    wakeAt: (state) =>
      earliestWake(
        state.sent?.due,
        state.greetAt,
        state.running?.due,
        state.running?.lookAt,
        ...state.asked.map((asked) => asked.due),
      ),
  }),
};

class Conversation extends ReaderTalk<Crp1State> {
  constructor(
    state: Crp1State,
    at: Instant,
    private readonly agent: string,
    private readonly ackMs: Millis,
  ) {
    super(state, at);
  }

  take(input: ReaderInput): void {
    switch (input.kind) {
      case 'link-up':
        this.set({ ...INITIAL, known: this.state.known.map((one) => ({ ...one, owed: [] })), link: 'greeting' });
        this.greet();
        break;
      case 'link-lost':
        this.goAway(input.why);
        this.set({ link: 'down', greetAt: undefined, framing: BETWEEN_LINES, heard: undefined });
        break;
      case 'bytes':
        this.hear(input.bytes);
        break;
      case 'wake':
        break;
      case 'charge':
        this.start({ ...input, kind: 'SALE' }, input.timeoutS * 1_000 + RESULT_GRACE_MS);
        break;
      case 'void':
        this.start({ ...input, kind: 'VOID' }, VOID_MS + RESULT_GRACE_MS);
        break;
      case 'cancel':
        this.cancel(input.ref);
        break;
      case 'ask':
        this.ask(input.ref, input.netFen, input.mark);
        break;
      case 'stored':
        this.stored(input.ref);
        break;
      default:
        unreachable(input);
    }
    this.lookAtClock();
    this.pump();
  }

  // -- the host's inputs

  private start(message: ChargeMessage, forMs: number): void {
    const { link, running } = this.state;
    const { ref } = message;
    // A duplicate of the running charge: `refused` would claim that it isn't running, and it is.
    if (running?.ref === ref) {
      this.noise('READER_ALREADY_CHARGING', `${ref} is running already`);
      return;
    }
    if (running !== undefined) {
      this.refuse(ref, 'BUSY');
      return;
    }
    if (link !== 'ready') {
      this.refuse(ref, 'AWAY');
      return;
    }
    if (message.netFen < 1 || message.netFen > MAX_SALE_FEN) {
      this.refuse(ref, 'AMOUNT');
      return;
    }
    if (this.state.queue.length >= MAX_QUEUE) {
      this.refuse(ref, 'BUSY');
      return;
    }
    // A new request for it may have a new outcome, even if this reference ended as not found before.
    const known = this.state.known.filter((one) => one.ref !== ref);
    this.set({ known: remembering(known, { ref, netFen: message.netFen, reader: this.state.serial }) });
    this.set({ running: { ref, forMs, due: undefined, lookAt: undefined }, queue: [...this.state.queue, message] });
  }

  private cancel(ref: SaleId): void {
    const { link, queue, running } = this.state;
    // A charge that was lost with its port, or in the agent's last run, may still run in the reader: the customer still
    // stands there.
    const known = running === undefined && link === 'ready' ? this.find(ref) : undefined;
    const mayRun = running?.ref === ref || (known !== undefined && known.final === undefined);
    if (!mayRun) return;
    const waiting = queue.filter((message) => !(isCharge(message) && message.ref === ref));
    if (waiting.length < queue.length) {
      this.set({ queue: waiting, running: undefined });
      this.refuse(ref, 'CANCELLED');
      return;
    }
    // Repeated presses of cancel send one CANC: later queries need the places in the queue.
    const isAsked = [this.state.sent?.message, ...queue].some((message) => message?.kind === 'CANC');
    if (!isAsked && queue.length < MAX_QUEUE) this.set({ queue: [...queue, { kind: 'CANC', ref }] });
  }

  private ask(ref: SaleId, netFen: Fen, reader: string | null): void {
    const { link, queue, sent, asked } = this.state;
    if (link !== 'ready') {
      this.silent(ref, 'the reader is away');
      return;
    }
    this.set({ known: remembering(this.state.known, { ref, netFen, reader }) });
    const isStat = (message: HostMessage | undefined): boolean => message?.kind === 'STAT' && message.ref === ref;
    // One answer serves both.
    if (isStat(sent?.message) || queue.some(isStat) || asked.some((one) => one.ref === ref)) return;
    if (queue.length >= MAX_QUEUE) {
      this.silent(ref, 'too many queries at once');
      return;
    }
    this.set({ queue: [...queue, { kind: 'STAT', ref }] });
  }

  private stored(ref: SaleId): void {
    const known = this.find(ref);
    if (known === undefined) return;
    for (const seq of known.owed) {
      this.say(['ACK', seq]);
      if (this.state.heard?.seq === seq) this.set({ heard: { ...this.state.heard, reply: ['ACK', seq] } });
    }
    this.replace({ ...known, stored: true, owed: [] });
  }

  // -- the reader's lines

  private hear(bytes: Uint8Array): void {
    if (this.state.link === 'down') return;
    const { framing, framed } = feed(this.state.framing, bytes);
    this.set({ framing });
    for (const one of framed) {
      if (one.kind === 'fault') {
        this.noise(`READER_LINE_${one.fault}`, `dropped a line of ${one.length} bytes`);
        // A broken-off line is followed by the line that interrupted it.
        if (one.fault !== 'BROKEN_OFF') this.say(['NAK', '00', one.fault === 'CRC' ? 'CRC' : 'FORMAT']);
        continue;
      }
      const message = parseMessage(one.fields);
      if (!message.ok) {
        this.noise(message.fault.code, message.fault.what);
        if (message.fault.nak !== undefined) this.say(['NAK', message.fault.seq, message.fault.nak]);
      } else if (message.value.kind === 'ACK' || message.value.kind === 'NAK') {
        this.replied(message.value);
      } else if (this.state.heard?.seq === message.value.seq && this.state.heard.body === one.body) {
        if (this.state.heard.reply !== undefined) this.say(this.state.heard.reply);
      } else {
        const ack = ['ACK', message.value.seq];
        const acknowledged = this.act(message.value);
        this.set({ heard: { seq: message.value.seq, body: one.body, reply: acknowledged ? ack : undefined } });
        if (acknowledged) this.say(ack);
      }
    }
  }

  /** The reply to our own line in flight. */
  private replied(reply: Extract<ReaderMessage, { kind: 'ACK' | 'NAK' }>): void {
    const { sent } = this.state;
    if (sent === undefined) return;
    if (reply.kind === 'ACK') {
      if (reply.seq === sent.seq) this.acknowledged(sent.message);
      return;
    }
    // NAK 00 reports an unreadable line: ours, if one is in flight.
    if (reply.seq !== sent.seq && reply.seq !== '00') return;
    if (reply.code === 'CRC' || reply.seq === '00') {
      this.transmitAgain(sent);
      return;
    }
    this.set({ sent: undefined });
    this.refused(sent.message, reply.code);
  }

  private acknowledged(message: HostMessage): void {
    this.set({ sent: undefined });
    switch (message.kind) {
      case 'HELO':
        // Its own HELO follows, unless it takes ours, after a reopened port, for a repeat: greet again in that case.
        if (this.state.link === 'greeting') this.set({ greetAt: later(this.at.mono, this.ackMs) });
        break;
      case 'SALE':
      case 'VOID': {
        const { running } = this.state;
        if (running?.ref !== message.ref) break;
        this.set({
          running: { ...running, due: later(this.at.mono, running.forMs), lookAt: later(this.at.mono, LOOK_EVERY_MS) },
        });
        this.effects.push({ kind: 'accepted', ref: message.ref });
        break;
      }
      case 'STAT':
        this.set({
          asked: [...this.state.asked, { ref: message.ref, due: later(this.at.mono, STAT_ANSWER_MS) }],
        });
        break;
      case 'CANC':
        break;
      default:
        unreachable(message);
    }
  }

  private refused(message: HostMessage, code: string): void {
    switch (message.kind) {
      case 'HELO':
        this.noise('READER_REFUSED_HELO', `the reader refused the greeting: ${code}`);
        this.set({ greetAt: later(this.at.mono, GREET_PAUSE_MS) });
        break;
      case 'SALE':
      case 'VOID':
        this.endRunning(message.ref);
        if (code !== 'REFCONFLICT') {
          this.refuse(message.ref, code);
          return;
        }
        // The reader has this very reference with another amount. That charge may have moved money, so it isn't ours to
        // cancel.
        this.alert('READER_REFERENCE_CONFLICT', `the reader knows ${message.ref} with another amount`);
        this.cannotSay(message.ref, 'the reader knows this reference with another amount');
        break;
      case 'STAT':
        // Busy with this very charge is an answer; busy with another one isn't.
        if (code === 'BUSY' && this.state.running?.ref === message.ref) {
          this.answer(message.ref, { kind: 'running' });
          return;
        }
        if (code === 'BUSY') {
          this.silent(message.ref, 'the reader is busy');
          return;
        }
        this.cannotSay(message.ref, `the reader refused the query: ${code}`);
        break;
      case 'CANC':
        this.noise('READER_REFUSED_CANCEL', `the reader did not cancel: ${code}`);
        break;
      default:
        unreachable(message);
    }
  }

  /** True: acknowledge it now. */
  private act(message: Exclude<ReaderMessage, { kind: 'ACK' | 'NAK' }>): boolean {
    switch (message.kind) {
      case 'HELO':
        this.greeted(message);
        return true;
      case 'EVNT':
        this.impliedAck(message.ref);
        if (this.find(message.ref) !== undefined) {
          this.effects.push({ kind: 'progress', ref: message.ref, step: message.step });
        }
        if (this.takeAsked(message.ref)) this.answer(message.ref, { kind: 'running' });
        return true;
      case 'RSLT':
        return this.result(message);
      default:
        return unreachable(message);
    }
  }

  private greeted(helo: Extract<ReaderMessage, { kind: 'HELO' }>): void {
    const { sent, running, boot, serial, link } = this.state;
    if (sent?.message.kind === 'HELO') this.set({ sent: undefined });
    if (helo.version !== '1') {
      this.noise('READER_VERSION', 'the reader speaks another version of the protocol');
      if (link === 'greeting') this.set({ greetAt: later(this.at.mono, GREET_PAUSE_MS) });
      return;
    }
    const isAnew = boot !== helo.boot || serial !== helo.serial;
    if (running !== undefined && isAnew) {
      this.set({ running: undefined, queue: this.state.queue.filter((m) => !(isCharge(m) && m.ref === running.ref)) });
      if (sent !== undefined && isCharge(sent.message)) this.set({ sent: undefined });
      this.silent(running.ref, 'the reader restarted');
    }
    this.set({ link: 'ready', greetAt: undefined, boot: helo.boot, serial: helo.serial, awayTold: false });
    // A reader that was power-cycled with its cable in may have newer results in its store.
    if (link === 'greeting' || isAnew) this.effects.push({ kind: 'ready', model: helo.model, mark: helo.serial });
  }

  private result(result: ResultMessage): boolean {
    const known = this.find(result.ref);
    const isItsOwn = known === undefined || known.reader === null || known.reader === this.state.serial;
    const objected = objection(result, known, { askedAnything: this.state.known.length > 0, isItsOwn });
    if (objected !== undefined) this.effects.push(objected);
    if (objected !== undefined || known === undefined) return false;
    const answer = toAnswer(result, isItsOwn);
    const final = finality(answer);
    this.impliedAck(result.ref);
    const wanted = this.takeAsked(result.ref);
    if (answer.kind !== 'running') this.endRunning(result.ref);
    if (wanted || final === undefined || known.final === undefined) this.answer(result.ref, answer);
    if (final === undefined || known.stored) return true;
    this.replace({ ...known, final, owed: [...known.owed.filter((seq) => seq !== result.seq), result.seq] });
    return false;
  }

  // -- the line

  private greet(): void {
    this.set({ greetAt: undefined });
    this.send({ kind: 'HELO', agent: this.agent });
  }

  private pump(): void {
    const { link, sent, queue } = this.state;
    const [next, ...rest] = queue;
    if (link !== 'ready' || sent !== undefined || next === undefined) return;
    this.set({ queue: rest });
    if (next.kind === 'STAT') {
      const known = this.find(next.ref);
      if (known !== undefined) this.replace({ ...known, statSent: true });
    }
    this.send(next);
  }

  private send(message: HostMessage): void {
    const seq = (this.state.seq % 0xff) + 1;
    const name = seq.toString(16).toUpperCase().padStart(2, '0');
    const bytes = encodeLine(hostFields(name, message));
    this.set({ seq, sent: { message, seq: name, bytes, times: 1, due: later(this.at.mono, this.ackMs) } });
    this.write(bytes);
  }

  private transmitAgain(sent: Sent): void {
    if (sent.times >= TRANSMISSIONS) {
      this.unanswered(sent);
      return;
    }
    this.set({ sent: { ...sent, times: sent.times + 1, due: later(this.at.mono, this.ackMs) } });
    this.write(sent.bytes);
  }

  private unanswered(sent: Sent): void {
    this.goAway(`the reader did not acknowledge ${sent.message.kind}`);
    // A reader that restarts its numbering may send a HELO identical to its last one.
    this.set({ link: 'greeting', greetAt: later(this.at.mono, GREET_PAUSE_MS), heard: undefined });
  }

  private goAway(why: string): void {
    this.effects.push(...leftBehind(this.state, why));
    this.set({ sent: undefined, queue: [], running: undefined, asked: [], awayTold: true });
  }

  private lookAtClock(): void {
    const passed = (due: MonoMs | undefined): boolean => due !== undefined && this.at.mono >= due;
    if (this.state.sent !== undefined && passed(this.state.sent.due)) this.transmitAgain(this.state.sent);
    if (passed(this.state.greetAt)) this.greet();
    for (const { ref, due } of this.state.asked) {
      if (passed(due) && this.takeAsked(ref)) this.silent(ref, 'the reader did not answer the query');
    }
    const { running } = this.state;
    if (running !== undefined && passed(running.due)) {
      this.set({ running: undefined });
      this.silent(running.ref, 'no result within the time of the charge');
    } else if (running !== undefined && passed(running.lookAt)) {
      this.set({ running: { ...running, lookAt: later(this.at.mono, LOOK_EVERY_MS) } });
      const known = this.find(running.ref);
      if (known !== undefined) this.ask(running.ref, known.netFen, known.reader);
    }
  }

  // -- helpers

  /** The reader mentions a charge, so it has it: its ACK was lost or delayed. */
  private impliedAck(ref: SaleId): void {
    const message = this.state.sent?.message;
    if (message !== undefined && isCharge(message) && message.ref === ref) this.acknowledged(message);
  }

  private takeAsked(ref: SaleId): boolean {
    const message = this.state.sent?.message;
    const acknowledged = this.state.asked.some((one) => one.ref === ref);
    const underWay = message?.kind === 'STAT' && message.ref === ref;
    if (underWay) this.set({ sent: undefined });
    if (acknowledged) this.set({ asked: this.state.asked.filter((one) => one.ref !== ref) });
    return acknowledged || underWay;
  }

  private endRunning(ref: SaleId): void {
    if (this.state.running?.ref !== ref) return;
    this.set({
      running: undefined,
      queue: this.state.queue.filter((message) => !(message.kind === 'CANC' && message.ref === ref)),
    });
  }

  private find(ref: SaleId): Known | undefined {
    return this.state.known.find((one) => one.ref === ref);
  }

  private replace(known: Known): void {
    this.set({ known: this.state.known.map((one) => (one.ref === known.ref ? known : one)) });
  }

  private say(fields: readonly string[]): void {
    this.write(encodeLine(fields));
  }
}
