/** Batches of the queue: in order, and with a share per device so that no device delays the others. */
import { expect, it } from 'vitest';
import type { DeviceId } from '#protocol/kernel/ids.js';
import { EMPTY_CHAIN } from '#protocol/records/chain.js';
import { claimOp, recordsOp } from '../../test/contract/ledger-fixture.js';
import type { Op } from '../ports/ledger.js';
import { isFlood, type Slot, WaitingQueue } from './waiting-queue.js';

const bodies = (count: number): string[] => Array.from({ length: count }, (_, n) => `${n}`);
const records = (device: string, count: number): Op => ({
  ...recordsOp(device as DeviceId, EMPTY_CHAIN, []),
  bodies: bodies(count),
});
const hello = (device: string): Op => ({ kind: 'hello', device: device as DeviceId, id: 'q', head: EMPTY_CHAIN });

/** `undefined`: its signatures are still being checked. */
function queueOf(waiting: readonly (readonly [device: string, op: Op | undefined])[]) {
  const queue = new WaitingQueue();
  const names = new Map<Slot, string>();
  for (const [at, [device, op]] of waiting.entries()) {
    const line = op?.kind === 'claim' ? undefined : queue.queueOf(device as DeviceId);
    const slot: Slot = { queue: line, op, reply: () => undefined };
    names.set(slot, `${device}${at}`);
    queue.push(slot);
  }
  return { queue, take: () => queue.nextBatch().map(({ slot }) => names.get(slot)) };
}

it('of a device that hands in records without end a batch takes a share, and the next one comes right behind', () => {
  const loud = Array.from({ length: 200 }, () => ['loud', records('loud', 150)] as const);
  const { take } = queueOf([...loud, ['quiet', hello('quiet')], ['phone', claimOp('ann', ['s20'])]]);
  expect(take()).toEqual(['loud0', 'loud1', 'quiet200', 'phone201']);
  expect(take()).toEqual(['loud2', 'loud3']);
});

it('a message that is more than a share goes alone, and what the same device said behind it waits', () => {
  const { take } = queueOf([
    ['a', records('a', 500)],
    ['a', hello('a')],
    ['b', hello('b')],
    ['b', records('b', 500)],
    ['b', hello('b')],
  ]);
  expect(take()).toEqual(['a0', 'b2']);
  expect(take()).toEqual(['a1', 'b3']);
  expect(take()).toEqual(['b4']);
  expect(take()).toEqual([]);
});

it('a morning on which all counters come back is many batches, and none of them is long', () => {
  const all = Array.from({ length: 100 }, (_, n) => [`d${n}-`, records(`d${n}-`, 300)] as const);
  const { queue, take } = queueOf(all);
  const sizes: number[] = [];
  while (queue.length > 0) sizes.push(take().length);
  expect(sizes).toEqual(Array(10).fill(10));
});

it('one whose signature is being checked holds up its own device, and nobody else', () => {
  const { take } = queueOf([
    ['a', undefined],
    ['a', hello('a')],
    ['b', hello('b')],
  ]);
  expect([take(), take()]).toEqual([['b2'], []]);
});

it('a device of which two hundred wait is a flood', () => {
  const line = new WaitingQueue().queueOf('d1' as DeviceId);
  line.weight = 199;
  expect(isFlood(line)).toBe(false);
  line.weight += 1;
  expect(isFlood(line)).toBe(true);
});
