/** The verbs of a scenario's steps: what each needs, and what it may say. What they do is in `verbs.ts`. */
import { z } from 'zod';
import { REASON_CODES, type ReasonCode } from '#protocol/faults/reasons.js';
import { ORDER_NO } from '#protocol/kernel/ids.js';
import { MAX_SALE_FEN } from '#protocol/kernel/money.js';
import { SALE_STATES } from '../counter/till-client.js';
import { KNOBS, payment, printerKnob } from '../hardware/messages.js';

export const name = z.string().min(1).max(32);
const at = name.optional();
const fenOnce = z.int().min(1).max(MAX_SALE_FEN);
/** Two ends the wrong way round would be taken for something that nobody meant. */
const rising = <Ends extends z.ZodType<[number, number]>>(ends: Ends) =>
  ends.refine(([from, to]) => from <= to, 'from the smaller to the larger');
/** A number, or the two ends between which the seed chooses. */
const fen = z.union([fenOnce, rising(z.tuple([fenOnce, fenOnce]))], {
  error: 'whole fen, or [from, to] with from <= to',
});
const ms = z.int().min(0).max(120_000);
const someMs = z.union([ms, rising(z.tuple([ms, ms]))], { error: 'milliseconds, or [from, to] with from <= to' });
const order = z.string().regex(ORDER_NO, '1 to 64 printable ASCII characters').max(48);
const state = z.enum(SALE_STATES);
const states = z.union([state, z.array(state).min(1)]);
const reason = z.enum(REASON_CODES as [ReasonCode, ...ReasonCode[]]).nullable();
export const count = z.int().min(0);

/** What a customer holds under the scanner. */
export const SHOWN = [
  'coupon', // the verifiable code of the wallet, fresh
  'payment-code', // the opaque 19 digits of the same wallet
  'screenshot', // the code that this customer showed last
  'second-phone', // another phone with the same key
  'wrong-clock', // a phone two minutes ahead
  'slow-clock', // a phone two minutes behind
  'forged', // a coupon that the wallet doesn't hold
  'forged-grant', // a grant that no gateway has signed
  'wechat',
  'alipay',
  'nonsense',
] as const;

const paying = z.union([
  z.enum(['approve', 'decline', 'cancel', 'card-error']).transform((kind) => ({ kind })),
  payment,
]);

const expectation = z.strictObject({
  state: states.optional(),
  netFen: count.optional(),
  couponFen: count.nullable().optional(),
  reason: reason.optional(),
  /** Missing to the next coupon that the customer holds. */
  missingFen: count.nullable().optional(),
  offline: z.boolean().optional(),
});
export type Expectation = z.infer<typeof expectation>;

const bound = { withinMs: z.int().min(1).max(120_000).optional() };

/** What a step says under its verb is checked by the verb's own shape. */
export const VERBS = {
  /** The till hands an amount in. `refused`: the code that it must be refused with. */
  open: z.strictObject({ at, order, fen, refused: z.string().optional() }),
  /** A code under the scanner. */
  show: z.strictObject({
    at,
    customer: name.optional(),
    as: z.enum(SHOWN).optional(),
    times: z.int().min(1).max(20).optional(),
  }),
  /** A key of the till. */
  press: z.strictObject({
    at,
    order,
    key: z.enum(['charge', 'cancel', 'refund', 'reprint', 'ask-again']),
    refused: z.string().optional(),
  }),
  'resume-printing': z.strictObject({ at }),
  /** A whole sale: open, show (or charge at full price, where there is no customer), follow until it is at rest. */
  sell: z.strictObject({
    at,
    order,
    fen,
    customer: name.optional(),
    as: z.enum(SHOWN).optional(),
    pays: z.array(paying).optional(),
    expect: expectation.optional(),
    ...bound,
  }),
  /** Waits until the sale is so. `shows`: the customer who refreshes the code when the counter asks for another. */
  wait: z.strictObject({ at, order, state: states, reason: reason.optional(), shows: name.optional(), ...bound }),
  /** Waits until the counter is so; `ready`: all ports open, the reader greeted, the line up where it is up. */
  until: z.strictObject({
    at,
    ready: z.literal(true).optional(),
    online: z.boolean().optional(),
    paper: z.enum(['ok', 'near-end', 'out', 'unknown']).optional(),
    unsent: z.boolean().optional(),
    /** Every receipt is out, and the counter knows it. */
    printed: z.literal(true).optional(),
    ...bound,
  }),
  /** How the sale stands at this moment. */
  expect: expectation.extend({ at, order }),
  /** What is on paper of this sale (of its refund), within some seconds. */
  receipt: z.strictObject({
    at,
    order,
    of: z.enum(['sale', 'refund']).optional(),
    originals: count.optional(),
    reprints: count.optional(),
    has: z.array(z.string()).optional(),
    lacks: z.array(z.string()).optional(),
  }),
  /** What the next payments at the reader will be, in order; then everything is approved. */
  pays: z.strictObject({ at, next: z.array(paying).min(1) }),
  reader: z.strictObject({ at, turn: KNOBS['crp-reader'] }),
  scanner: z.strictObject({ at, turn: KNOBS.scanner }),
  printer: z.strictObject({ at, turn: z.union([printerKnob, KNOBS.printer]) }),
  unplug: z.strictObject({
    at,
    device: z.enum(['scanner', 'reader', 'printer', 'voice', 'display']),
    abrupt: z.boolean().optional(),
  }),
  replug: z.strictObject({ at, device: z.enum(['scanner', 'reader', 'printer', 'voice', 'display']) }),
  /** cut: reset, and at once let in again. down: reset, and nobody let in. half-open: the gateway's side is gone, untold. */
  line: z.strictObject({ at, does: z.enum(['cut', 'down', 'black-hole', 'half-open', 'back']) }),
  /** Arms a trap: when this text comes by on the line, the line does that at exactly this byte. */
  'line-when': z.strictObject({
    at,
    direction: z.enum(['up', 'down']),
    text: z.string().min(1),
    /** Whether the message with the text still gets through. */
    deliver: z.boolean(),
    does: z.enum(['cut', 'down', 'black-hole', 'half-open']),
  }),
  /** Waits until the armed traps of this counter's line have sprung. */
  'line-sprung': z.strictObject({ at, ...bound }),
  agent: z.strictObject({ at, does: z.enum(['kill', 'stop', 'start', 'kill-and-start']) }),
  gateway: z.strictObject({ does: z.enum(['kill', 'stop', 'start', 'kill-and-start']) }),
  pause: z.strictObject({ ms: someMs }),
  /** So many customers at all counters at once, each with an amount and coupons that the seed chooses. */
  crowd: z.strictObject({ sales: z.int().min(1).max(20_000), fen: rising(z.tuple([fenOnce, fenOnce])) }),
} as const;

export type Verb = keyof typeof VERBS;
export type Plain = { [V in Verb]: { readonly verb: V; readonly with: z.infer<(typeof VERBS)[V]> } }[Verb];

export type Step =
  | Plain
  /** Each list of steps at the same time as the others. */
  | { readonly verb: 'together'; readonly with: readonly (readonly Step[])[] };
export type StepOf<V extends Verb> = z.infer<(typeof VERBS)[V]>;
