/**
 * Transbank POS Integrado: the conversation, after Transbank's public documentation.
 *
 * This terminal keeps only its last sale and has six characters for a reference of ours, so less can be known for certain
 * than with CRP/1.
 *
 * Rules 1. One request at a time: sent, acknowledged by a byte within ACK_MS, answered by a frame. A NAK triggers a
 * retransmission, twice at most. Silence doesn't: a sale sent twice could be two sales. 2. After each opening of the port:
 * poll (0100), then inquire (0250) for the terminal's current operation number. That is the `mark`; the driver reports it
 * whenever it changes, and the sale journals it before it charges. 3. Some answers to a sale leave it open (host silent,
 * timeout, answer unreadable). The driver then inquires once by itself; the sale asks on. 4. An inquiry's result belongs to
 * the sale only if ticket and amount match and the operation number has passed the mark. An unchanged number proves nothing
 * and gives `silent`: the request may never have arrived, or the customer may still be typing the PIN, so the sale asks
 * again. Everything else is `cannot-say`. 5. A final answer is acknowledged once the host has stored it; the terminal
 * repeats it after 10 s, twice. All other answers are acknowledged at once. 6. The terminal has no cancel command (the
 * customer presses the red key) and no query about a refund.
 *
 * | link | on | goes to |
 * |---|---|---|
 * | down | link-up | meeting: poll, then inquiry |
 * | meeting | inquiry answered | ready |
 * | meeting | no answer | meeting, again after MEET_PAUSE_MS, for ever |
 * | ready | a request without ACK or answer | meeting |
 * | any | link-lost | down |
 */
import type { SaleId } from '#protocol/kernel/ids.js';
import { unreachable } from '#protocol/kernel/machine.js';
import { type Fen, MAX_SALE_FEN } from '#protocol/kernel/money.js';
import { earliestWake, later, type MonoMs } from '#protocol/kernel/time.js';
import type { CardSlip } from '#protocol/records/record.js';
import type { ReaderAnswer, ReaderDriver, ReaderInput } from './reader.js';
import { ReaderTalk } from './talk.js';
import { TRANSBANK_EXAMPLES } from './transbank/examples.js';
import { ACK, encodeFrame, feed, IDLE, NAK } from './transbank/frame.js';
import {
  INQUIRY_FRAME,
  NO_SALE_YET,
  POLL_FRAME,
  PROGRESS,
  parseOperation,
  parseRefund,
  parseSale,
  REFUND_NOT_DONE,
  refundFrame,
  SALE_NOT_CHARGED,
  type SaleAnswer,
  saleFrame,
  ticketOf,
} from './transbank/messages.js';
import { INITIAL, movesMoney, type Request, type TransbankState } from './transbank/state.js';

/** From a request to its ACK byte (manual). */
export const ACK_MS = 2_000;
/** From the ACK, or the newest progress, to the answer of a sale or refund (manual). */
export const ANSWER_MS = 150_000;
/** An inquiry needs no customer and no host. */
export const INQUIRY_ANSWER_MS = 10_000;
/** Between two bytes of a frame; at 115200 Bd a byte takes 0.1 ms. */
export const INTER_BYTE_MS = 500;
/** The first transmission and the two that a NAK may ask for (manual). */
export const TRANSMISSIONS = 3;
export const MEET_PAUSE_MS = 2_000;

export const transbankReader: ReaderDriver<TransbankState> = {
  name: 'transbank',
  baudRate: 115_200,
  examples: TRANSBANK_EXAMPLES,
  create: () => ({
    initial: INITIAL,
    step(state, input, at) {
      const talk = new Conversation(state, at);
      talk.take(input);
      return { state: talk.state, effects: talk.effects };
    },
    wakeAt: (state) => earliestWake(state.underWay?.due, state.byteDue, state.meetAt),
  }),
};

class Conversation extends ReaderTalk<TransbankState> {
  take(input: ReaderInput): void {
    this.dropTornFrame();
    switch (input.kind) {
      case 'link-up':
        this.set({ ...INITIAL, last: this.state.last, final: this.state.final, link: 'meeting' });
        this.send({ kind: 'poll' });
        break;
      case 'link-lost':
        this.goAway(input.why);
        this.set({ link: 'down', meetAt: undefined, framing: IDLE, byteDue: undefined });
        break;
      case 'bytes':
        this.hear(input.bytes);
        break;
      case 'wake':
        break;
      case 'charge':
        this.charge(input.ref, input.netFen);
        break;
      case 'void':
        this.refund(input.ref, input.slip);
        break;
      case 'ask':
        this.ask(input.ref, input.netFen, input.mark === null ? null : parseOperation(input.mark));
        break;
      case 'cancel': // rule 6
        break;
      case 'stored':
        this.stored(input.ref);
        break;
      default:
        unreachable(input);
    }
    this.lookAtClock();
  }

