/** Clause by clause of MQTT 3.1.1: one packet in bytes, and whether a client may send it. The broker itself: `mqtt-probes`. */
import { expect, it } from 'vitest';
import { judgedBytes, type PacketFault, packetFault } from '#gateway/core/mqtt/mqtt-packets.js';
import {
  ackPacket,
  type ConnectSaid,
  connectPacket,
  DISCONNECT,
  field,
  PINGREQ,
  packet,
  publishPacket,
  subscribePacket,
  unsubscribePacket,
} from '#simulator/network/mqtt-bytes.js';

/** The packet's body lies behind its remaining length, whose last byte is the first below 0x80. */
function verdictOn(bytes: Uint8Array): PacketFault | undefined {
  const [first = 0] = bytes;
  const body = bytes.subarray(bytes.findIndex((byte, at) => at > 0 && byte < 0x80) + 1);
  return packetFault(first, body.subarray(0, judgedBytes(first, body.length)), body.length);
}

const of = (...bytes: readonly number[]): Uint8Array => Uint8Array.from(bytes);
const greeting = (change: Partial<ConnectSaid> = {}): Uint8Array =>
  connectPacket({ id: 'd1', password: 'p', ...change });
const will = { topic: 'w', payload: 'gone' };
const flagged = (first: number, good: Uint8Array): Uint8Array => of(first, ...good.subarray(1));
/** CONNECT with these flags and fields. */
const rawConnect = (flags: number, ...fields: readonly Uint8Array[]): Uint8Array =>
  packet(0x10, field('MQTT'), of(4, flags, 0, 60), ...fields);

const RIGHT: readonly (readonly [string, Uint8Array])[] = [
  ['CONNECT', greeting()],
  ['CONNECT of MQTT 3.1', greeting({ name: 'MQIsdp', level: 3 })],
  ['CONNECT without a keepalive', greeting({ keepalive: 0 })],
  ['CONNECT with a will', greeting({ will })],
  ['CONNECT with a retained will of QoS 1', greeting({ will: { ...will, flags: 0x28 } })],
  ['CONNECT with a will of QoS 2', greeting({ will: { ...will, flags: 0x10 } })],
  ['CONNECT with an empty will', greeting({ will: { topic: 'w', payload: '' } })],
  ['CONNECT with a name and no password', rawConnect(0x82, field('d1'), field('me'))],
  ['CONNECT with neither', rawConnect(0x02, field('d1'))],
  ['CONNECT with an id of Chinese', greeting({ id: '收银台', userName: 'd1' })],
  ['CONNECT with a password of any bytes', rawConnect(0xc2, field('d1'), field('me'), field(of(0, 0xff)))],
  ['PUBLISH', publishPacket({ topic: 't' })],
  ['PUBLISH at QoS 0', publishPacket({ topic: 't', qos: 0 })],
  ['PUBLISH at QoS 0 of nothing', publishPacket({ topic: 't', qos: 0, payload: '' })],
  ['PUBLISH at QoS 1 of nothing', publishPacket({ topic: 't', payload: '' })],
  ['PUBLISH at QoS 2, again', publishPacket({ topic: 't', qos: 2, dup: true })],
  ['PUBLISH that is retained', publishPacket({ topic: 't', retain: true })],
  ['PUBLISH with an id of 256', publishPacket({ topic: 't', packetId: 256 })],
  ['PUBLISH with the longest topic', publishPacket({ topic: 'x'.repeat(256) })],
  ['PUBLISH with U+FEFF in its topic', publishPacket({ topic: '\uFEFFt' })],
  ['PUBLISH of 60,000 bytes', publishPacket({ topic: 't', payload: 'x'.repeat(60_000) })],
  ['PUBACK', ackPacket(4, 1)],
  ['PUBREC', ackPacket(5, 256)],
  ['PUBREL', ackPacket(6, 1)],
  ['PUBCOMP', ackPacket(7, 65_535)],
  ['SUBSCRIBE', subscribePacket(1, 'a')],
  ['SUBSCRIBE to several', subscribePacket(1, '#', '+', 'a/+/b', 'a/#', '+/#', '/')],
  ['SUBSCRIBE at QoS 2', packet(0x82, of(0, 1), field('a'), of(2))],
  ['UNSUBSCRIBE', unsubscribePacket(1, 'a')],
  ['UNSUBSCRIBE from several', unsubscribePacket(256, 'a', 'b/#')],
  ['PINGREQ', PINGREQ],
  ['DISCONNECT', DISCONNECT],
];
it.each(RIGHT)('%s is right', (_, bytes) => {
  expect(verdictOn(bytes)).toBeUndefined();
});

