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

  it('takes bytes as base64, and says how they are written', () => {
    expect(steps('steps:\n  - scanner: { turn: { kind: scan, bytes: { $bytes: z/u30civ } } }\n')).toMatchObject([
      { with: { turn: { kind: 'scan', bytes: Uint8Array.of(0xcf, 0xfb, 0xb7, 0xd1, 0xc8, 0xaf) } } },
    ]);
    expect(problems(`${HEAD}steps:\n  - scanner: { turn: { kind: scan, bytes: [207] } }\n`).join()).toContain('$bytes');
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

  it('says the line of each, and in words what may stand there', () => {
    const yaml = `name: mine
about: x
counters:
  Plate_2: { merchant: yh-02 }
customers: { li: { holds: [20] } }
steps:
  - sell: { order: A1, fen: 0, customer: wang, expect: { state: setled } }
  - printer:
      turn: { kind: paper-outt }
  - printer: { turn: { kind: paper-out, afterLines: -1 } }
  - for-each:
      of: [{ n: 1 }, { n: 2 }]
      steps:
        - press: { order: A$n, kee: charge }
finally: { sale: 1 }
`;
    const found = problems(yaml);
    expect(found.map((line) => line.replace(/ \|.*/, ''))).toEqual([
      'line 4, counters.Plate_2',
      'line 7, steps[0].sell.customer',
      'line 7, steps[0].sell.fen',
      'line 7, steps[0].sell.expect.state',
      'line 9, steps[1].printer.turn',
      'line 10, steps[2].printer.turn.afterLines',
      'line 14, steps[3].for-each.steps[0].press.key',
      'line 14, steps[3].for-each.steps[0].press.kee',
      'line 15, finally.sale',
    ]);
    const text = found.join('\n');
    expect(text).toContain('up to 32 of a-z, 0-9 and -');
    expect(text).toContain('"setled" | opened, authorising, charging');
    expect(text).toContain('kind: paper-out, paper-near-end');
    expect(text).toContain('-1 | at least 0');
    expect(text).toContain('1 | no such key');
    expect(text).not.toMatch(/Invalid|Too small|expected/);
  });

  it('speaks of no counter and no customer that is not there', () => {
    expect(problems(`${HEAD}\nsteps:\n  - show: { at: plate-9, customer: wang }`)).toEqual([
      'line 8, steps[0].show.at | "plate-9" | plate-001',
      'line 8, steps[0].show.customer | "wang" | li',
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

  it('takes no two ends that stand the wrong way round', () => {
    for (const fen of ['[20000, 100]', '[100, 99]'])
      expect(problems(`${HEAD}\nsteps:\n  - open: { order: A1, fen: ${fen} }`)).not.toEqual([]);
    expect(problems(`${HEAD}\nsteps:\n  - open: { order: A1, fen: [100, 20000] }`)).toEqual([]);
  });
});
