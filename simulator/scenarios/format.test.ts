import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseScenario } from './format.js';
import { scenarioFile, shippedScenarios } from './shipped.js';

const HEAD = `
name: mine
about: a test
counters: { plate-001: { merchant: yh-02 } }
customers: { li: { holds: [20] } }
`;

const problems = (yaml: string): readonly string[] => {
  const parsed = parseScenario(yaml);
  return parsed.ok ? [] : parsed.fault.map(({ path, value, allowed }) => `${path} | ${value} | ${allowed}`);
};

const steps = (yaml: string) => {
  const parsed = parseScenario(HEAD + yaml);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.fault));
  return parsed.value.steps;
};

describe('a scenario file', () => {
  it.each(shippedScenarios())('%s, shipped, reads', (name) => {
    const file = scenarioFile(name);
    expect(problems(readFileSync(file ?? '', 'utf8'))).toEqual([]);
  });

  it('whose example at the head of the format is copied, reads', () => {
    const source = readFileSync(new URL('./format.ts', import.meta.url), 'utf8');
    const lines = source.split('\n').filter((line) => line.startsWith(' *     '));
    expect(problems(lines.map((line) => line.slice(7)).join('\n'))).toEqual([]);
  });

  it('tells every problem at once, with its place', () => {
    const found = problems(`
name: Not A Name
about: x
counters: {}
colour: red
steps:
  - sell: { order: A1, fen: 12.5, customer: li }
  - sel: { order: A1 }
  - press: { order: A1, key: explode }
  - wait: { order: A1, state: [settled, happy] }
  - together: [[{ pause: { ms: -1 } }]]
`);
    const text = found.join('\n');
    for (const part of ['name', 'counters', 'colour', 'steps[0].sell.fen', 'steps[1]', 'steps[2].press.key'])
      expect(text).toContain(part);
    expect(text).toContain('steps[3].wait.state');
    expect(text).toContain('steps[4].together[0][0].pause.ms');
  });

  it('speaks of no counter and no customer that is not there', () => {
    expect(problems(`${HEAD}\nsteps:\n  - show: { at: plate-9, customer: wang }`)).toEqual([
      'steps: show.at | plate-9 | one of plate-001',
      'steps: show.customer | wang | one of li',
    ]);
  });

  it('repeats steps for each row, a word alone standing for the value itself', () => {
    const made = steps(`
steps:
  - for-each:
      of: [{ n: 1, ms: 5 }, { n: 2, ms: [1, 9] }]
      steps:
        - pause: { ms: $ms }
        - press: { order: A-$n-$other, key: charge }
`);
    expect(made).toEqual([
      { verb: 'pause', with: { ms: 5 } },
      { verb: 'press', with: { order: 'A-1-$other', key: 'charge' } },
      { verb: 'pause', with: { ms: [1, 9] } },
      { verb: 'press', with: { order: 'A-2-$other', key: 'charge' } },
    ]);
  });

  it('survives what is no YAML, no object, or aliases that multiply', () => {
    for (const text of ['', '[', '42', 'steps: *nobody', '- a', `${'a: &a [x]\n'}b: {<<: 1}`])
      expect(problems(text).length).toBeGreaterThan(0);
  });
});
