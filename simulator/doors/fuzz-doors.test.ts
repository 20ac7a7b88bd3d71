/** A short run of `codeplate fuzz-doors`; ten thousand are the command's. */
import { expect, it } from 'vitest';
import { diceOf } from '../counter/dice.js';
import { conversationOf } from './conversations.js';
import { fuzzDoors, isSound } from './fuzz-doors.js';

it('one seed is one conversation, and many seeds are many', () => {
  const drawn = (seed: number): string => JSON.stringify(conversationOf(diceOf(seed)));
  expect(drawn(7)).toBe(drawn(7));
  expect(new Set(Array.from({ length: 200 }, (_, seed) => drawn(seed))).size).toBeGreaterThan(190);
});

it('three hundred strange conversations cost the gateway no descriptor and no 5xx', async () => {
  const report = await fuzzDoors({ cases: 300, seed: 1 });
  expect(report.answered).toBeGreaterThan(50);
  expect({ ...report, isSound: isSound(report) }).toMatchObject({ isSound: true, serverErrors: 0, died: [] });
}, 180_000);
