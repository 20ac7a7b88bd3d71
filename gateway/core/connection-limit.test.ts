import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isThisMachine } from '#protocol/config/open-connection.js';
import { connectionLimit, MOST_OF_ONE_ADDRESS, networkOf } from './connection-limit.js';

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002::6', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['1:2::3:4:5:6:7', '1:2:0:3::/64'],
  ['::2:3:4:5:6:7:8', '0:2:3:4::/64'],
  ['1::4:5:6:7:8', '1:0:0:4::/64'],
])('%s counts as %s', (address, network) => expect(networkOf(address)).toBe(network));

it('a shop of 50 counters behind one address, each twice and beside 100 phones, loses nobody', () => {
  const door = connectionLimit<number>({ ofOneAddress: MOST_OF_ONE_ADDRESS, inAll: 1_000, speaksForMany: () => false });
  for (let n = 0; n < 200; n += 1) expect(door.enter(n, '192.0.2.7')).toBeUndefined();
});

it('the oldest of a crowded address goes, and a newcomer has its time', () => {
  const door = connectionLimit<string>({ ofOneAddress: 2, inAll: 9, speaksForMany: () => false });
  expect([door.enter('a', '192.0.2.7'), door.enter('b', '192.0.2.7')]).toEqual([undefined, undefined]);
  expect(door.enter('honest', '192.0.2.7')).toBe('a');
  expect(door.enter('elsewhere', '192.0.2.8')).toBeUndefined();
  door.leave('honest');
  expect(door.enter('c', '192.0.2.7')).toBeUndefined();
});

it('where all is full the largest crowd gives way, a single one elsewhere does not', () => {
  const door = connectionLimit<string>({ ofOneAddress: 9, inAll: 4, speaksForMany: () => false });
  door.enter('single', '192.0.2.8');
  for (const name of ['a', 'b', 'c']) door.enter(name, '192.0.2.7');
  expect(door.enter('new', '192.0.2.9')).toBe('a');
});

it('a proxy speaks for many, and is bound by the limit of all only', () => {
  const door = connectionLimit<number>({ ofOneAddress: 2, inAll: 5, speaksForMany: isThisMachine });
  const gone = Array.from({ length: 6 }, (_, n) => door.enter(n, '127.0.0.1'));
  expect(gone).toEqual([undefined, undefined, undefined, undefined, undefined, 0]);
});

it('never holds more than the limits, and never sends the newcomer away', () => {
  const step = fc.record({ socket: fc.nat(40), place: fc.nat(5), isLeaving: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const door = connectionLimit<number>({ ofOneAddress: 3, inAll: 8, speaksForMany: () => false });
      const held = new Map<number, number>();
      for (const { socket, place, isLeaving } of steps) {
        if (isLeaving) {
          door.leave(socket);
          held.delete(socket);
          continue;
        }
        if (held.has(socket)) continue; // a socket enters only once
        const goes = door.enter(socket, `192.0.2.${place}`);
        expect(goes).not.toBe(socket);
        if (goes !== undefined) expect(held.delete(goes)).toBe(true);
        held.set(socket, place);
        expect(door.size).toBe(held.size);
        expect(held.size).toBeLessThanOrEqual(8);
        const here = [...held.values()].filter((other) => other === place);
        expect(here.length).toBeLessThanOrEqual(3);
      }
    }),
  );
});

it('a socket that enters again elsewhere is held once, and one that never came is not missed', () => {
  const door = connectionLimit<string>({ ofOneAddress: 1, inAll: 9, speaksForMany: () => false });
  door.enter('a', '192.0.2.7');
  expect(door.enter('a', '192.0.2.8')).toBeUndefined();
  expect(door.size).toBe(1);
  expect(door.enter('b', '192.0.2.7')).toBeUndefined();
  door.leave('never came');
  expect(door.size).toBe(2);
});

it('where all is full and two crowds are as large, the one that came first gives way, whoever came last', () => {
  const door = connectionLimit<string>({ ofOneAddress: 9, inAll: 5, speaksForMany: () => false });
  for (const name of ['a', 'b']) door.enter(name, '192.0.2.7');
  for (const name of ['c', 'd']) door.enter(name, '192.0.2.8');
  door.enter('single', '192.0.2.9');
  expect(door.enter('new', '192.0.2.10')).toBe('a');
});
