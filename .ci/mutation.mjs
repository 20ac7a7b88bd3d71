// Mutation testing: one small change of the source at a time, and the tests near it. What no test sees is a survivor.
// TypeScript 7 has no JavaScript API for Stryker's instrumenter, so the mutants are made of text, line by line.
//
//   npm run mutation -- gateway/core/doubts.ts device/core/outbox.ts     these files
//   npm run mutation -- gateway/core --every 5                           each fifth mutant of a folder
//
// It works on a copy of HEAD in a folder of its own: nothing here is changed, whatever interrupts it. Slow: two to five
// seconds a mutant, one after another. docs/mutation.md has what was measured and why each survivor may live.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The tests that are to see a mutant, by the folder that it is in. */
const TESTS = [
  ['protocol/campaign/', ['protocol/campaign']],
  ['device/core/', ['device/core', 'device/loop.test.ts']],
  ['gateway/core/', ['gateway/core', 'test/contract/ledger.test.ts', 'test/contract/ledger-law.test.ts']],
];
/** Longer than any of these suites takes alone: a mutant that hangs is noticed. */
const TIMEOUT_MS = 120_000;

const SWAPS = [
  [/ === /g, ' !== '],
  [/ !== /g, ' === '],
  [/ < /g, ' <= '],
  [/ <= /g, ' < '],
  [/ > /g, ' >= '],
  [/ >= /g, ' > '],
  [/ && /g, ' || '],
  [/ \|\| /g, ' && '],
  [/ \+ /g, ' - '],
  [/ - /g, ' + '],
  [/\btrue\b/g, 'false'],
  [/\bfalse\b/g, 'true'],
  [/\bMath\.min\b/g, 'Math.max'],
  [/\bMath\.max\b/g, 'Math.min'],
  [/\.some\(/g, '.every('],
  [/\.every\(/g, '.some('],
  [/\bif \((?!!)/g, 'if (!'],
];
/** A statement on a line of its own that does something: without it. */
const STATEMENT = /^\s+(?!return|const|let|throw|break|continue|case|default|import|export)[\w.#]+\(.*\);$/;
const NO_CODE = /^\s*(\*|\/\*|\/\/|import |export (type|interface)|type |interface |readonly |\|)/;

function* mutantsOf(text) {
  const lines = text.split('\n');
  for (const [at, line] of lines.entries()) {
    if (NO_CODE.test(line)) continue;
    const change = (to) => [...lines.slice(0, at), to, ...lines.slice(at + 1)].join('\n');
    // Texts are for people: what stands in quotes is left alone.
    const quoted = [...line.matchAll(/'[^']*'|`[^`]*`|\/\/.*$|\/\*.*?\*\//g)].map((m) => [
      m.index,
      m.index + m[0].length,
    ]);
    for (const [from, to] of SWAPS)
      for (const match of line.matchAll(from)) {
        if (quoted.some(([begins, ends]) => match.index >= begins && match.index < ends)) continue;
        // `if (!a && b)` is not what is meant.
        const isNegated = to === 'if (!';
        const ends = line.lastIndexOf(')');
        if (isNegated && (!/\) (\{|return|throw|continue|break)|\)$|\);$|\) \w/.test(line) || / (&&|\|\|) /.test(line)))
          continue;
        const changed = line.slice(0, match.index) + to + line.slice(match.index + match[0].length);
        if (isNegated && (ends < 0 || / (===|!==|<|>|<=|>=|\?\?) /.test(line))) continue;
        yield { line: at + 1, was: line.trim(), is: changed.trim(), text: change(changed) };
      }
    if (STATEMENT.test(line)) yield { line: at + 1, was: line.trim(), is: '(nothing)', text: change('') };
  }
}

const args = process.argv.slice(2);
const everyAt = args.indexOf('--every');
const every = everyAt < 0 ? 1 : Number(args[everyAt + 1]);
const named = args.filter((_, at) => everyAt < 0 || (at !== everyAt && at !== everyAt + 1));
const git = (...words) => execFileSync('git', words, { encoding: 'utf8' });
const files = git('ls-files', ...(named.length > 0 ? named : TESTS.map(([folder]) => folder)))
  .split('\n')
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));

const folder = mkdtempSync(path.join(tmpdir(), 'codeplate-mutation-'));
const copy = path.join(folder, 'copy');
git('worktree', 'add', '--detach', '--quiet', copy, 'HEAD');
symlinkSync(path.resolve('node_modules'), path.join(copy, 'node_modules'));
const leave = () => {
  git('worktree', 'remove', '--force', copy);
  rmSync(folder, { recursive: true, force: true });
};
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    leave();
    process.exit(130);
  });

const passes = (tests) =>
  spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--bail', '1', ...tests], {
    cwd: copy,
    timeout: TIMEOUT_MS,
    env: { ...process.env, CI: 'true', NO_COLOR: '1' },
    stdio: 'ignore',
  }).status === 0;

let tried = 0;
let number = 0;
const survivors = [];
try {
  for (const file of files) {
    const tests = TESTS.find(([prefix]) => file.startsWith(prefix))?.[1];
    if (tests === undefined) continue;
    const whole = readFileSync(file, 'utf8');
    let [mine, lived] = [0, 0];
    for (const mutant of mutantsOf(whole)) {
      number += 1;
      if (number % every !== 0) continue;
      // A file's own tests first: most mutants die there, in a third of the time.
      writeFileSync(path.join(copy, file), mutant.text);
      const own = file.replace(/\.ts$/, '.test.ts');
      const isSeen = (git('ls-files', own) !== '' && !passes([own])) || !passes(tests);
      writeFileSync(path.join(copy, file), whole);
      mine += 1;
      if (isSeen) continue;
      lived += 1;
      survivors.push({ file, ...mutant });
      console.log(`survives  ${file}:${mutant.line}\n    - ${mutant.was}\n    + ${mutant.is}`);
    }
    tried += mine;
    if (mine > 0) console.log(`${file}: ${mine - lived} of ${mine} killed`);
  }
} finally {
  leave();
}
const killed = tried - survivors.length;
console.log(`${killed} of ${tried} mutants killed (${tried === 0 ? 0 : ((100 * killed) / tried).toFixed(1)} %)`);
process.exitCode = survivors.length > 0 ? 1 : 0;
