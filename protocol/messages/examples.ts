/**
 * One example of every message as it stands on the wire, for readers of the protocol and for the tests that walk them.
 *
 * The sale is one of 259.90 yuan with the 40 yuan coupon of the reference campaign.
 */
import { GENESIS } from '../records/chain.js';
import type { BundleEnvelope } from './bundle.js';
import type { DownMessage } from './down.js';
import type { SpentMessage } from './spent.js';
import type { StateMessage } from './state.js';
import type { UpMessage } from './up.js';

/** Without the brands that only parsing adds. */
type Wire<Value> = Value extends number
  ? number
  : Value extends string
    ? string
    : Value extends readonly (infer Item)[]
      ? readonly Wire<Item>[]
      : Value extends object
        ? { readonly [Key in keyof Value]: Wire<Value[Key]> }
        : Value;

type OnePerType<Message extends { readonly type: string }> = {
  readonly [Type in Message['type']]: Wire<Extract<Message, { readonly type: Type }>> & { readonly type: Type };
};

const NOON = Date.UTC(2023, 2, 27, 4);
const HASH = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const SALE = 'S20230327-0001';

export const UP_EXAMPLES: OnePerType<UpMessage> = {
  hello: { v: 1, type: 'hello', id: '3-1', agent: 'codeplate/0.1.0', boot: 3, head: { seq: 0, hash: GENESIS } },
  authorise: {
    v: 1,
    type: 'authorise',
    id: '3-2',
    sale: SALE,
    order: '10086',
    merchant: 'xinyijia',
    amountFen: 25_990,
    mode: 'customer-code',
    presented: { kind: 'opaque', code: '6212345678901234567' },
  },
  records: {
    v: 1,
    type: 'records',
    id: '3-3',
    from: 1,
    prev: GENESIS,
    bodies: [
      `{"kind":"opened","sale":"${SALE}","order":"10086","amountFen":25990,"at":{"earliest":${NOON},"latest":${NOON}}}`,
    ],
  },
};

export const DOWN_EXAMPLES: OnePerType<DownMessage> = {
  welcome: { v: 1, type: 'welcome', re: '3-1', have: { seq: 0, hash: GENESIS }, time: NOON },
  authorised: {
    v: 1,
    type: 'authorised',
    re: '3-2',
    sale: SALE,
    answer: {
      kind: 'reserved',
      serial: 4_017,
      tier: '40',
      faceFen: 4_000,
      thresholdFen: 20_000,
      netFen: 21_990,
      leaseMs: 300_000,
    },
  },
  have: { v: 1, type: 'have', re: '3-3', seq: 1, hash: HASH },
  forked: { v: 1, type: 'forked', re: '3-3', seq: 1, mine: HASH },
  rejected: {
    v: 1,
    type: 'rejected',
    re: null,
    code: 'MESSAGE_VERSION_UNKNOWN',
    what: 'version 2; this side speaks 1',
  },
  beacon: { v: 1, type: 'beacon', time: NOON },
  allowance: {
    v: 1,
    type: 'allowance',
    keyId: 1,
    payload: JSON.stringify({
      format: 1,
      id: 'counter-1-7',
      device: 'counter-1',
      campaign: 'youhao-2023',
      maxCoupons: 20,
      maxFaceFen: 100_000,
      maxPerHolder: 1,
      issuedAt: NOON,
      expiresAt: NOON + 604_800_000,
      maxSyncAgeMs: 604_800_000,
    }),
    signature: 'A'.repeat(86),
  },
};

export const STATE_EXAMPLE: Wire<StateMessage> = {
  v: 1,
  type: 'state',
  device: 'counter-1',
  merchant: 'xinyijia',
  agent: 'codeplate/0.1.0',
  boot: 3,
  online: true,
  journal: 'ok',
  unsent: { records: 2, fen: 4_000, oldestMs: 1_200 },
  ports: { scanner: 'open', reader: 'open', printer: 'lost', voice: 'none' },
  offline: {
    permitted: true,
    couponsLeft: 20,
    faceLeftFen: 100_000,
    until: NOON + 86_400_000,
    campaignVersion: 1,
    spentVersion: 12,
  },
};

export const BUNDLE_EXAMPLE: Wire<BundleEnvelope> = {
  v: 1,
  type: 'bundle',
  keyId: 1,
  payload: '{"format":1}',
  signature: 'A'.repeat(86),
};

export const SPENT_EXAMPLES: OnePerType<SpentMessage> = {
  spent: { v: 1, type: 'spent', campaign: 'youhao-2023', version: 2, bits: 'AgAC' },
  'spent-delta': { v: 1, type: 'spent-delta', campaign: 'youhao-2023', version: 3, spent: [4_017], restored: [] },
};
