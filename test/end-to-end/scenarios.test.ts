import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'codeplate-scenario-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const simulate = (...more: readonly string[]): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, ['bin/codeplate.js', 'simulate', ...more], (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });

const FALSE_HOPE = `
name: false-hope
about: Expects a coupon where there is none, and a sum that isn't.
counters: { plate-001: { merchant: yh-02 } }
customers: { li: { holds: [20] } }
run: here
devices: []
steps:
  - sell: { order: A1, fen: 9999, customer: li, expect: { state: settled, couponFen: 2000 } }
finally: { sales: 2 }
`;

describe('codeplate simulate', () => {
  it('plays a shipped scenario by its bare name: of two counters with one coupon, exactly one wins', async () => {
    const { code, out, err } = await simulate('two-counters-one-coupon', '--seed', '7', '--json');
    expect(err).toBe('');
    expect(JSON.parse(out)).toMatchObject({
      scenario: 'two-counters-one-coupon',
      seed: 7,
      sales: 5,
      redeemed: 3,
      violations: [],
    });
    expect(code).toBe(0);
  });

  it('fails with exit code 1 where an expectation is not met, in JSON and in JUnit', async () => {
    const file = path.join(folder, 'false-hope.yaml');
    const junit = path.join(folder, 'out.xml');
    writeFileSync(file, FALSE_HOPE);
    const { code, out } = await simulate(file, '--seed', '1', '--json', '--junit', junit);
    expect(code).toBe(1);
    const { violations, window }: { violations: readonly string[]; window: unknown } = JSON.parse(out);
    expect(window).toMatchObject({ days: 15, opens: '00:00', closes: '24:00' });
    expect(violations).toEqual([
      'sell A1: coupon fen is null, not 2000; at 99.99 yuan',
      'the sums at the end: sales is 1, not 2',
    ]);
    const xml = readFileSync(junit, 'utf8');
    expect(xml).toContain('failures="2"');
    expect(xml).toContain('<failure message="coupon fen is null, not 2000; at 99.99 yuan"/>');
  });

  it('names the step that could not go on, and in JUnit those behind it as skipped', async () => {
    const file = path.join(folder, 'stuck.yaml');
    const junit = path.join(folder, 'out.xml');
    writeFileSync(
      file,
      FALSE_HOPE.replace(/steps:[\s\S]*/, 'steps:\n  - wait: { order: A1, state: settled, withinMs: 1 }\n').concat(
        '  - sell: { order: A2, fen: 9999 }\n',
      ),
    );
    const { code, out } = await simulate(file, '--seed', '1', '--json', '--junit', junit);
    expect(code).toBe(1);
    expect(JSON.parse(out).violations).toEqual([expect.stringMatching(/^step 1, wait A1: /)]);
    expect(readFileSync(junit, 'utf8')).toMatch(/name="step 2, sell A2" time="0.000"><skipped/);
  });

  it('plays a folder of scenarios into one report, and waits for no sale that has ended otherwise', async () => {
    writeFileSync(path.join(folder, 'a.yaml'), FALSE_HOPE);
    writeFileSync(
      path.join(folder, 'b.yaml'),
      `
name: declined
about: Waits a minute for a payment that the bank has declined.
counters: { plate-001: { merchant: yh-02 } }
run: here
steps:
  - sell: { order: B1, fen: [15000, 16000], pays: [decline] }
  - wait: { order: B1, state: settled }
`,
    );
    const junit = path.join(folder, 'out.xml');
    const { code, out } = await simulate(folder, '--seed', '1', '--json', '--junit', junit);
    expect(code).toBe(1);
    const { runs }: { runs: readonly { scenario: string; violations: readonly string[] }[] } = JSON.parse(out);
    expect(runs.map(({ scenario }) => scenario)).toEqual(['false-hope', 'declined']);
    expect(runs[1]?.violations).toEqual([
      expect.stringMatching(/^step 2, wait B1: .*it has ended otherwise \(not-charged, 15\d\.\d\d yuan: /),
    ]);
    expect(readFileSync(junit, 'utf8')).toMatch(
      /<testsuite name="false-hope seed 1"[\s\S]*<testsuite name="declined seed 1"/,
    );
  });

  it('says of each shipped scenario what it is about', async () => {
    const { out } = await simulate('--list');
    expect(out).toMatch(/^till-retries +A till that heard no answer sends the same order again/m);
    expect(
      out
        .trim()
        .split('\n')
        .every((line) => /^[a-z0-9-]+ +\S/.test(line)),
    ).toBe(true);
  });

  it('keeps each of several runs apart, and goes on with nothing of an earlier one', async () => {
    const file = path.join(folder, 'false-hope.yaml');
    writeFileSync(
      file,
      FALSE_HOPE.replace(', expect: { state: settled, couponFen: 2000 }', '').replace('sales: 2', 'sales: 1'),
    );
    const kept = path.join(folder, 'kept');
    const again = ['--seed', '5', '--runs', '2', '--keep', kept, '--json'];
    const { code, out } = await simulate(file, ...again);
    expect({ code, runs: JSON.parse(out).runs.length }).toEqual({ code: 0, runs: 2 });
    expect(readdirSync(kept)).toEqual(['seed-5', 'seed-6']);
    const { code: wrong, err } = await simulate(file, ...again);
    expect({ wrong, err }).toEqual({ wrong: 2, err: expect.stringMatching(/holds seed-5.gateway.*another folder/) });
  });

  it('is wrong use, exit code 2, where there is no such scenario or it has problems', async () => {
    expect(await simulate('no-such-day')).toMatchObject({ code: 2, out: '' });
    const file = path.join(folder, 'broken.yaml');
    writeFileSync(file, 'name: broken\nsteps: [{ sing: {} }]\n');
    const { code, err } = await simulate(file);
    expect(code).toBe(2);
    expect(err).toContain('SCENARIO_INVALID');
    expect(err).toContain('steps[0]');
  });

  it('names a merchant, a coupon and a customer that nobody knows at once, with whatever else is wrong', async () => {
    const file = path.join(folder, 'strangers.yaml');
    writeFileSync(
      file,
      `name: strangers
about: Nobody knows anybody.
counters: { plate-001: { merchant: yh-999 } }
customers: { li: { holds: [33] } }
steps:
  - sell: { order: A1, fen: -1, customer: wang }
`,
    );
    const { code, err } = await simulate(file);
    expect(code).toBe(2);
    expect(err).toMatch(
      /counters\.plate-001\.merchant: is "yh-999"; allowed: a merchant of the campaign: yh-01, .* more/,
    );
    expect(err).toMatch(/customers\.li\.holds\[0\]: is 33; allowed: a coupon of the campaign: 20, /);
    expect(err).toMatch(/steps\[0\]\.sell\.customer: is "wang"; allowed: li/);
    expect(err).toMatch(/steps\[0\]\.sell\.fen: is -1/);
  });

  it('starts an agent while the gateway is dead, as after a power failure in the street', async () => {
    const file = path.join(folder, 'dark-street.yaml');
    writeFileSync(
      file,
      `name: dark-street
about: Gateway and agent lose their power, and only the agent has it back.
counters: { plate-001: { merchant: yh-02 } }
customers: { li: { holds: [20] } }
devices: []
steps:
  - gateway: { does: kill }
  - agent: { does: kill-and-start }
  - until: { ready: true, online: false }
  - sell: { order: A1, fen: 15000, customer: li, expect: { state: settled, offline: true, couponFen: 2000 } }
finally: { sales: 1, redeemed: 1 }
`,
    );
    const { out } = await simulate(file, '--seed', '1', '--json');
    expect(JSON.parse(out)).toMatchObject({ sales: 1, redeemed: 1, violations: [] });
  }, 60_000);

  it('survives kill -9 of agent and gateway at random moments: journal, ledger, reader and receipts agree', async () => {
    const { code, out } = await simulate('happy-day', '--seed', '11', '--chaos', '--times', '3', '--json');
    expect(JSON.parse(out)).toMatchObject({ violations: [] });
    expect(code).toBe(0);
  }, 120_000);
});
