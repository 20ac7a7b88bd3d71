/**
 * What is wrong with a scenario file, in words that its author can act on: the line, the place, what stands there and what
 * may stand there instead.
 */
import { type Document, isAlias, isNode, type LineCounter } from 'yaml';
import type { z } from 'zod';
import type { Problem } from '#protocol/config/yaml-file.js';

export type Path = readonly PropertyKey[];

/** A problem and where in the document it is; its line is looked up once, at the end. */
export interface Found {
  readonly path: Path;
  readonly value: string;
  readonly allowed: string;
}

export const found = (path: Path, value: unknown, allowed: string): Found => ({ path, value: shown(value), allowed });

/** In the order of the file, each once: the rows of a `for-each` share their steps. */
export function told(all: readonly Found[], document: Document, lines: LineCounter): Problem[] {
  const seen = new Map<string, { readonly line: number; readonly problem: Problem }>();
  for (const { path, value, allowed } of all) {
    const line = lineOf(document, path, lines);
    const place = path.length === 0 ? 'the whole file' : join(path);
    seen.set(`${place} ${value} ${allowed}`, { line, problem: { path: `line ${line}, ${place}`, value, allowed } });
  }
  return [...seen.values()].sort((a, b) => a.line - b.line).map(({ problem }) => problem);
}

/** Of the deepest part of the path that is there: a field that is missing is missing where its parent begins. */
function lineOf(document: Document, path: Path, lines: LineCounter): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && !isAlias(node) && node.range != null) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

export function problemsOf(issues: readonly z.core.$ZodIssue[], data: unknown, before: Path): Found[] {
  return issues.flatMap((issue): Found[] => {
    const path = [...before, ...issue.path];
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) =>
        found([...path, key], valueAt(data, [...issue.path, key]), 'no such key; is its name spelt right?'),
      );
    if (issue.code === 'invalid_union') {
      // The branch that was meant: its kind fits, and something within it doesn't.
      const meant = issue.errors.find((branch) =>
        branch.every((inner) => inner.path.length > 0 && inner.path.at(-1) !== 'kind'),
      );
      if (meant !== undefined) return problemsOf(meant, valueAt(data, issue.path), path);
    }
    return [found(path, valueAt(data, issue.path), allowedBy(issue))];
  });
}

function allowedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return EXPECTED[issue.expected] ?? `a ${issue.expected}`;
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${UNITS[issue.origin] ?? ''}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${UNITS[issue.origin] ?? ''}`;
    case 'invalid_value':
      return issue.values.map(String).join(', ');
    case 'invalid_key':
      return issue.issues.map(({ message }) => message).join(', ');
    case 'invalid_union': {
      // Our own words, where the format has some for this union.
      if (issue.message !== 'Invalid input' && issue.errors.length > 0) return issue.message;
      if ('options' in issue && Array.isArray(issue.options)) return `kind: ${issue.options.join(', ')}`;
      return [...new Set(issue.errors.flat().map(allowedBy))].join(', or ');
    }
    default:
      return issue.message;
  }
}

const EXPECTED: Readonly<Partial<Record<string, string>>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  tuple: '[from, to]',
  object: '`name: value` pairs',
  record: '`name: value` pairs',
};
const UNITS: Readonly<Partial<Record<string, string>>> = { array: ' in the list', string: ' characters' };

const join = (path: Path): string =>
  path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}${text === '' ? '' : '.'}${String(part)}`),
    '',
  );

/** A key from outside may be `__proto__`: only the document's own fields are looked at. */
function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined,
    data,
  );
}

const shown = (value: unknown): string =>
  value === undefined
    ? 'missing'
    : (JSON.stringify(value) ?? typeof value)
        .slice(0, 60)
        .replace(/[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
