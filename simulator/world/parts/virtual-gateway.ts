/**
 * The gateway in the world: one book of record that outlives its processes, and one life after another of the shipped
 * loop over it. A commit takes time; what the power cut finds uncommitted never was.
 */

import { createGatewayLoop, type GatewayLoop } from '#gateway/app/gateway-loop.js';
import { answerClaim, claimOp, type KeyedHash, prepareClaim } from '#gateway/core/claims/claim-handling.js';
import { walletProofs } from '#gateway/core/claims/wallet-proofs.js';
import { createIssuer, type Issuer } from '#gateway/core/issuer.js';
import { type PaymentCodes, paymentCodes } from '#gateway/core/payment-codes.js';
import type { Changes } from '#gateway/ledger/book/book.js';
import { compileRules, type Rules } from '#gateway/ledger/decide/rules.js';
import type { IdentityProofs } from '#gateway/ports/identity-proofs.js';
import type { Ledger, LedgerFault, Reconciliation } from '#gateway/ports/ledger.js';
import { NOTHING_COMMITTED } from '#gateway/ports/ledger.js';
import type { Verifier } from '#gateway/ports/verifier.js';
import type { Campaign } from '#protocol/campaign/schema.js';
import { base64url } from '#protocol/codes/bit-text.js';
import type { Es256Signer, Es256Verifier, Sha256 } from '#protocol/kernel/crypto.js';
import type { DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import type { Allowance } from '#protocol/messages/allowance.js';
import { type ClaimAnswer, openClaim, type SignedClaim } from '#protocol/messages/claim-request.js';
import { hmacSha256 } from '#protocol/node/crypto.js';
import { inlineVerifier } from '../../doubles/inline-verifier.js';
import { type MemoryLedger, openMemoryLedger } from '../../doubles/memory-ledger.js';
import { Life } from '../life.js';
import type { Sabotage } from '../sabotage.js';
import { StoredLedger, type StoredLedgerOptions } from '../store/stored-ledger.js';
import type { Network } from './network.js';
import type { Chance } from './random.js';
import type { Scheduler } from './scheduler.js';

/** A transaction on a good disk. */
const COMMIT_MS = { from: 1, to: 8 } as const;
/** From start to listening. */
const START_MS = 400;

export interface VirtualGatewayEvents {
  booked(changes: Changes): void;
  allowed(device: DeviceId, allowance: Allowance): void;
  alert(code: string, what: string, device: DeviceId | undefined): void;
  died(where: string): void;
}

export interface VirtualGatewayOptions {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly network: Network;
  readonly campaign: Campaign;
  readonly leaseMs: number;
  readonly merchantOf: (device: DeviceId) => MerchantId | undefined;
  readonly sha256: Sha256;
  readonly verifier: Es256Verifier;
  readonly signer: Es256Signer;
  /** The key of the server that says who claims. */
  readonly walletServer: Uint8Array;
  readonly sabotage: Sabotage;
  readonly events: VirtualGatewayEvents;
  /** The shipped SQLite ledger keeps the book, beside the one in memory. */
  readonly store?: Pick<StoredLedgerOptions, 'folder' | 'chance' | 'differs' | 'threw'> | undefined;
}

const KEY_ID = 1;

export class VirtualGateway {
  readonly record: MemoryLedger;
  readonly rules: Rules;
  /** Where the shipped ledger runs. */
  readonly store: StoredLedger | undefined;
  readonly #options: VirtualGatewayOptions;
  readonly #issuer: Issuer;
  readonly #keyedHash: KeyedHash;
  readonly #paymentCodes: PaymentCodes;
  readonly #proofs: IdentityProofs;
  #life: Life | undefined;
  #loop: GatewayLoop | undefined;
  #verifier: Verifier | undefined;
  /** Commits take this much longer. */
  stallMs = 0;
  /** The next commits fail, nothing of them kept. */
  failing = 0;
  #cutsToCome: number[] = [];
  /** The calls of ports at which its power went. */
  readonly deaths: string[] = [];

  constructor(options: VirtualGatewayOptions) {
    this.#options = options;
    const { campaign, sha256, leaseMs, merchantOf, signer, sabotage, events } = options;
    const rules = compileRules({ campaign, sha256, leaseMs, merchantOf });
    this.rules = sabotage.rules?.(rules) ?? rules;
    this.#issuer = createIssuer(rules, signer, KEY_ID);
    this.#keyedHash = (text) => sha256(`identity\n${text}`);
    this.#paymentCodes = paymentCodes(this.#keyedHash, hmacSha256);
    this.#proofs = walletProofs({ servers: [options.walletServer], verifier: options.verifier, hmac: hmacSha256 });
    this.record = openMemoryLedger(this.rules);
    const { book } = this.record;
    const apply = book.apply.bind(book);
    book.apply = (changes) => {
      apply(changes);
      events.booked(changes as Changes);
    };
    sabotage.record?.(this.record);
    if (options.store !== undefined)
      this.store = new StoredLedger({
        ...options.store,
        rules: this.rules,
        record: this.record,
        sabotage,
      });
  }

  /** The sums that the gateway publishes. */
  reconciliation(): Reconciliation {
    let sums: Reconciliation | undefined;
    this.record.reconciliation((_, value) => {
      sums = value;
    });
    if (sums === undefined) throw new Error('the ledger in memory answers at once');
    return sums;
  }

  get issuerKeys(): ReadonlyMap<number, Uint8Array> {
    return this.#issuer.issuerKeys;
  }

  get isRunning(): boolean {
    return this.#life?.isAlive === true;
  }

  start(): void {
    if (this.isRunning) return;
    const { scheduler, network, campaign, verifier, sha256, events, sabotage } = this.#options;
    const life = new Life((where) => {
      this.deaths.push(where);
      this.#loop = undefined;
      this.store?.crashed();
      network.gatewayDied();
      events.died(where);
    });
    this.#life = life;
    const cutAfter = this.#cutsToCome.shift();
    if (cutAfter !== undefined) life.cutAfter(cutAfter);
    const now = () => wallMs(scheduler.now);
    const inline = inlineVerifier({
      campaign: campaign.id,
      issuerKeys: this.issuerKeys,
      verifier,
    });
    this.#verifier = inline;
    const ledger = this.#ledger(life);
    const loop = createGatewayLoop({
      ledger: sabotage.ledger?.(ledger, { scheduler, life, rules: this.rules, sha256 }, this.record) ?? ledger,
      broker: network.gatewayBroker(life),
      verifier: inline,
      clock: {
        now,
        wakeAfter: (after, ring) => scheduler.after(after, () => life.enter(ring)),
      },
      sha256,
      bundle: () => this.#issuer.bundle(now()),
      paymentCodes: this.#paymentCodes,
      allowance: (allowance) => {
        events.allowed(allowance.device, allowance);
        return this.#issuer.allowance(allowance);
      },
      signTime: this.#issuer.time,
      campaign: campaign.id,
      events: { alert: events.alert },
    });
    scheduler.after(START_MS, () =>
      life.enter(() => {
        this.#loop = loop;
        loop.start(() => {});
      }),
    );
  }

  cutPower(where = 'between two steps'): void {
    this.#life?.end(where);
  }

  cutPowerAfter(points: number): void {
    this.#life?.cutAfter(points);
  }

  /** The same for the lives to come, in turn. */
  cutLivesAfter(points: readonly number[]): void {
    this.#cutsToCome = [...points];
  }

  /** Calls of ports in this life. */
  get points(): number {
    return this.#life?.points ?? 0;
  }

  /** As over HTTP: an answer, or none. */
  claim(signed: SignedClaim, reply: (answer: ClaimAnswer) => void): void {
    const [life, loop, verifier] = [this.#life, this.#loop, this.#verifier];
    const opened = openClaim(signed, this.#options.verifier);
    const publicKey = opened.ok ? base64url.decode(opened.value.publicKey) : undefined;
    if (loop === undefined || life === undefined || !opened.ok || publicKey?.ok !== true) return;
    const { scheduler, sha256 } = this.#options;
    const [claim, now, rules] = [opened.value, wallMs(scheduler.now), this.rules];
    const [keyedHash, codes] = [this.#keyedHash, this.#paymentCodes];
    const prepared = prepareClaim({ rules, claim, publicKey: publicKey.value, now });
    const answer = (outcome: Parameters<typeof answerClaim>[0]['outcome']): void => {
      const answered = answerClaim({ claim, prepared, outcome, issuer: this.#issuer, rules, paymentCodes: codes });
      for (const grant of answered.grants) verifier?.issued(grant);
      reply(answered.answer);
    };
    if (prepared.tiers.length === 0) {
      answer(undefined);
      return;
    }
    const proved = this.#proofs.prove({ claim, fingerprint: sha256(signed.payload), now });
    if (proved.length === 0) return;
    const op = claimOp({ rules, claim, prepared, proved, keyedHash, paymentCodes: codes });
    life.enter(() =>
      loop.claim(op, (fault, outcome) => {
        if (fault === undefined && outcome?.kind === 'claimed') answer(outcome);
      }),
    );
  }

  #ledger(life: Life): Ledger {
    const { scheduler, chance } = this.#options;
    const record = this.store?.open(life) ?? this.record;
    return {
      ...record,
      commit: (ops, now, done) => {
        life.point('ledger commit');
        const delay = chance.between(COMMIT_MS.from, COMMIT_MS.to) + this.stallMs;
        scheduler.after(delay, () =>
          life.enter(() => {
            life.point('ledger committing');
            if (this.failing > 0) {
              this.failing -= 1;
              if (this.store === undefined) return done(NOT_STORED, NOTHING_COMMITTED);
              this.store.failNext();
            }
            record.commit(ops, now, (fault, committed) => {
              life.point('ledger committed');
              done(fault, committed);
            });
          }),
        );
      },
    };
  }
}

const NOT_STORED: LedgerFault = { code: 'LEDGER_WRITE_FAILED', message: 'the disk of the gateway is full' };