  // -- the host's inputs

  private charge(ref: SaleId, netFen: Fen): void {
    if (this.taken(ref)) return;
    if (netFen < 1 || netFen > MAX_SALE_FEN) {
      this.refuse(ref, 'AMOUNT');
      return;
    }
    this.send({ kind: 'sale', ref, netFen, mark: this.state.mark });
  }

  private refund(ref: SaleId, slip: CardSlip): void {
    if (this.taken(ref)) return;
    const operation = parseOperation(slip.rrn);
    if (operation === null) this.refuse(ref, 'NO_OPERATION_NUMBER');
    else this.send({ kind: 'refund', ref, slip, operation });
  }

  private taken(ref: SaleId): boolean {
    const { link, underWay } = this.state;
    const request = underWay?.request;
    if (request !== undefined && movesMoney(request) && request.ref === ref) {
      this.noise('READER_ALREADY_CHARGING', `${ref} is running already`);
    } else if (link !== 'ready') this.refuse(ref, 'AWAY');
    else if (underWay !== undefined) this.refuse(ref, 'BUSY');
    else return false;
    return true;
  }

  private ask(ref: SaleId, netFen: Fen, mark: number | null): void {
    const { link, underWay, last } = this.state;
    const request = underWay?.request;
    if (link !== 'ready') this.silent(ref, 'the reader is away');
    else if (request === undefined) {
      if (last?.kind === 'refund' && last.ref === ref) this.cannotSay(ref, 'this terminal has no query about a refund');
      else this.send({ kind: 'inquire', ref, netFen, mark });
    } else if (movesMoney(request) && request.ref === ref) this.answer(ref, { kind: 'running' });
    else if (request.kind !== 'inquire' || request.ref !== ref) this.silent(ref, 'the reader is busy');
  }

  private stored(ref: SaleId): void {
    const { final, link } = this.state;
    if (final?.ref !== ref || final.stored) return;
    this.set({ final: { ...final, stored: true } });
    if (link !== 'down') this.writeByte(ACK);
  }

  // -- the terminal's answers

  private hear(bytes: Uint8Array): void {
    if (this.state.link === 'down') return;
    const { framing, framed } = feed(this.state.framing, bytes);
    this.set({ framing, byteDue: framing.at === 'idle' ? undefined : later(this.at.mono, INTER_BYTE_MS) });
    for (const one of framed) {
      switch (one.kind) {
        case 'ack':
          this.acknowledged();
          break;
        case 'nak':
          this.transmitAgain();
          break;
        case 'frame':
          this.frame(one.fields);
          break;
        case 'fault':
          this.noise(`READER_FRAME_${one.fault}`, 'dropped a frame');
          this.writeByte(NAK);
          break;
        default:
          unreachable(one);
      }
    }
  }

  private acknowledged(): void {
    const { underWay } = this.state;
    if (underWay === undefined || underWay.acknowledged) return;
    const { request } = underWay;
    if (request.kind === 'poll') {
      this.set({ underWay: undefined });
      this.send({ kind: 'mark' });
      return;
    }
    this.set({ underWay: { ...underWay, acknowledged: true, due: this.answerDue(request) } });
    if (movesMoney(request)) this.effects.push({ kind: 'accepted', ref: request.ref });
  }

  /** The terminal could not read it, so it did nothing. */
  private transmitAgain(): void {
    const { underWay } = this.state;
    if (underWay === undefined || underWay.acknowledged) return;
    if (underWay.times < TRANSMISSIONS) {
      this.set({ underWay: { ...underWay, times: underWay.times + 1, due: later(this.at.mono, ACK_MS) } });
      this.write(underWay.bytes);
      return;
    }
    const { request } = underWay;
    this.set({ underWay: undefined });
    if (movesMoney(request)) this.refuse(request.ref, 'NAK');
    else if (request.kind === 'inquire') this.silent(request.ref, 'the reader could not read the query');
    else this.meetLater('the reader could not read the greeting');
  }

