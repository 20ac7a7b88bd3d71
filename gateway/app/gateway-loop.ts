/**
 * The gateway's loop: one queue for requests of devices, claimants and operators, committed in batches.
 *
 * A batch is everything that is ready when the last commit has ended; replies go out once the batch is durable. That gives
 * low latency when idle and large batches under load. Order is kept: a message whose signatures are being checked blocks
 * those behind it from the same device, so a device's messages are decided in order of arrival.
 */
import type { Sha256 } from '#protocol/kernel/crypto.js';
import type { CampaignId, DeviceId } from '#protocol/kernel/ids.js';
import { unreachable } from '#protocol/kernel/machine.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { Allowance, SignedAllowance } from '#protocol/messages/allowance.js';
import type { BundleEnvelope } from '#protocol/messages/bundle.js';
import type { DownMessage } from '#protocol/messages/down.js';
import { encode } from '#protocol/messages/index.js';
import type { TimeStatement } from '#protocol/messages/signed-time.js';
import type { StateMessage } from '#protocol/messages/state.js';
import { campaignTopic } from '#protocol/messages/topics.js';
import type { ChainHead } from '#protocol/records/chain.js';
import { admit } from '../core/mqtt/admit.js';
import type { PaymentCodes } from '../core/payment-codes.js';
import { type DevicePresence, observed, type Presence, type PresenceEvent, stated } from '../core/presence.js';
import type { Finding } from '../ledger/report/findings.js';
import type { Broker, RefusedFrom } from '../ports/broker.js';
import type { Clock } from '../ports/clock.js';
import type { ActOp, ClaimOp, Ledger, LedgerFault, Op, Outcome } from '../ports/ledger.js';
import type { Verifier } from '../ports/verifier.js';
import { CaseWatch, WATCH_CASES_MS } from './case-watch.js';
import { SPENT_DELTA_MS, SPENT_FULL_MS, SpentSetPublisher } from './spent-set-publisher.js';
import type { Uploads } from './uploads.js';
import { isFlood, type Ready, type Reply, type Slot, WaitingQueue } from './waiting-queue.js';

/** Interval of the gateway's heartbeat. */
const BEACON_MS = 60_000;
export interface LoopEvents {
  /** A commit has ended. */
  committed?(operations: number, tookMs: number): void;
  rejected?(code: string, device: DeviceId | undefined, from?: RefusedFrom): void;
  /** A person should look: a fork, a failed commit. */
  alert?(code: string, what: string, device: DeviceId | undefined): void;
  /** A sale for a person to examine; an alert goes with it. */
  found?(finding: Finding): void;
}

export interface GatewayLoopOptions {
  readonly ledger: Ledger;
  readonly broker: Broker;
  readonly verifier: Verifier;
  readonly clock: Clock;
  readonly sha256: Sha256;
  /** Signed at the time of publication. */
  readonly bundle: () => BundleEnvelope;
  /** The reason to distrust this gateway's clock now; undefined: the clock is right. */
  readonly clockFault?: () => string | undefined;
  /** Upload limits per device; without it, unlimited. */
  readonly uploads?: Uploads;
  readonly paymentCodes: PaymentCodes;
  /** Signs a device's offline allowance; without it devices take nothing offline. */
  readonly allowance?: (allowance: Allowance) => SignedAllowance;
  /** Signs this gateway's clock for one request; without it the time in a reply is unsigned. */
  readonly signTime?: (statement: TimeStatement) => { readonly keyId: number; readonly signature: string };
  readonly campaign: CampaignId;
  readonly events?: LoopEvents;
}

export interface GatewayLoop {
  start(done: (fault: Error | undefined) => void): void;
  /** Enqueues a claim behind the devices' messages. */
  claim(op: ClaimOp, done: Reply): void;
  /** Enqueues an operator's act likewise. */
  act(op: ActOp, done: Reply): void;
  readonly presence: Presence;
  readonly waiting: number;
  /** The fault of the newest commit: further requests will probably fail too. */
  readonly fault: LedgerFault | undefined;
  /** The clock is right again: publishes the bundle that could not be signed before. */
  clockIsRight(): void;
  /** Accepts nothing more, finishes the queue, publishes the spent set. */
  stop(done: () => void): void;
}

export function createGatewayLoop(options: GatewayLoopOptions): GatewayLoop {
  return new Loop(options);
}

class Loop implements GatewayLoop {
  readonly #options: GatewayLoopOptions;
  readonly #presence = new Map<DeviceId, DevicePresence>();
  readonly #cancels = new Map<string, () => void>();
  readonly #queue = new WaitingQueue();
  #isCommitting = false;
  #isPumping = false;
  /** The operations of a failed batch in reverse order: each is committed alone. */
  #singly: Ready[] = [];
  #fault: LedgerFault | undefined;
  #isStopping = false;
  #isOpen = false;
  #isBundleOut = false;
  #whenIdle: (() => void) | undefined;
  readonly #spentSet: SpentSetPublisher;
  readonly #cases: CaseWatch;

