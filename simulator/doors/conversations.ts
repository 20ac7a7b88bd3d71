/**
 * What strangers and broken devices might say at the gateway's doors, drawn from a seed: a right conversation of MQTT or HTTP
 * that is then flipped, cut, doubled, filled with noise and sent in pieces.
 */
import type { Dice } from '../counter/dice.js';
import {
  ackPacket,
  connectPacket,
  DISCONNECT,
  PINGREQ,
  publishPacket,
  subscribePacket,
  unsubscribePacket,
} from '../network/mqtt-bytes.js';

export type DoorKind = 'mqtt' | 'http';

export interface Conversation {
  readonly door: DoorKind;
  readonly pieces: readonly Uint8Array[];
  /** How it ends from this side. */
  readonly end: 'close' | 'reset' | 'wait';
}

export const FUZZ_DEVICES = ['d1', 'd2', 'd3', 'd4'] as const;
export const FUZZ_PASSWORD = 'correct horse battery';

/** Of a hundred conversations so many stay as they are: the way in has to be open for what lies behind it. */
const UNTOUCHED = 15;
const MOST_CHANGES = 4;
const MOST_PIECES = 4;
const MOST_NOISE = 600;

export function conversationOf(dice: Dice): Conversation {
  const door: DoorKind = dice.between(0, 1) === 0 ? 'mqtt' : 'http';
  let bytes: Uint8Array = Buffer.concat(door === 'mqtt' ? packetsOf(dice) : requestsOf(dice));
  const changes = dice.between(0, 99) < UNTOUCHED ? 0 : dice.between(1, MOST_CHANGES);
  for (let n = 0; n < changes; n += 1) bytes = changed(bytes, dice);
  return { door, pieces: cut(bytes, dice), end: pick(dice, ['close', 'close', 'reset', 'wait']) };
}

const pick = <Value>(dice: Dice, [first, ...rest]: readonly [Value, ...Value[]]): Value => {
  const at = dice.between(0, rest.length);
  return at === 0 ? first : (rest[at - 1] ?? first);
};

function packetsOf(dice: Dice): Uint8Array[] {
  const id = pick(dice, [...FUZZ_DEVICES, 'nobody', '']);
  const password = dice.between(0, 9) === 0 ? 'guess' : FUZZ_PASSWORD;
  const topic = (): string =>
    pick(dice, [`codeplate/v1/${id}/up`, `codeplate/v1/${id}/state`, 'codeplate/v1/d1/down', 'a/#']);
  const head = { seq: 0, hash: '0'.repeat(64) };
  const payload = (): string =>
    pick(dice, [
      JSON.stringify({ v: 1, type: 'hello', id: 'q', agent: 'fuzz', boot: 1, head }),
      JSON.stringify({ v: 1, type: 'records', id: 'q', from: 1, prev: '0'.repeat(64), bodies: ['{}', '{"kind":"x"}'] }),
      JSON.stringify({ v: 1, type: 'authorise', id: 'q', amountFen: 1 }),
      '{"v":1,"v":2}',
      '',
    ]);
  const will = dice.between(0, 3) === 0 ? { will: { topic: topic(), payload: payload() } } : {};
  const more = Array.from({ length: dice.between(0, 6) }, () =>
    pick<() => Uint8Array>(dice, [
      () =>
        publishPacket({ topic: topic(), payload: payload(), qos: dice.between(0, 2), packetId: dice.between(0, 3) }),
      () => subscribePacket(dice.between(0, 3), topic(), topic()),
      () => unsubscribePacket(dice.between(0, 3), topic()),
      () => ackPacket(pick(dice, [4, 5, 6, 7]), dice.between(0, 3)),
      () => PINGREQ,
      () => DISCONNECT,
      () => connectPacket({ id, password }),
    ])(),
  );
  return [
    connectPacket({ id, password, keepalive: dice.between(0, 400), level: pick(dice, [4, 4, 4, 5, 3]), ...will }),
    ...more,
  ];
}

function requestsOf(dice: Dice): Uint8Array[] {
  return Array.from({ length: dice.between(1, 3) }, () => {
    const method = pick(dice, ['GET', 'GET', 'POST', 'PUT', 'OPTIONS', 'HEAD']);
    const path = pick(dice, [
      '/v1/claims',
      '/v1/campaign',
      '/healthz',
      '/metrics',
      '/v1/reconciliation',
      '/v1/evidence/1',
      '/v1/holders/x/coupons',
      '/%ff',
      '/v1/../healthz?__proto__=1',
    ]);
    const claim = { phone: '13800138000', idCard: '11010519491231002X', device: 'fuzz', tiers: ['x'], publicKey: 'A' };
    const body =
      method === 'GET' || method === 'HEAD' ? '' : pick(dice, [JSON.stringify(claim), '{', '[]', '{"a":1,"a":2}', '']);
    const length = pick(dice, [body.length, body.length, body.length, body.length + 9, 0]);
    const headers = [
      `${method} ${path} HTTP/1.${dice.between(0, 1)}`,
      'Host: 127.0.0.1',
      'Content-Type: application/json',
      `Content-Length: ${length}`,
      ...(dice.between(0, 5) === 0 ? ['Host: elsewhere.example'] : []),
      ...(dice.between(0, 5) === 0 ? ['Authorization: Bearer x'] : []),
      ...(dice.between(0, 5) === 0 ? ['Transfer-Encoding: chunked'] : []),
      ...(dice.between(0, 5) === 0 ? ['Expect: 100-continue'] : []),
      ...(dice.between(0, 5) === 0 ? ['Connection: Upgrade', 'Upgrade: websocket'] : []),
    ];
    return Buffer.from(`${headers.join('\r\n')}\r\n\r\n${body}`);
  });
}

function changed(bytes: Uint8Array, dice: Dice): Uint8Array {
  if (bytes.length === 0) return noise(dice);
  const at = dice.between(0, bytes.length - 1);
  const to = dice.between(at, bytes.length);
  const [before, middle, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
  switch (pick(dice, ['flip', 'flip', 'drop', 'double', 'insert', 'cut'])) {
    case 'flip': {
      const flipped = Uint8Array.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << dice.between(0, 7));
      return flipped;
    }
    case 'drop':
      return Buffer.concat([before, after]);
    case 'double':
      return Buffer.concat([before, middle, middle, after]);
    case 'insert':
      return Buffer.concat([before, noise(dice), middle, after]);
    default:
      return before;
  }
}

const noise = (dice: Dice): Uint8Array =>
  Uint8Array.from({ length: dice.between(1, MOST_NOISE) }, () => dice.between(0, 255));

function cut(bytes: Uint8Array, dice: Dice): Uint8Array[] {
  const places = Array.from({ length: dice.between(0, MOST_PIECES - 1) }, () => dice.between(0, bytes.length));
  const edges = [0, ...places.sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((end, at) => bytes.subarray(edges[at], end));
}
