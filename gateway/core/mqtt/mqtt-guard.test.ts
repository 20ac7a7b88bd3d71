import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Guard, MAX_CONNECT_BYTES, MAX_PACKET_BYTES, mqttGuard } from './mqtt-guard.js';

const CONNECT = 0x10;
const PUBLISH = 0x32;
const PINGREQ = 0xc0;

/** MQTT 3.1.1 section 2.2.3: seven bits a byte, the lowest first. */
function lengthOf(length: number): number[] {
  const bytes: number[] = [];
  let left = length;
  do {
    const more = left > 0x7f;
    bytes.push((left & 0x7f) | (more ? 0x80 : 0));
    left >>= 7;
  } while (left > 0);
  return bytes;
}
const packet = (head: number, length: number): Uint8Array =>
  Uint8Array.of(head, ...lengthOf(length), ...new Uint8Array(length));
const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

/** test/contract/mqtt-probes.test.ts judges the content of packets; these are empty. */
const verdictOn = (...chunks: readonly Uint8Array[]): string | undefined =>
  verdictOf(
    mqttGuard(() => undefined),
    chunks,
  );
const strictVerdictOn = (...chunks: readonly Uint8Array[]): string | undefined => verdictOf(mqttGuard(), chunks);

const verdictOf = (guard: Guard, chunks: readonly Uint8Array[]): string | undefined => {
  for (const chunk of chunks) {
    const fault = guard.feed(chunk);
    if (fault !== undefined) return fault;
  }
  return undefined;
};

describe('the guard before the broker', () => {
  it.each<[string, Uint8Array, string | undefined]>([
    ['a connection as ours are', joined(packet(CONNECT, 40), packet(PINGREQ, 0), packet(PUBLISH, 300)), undefined],
    ['the longest CONNECT', packet(CONNECT, MAX_CONNECT_BYTES), undefined],
    ['a longer one', packet(CONNECT, MAX_CONNECT_BYTES + 1), 'MQTT_CONNECT_TOO_LARGE'],
    ['a PUBLISH first', packet(PUBLISH, 3), 'MQTT_NOT_CONNECT_FIRST'],
    ['TLS to a port without', Uint8Array.of(0x16, 3, 1, 2, 0), 'MQTT_NOT_CONNECT_FIRST'],
    ['HTTP', new TextEncoder().encode('GET / HTTP/1.1\r\n'), 'MQTT_NOT_CONNECT_FIRST'],
    ['the longest packet', joined(packet(CONNECT, 9), packet(PUBLISH, MAX_PACKET_BYTES)), undefined],
    ['a longer one', joined(packet(CONNECT, 9), packet(PUBLISH, MAX_PACKET_BYTES + 1)), 'MQTT_PACKET_TOO_LARGE'],
    ['a length without end', Uint8Array.of(CONNECT, 0xff, 0xff, 0xff, 0xff), 'MQTT_MALFORMED'],
    ['a second CONNECT that is too long', joined(packet(CONNECT, 9), packet(CONNECT, 9_000)), 'MQTT_CONNECT_TOO_LARGE'],
  ])('of %s', (_what, bytes, expected) => {
    expect(verdictOn(bytes)).toBe(expected);
    expect(verdictOn(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toBe(expected);
  });

  it('lets so many packets pass as it is told, and goes on behind them', () => {
    const guard = mqttGuard(() => undefined);
    const bytes = joined(packet(CONNECT, 40), packet(PINGREQ, 0), packet(PINGREQ, 0), packet(PUBLISH, 300));
    expect([guard.feed(bytes, 2), guard.packets, guard.taken]).toEqual([undefined, 2, 44]);
    expect([guard.feed(bytes.subarray(44), 2), guard.packets, guard.taken]).toEqual([undefined, 2, 305]);
    expect([guard.feed(packet(PUBLISH, 300).subarray(0, 100), 1), guard.packets, guard.taken]).toEqual([
      undefined,
      0,
      100,
    ]);
  });

  it('refuses by the header alone: no byte of a flood is waited for', () => {
    expect(verdictOn(Uint8Array.of(CONNECT, ...lengthOf(48 * 1024 * 1024)))).toBe('MQTT_CONNECT_TOO_LARGE');
  });

  it('decides the same however the bytes are cut', () => {
    const packets = fc.array(
      fc.record({ head: fc.constantFrom(CONNECT, PUBLISH, PINGREQ, 0x82), length: fc.nat(400) }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(
        packets,
        fc.boolean(),
        fc.uint8Array({ maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (...drawn) => {
          const [list, connects, noise, places] = drawn;
          const greeting = connects ? [packet(CONNECT, 20)] : [];
          const bytes = joined(...greeting, ...list.map(({ head, length }) => packet(head, length)), noise);
          const edges = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
          const chunks = edges.slice(1).map((end, at) => bytes.subarray(edges[at], end));
          expect(verdictOn(...chunks)).toBe(verdictOn(bytes));
          expect(strictVerdictOn(...chunks)).toBe(strictVerdictOn(bytes));
        },
      ),
    );
  });
});

it.each([1, 7, 100, 10_000])(
  'the judge sees each packet once, and of a PUBLISH its beginning, in pieces of %i',
  (size) => {
    const bodyOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => at % 251);
    const whole = (first: number, length: number): Uint8Array =>
      Uint8Array.of(first, ...lengthOf(length), ...bodyOf(length));
    const sent = [
      [CONNECT, 20],
      [0x82, 30],
      [PINGREQ, 0],
      [PUBLISH, 300],
      [PUBLISH, 5],
    ] as const;
    const bytes = joined(...sent.map(([first, length]) => whole(first, length)));
    const seen: (readonly [number, Uint8Array, number])[] = [];
    const guard = mqttGuard((first, body, length) => {
      seen.push([first, Uint8Array.from(body), length]);
      return undefined;
    });
    for (let at = 0; at < bytes.length; at += size) expect(guard.feed(bytes.subarray(at, at + size))).toBeUndefined();
    expect(seen).toEqual(sent.map(([first, length]) => [first, bodyOf(Math.min(length, 260)), length]));
  },
);

it.each([1, 10_000])('a packet that the judge finds wrong ends the connection there, in pieces of %i', (size) => {
  const bytes = joined(packet(CONNECT, 9), packet(0x82, 9), packet(PINGREQ, 0));
  const guard = mqttGuard((first) => (first === 0x82 ? 'MQTT_MALFORMED' : undefined));
  let faults = 0;
  for (let at = 0; at < 11 + 11 && faults === 0; at += size)
    if (guard.feed(bytes.subarray(at, at + size)) === 'MQTT_MALFORMED') faults += 1;
  expect(faults).toBe(1);
});

it('a packet has 64 KiB of payload at most, and its topic', () => {
  expect(MAX_PACKET_BYTES).toBe(66_048);
});
