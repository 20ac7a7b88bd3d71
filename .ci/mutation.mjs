// Mutation testing: one small change of the source at a time, and the tests that run it. What no test sees is a survivor.
//
//   npm run mutation                                                     every file of the three cores
//   npm run mutation -- gateway/ledger/book/doubts.ts device/core/uplink/outbox.ts     these files
//   npm run mutation -- gateway/core --every 5                           each fifth mutant of a folder
//
// It measures the working tree and writes nothing into it. All mutants of a file are compiled into one module and a
// number switches one of them on, so that one Vitest process serves all of them; mutation-runner.mjs is its inside.
// A mutant that runs outside of tests, as a table or a schema does, gets its test files loaded anew.
// docs/mutation.md has the figures and why each survivor may live.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createVitest, parseAst } from 'vitest/node';

/** The tests that are to see a mutant, by the first folder that it is in. */
const TESTS = [
  ['protocol/campaign/', ['protocol/campaign/']],
  ['device/core/', ['device/core/', 'device/app/counter-loop.test.ts']],
  ['gateway/ledger/store/', ['gateway/ledger/', 'test/contract/ledger.test.ts', 'test/contract/ledger-law.test.ts']],
  // A ledger on disk would take minutes more, and decides by the same code as the one in memory.
  [
    'gateway/ledger/',
    [...['book', 'decide', 'report'].map((room) => `gateway/ledger/${room}/`), 'test/contract/memory-ledger.test.ts'],
  ],
  ['gateway/core/', ['gateway/core/', 'test/contract/mqtt-packets.test.ts']],
];

const OPERATORS = {
  '===': ['!=='],
  '!==': ['==='],
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '&&': ['||'],
  '||': ['&&'],
  '??': ['&&'],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '+=': ['-='],
  '-=': ['+='],
};
const METHODS = { some: 'every', every: 'some', min: 'max', max: 'min' };
/** A statement that is only its effect: it can be left out. */
const EFFECTS = ['CallExpression', 'AwaitExpression', 'AssignmentExpression', 'UpdateExpression', 'ChainExpression'];
const LOOPS = ['WhileStatement', 'DoWhileStatement', 'ForStatement', 'ForOfStatement', 'ForInStatement'];
const TYPES = ['typeAnnotation', 'typeArguments', 'typeParameters', 'returnType', 'superTypeArguments', 'implements'];

const isText = (node) => node.type === 'TemplateLiteral' || (node.type === 'Literal' && typeof node.value === 'string');

/** A node's parts in the order of the text, without types. */
function partsOf(node) {
  const parts = [];
  for (const [key, value] of Object.entries(node)) {
    if (TYPES.includes(key) || (node.shorthand === true && key === 'key')) continue;
    for (const part of Array.isArray(value) ? value : [value]) {
      if (typeof part?.type !== 'string') continue;
      if (part.type.startsWith('TS') && part.expression === undefined) continue;
      // A rule's examples are its tests.
      if ((key === 'value' && node.key?.name === 'examples') || /EXAMPLES$/.test(node.id?.name)) continue;
      parts.push([key, part]);
    }
  }
  return parts.sort(([, a], [, b]) => a.start - b.start);
}

/** The text with all its mutants in it, each behind `$mutant(number)`. `numberOf` says undefined for one to leave out. */
function instrument(text, numberOf) {
  const raw = (node) => text.slice(node.start, node.end);
  /** The whole nodes that may stand for this one. */
  function insteadOf(node) {
    const { type, operator, left, right } = node;
    if (type === 'BinaryExpression' || type === 'LogicalExpression' || type === 'AssignmentExpression') {
      if (/^\+=?$/.test(operator) && (isText(left) || isText(right))) return [];
      const at = text.indexOf(operator, left.end);
      const [first, second] = [text.slice(node.start, at).trim(), text.slice(at + operator.length, node.end).trim()];
      // An assignment's left side takes no parentheses.
      const before = type === 'AssignmentExpression' ? first : `(${first})`;
      return (OPERATORS[operator] ?? []).map((other) => `${before} ${other} (${second})`);
    }
    if (type === 'UnaryExpression' && operator === '!') return [raw(node.argument)];
    if (type === 'Literal' && typeof node.value === 'boolean') return [String(!node.value)];
    return type === 'ArrayExpression' && node.elements.length > 0 ? ['[]'] : [];
  }
  /** Changes of a part that only its place allows. */
  function insteadOfPart(node, key, part) {
    if (key === 'test')
      return LOOPS.includes(node.type) ? ['false'] : node.type === 'SwitchCase' ? [] : ['true', 'false'];
    if (key === 'property' && !node.computed && Object.hasOwn(METHODS, part.name)) {
      if (/^m/.test(part.name) && node.object.name !== 'Math') return [];
      return [`'${METHODS[part.name]}'`];
    }
    const isFilter = node.type === 'CallExpression' && key === 'arguments' && node.callee.property?.name === 'filter';
    return isFilter ? ['() => true'] : [];
  }
  const switched = (node, changes, otherwise, shown = raw(node)) =>
    changes.reduceRight((rest, is) => {
      const number = numberOf({ at: node.start, was: shown, is });
      return number === undefined ? rest : `($mutant(${number}) ? (${is}) : ${rest})`;
    }, otherwise);
  function render(node) {
    let [out, at] = ['', node.start];
    for (const [key, part] of partsOf(node)) {
      // One name written once that is two nodes, as in `import { a }`.
      if (part.start < at) continue;
      let inner = render(part);
      const changes = insteadOfPart(node, key, part);
      if (key === 'property' && changes.length > 0) {
        const name = switched(part, changes, `'${part.name}'`);
        // `a.some` becomes `a[… ? 'every' : 'some']`, and `a?.some` the same behind its `?.`.
        inner = `[${name}]`;
        out += text.slice(at, part.start).replace(/(\?\.)?\.?(\s*)$/, '$1$2') + inner;
      } else {
        inner = switched(part, changes, inner);
        if (key === 'body' && LOOPS.includes(node.type)) inner = `{ $mutant(0); ${inner} }`;
        out += text.slice(at, part.start) + inner;
      }
      at = part.end;
    }
    out += text.slice(at, node.end);
    if (node.type !== 'ExpressionStatement') return switched(node, insteadOf(node), out);
    const number = EFFECTS.includes(node.expression.type)
      ? numberOf({ at: node.start, was: raw(node), is: '(nothing)' })
      : undefined;
    return number === undefined ? out : `if ($mutant(${number})) {} else ${out}`;
  }
  return render(parseAst(text, { lang: 'ts' }));
}