const SURROGATE = of(0x61, 0xed, 0xa0, 0x80);
const WRONG: readonly (readonly [string, Uint8Array])[] = [
  ['a flag of CONNECT’s first byte', flagged(0x11, greeting())],
  ['CONNECT of nothing', packet(0x10)],
  ['CONNECT of another protocol (3.1.2-1)', greeting({ name: 'MQTX' })],
  ['CONNECT of a name that begins with ours', greeting({ name: 'MQTTMQTT' })],
  ['CONNECT that ends behind its name', packet(0x10, field('MQTT'))],
  ['CONNECT that ends behind its level', packet(0x10, field('MQTT'), of(4))],
  ['CONNECT that ends behind its flags', packet(0x10, field('MQTT'), of(4, 2))],
  ['CONNECT that ends in its keepalive', packet(0x10, field('MQTT'), of(4, 2, 0))],
  ['CONNECT without an id', packet(0x10, field('MQTT'), of(4, 2, 0, 60))],
  ['CONNECT that ends in its id', packet(0x10, field('MQTT'), of(4, 2, 0, 60, 0, 2, 0x64))],
  ['the reserved flag (3.1.2-3)', rawConnect(0x03, field('d1'))],
  ['a QoS of no will (3.1.2-13)', rawConnect(0x0a, field('d1'))],
  ['a retained one that there isn’t (3.1.2-15)', rawConnect(0x22, field('d1'))],
  ['a will of QoS 3 (3.1.2-14)', greeting({ will: { ...will, flags: 0x18 } })],
  ['a password of no name (3.1.2-22)', rawConnect(0x42, field('d1'), field('p'))],
  ['a will that isn’t there', rawConnect(0x06, field('d1'))],
  ['a will without its message', rawConnect(0x06, field('d1'), field('w'))],
  ['a will on no topic', greeting({ will: { ...will, topic: '' } })],
  ['a will on all topics', greeting({ will: { ...will, topic: '#' } })],
  ['a name that isn’t there', rawConnect(0x82, field('d1'))],
  ['a name with NUL', greeting({ userName: 'd\0' })],
  ['a password that isn’t there', rawConnect(0xc2, field('d1'), field('me'))],
  ['bytes behind CONNECT', greeting({ more: of(1) })],
  ['an id with NUL (1.5.3-2)', greeting({ id: 'd\0', userName: 'd1' })],
  ['an id with NUL behind Chinese', greeting({ id: '收\0', userName: 'd1' })],
  ['PUBLISH of QoS 3 (3.3.1-4)', publishPacket({ topic: 't', qos: 3 })],
  ['PUBLISH of QoS 0, again (3.3.1-2)', publishPacket({ topic: 't', qos: 0, dup: true })],
  ['PUBLISH of nothing', packet(0x30)],
  ['PUBLISH of half a length', packet(0x30, of(0))],
  ['PUBLISH that ends in its topic', packet(0x30, of(0, 2, 0x74))],
  ['PUBLISH that ends before its id', packet(0x32, field('t'))],
  ['PUBLISH that ends in its id', packet(0x32, field('t'), of(1))],
  ['PUBLISH with id 0 (2.3.1-1)', publishPacket({ topic: 't', packetId: 0 })],
  ['PUBLISH on no topic (4.7.3-1)', publishPacket({ topic: '' })],
  ['PUBLISH on + (3.3.2-2)', publishPacket({ topic: 'a/+' })],
  ['PUBLISH on # (3.3.2-2)', publishPacket({ topic: 'a/#' })],
  ['PUBLISH on NUL (1.5.3-2)', publishPacket({ topic: 'a\0b' })],
  ['PUBLISH on a surrogate (1.5.3-1)', publishPacket({ topic: SURROGATE })],
  ['a flag of PUBACK', flagged(0x42, ackPacket(4, 1))],
  ['PUBACK of id 0', ackPacket(4, 0)],
  ['PUBACK of nothing', packet(0x40)],
  ['PUBACK of half an id', packet(0x40, of(1))],
  ['PUBREC with more', packet(0x50, of(0, 1, 0))],
  ['PUBREL without its flag (3.6.1-1)', flagged(0x60, ackPacket(6, 1))],
  ['PUBREL of id 0', ackPacket(6, 0)],
  ['PUBREL with more', packet(0x62, of(0, 1, 0))],
  ['SUBSCRIBE without its flag (3.8.1-1)', flagged(0x80, subscribePacket(1, 'a'))],
  ['SUBSCRIBE with id 0', subscribePacket(0, 'a')],
  ['SUBSCRIBE to nothing (3.8.3-3)', packet(0x82, of(0, 1))],
  ['SUBSCRIBE to an empty filter', subscribePacket(1, '')],
  ['SUBSCRIBE of QoS 3 (3-8.3-4)', packet(0x82, of(0, 1), field('a'), of(3))],
  ['SUBSCRIBE without a QoS', packet(0x82, of(0, 1), field('a'))],
  ['SUBSCRIBE whose second is wrong', subscribePacket(1, 'a', 'b+')],
  ['SUBSCRIBE to # inside (4.7.1-2)', subscribePacket(1, 'a/#/b')],
  ['SUBSCRIBE to # in a level', subscribePacket(1, 'a#')],
  ['SUBSCRIBE to + in a level (4.7.1-3)', subscribePacket(1, 'a/+b')],
  ['UNSUBSCRIBE without its flag', flagged(0xa0, unsubscribePacket(1, 'a'))],
  ['UNSUBSCRIBE with id 0', unsubscribePacket(0, 'a')],
  ['UNSUBSCRIBE from nothing', packet(0xa2, of(0, 1))],
  ['UNSUBSCRIBE that ends in a filter', packet(0xa2, of(0, 1, 0, 2, 0x61))],
  ['a flag of PINGREQ', of(0xc1, 0)],
  ['a body of PINGREQ', packet(0xc0, of(1))],
  ['a flag of DISCONNECT (3.14.1-1)', of(0xe1, 0)],
  ['a body of DISCONNECT', packet(0xe0, of(1))],
  ...[0, 2, 9, 11, 13, 15].map((type) => [`type ${type}, which no client sends`, of(type << 4, 0)] as const),
];
it.each(WRONG)('%s is wrong', (_, bytes) => {
  expect(verdictOn(bytes)).toBe('MQTT_MALFORMED');
});

it.each([
  ['MQTT 5', greeting({ level: 5 }), 'MQTT_VERSION_UNKNOWN'],
  ['MQTT 3.1 under the name of 3.1.1', greeting({ level: 3 }), 'MQTT_VERSION_UNKNOWN'],
  ['a topic of 257 bytes', publishPacket({ topic: 'x'.repeat(257) }), 'MQTT_TOPIC_NOT_ALLOWED'],
  ['a topic of 300 bytes', publishPacket({ topic: 'x'.repeat(300) }), 'MQTT_TOPIC_NOT_ALLOWED'],
])('%s is told apart', (_, bytes, fault) => {
  expect(verdictOn(bytes)).toBe(fault);
});

it('of a PUBLISH its topic and id are looked at, of everything else all', () => {
  expect([judgedBytes(0x32, 60_000), judgedBytes(0x32, 7), judgedBytes(0x10, 8_000)]).toEqual([260, 7, 8_000]);
});
