// The inside of mutation.mjs: Vitest's runner in the one worker. It runs all tests once, then each mutant against the
// tests that reach it, the quickest first. Endless loops end by a count of steps, not by a clock, so a result repeats.
import { setMaxListeners } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { TestRunner, vi } from 'vitest';
// Vitest's own instance of it, without a dependency more.
import { startTests } from 'vitest/internal/browser';

/** A mutant may take this many times the steps of the product, and this many more, before it counts as endless. */
const STEPS = { times: 20, more: 200_000 };
/** A test that waits for what a mutant never sends. The longest test here takes some 5 s on a busy machine. */
const TIMEOUT_MS = 20_000;
/** Steps of a whole test file with one mutant: above what any file here takes. */
const FILE_STEPS = 50_000_000;
/** A test of more steps than these is left out where a file is loaded anew: it is a law about values, not about loading. */
const HEAVY_STEPS = 1_000_000;

/** Properties draw the same cases each time, and a killed mutant needs no smallest example. */
fc.configureGlobal({ seed: 20_261_129, endOnFailure: true });

let active = 0;
let steps = 0;
let limit = Number.POSITIVE_INFINITY;
let reached = new Set();

globalThis.$mutant = (number) => {
  steps += 1;
  if (steps > limit) throw new Error('endless');
  reached.add(number);
  return number === active && number !== 0;
};

/** Every test of every file so far. */
const tests = [];
const heavy = new Set();
const nameOf = (test) => `${test.file.name} > ${test.name}`;
/** By mutant: the files that reach it where no test can be repeated, as while they load. */
const outside = new Map();
let filesDone = 0;
let hasFailed = false;

function noteOutside(file) {
  for (const number of reached) outside.set(number, (outside.get(number) ?? new Set()).add(file));
  reached = new Set();
}

async function passes(body) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('late')), TIMEOUT_MS);
  });
  try {
    await Promise.race([(async () => body())(), late]);
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** One test again, with its hooks, as a mutant would have it. */
async function replay({ test, suites }, mutant, most) {
  [active, steps, limit] = [mutant, 0, most];
  const after = [];
  const isSame = await passes(async () => {
    for (const suite of suites) {
      const hooks = TestRunner.getSuiteHooks(suite);
      after.unshift(...hooks.afterEach.map((hook) => () => hook(test.context, suite)));
      for (const hook of hooks.beforeEach) after.unshift(await hook(test.context, suite));
    }
    await TestRunner.getTestFn(test)();
  });
  [active, limit] = [0, Number.POSITIVE_INFINITY];
  for (const cleanup of after) if (typeof cleanup === 'function') await passes(cleanup);
  return isSame;
}

/** One mutant in modules that load anew, for what happens while they load. */
async function diesInFile(runner, file, mutant) {
  let isDead = false;
  const inner = Object.create(runner, {
    onTaskUpdate: { value: async () => {} },
    onCollectStart: { value: async () => {} },
    onCollected: { value: async () => {} },
    onAfterRunFiles: { value: async () => {} },
    onAfterRunSuite: { value: async () => {} },
    runTask: {
      value: async (test) => {
        if (isDead || heavy.has(nameOf(test))) return;
        isDead = !(await passes(TestRunner.getTestFn(test)));
        if (isDead) throw new Error('killed');
      },
    },
  });
  [active, steps, limit] = [mutant, 0, FILE_STEPS];
  const files = await startTests([file], inner);
  [active, limit] = [0, Number.POSITIVE_INFINITY];
  return isDead || files.some(({ result }) => result?.state === 'fail');
}

async function measure(runner) {
  const unsteady = [];
  const reachedBy = new Map();
  for (const one of tests) {
    reached = new Set();
    const begins = performance.now();
    const isSteady = await replay(one, 0, Number.POSITIVE_INFINITY);
    one.ms = performance.now() - begins;
    if (steps > HEAVY_STEPS) heavy.add(one.name);
    one.limit = steps * STEPS.times + STEPS.more;
    if (isSteady) {
      for (const number of reached) reachedBy.set(number, [...(reachedBy.get(number) ?? []), one]);
    } else {
      unsteady.push(one.name);
      reached = one.reached;
      noteOutside(one.file);
    }
  }
  reachedBy.delete(0);
  outside.delete(0);
  const killed = new Set();
  for (const [number, its] of reachedBy) {
    its.sort((a, b) => a.ms - b.ms);
    for (const one of its)
      if (!(await replay(one, number, one.limit))) {
        killed.add(number);
        break;
      }
  }
  // A mutant that left something behind, as in a cache, may have killed the next ones by it.
  for (const one of tests)
    if (!unsteady.includes(one.name) && !(await replay(one, 0, Number.POSITIVE_INFINITY)))
      throw new Error(`a mutant left something behind: "${one.name}" fails now`);
  const own = JSON.parse(readFileSync(process.env.MUTATION_OWN, 'utf8'));
  for (const [number, files] of outside) {
    if (killed.has(number)) continue;
    const distance = (file) => (file === own[number] ? 0 : path.dirname(file) === path.dirname(own[number]) ? 1 : 2);
    const nearest = [...files].sort((a, b) => distance(a) - distance(b));
    for (const file of nearest)
      if (await diesInFile(runner, file, number)) {
        killed.add(number);
        break;
      }
  }
  for (const file of new Set(tests.map(({ file }) => file)))
    if (await diesInFile(runner, file, 0)) throw new Error(`a mutant left something behind: ${file} fails now`);
  writeFileSync(process.env.MUTATION_RESULT, JSON.stringify({ killed: [...killed], unsteady }));
}

const suitesOf = (task) => {
  const suite = task.suite ?? (task.file === task ? undefined : task.file);
  return suite === undefined ? [] : [...suitesOf(suite), suite];
};

export default class extends TestRunner {
  /** Each file loads the product anew, so that it is known which files a mutant in a table concerns. */
  importFile(file, source) {
    if (source === 'collect') vi.resetModules();
    return super.importFile(file, source);
  }

  async runTask(test) {
    const fn = TestRunner.getTestFn(test);
    noteOutside(test.file.filepath);
    await fn();
    // Each repetition listens to the test's signal once more.
    setMaxListeners(0, test.context.signal);
    tests.push({ test, name: nameOf(test), file: test.file.filepath, suites: suitesOf(test), reached });
    reached = new Set();
  }

  async onAfterRunFiles(files) {
    await super.onAfterRunFiles(files);
    for (const file of files) noteOutside(file.filepath);
    filesDone += files.length;
    hasFailed ||= files.some(({ result }) => result?.state === 'fail');
    if (filesDone === Number(process.env.MUTATION_FILES) && !hasFailed) await measure(this);
  }
}
