/**
 * Whether one packet of a client conforms to MQTT 3.1.1.
 *
 * The broker's parser is lenient: it accepts a reserved bit, a NUL or bytes past the end. The standard requires the server
 * to close the connection there (sections 2.2.2, 4.8), and a client that is wrong in one place can't be trusted in another.
 */

/** For `MQTT_VERSION_UNKNOWN` the client gets CONNACK 1 before the close (MQTT-3.1.2-2). */
export type PacketFault = 'MQTT_MALFORMED' | 'MQTT_VERSION_UNKNOWN' | 'MQTT_TOPIC_NOT_ALLOWED';

const [CONNECT, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP] = [1, 3, 4, 5, 6, 7] as const;
const [SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT] = [8, 10, 12, 14] as const;

/** Our topics are below 80 bytes. A longer topic belongs to nobody and isn't buffered. */
const MAX_TOPIC_BYTES = 256;

/** The part of a body needed to judge the packet: everything except a PUBLISH's payload. */
export const judgedBytes = (first: number, length: number): number =>
  first >> 4 === PUBLISH ? Math.min(length, 2 + MAX_TOPIC_BYTES + 2) : length;

/** `body`: its first `judgedBytes`. */
export function packetFault(first: number, body: Uint8Array, length: number): PacketFault | undefined {
  const flags = first & 0x0f;
  switch (first >> 4) {
    case CONNECT:
      return flags === 0 ? connectFault(body) : 'MQTT_MALFORMED';
    case PUBLISH:
      return publishFault(flags, body, length);
    case PUBACK:
    case PUBREC:
    case PUBCOMP:
      return unless(flags === 0 && isPacketId(body) && length === 2);
    case PUBREL:
      return unless(flags === 2 && isPacketId(body) && length === 2);
    case SUBSCRIBE:
      return unless(flags === 2 && isPacketId(body) && areFilters(body, true));
    case UNSUBSCRIBE:
      return unless(flags === 2 && isPacketId(body) && areFilters(body, false));
    case PINGREQ:
    case DISCONNECT:
      return unless(flags === 0 && length === 0);
    default:
      return 'MQTT_MALFORMED'; // a server's packet, or none (section 2.2.1)
  }
}

const unless = (isRight: boolean): PacketFault | undefined => (isRight ? undefined : 'MQTT_MALFORMED');

const LEVELS: ReadonlyMap<string, number> = new Map([
  ['MQTT', 4],
  ['MQIsdp', 3], // MQTT 3.1, which has no difference that matters here
]);

/** Section 3.1. */
function connectFault(body: Uint8Array): PacketFault | undefined {
  const read = reader(body);
  const name = read.bytes();
  const level = name === undefined ? undefined : LEVELS.get(asciiOf(name));
  const actual = read.byte();
  // Another name may be another protocol altogether: no CONNACK (MQTT-3.1.2-1).
  if (level === undefined || actual === undefined) return 'MQTT_MALFORMED';
  if (actual !== level) return 'MQTT_VERSION_UNKNOWN';
  const flags = read.byte();
  const keepalive = read.short();
  if (flags === undefined || keepalive === undefined || !areConnectFlags(flags)) return 'MQTT_MALFORMED';
  const isOrdered =
    read.text() !== undefined &&
    ((flags & WILL) === 0 || (isTopicName(read.text()) && read.bytes() !== undefined)) &&
    ((flags & USER_NAME) === 0 || read.text() !== undefined) &&
    ((flags & PASSWORD) === 0 || read.bytes() !== undefined);
  return unless(isOrdered && read.isAtEnd);
}

const [WILL, WILL_QOS, WILL_RETAIN, PASSWORD, USER_NAME] = [0x04, 0x18, 0x20, 0x40, 0x80] as const;

function areConnectFlags(flags: number): boolean {
  if ((flags & 1) !== 0) return false; // MQTT-3.1.2-3
  if ((flags & WILL) === 0 && (flags & (WILL_QOS | WILL_RETAIN)) !== 0) return false; // MQTT-3.1.2-13, -15
  if ((flags & WILL_QOS) === WILL_QOS) return false; // MQTT-3.1.2-14
  return (flags & USER_NAME) !== 0 || (flags & PASSWORD) === 0; // MQTT-3.1.2-22
}

