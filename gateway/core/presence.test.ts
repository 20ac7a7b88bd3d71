/** Which devices are there: what an operator sees of one that comes, speaks, goes and comes again. */
import { expect, it } from 'vitest';
import type { DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { wallMs } from '#protocol/kernel/time.js';
import { type DevicePresence, observed, onlineCount, type ReportedState, stated } from './presence.js';

const d1 = 'd1' as DeviceId;
const identity = { v: 1, type: 'state', device: d1, merchant: 'm1' as MerchantId, agent: 'test', boot: 1 } as const;
const unsent = { records: 2, fen: fen(300), oldestMs: 5 };
const said: ReportedState = { ...identity, online: true, journal: 'ok', unsent, ports: {} };

it('a device that comes, speaks and goes is seen so, and what it said last stays', () => {
  const came = observed(undefined, 'connected', wallMs(1));
  expect(came).toEqual({ online: true, since: 1, lastMessage: null, state: null });
  const spoke = observed(came, 'message', wallMs(2));
  expect(spoke).toEqual({ online: true, since: 1, lastMessage: 2, state: null });
  const told = stated(spoke, said, wallMs(3));
  expect(told).toEqual({ online: true, since: 1, lastMessage: 2, state: { at: 3, said } });
  const gone = observed(told, 'disconnected', wallMs(4));
  expect(gone).toEqual({ online: false, since: 4, lastMessage: 2, state: { at: 3, said } });
  expect(observed(gone, 'connected', wallMs(5))).toEqual({ ...gone, online: true, since: 5 });
});

it('a last will changes nothing of what was known, and of one nobody knew it says nothing', () => {
  const known: DevicePresence = { online: false, since: wallMs(1), lastMessage: null, state: { at: wallMs(1), said } };
  expect(stated(known, { ...identity, online: false }, wallMs(9))).toEqual(known);
  const first = { online: true, since: 9, lastMessage: null };
  expect(stated(undefined, { ...identity, online: false }, wallMs(9))).toEqual({ ...first, state: null });
  expect(stated(undefined, said, wallMs(9))).toEqual({ ...first, state: { at: 9, said } });
});

it('a first message shows a device as there', () => {
  expect(observed(undefined, 'message', wallMs(7))).toEqual({ online: true, since: 7, lastMessage: 7, state: null });
});

it('counts those that are there', () => {
  const there = observed(undefined, 'connected', wallMs(1));
  const gone = observed(there, 'disconnected', wallMs(2));
  const names = ['a', 'b', 'c'] as DeviceId[];
  expect(onlineCount(new Map(names.map((name, n) => [name, n === 1 ? gone : there])))).toBe(2);
});
