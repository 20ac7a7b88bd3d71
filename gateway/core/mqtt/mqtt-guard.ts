/**
 * Enforces the limits on one MQTT connection's bytes that the broker lacks: bytes before CONNECT, packet length, and
 * packets that the standard allows.
 *
 * It buffers only the part of a packet that it must judge, and no payload.
 */
import { judgedBytes, type PacketFault, packetFault } from './mqtt-packets.js';

/** A CONNECT of ours has under 300 bytes; a certificate subject as user name may add some. */
export const MAX_CONNECT_BYTES = 8 * 1024;
/** 64 KiB of payload, and its topic and header. */
export const MAX_PACKET_BYTES = 64 * 1024 + 512;

export type GuardFault = 'MQTT_CONNECT_TOO_LARGE' | 'MQTT_NOT_CONNECT_FIRST' | 'MQTT_PACKET_TOO_LARGE' | PacketFault;

export interface Guard {
  /** undefined: pass on `taken` bytes. Stops after `maxPackets` packets. */
  feed(chunk: Uint8Array, maxPackets?: number): GuardFault | undefined;
  /** Of the newest chunk: bytes taken, and packets that ended in them. */
  readonly taken: number;
  readonly packets: number;
}

const CONNECT = 1;
/** Section 2.2.3: four bytes of seven bits. */
const MAX_LENGTH_BYTES = 4;

/** `judge`: called for each packet once enough of it has arrived. */
export function mqttGuard(judge: typeof packetFault = packetFault): Guard {
  let isConnected = false;
  /** Body bytes of the current packet still to come. */
  let left = 0;
  let isInHeader = true;
  let first = 0;
  /** The pieces to judge, and the number of bytes missing; joined only once, however small the pieces. */
  let parts: Uint8Array[] = [];
  let unseen = 0;
  let length = 0;
  let lengthBytes = -1;
  let taken = 0;
  let packets = 0;

  function feedHeader(byte: number): GuardFault | undefined {
    if (lengthBytes < 0) {
      first = byte;
      // The flags of a CONNECT are zero (section 2.2.2). A TLS hello begins with 16, which has the same type bits.
      if (!isConnected && byte !== CONNECT << 4) return 'MQTT_NOT_CONNECT_FIRST';
      length = 0;
      lengthBytes = 0;
      return undefined;
    }
    length += (byte & 0x7f) * 2 ** (7 * lengthBytes);
    lengthBytes += 1;
    if ((byte & 0x80) !== 0) return lengthBytes === MAX_LENGTH_BYTES ? 'MQTT_MALFORMED' : undefined;
    if (first >> 4 === CONNECT && length > MAX_CONNECT_BYTES) return 'MQTT_CONNECT_TOO_LARGE';
    if (length > MAX_PACKET_BYTES) return 'MQTT_PACKET_TOO_LARGE';
    isConnected = true;
    left = length;
    isInHeader = left === 0;
    lengthBytes = -1;
    unseen = judgedBytes(first, length);
    if (!isInHeader) return undefined;
    packets += 1;
    return judge(first, NOTHING, 0);
  }

  function feedBody(chunk: Uint8Array, at: number, some: number): GuardFault | undefined {
    left -= some;
    isInHeader = left === 0;
    if (isInHeader) packets += 1;
    if (unseen === 0) return undefined;
    const part = chunk.subarray(at, at + Math.min(some, unseen));
    unseen -= part.length;
    parts.push(part);
    if (unseen > 0) return undefined;
    const seen = parts.length === 1 ? part : joined(parts);
    parts = [];
    return judge(first, seen, length);
  }

  return {
    feed(chunk, maxPackets = Number.POSITIVE_INFINITY) {
      let at = 0;
      packets = 0;
      while (at < chunk.length && packets < maxPackets) {
        if (isInHeader) {
          const fault = feedHeader(chunk[at] ?? 0);
          if (fault !== undefined) return fault;
          at += 1;
        } else {
          const some = Math.min(left, chunk.length - at);
          const fault = feedBody(chunk, at, some);
          if (fault !== undefined) return fault;
          at += some;
        }
      }
      taken = at;
      return undefined;
    },
    get taken() {
      return taken;
    },
    get packets() {
      return packets;
    },
  };
}

const NOTHING = new Uint8Array();

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