/** Section 3.3. */
function publishFault(flags: number, body: Uint8Array, length: number): PacketFault | undefined {
  const qos = (flags >> 1) & 3;
  if (qos === 3 || (qos === 0 && (flags & 8) !== 0)) return 'MQTT_MALFORMED'; // MQTT-3.3.1-4, -2
  const topicBytes = ((body[0] ?? 0) << 8) | (body[1] ?? 0);
  if (length < 2 + topicBytes + (qos > 0 ? 2 : 0)) return 'MQTT_MALFORMED';
  if (topicBytes > MAX_TOPIC_BYTES) return 'MQTT_TOPIC_NOT_ALLOWED';
  const read = reader(body);
  if (!isTopicName(read.text())) return 'MQTT_MALFORMED';
  return unless(qos === 0 || (read.short() ?? 0) > 0); // MQTT-2.3.1-1
}

/** MQTT-2.3.1-1: never zero. */
const isPacketId = ([high, low]: Uint8Array): boolean => high !== undefined && low !== undefined && (high | low) !== 0;

/** Sections 3.8.3 and 3.10.3: at least one, after the packet id. */
function areFilters(body: Uint8Array, withQos: boolean): boolean {
  const read = reader(body.subarray(2));
  do {
    if (!isFilter(read.text())) return false;
    if (withQos && (read.byte() ?? 3) > 2) return false; // MQTT-3-8.3-4
  } while (!read.isAtEnd);
  return true;
}

/** MQTT-4.7.3-1 and MQTT-3.3.2-2. */
const isTopicName = (topic: string | undefined): boolean =>
  topic !== undefined && topic !== '' && !topic.includes('+') && !topic.includes('#');

/** Section 4.7.1: a wildcard fills its level, and `#` is the last. */
function isFilter(filter: string | undefined): boolean {
  if (filter === undefined || filter === '') return false;
  if (!/[+#]/.test(filter)) return true;
  const levels = filter.split('/');
  return levels.every(
    (level, at) => !/[+#]/.test(level) || level === '+' || (level === '#' && at === levels.length - 1),
  );
}

interface Reader {
  byte(): number | undefined;
  short(): number | undefined;
  /** With a length prefix. */
  bytes(): Uint8Array | undefined;
  /** Section 1.5.3: well-formed UTF-8 without U+0000. */
  text(): string | undefined;
  readonly isAtEnd: boolean;
}

function reader(body: Uint8Array): Reader {
  let at = 0;
  const byte = (): number | undefined => body[at++];
  const short = (): number | undefined => {
    const [high, low] = [byte(), byte()];
    return high === undefined || low === undefined ? undefined : (high << 8) | low;
  };
  const bytes = (): Uint8Array | undefined => {
    const length = short();
    if (length === undefined || at + length > body.length) return undefined;
    at += length;
    return body.subarray(at - length, at);
  };
  return {
    byte,
    short,
    bytes,
    text() {
      const found = bytes();
      return found === undefined ? undefined : textOf(found);
    },
    get isAtEnd() {
      return at === body.length;
    },
  };
}

/** Every message has a topic, and ours are ASCII: one pass instead of a decoder's call. */
function textOf(bytes: Uint8Array): string | undefined {
  let text = '';
  for (const byte of bytes) {
    if (byte === 0) return undefined;
    if (byte > 0x7f) return decoded(bytes);
    text += String.fromCharCode(byte);
  }
  return text;
}

/** A surrogate in UTF-8 is ill-formed (MQTT-1.5.3-1); a byte order mark is an ordinary character (MQTT-1.5.3-3). */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decoded(bytes: Uint8Array): string | undefined {
  try {
    const text = utf8.decode(bytes);
    return text.includes('\u0000') ? undefined : text;
  } catch {
    return undefined;
  }
}

const asciiOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes.subarray(0, 8));
