/** One step of the virtual reader in the making: what it keeps, and how it says things. What leaves it are values. */
import { type Instant, later, type MonoMs } from '#protocol/kernel/time.js';
import { say } from '../../wire.js';
import { localTime } from '../local-time.js';
import { type CrpLine, nextSeq, write } from './frame.js';
import {
  type CrpEffect,
  type CrpReader,
  FRESH_LINK,
  type Link,
  type Outgoing,
  RSLT_RESEND_MS,
  RSLT_TRANSMISSIONS,
  T1_MS,
  TRANSMISSIONS,
} from './state.js';
import { type CrpState, find, isOver, type Stored, update } from './store.js';

export class Saying {
  readonly effects: CrpEffect[] = [];
  state: CrpReader;
  readonly at: Instant;

  constructor(state: CrpReader, at: Instant) {
    this.state = state;
    this.at = at;
  }

  protected get now(): MonoMs {
    return this.at.mono;
  }

  // Both are put together from their parts: on Node 20 a copy of a copy of a copy takes ten times as long as one of a literal.

  protected set(change: Partial<CrpReader>): void {
    const now: CrpReader = { ...this.state, ...change };
    const { options, store, bank, wire, power, powerBackAt, link, running, resolving, forge } = now;
    this.state = { options, store, bank, wire, power, powerBackAt, link, running, resolving, forge };
  }

  protected link(change: Partial<Link>): void {
    const now: Link = { ...this.state.link, ...change };
    const { buffer, heard, seq, outbox, resendAt, greeted } = now;
    this.set({ link: { buffer, heard, seq, outbox, resendAt, greeted } });
  }

  protected powerOff(backAt: MonoMs | undefined): void {
    const { wire } = this.state;
    this.set({
      power: 'off',
      powerBackAt: backAt,
      link: FRESH_LINK,
      running: undefined,
      resolving: [],
      wire: { ...wire, late: [] },
    });
  }

  // -- the store

  protected store(ref: string, change: Partial<Stored>): void {
    this.set({ store: update(this.state.store, ref, change) });
    if (change.state !== undefined) this.effects.push({ kind: 'stage', ref, state: change.state });
  }

  /** The result is stored, then said. */
  protected result(ref: string, state: CrpState, code: string): void {
    const approved = state === 'APPROVED';
    const counter = this.state.store.counter + (approved ? 1 : 0);
    if (approved) this.set({ store: { ...this.state.store, counter } });
    const slip = approved
      ? {
          auth: String(counter).padStart(6, '0'),
          rrn: String(900_000_000_000 + this.state.store.boots * 1_000_000 + counter),
          last4: '0042',
          scheme: 'UNIONPAY',
        }
      : {};
    this.store(ref, { state, code, ...slip, time: localTime(this.at), taken: false });
    if (this.state.link.greeted) this.tellResult(ref);
  }

  protected acknowledged(seq: string): void {
    const [head, ...rest] = this.state.link.outbox;
    if (head === undefined || head.seq !== seq) return;
    const stored = find(this.state.store, head.ref);
    if (head.verb === 'RSLT' && stored !== undefined && isOver(stored)) {
      this.set({ store: update(this.state.store, head.ref, { taken: true }) });
      // An ACK of an earlier word on it, or of one that says that nobody knows, is no receipt for the result.
      if (head.frame === `RSLT ${stored.state}` && stored.state !== 'UNKNOWN')
        this.effects.push({ kind: 'taken', ref: head.ref });
    }
    this.link({ outbox: rest, resendAt: undefined });
    this.flush();
  }

  protected refused(line: CrpLine): void {
    const [head, ...rest] = this.state.link.outbox;
    if (head === undefined) return;
    if (line.fields[0] === 'CRC') {
      this.resend();
      return;
    }
    if (line.seq !== head.seq) return;
    this.link({ outbox: rest, resendAt: undefined });
    this.flush();
  }

  // -- saying

  protected send(frame: string, bytes: Uint8Array): void {
    if (this.state.power === 'off') return;
    const said = say(this.state.wire, frame, bytes, this.now);
    this.set({ wire: said.wire });
    this.effects.push(...said.effects);
    if (said.powerCutMs !== undefined) this.powerOff(later(this.now, said.powerCutMs));
  }

  protected ack(line: CrpLine): void {
    this.link({ heard: { seq: line.seq, body: line.body } });
    this.send(`ACK ${line.verb}`, write('ACK', line.seq, []));
  }

  protected nak(seq: string, code: string, verb: string): void {
    this.send(`NAK ${verb}`, write('NAK', seq, [code]));
  }

  protected tellStanding(stored: Stored): void {
    const { running } = this.state;
    if (running?.ref === stored.ref) {
      this.tell('EVNT', `EVNT ${running.phase}`, [stored.ref, running.phase], stored.ref);
      return;
    }
    this.tellResult(stored.ref);
  }

  protected tellNothing(ref: string, state: 'NOTFOUND' | 'EXPIRED'): void {
    this.tell('RSLT', `RSLT ${state}`, [ref, state, '', '', '', '', '', '', '', ''], ref);
  }

  protected tellResult(ref: string): void {
    const s = find(this.state.store, ref);
    if (s === undefined) return;
    const [forged, ...forge] = this.state.forge;
    this.set({ forge });
    const said = forged === 'ref' ? `${s.ref.slice(0, 30)}-X` : s.ref;
    const amount = String(forged === 'amount' ? s.amountFen + 1 : s.amountFen);
    const ccy = forged === 'currency' ? '840' : '156';
    this.tell(
      'RSLT',
      `RSLT ${s.state}`,
      [said, s.state, amount, ccy, s.code, s.auth, s.rrn, s.last4, s.scheme, s.time],
      ref,
    );
  }

  /** Queues a line that wants an ACK. A result makes everything else about its reference pointless. */
  protected tell(verb: string, frame: string, fields: readonly string[], ref: string): void {
    if (this.state.power === 'off') return;
    const { link } = this.state;
    const seq = nextSeq(link.seq);
    const result = verb === 'RSLT';
    const outgoing: Outgoing = {
      verb,
      seq,
      frame,
      ref,
      bytes: write(verb, seq, fields),
      sent: 0,
      limit: result ? RSLT_TRANSMISSIONS : TRANSMISSIONS,
      everyMs: result ? RSLT_RESEND_MS : T1_MS,
    };
    const kept = result ? link.outbox.filter((o) => o.verb === 'HELO' || o.ref !== ref) : link.outbox;
    const headStays = kept[0] === link.outbox[0];
    this.link({ seq, outbox: [...kept, outgoing], resendAt: headStays ? link.resendAt : undefined });
    this.flush();
  }

  /** Sends the head of the queue if it hasn't been. */
  protected flush(): void {
    const [head, ...rest] = this.state.link.outbox;
    if (head === undefined || head.sent > 0) return;
    this.link({ outbox: [{ ...head, sent: 1 }, ...rest], resendAt: later(this.now, head.everyMs) });
    this.send(head.frame, head.bytes);
  }

  protected resend(): void {
    const [head, ...rest] = this.state.link.outbox;
    if (head === undefined) {
      this.link({ resendAt: undefined });
      return;
    }
    if (head.sent >= head.limit) {
      this.link({ outbox: rest, resendAt: undefined });
      this.flush();
      return;
    }
    this.link({ outbox: [{ ...head, sent: head.sent + 1 }, ...rest], resendAt: later(this.now, head.everyMs) });
    this.send(head.frame, head.bytes);
  }
}
