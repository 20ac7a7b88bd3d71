/**
 * A listed device that lies: a raw client of the protocol with nothing of the agent in it. It keeps a proper hash chain,
 * because without one nobody listens, and writes whatever its lies want into its records.
 */
import type { Broker } from '#device/ports/broker.js';
import type { DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import { allowanceSchema } from '#protocol/messages/allowance.js';
import type { DownMessage } from '#protocol/messages/down.js';
import { parseDown } from '#protocol/messages/index.js';
import { downTopic, upTopic } from '#protocol/messages/topics.js';
import { sha256 } from '#protocol/node/crypto.js';
import { EMPTY_CHAIN, extend } from '#protocol/records/chain.js';
import type { Wallet } from '../wallets/wallet.js';
import type { Crowd } from '../workload/customers.js';
import { Life } from '../world/life.js';
import type { Network } from '../world/parts/network.js';
import type { Chance } from '../world/parts/random.js';
import type { Scheduler } from '../world/parts/scheduler.js';
import type { Trace } from '../world/trace.js';
import type { Gang } from './gang.js';
import { LIES } from './lies/index.js';
import type { Answer, Lie, Scene, Tier } from './scene.js';

export interface LiarOptions {
  readonly device: DeviceId;
  readonly merchant: MerchantId;
  readonly merchants: readonly MerchantId[];
  readonly tiers: readonly Tier[];
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly network: Network;
  readonly trace: Trace;
  readonly crowd: Crowd;
  readonly gang: Gang;
  /** A code of this customer's has come into a liar's hands. */
  readonly exposed: (customer: Wallet) => void;
  /** Mean time between two lies, ms. */
  readonly everyMs: number;
}

const RECONNECT_MS = { from: 1_000, to: 8_000 } as const;
/** What is not acknowledged by then is sent again. */
const AGAIN_MS = 6_000;
/** Bodies in one message, well under the 64 KiB that a message may have. */
const MOST_BODIES = 60;

export class Liar {
  readonly device: DeviceId;
  readonly #options: LiarOptions;
  readonly #broker: Broker;
  readonly #bodies: string[] = [];
  /** Chain hash after each record; the first is that of the empty chain. */
  readonly #hashes: string[] = [EMPTY_CHAIN.hash];
  readonly #answers = new Map<string, Answer>();
  #acked = 0;
  #asked = 0;
  #sales = 0;
  #online = false;
  #quiet = false;
  /** The gateway has called it a fork: nothing that it says is booked any more. */
  #isOut = false;
  /** How often each lie was told. */
  readonly told = new Map<string, number>();

  constructor(options: LiarOptions) {
    this.#options = options;
    this.device = options.device;
    this.#broker = options.network.deviceBroker(options.device, new Life(() => {}));
  }

  start(): void {
    this.#connect();
    this.#nextLie();
    this.#again();
    this.#lookOver();
  }

  /** No new lies; what is under way is still sent. */
  close(): void {
    this.#quiet = true;
  }

  #connect(): void {
    const { scheduler, chance, network } = this.#options;
    const again = (): void => {
      this.#online = false;
      scheduler.after(chance.between(RECONNECT_MS.from, RECONNECT_MS.to), () => this.#connect());
    };
    network.mend(this.device);
    this.#broker.connect({
      onUp: () => this.#hello(this.#bodies.length),
      onDown: again,
      onMessage: (topic, payload) => {
        const parsed = topic === downTopic(this.device) ? parseDown(payload) : undefined;
        if (parsed?.ok === true) this.#heard(parsed.value);
      },
    });
  }

  #hello(seq: number, hash = this.#hashes[seq] ?? EMPTY_CHAIN.hash): void {
    this.#send({ type: 'hello', agent: 'a liar', boot: 1, head: { seq, hash } });
  }

  #send(message: Readonly<Record<string, unknown>>): string {
    this.#asked += 1;
    const id = `1.${this.#asked}`;
    // In the order of the product's own messages, by which histories know them.
    const { type, ...rest } = message;
    this.#broker.publish(upTopic(this.device), JSON.stringify({ v: 1, type, id, ...rest }), false);
    return id;
  }

  #heard(message: DownMessage): void {
    const { gang } = this.#options;
    switch (message.type) {
      case 'welcome':
        this.#online = true;
        this.#acked = Math.min(this.#bodies.length, message.have.seq);
        this.#flush();
        break;
      case 'have':
        this.#acked = Math.max(this.#acked, Math.min(this.#bodies.length, message.seq));
        break;
      case 'allowance': {
        const parsed = allowanceSchema.safeParse(JSON.parse(message.payload));
        if (parsed.success) gang.allowances.push({ device: this.device, allowance: parsed.data });
        break;
      }
      case 'authorised': {
        const then = this.#answers.get(message.re);
        this.#answers.delete(message.re);
        then?.(message.answer);
        break;
      }
      case 'forked':
        this.#isOut = true;
        break;
      default:
        break;
    }
  }

  #nextLie(): void {
    const { scheduler, chance, everyMs } = this.#options;
    scheduler.after(chance.around(everyMs), () => {
      if (this.#quiet || this.#isOut) return;
      this.#nextLie();
      if (this.#online) this.#lie(pickLie(chance));
    });
  }

  #lie(lie: Lie): void {
    const { scheduler, trace } = this.#options;
    if (!lie.tell(this.#scene())) return;
    trace.say(scheduler.now, this.device, `lies: ${lie.words}`);
    this.told.set(lie.id, (this.told.get(lie.id) ?? 0) + 1);
  }

  #scene(): Scene {
    const { device, merchant, merchants, tiers, chance, crowd, gang, scheduler, exposed } = this.#options;
    return {
      device,
      merchant,
      merchants,
      tiers,
      chance,
      gang,
      now: scheduler.now,
      allowance: gang.allowances.findLast((given) => given.device === device)?.allowance,
      customer: (kind) => {
        const shown = crowd.shownTo(chance, kind);
        if (shown === undefined) return undefined;
        exposed(shown.customer);
        return shown.code;
      },
      newSale: () => {
        this.#sales += 1;
        return `l${String(this.#sales).padStart(6, '0')}-${chance.hex(3)}`;
      },
      write: (records) => this.#write(records.map((record) => JSON.stringify(record))),
      writeText: (bodies) => this.#write(bodies),
      ask: (question, then) => {
        const id = this.#send({ type: 'authorise', ...question });
        this.#answers.set(id, then);
      },
      later: (ms, run) => void scheduler.after(ms, () => (this.#isOut ? undefined : run())),
      hello: (head) => this.#hello(head?.seq ?? this.#bodies.length, head?.hash),
      raw: (text) => void this.#broker.publish(upTopic(device), text, false),
    };
  }

  #write(bodies: readonly string[]): void {
    for (const body of bodies) {
      const at = { seq: this.#bodies.length, hash: this.#hashes.at(-1) ?? EMPTY_CHAIN.hash };
      this.#bodies.push(body);
      this.#hashes.push(extend(sha256, at, [body]).hash);
    }
    this.#flush();
  }

  #flush(): void {
    if (!this.#online || this.#isOut) return;
    const bodies = this.#bodies.slice(this.#acked, this.#acked + MOST_BODIES);
    const prev = this.#hashes[this.#acked];
    if (bodies.length > 0 && prev !== undefined) this.#send({ type: 'records', from: this.#acked + 1, prev, bodies });
  }

  /** Somebody of the gang stands behind a customer of an honest counter, with a camera. */
  #lookOver(): void {
    const { scheduler, chance, crowd, gang, exposed, everyMs } = this.#options;
    scheduler.after(chance.around(5 * everyMs), () => {
      if (this.#quiet) return;
      this.#lookOver();
      const shown = crowd.lastShown;
      if (shown === undefined || gang.pictures.some(({ code }) => code === shown.code)) return;
      exposed(shown.customer);
      gang.keep({ code: shown.code, serials: shown.customer.serials });
    });
  }

  #again(): void {
    this.#options.scheduler.after(AGAIN_MS, () => {
      this.#again();
      this.#flush();
    });
  }
}

function pickLie(chance: Chance): Lie {
  const whole = LIES.reduce((sum, { often = 1 }) => sum + often, 0);
  let left = chance.next() * whole;
  for (const lie of LIES) {
    left -= lie.often ?? 1;
    if (left < 0) return lie;
  }
  const [first] = LIES;
  if (first === undefined) throw new Error('there are no lies');
  return first;
}