  private frame(fields: readonly string[]): void {
    switch (fields[0]) {
      case '0900':
        this.writeByte(ACK);
        this.progress((fields[1] ?? '').trim());
        break;
      case '0210':
        this.saleAnswer(fields);
        break;
      case '0260':
        this.writeByte(ACK);
        this.inquiryAnswer(parseSale(fields));
        break;
      case '1210':
        this.refundAnswer(fields);
        break;
      default:
        this.writeByte(ACK);
        this.noise('READER_UNSUPPORTED', 'unsolicited frame');
    }
  }

  private progress(code: string): void {
    const step = PROGRESS.get(code);
    const request = this.state.underWay?.request;
    if (request === undefined || !movesMoney(request)) return;
    this.acknowledged();
    const { underWay } = this.state;
    if (underWay !== undefined) this.set({ underWay: { ...underWay, due: this.answerDue(request) } });
    if (step !== undefined) this.effects.push({ kind: 'progress', ref: request.ref, step });
  }

  private saleAnswer(fields: readonly string[]): void {
    if (this.repeated(fields)) return;
    const { last, underWay } = this.state;
    const answer = parseSale(fields);
    const running = underWay?.request.kind === 'sale';
    if (last?.kind !== 'sale') {
      this.writeByte(ACK);
      this.noise('READER_RESULT_UNASKED', 'answer to a sale of an earlier run');
      return;
    }
    const approved = answer.code === '00';
    // Without a charge the money fields may be empty. With one, or once the sale's time is up, they must be present.
    const certain = approved || !running;
    const ours =
      fits(answer.ticket === '' ? null : answer.ticket, ticketOf(last.ref), certain) &&
      fits(answer.amount, last.netFen, certain);
    if (!ours) {
      this.writeByte(ACK);
      this.alert('READER_OTHER_SALE', `answer of another sale instead of ${last.ref}`);
      return;
    }
    if (running) {
      this.acknowledged();
      this.set({ underWay: undefined });
    }
    const outcome = SALE_NOT_CHARGED.get(answer.code);
    if (approved) this.final(last.ref, { kind: 'approved', slip: answer.slip }, fields);
    else if (outcome !== undefined) this.final(last.ref, { kind: 'not-charged', outcome, code: answer.code }, fields);
    else {
      this.writeByte(ACK);
      if (running) this.send({ kind: 'inquire', ref: last.ref, netFen: last.netFen, mark: last.mark });
    }
    this.moveMark(answer.operation);
  }

  private inquiryAnswer(answer: SaleAnswer): void {
    const request = this.state.underWay?.request;
    if (request?.kind === 'mark') {
      this.set({ underWay: undefined, link: 'ready', awayTold: false });
      this.moveMark(answer.operation ?? 0);
    } else if (request?.kind === 'inquire') {
      this.set({ underWay: undefined });
      this.judge(request, answer);
      this.moveMark(answer.operation);
    } else this.noise('READER_RESULT_UNASKED', 'answer to an inquiry that was not sent');
  }

  private judge({ ref, netFen, mark }: Extract<Request, { kind: 'inquire' }>, answer: SaleAnswer): void {
    const { ticket, amount, operation } = answer;
    // It had no sale before this one either, so nothing has moved. If it had one, a daily close lies between, and the
    // outcome is unknown.
    if (operation === null && answer.code === NO_SALE_YET && mark === 0)
      this.silent(ref, 'the terminal has no sale yet');
    else if (operation === null) this.cannotSay(ref, `the terminal reports no sale, code ${answer.code}`);
    else if (mark === null) this.cannotSay(ref, "the terminal's operation number before the sale is unknown");
    else if (operation <= mark) this.silent(ref, `the terminal is still at operation ${operation}`);
    else if (ticket !== ticketOf(ref) || amount !== netFen) {
      this.cannotSay(ref, `the terminal’s last sale, operation ${operation}, is another one`);
    } else if (answer.code === '00') this.answer(ref, { kind: 'approved', slip: answer.slip });
    else {
      const outcome = SALE_NOT_CHARGED.get(answer.code);
      if (outcome !== undefined) this.answer(ref, { kind: 'not-charged', outcome, code: answer.code });
      else this.cannotSay(ref, `the outcome is unknown to the terminal, code ${answer.code}`);
    }
  }

