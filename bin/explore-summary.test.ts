import { describe, expect, it } from 'vitest';
import type { SeedReport } from '../simulator/world/run-seed.js';
import { Summary } from './explore-summary.js';

const report = (seed: number, traceHash = `hash-${seed}`): SeedReport => ({
  seed,
  profile: 'hell',
  store: 'memory',
  traceHash,
  violation: undefined,
  simulatedMs: 1_000,
  sales: 1,
  steps: 10,
  strikes: { 'power-cut': 2 },
  lastSteps: [],
});

const digestOf = (...reports: readonly SeedReport[]): string => {
  const summary = new Summary(1);
  for (const one of reports) summary.add(one);
  return summary.traceDigest;
};

describe('the digest of all traces', () => {
  it('is the same whichever thread was ready first', () => {
    expect(digestOf(report(1), report(2), report(10))).toBe(digestOf(report(10), report(1), report(2)));
  });

  it('is another one as soon as a single world did anything else', () => {
    expect(digestOf(report(1), report(2, 'another'))).not.toBe(digestOf(report(1), report(2)));
    expect(digestOf(report(1))).not.toBe(digestOf(report(1), report(2)));
  });
});

it('names each fault in words, the most frequent first', () => {
  const summary = new Summary(1);
  summary.add({ ...report(1), strikes: { 'power-cut': 2, 'line-down': 30 } });
  const lines = summary.text(1, new Map([['line-down', 'lines down']])).split('\n');
  const at = lines.findIndex((line) => line.startsWith('faults: 32'));
  expect(lines[at + 1]).toMatch(/^ +30 {2}line-down +lines down$/);
  expect(lines[at + 2]).toMatch(/^ +2 {2}power-cut/);
});