  constructor(options: GatewayLoopOptions) {
    this.#options = options;
    this.#spentSet = new SpentSetPublisher(options);
    this.#cases = new CaseWatch(options);
  }

  get presence(): Presence {
    return this.#presence;
  }
  get fault(): LedgerFault | undefined {
    return this.#fault;
  }
  get waiting(): number {
    return this.#queue.length;
  }

  start(done: (fault: Error | undefined) => void): void {
    const { broker } = this.#options;
    this.#spentSet.load((fault) => {
      if (fault !== undefined) return done(new Error(`${fault.code}: ${fault.message}`));
      const events = {
        onMessage: (device: DeviceId, payload: Uint8Array) => this.#onMessage(device, payload),
        onConnected: (device: DeviceId) => {
          this.#observe(device, 'connected');
        },
        onDisconnected: (device: DeviceId) => this.#observe(device, 'disconnected'),
        onState: (device: DeviceId, state: StateMessage) =>
          this.#presence.set(device, stated(this.#presence.get(device), state, this.#options.clock.now())),
        onRefused: (code: string, device: DeviceId | undefined, from?: RefusedFrom) =>
          this.#options.events?.rejected?.(code, device, from),
      };
      broker.listen(events, (refused) => {
        if (refused !== undefined) return done(refused);
        this.#isOpen = true;
        this.#publishBundle();
        this.#spentSet.publish();
        this.#every(BEACON_MS, 'beacon', () => this.#beacon());
        this.#every(SPENT_DELTA_MS, 'spent-delta', () => this.#spentSet.publishChange());
        this.#every(SPENT_FULL_MS, 'spent', () => this.#spentSet.refresh());
        this.#cases.look();
        this.#every(WATCH_CASES_MS, 'cases', () => this.#cases.look());
        done(undefined);
      });
    });
  }

  claim(op: ClaimOp, done: Reply): void {
    this.#join(op, done);
  }

  act(op: ActOp, done: Reply): void {
    this.#join(op, done);
  }

  clockIsRight(): void {
    if (this.#isOpen && !this.#isBundleOut) this.#publishBundle();
  }

  /** Nothing is signed while the clock is wrong. */
  get #maySign(): boolean {
    return this.#options.clockFault?.() === undefined;
  }

  #publishBundle(): void {
    if (!this.#maySign) return;
    const { broker, bundle, campaign } = this.#options;
    this.#isBundleOut = true;
    broker.publish(campaignTopic(campaign), encode(bundle()), true);
  }

  #join(op: ClaimOp | ActOp, done: Reply): void {
    if (this.#isStopping || this.#queue.isFull) {
      done(BUSY, undefined);
      return;
    }
    this.#queue.push({ queue: undefined, op, reply: done });
    this.#pump();
  }

  stop(done: () => void): void {
    this.#isStopping = true;
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
    this.#whenIdle = () => {
      this.#spentSet.close();
      done();
    };
    this.#pump();
  }

  #onMessage(device: DeviceId, payload: Uint8Array): void {
    const { clock, sha256, paymentCodes, verifier } = this.#options;
    const now = clock.now();
    this.#observe(device, 'message', now);
    const queue = this.#queue.queueOf(device);
    // Drop it unread: parsing is most of a message's cost on this thread, and a device that floods waits for no answer.
    if (isFlood(queue)) {
      this.#reject(device, null, BUSY_WITH_IT);
      return;
    }
    const admitted = admit({ device, payload, now, sha256, paymentCodes });
    if (!admitted.ok) {
      this.#reject(device, admitted.fault.re ?? null, admitted.fault);
      return;
    }
    const { id, records, jobs, op } = admitted.value;
    const over = this.#options.uploads?.refusal(device, { records, bytes: payload.length }, now);
    if (over !== undefined) {
      this.#reject(device, id, over);
      return;
    }
    if (this.#isStopping || this.#queue.isFull) {
      this.#reject(device, id, { code: BUSY.code, what: BUSY.message });
      return;
    }
    const weight = Math.max(1, jobs.length);
    queue.weight += weight;
    const reply: Reply = (fault, outcome) => {
      queue.weight -= weight;
      this.#answer(device, id, fault, outcome);
    };
    const slot: Slot = { queue: queue, op: undefined, reply };
    this.#queue.push(slot);
    const ready = (made: Op): void => {
      slot.op = made;
      this.#pump();
    };
    if (jobs.length === 0) ready(op([]));
    else verifier.verify(device, jobs, (verdicts) => ready(op(verdicts)));
  }

  /**
   * Commits whatever is ready, unless a commit is running. A stopped ledger answers at once, with perhaps thousands
   * waiting: the next batch starts from this loop, not inside the previous answer, so the stack can't overflow.
   */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (!this.#isCommitting && this.#commitSome());
    this.#isPumping = false;
  }

  /** False if nothing is ready. */
  #commitSome(): boolean {
    const alone = this.#singly.pop();
    const batch = alone === undefined ? this.#queue.nextBatch() : [alone];
    if (batch.length === 0) {
      if (this.#queue.length === 0) this.#rest();
      return false;
    }
    this.#isCommitting = true;
    const { clock, ledger, events } = this.#options;
    const began = clock.now();
    const ops = batch.map(({ op }) => op);
    ledger.commit(ops, began, (fault, committed) => {
      this.#fault = fault;
      if (fault === undefined) {
        events?.committed?.(ops.length, clock.now() - began);
        this.#spentSet.record(committed);
        for (const { code, what, device } of committed.alerts) events?.alert?.(code, what, device);
        for (const finding of committed.findings) events?.found?.(finding);
        for (const [at, { slot }] of batch.entries()) slot.reply(undefined, committed.outcomes[at]);
      } else if (batch.length === 1) {
        events?.alert?.(fault.code, fault.message, undefined);
        batch[0]?.slot.reply(fault, undefined);
      } else {
        // One operation may be what the ledger fails on: committed alone, it harms no other.
        this.#singly = batch.reverse();
      }
      this.#isCommitting = false;
      this.#pump();
    });
    return true;
  }

  #rest(): void {
    const done = this.#whenIdle;
    this.#whenIdle = undefined;
    done?.();
  }

  #answer(device: DeviceId, re: string, fault: LedgerFault | undefined, outcome: Outcome | undefined): void {
    if (fault !== undefined || outcome === undefined) {
      this.#reject(device, re, { code: fault?.code ?? BUSY.code, what: 'not stored: send it again' });
      return;
    }
    switch (outcome.kind) {
      case 'authorised':
        this.#send(device, { v: 1, type: 'authorised', re, sale: outcome.sale, answer: outcome.answer });
        break;
      case 'have':
        if (outcome.unreadable !== undefined) {
          const [first, { length }] = [outcome.unreadable[0], outcome.unreadable];
          const what = `${length} of its records are unreadable and not booked, the first is ${first}`;
          this.#options.events?.alert?.('RECORD_UNREADABLE', what, device);
        }
        this.#send(device, { v: 1, type: 'have', re, ...outcome.head });
        break;
      case 'welcome':
        this.#welcome(device, re, outcome.head);
        // A new allowance starts a new count, so only a device without outstanding records gets one.
        if (outcome.allowance !== undefined) this.#sendAllowance(device, outcome.allowance);
        break;
      case 'forked':
        this.#options.events?.alert?.('DEVICE_FORKED', `its journal and ours differ at ${outcome.seq}`, device);
        this.#send(device, { v: 1, type: 'forked', re, seq: outcome.seq, mine: outcome.mine });
        break;
      case 'rejected':
        this.#reject(device, re, outcome);
        break;
      case 'acted':
      case 'act-refused':
      case 'claimed':
        break; // claims and acts come over HTTP, never from a device
      default:
        unreachable(outcome);
    }
  }

  #welcome(device: DeviceId, re: string, have: ChainHead): void {
    const time = this.#options.clock.now();
    const signed = this.#maySign ? this.#options.signTime?.({ device, re, time }) : undefined;
    this.#send(device, { v: 1, type: 'welcome', re, have, time, ...signed });
  }

  #sendAllowance(device: DeviceId, allowance: Allowance): void {
    if (!this.#maySign) return;
    const signed = this.#options.allowance?.(allowance);
    if (signed !== undefined) this.#send(device, signed);
  }

  #reject(device: DeviceId, re: string | null, { code, what }: { readonly code: string; readonly what: string }): void {
    this.#options.events?.rejected?.(code, device);
    this.#send(device, { v: 1, type: 'rejected', re, code, what });
  }

  #send(device: DeviceId, message: DownMessage): void {
    this.#options.broker.send(device, encode(message));
  }

  #observe(device: DeviceId, event: PresenceEvent, at: WallMs = this.#options.clock.now()): void {
    this.#presence.set(device, observed(this.#presence.get(device), event, at));
  }

  #beacon(): void {
    if (!this.#maySign) return;
    const { broker, clock } = this.#options;
    broker.sendAll(encode({ v: 1, type: 'beacon', time: clock.now() }));
  }

  #every(afterMs: number, name: string, ring: () => void): void {
    const cancel = this.#options.clock.wakeAfter(afterMs, () => {
      this.#every(afterMs, name, ring);
      ring();
    });
    this.#cancels.set(name, cancel);
  }
}

const BUSY_WITH_IT = {
  code: 'TOO_MANY_REQUESTS',
  what: 'too many requests of this device are queued: send one at a time',
};
const BUSY: LedgerFault = {
  code: 'TOO_MANY_REQUESTS',
  message: 'the queue is full, or the gateway is stopping: retry in a moment',
};