  private refundAnswer(fields: readonly string[]): void {
    if (this.repeated(fields)) return;
    const { last, underWay } = this.state;
    const answer = parseRefund(fields);
    if (last?.kind !== 'refund' || (answer.code === '00' && answer.operation !== last.operation)) {
      this.writeByte(ACK);
      this.alert('READER_OTHER_SALE', 'answer to a refund that was not requested');
      return;
    }
    if (underWay?.request.kind === 'refund') {
      this.acknowledged();
      this.set({ underWay: undefined });
    }
    const outcome = REFUND_NOT_DONE.get(answer.code);
    if (answer.code === '00') {
      const slip = { ...last.slip, auth: answer.auth, readerTime: '' };
      this.final(last.ref, { kind: 'approved', slip }, fields);
    } else if (outcome !== undefined) {
      this.final(last.ref, { kind: 'not-charged', outcome, code: answer.code }, fields);
    } else {
      this.writeByte(ACK);
      this.cannotSay(last.ref, `the terminal left the refund open, code ${answer.code}`);
    }
  }

  private final(ref: SaleId, answer: ReaderAnswer, fields: readonly string[]): void {
    this.set({ final: { ref, fields: fields.join('|'), stored: false } });
    this.answer(ref, answer);
  }

  /**
   * The terminal did not get our ACK, or not yet. Two cancelled sales have identical answers, because their ticket and
   * operation fields are empty: a terminal that has acknowledged the next request means that one.
   */
  private repeated(fields: readonly string[]): boolean {
    const { final, underWay } = this.state;
    if (final?.fields !== fields.join('|')) return false;
    const request = underWay?.request;
    if (request !== undefined && movesMoney(request) && request.ref !== final.ref && underWay?.acknowledged === true)
      return false;
    if (final.stored) this.writeByte(ACK);
    return true;
  }

  private moveMark(operation: number | null): void {
    if (operation === null || operation === this.state.mark || this.state.link !== 'ready') return;
    this.set({ mark: operation });
    this.effects.push({ kind: 'ready', model: 'Transbank POS Integrado', mark: String(operation).padStart(6, '0') });
  }

  // -- the line

  private send(request: Request): void {
    const bytes = encodeFrame(frameOf(request));
    const due = later(this.at.mono, ACK_MS);
    this.set({ underWay: { request, bytes, times: 1, acknowledged: false, due }, meetAt: undefined });
    if (movesMoney(request)) this.set({ last: request });
    this.write(bytes);
  }

  private answerDue(request: Request): MonoMs {
    return later(this.at.mono, movesMoney(request) ? ANSWER_MS : INQUIRY_ANSWER_MS);
  }

  private goAway(why: string): void {
    const request = this.state.underWay?.request;
    const { awayTold } = this.state;
    this.set({ underWay: undefined, awayTold: true });
    if (request !== undefined && (movesMoney(request) || request.kind === 'inquire')) this.silent(request.ref, why);
    if (!awayTold) this.effects.push({ kind: 'away', why });
  }

  private meetLater(why: string): void {
    this.goAway(why);
    this.set({ link: 'meeting', mark: null, meetAt: later(this.at.mono, MEET_PAUSE_MS) });
  }

  private dropTornFrame(): void {
    const { byteDue } = this.state;
    if (byteDue === undefined || this.at.mono < byteDue) return;
    this.set({ framing: IDLE, byteDue: undefined });
    this.noise('READER_FRAME_TORN', 'a frame stopped in the middle');
  }

  private lookAtClock(): void {
    const { underWay, meetAt } = this.state;
    if (underWay !== undefined && this.at.mono >= underWay.due) {
      this.meetLater(
        underWay.acknowledged ? 'the reader acknowledged and did not answer' : 'the reader did not acknowledge',
      );
    } else if (meetAt !== undefined && this.at.mono >= meetAt) this.send({ kind: 'poll' });
  }

  // -- helpers

  private writeByte(byte: number): void {
    this.write(Uint8Array.of(byte));
  }
}

/** An empty field matches where nothing is certain anyway. */
const fits = <Value>(told: Value | null, asked: Value, certain: boolean): boolean =>
  told === null ? !certain : told === asked;

function frameOf(request: Request): string {
  switch (request.kind) {
    case 'poll':
      return POLL_FRAME;
    case 'mark':
    case 'inquire':
      return INQUIRY_FRAME;
    case 'sale':
      return saleFrame(request.netFen, ticketOf(request.ref));
    case 'refund':
      return refundFrame(request.operation);
    default:
      return unreachable(request);
  }
}