const args = process.argv.slice(2);
const everyAt = args.indexOf('--every');
const every = everyAt < 0 ? 1 : Number(args[everyAt + 1]);
const named = args.filter((_, at) => everyAt < 0 || (at !== everyAt && at !== everyAt + 1));
const files = execFileSync('git', ['ls-files', ...(named.length > 0 ? named : TESTS.map(([folder]) => folder))])
  .toString()
  .split('\n')
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !path.basename(file).startsWith('example-'));

/** Every mutant by its number, from 1; 0 is the product as it is. */
const mutants = [undefined];
const modules = new Map();
let seen = 0;
for (const file of files) {
  const text = readFileSync(file, 'utf8');
  const code = instrument(text, ({ at, was, is }) => {
    seen += 1;
    if (seen % every !== 0) return undefined;
    mutants.push({ file, at, line: text.slice(0, at).split('\n').length, was, is, isKilled: false });
    return mutants.length - 1;
  });
  modules.set(path.resolve(file), code);
}

const folder = mkdtempSync(path.join(tmpdir(), 'codeplate-mutation-'));
const result = path.join(folder, 'result.json');
const own = path.join(folder, 'own.json');
writeFileSync(
  own,
  JSON.stringify(mutants.map((mutant) => mutant && path.resolve(mutant.file.replace(/\.ts$/, '.test.ts')))),
);
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
const vitest = await createVitest(
  'test',
  {
    watch: false,
    pool: 'forks',
    isolate: false,
    maxWorkers: 1,
    fileParallelism: false,
    cache: false,
    reporters: [{}],
    dangerouslyIgnoreUnhandledErrors: true,
    runner: fileURLToPath(new URL('mutation-runner.mjs', import.meta.url)),
  },
  { plugins: [{ name: 'mutants', enforce: 'pre', transform: (_, id) => modules.get(id) }] },
);
function reasonOf(module) {
  const broken = [...module.children.allTests('failed')].map(
    (test) => `${test.fullName}: ${test.result().errors[0]?.message}`,
  );
  return [module.moduleId, ...module.errors().map(({ message }) => message), ...broken].join('\n  ');
}

try {
  for (const [prefix, tests] of TESTS) {
    const mine = mutants.filter((mutant) => TESTS.find(([folder]) => mutant?.file.startsWith(folder))?.[0] === prefix);
    if (mine.length === 0) continue;
    const specifications = await vitest.globTestSpecifications(tests);
    const env = { MUTATION_FILES: String(specifications.length), MUTATION_RESULT: result, MUTATION_OWN: own };
    for (const project of vitest.projects) project.config.env = { ...project.config.env, ...env };
    const { testModules } = await vitest.runTestSpecifications(specifications);
    const failed = testModules.filter((module) => !module.ok());
    if (failed.length > 0) throw new Error(`these tests fail without any mutant:\n${failed.map(reasonOf).join('\n')}`);
    const { killed, unsteady } = JSON.parse(readFileSync(result, 'utf8'));
    for (const name of unsteady) console.log(`not repeatable in one process, so asked for few mutants only: ${name}`);
    for (const number of killed) if (mine.includes(mutants[number])) mutants[number].isKilled = true;
  }
} finally {
  await vitest.close();
}

const survivors = mutants.slice(1).filter(({ isKilled }) => !isKilled);
const short = (text) => text.replace(/\s+/g, ' ').slice(0, 160);
for (const { file, line, was, is } of survivors.sort((a, b) => a.file.localeCompare(b.file) || a.at - b.at))
  console.log(`survives  ${file}:${line}\n    - ${short(was)}\n    + ${short(is)}`);
for (const file of files) {
  const all = mutants.filter((mutant) => mutant?.file === file);
  if (all.length > 0) console.log(`${file}: ${all.filter(({ isKilled }) => isKilled).length} of ${all.length} killed`);
}
const [tried, killed] = [mutants.length - 1, mutants.length - 1 - survivors.length];
console.log(`${killed} of ${tried} mutants killed (${tried === 0 ? 0 : ((100 * killed) / tried).toFixed(1)} %)`);
process.exitCode = survivors.length > 0 ? 1 : 0;
