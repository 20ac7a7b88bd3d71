/**
 * MQTT 3.1.1 packets byte by byte, also such as no client ought to send: what raw probes and the fuzzer are made of. Shares no
 * code with the broker or with the client library.
 */

const text = new TextEncoder();

/** Section 1.5.3: two bytes of length before it. */
export function field(value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === 'string' ? text.encode(value) : value;
  return Uint8Array.of(bytes.length >> 8, bytes.length & 0xff, ...bytes);
}

export const joined = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);

/** Section 2.2: first byte, remaining length, body. */
export function packet(first: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = joined(...parts);
  const length: number[] = [];
  let left = body.length;
  do {
    length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    left >>= 7;
  } while (left > 0);
  return joined(Uint8Array.of(first, ...length), body);
}

export interface ConnectSaid {
  readonly id: string;
  readonly password?: string;
  readonly userName?: string;
  readonly name?: string;
  readonly level?: number;
  readonly keepalive?: number;
  readonly will?: { readonly topic: string; readonly payload: string; readonly flags?: number };
  /** Instead of those that the fields ask for. */
  readonly flags?: number;
  /** Behind its end. */
  readonly more?: Uint8Array;
}

export function connectPacket(said: ConnectSaid): Uint8Array {
  const { id, password = '', userName = id, name = 'MQTT', level = 4, keepalive = 60, will, more } = said;
  const flags = said.flags ?? 0xc2 | (will === undefined ? 0 : 0x04 | (will.flags ?? 0));
  return packet(
    0x10,
    field(name),
    Uint8Array.of(level, flags, keepalive >> 8, keepalive & 0xff),
    field(id),
    ...(will === undefined ? [] : [field(will.topic), field(will.payload)]),
    field(userName),
    field(password),
    more ?? new Uint8Array(),
  );
}

const idBytes = (packetId: number): Uint8Array => Uint8Array.of(packetId >> 8, packetId & 0xff);

export interface PublishSaid {
  readonly topic: string | Uint8Array;
  readonly payload?: string;
  readonly qos?: number;
  readonly dup?: boolean;
  readonly retain?: boolean;
  readonly packetId?: number;
}

export function publishPacket(said: PublishSaid): Uint8Array {
  const { topic, payload = '{}', qos = 1, dup = false, retain = false, packetId = 1 } = said;
  const first = 0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
  return packet(first, field(topic), qos > 0 ? idBytes(packetId) : new Uint8Array(), text.encode(payload));
}

export const subscribePacket = (packetId: number, ...topics: readonly (string | Uint8Array)[]): Uint8Array =>
  packet(0x82, idBytes(packetId), ...topics.flatMap((topic) => [field(topic), Uint8Array.of(1)]));

export const unsubscribePacket = (packetId: number, ...topics: readonly string[]): Uint8Array =>
  packet(0xa2, idBytes(packetId), ...topics.map(field));

/** PUBACK 4, PUBREC 5, PUBREL 6, PUBCOMP 7. */
export const ackPacket = (type: 4 | 5 | 6 | 7, packetId: number): Uint8Array =>
  packet((type << 4) | (type === 6 ? 2 : 0), idBytes(packetId));

export const PINGREQ = Uint8Array.of(0xc0, 0);
export const DISCONNECT = Uint8Array.of(0xe0, 0);
