/**
 * Parses the text of a configuration file into one object, or reports its problem.
 *
 * It checks that the text is YAML of a sane size and a mapping of names to values. Each schema checks its own content.
 */
import { isPair, isScalar, LineCounter, parseDocument, Scalar, visit } from 'yaml';
import { err, ok, type Result } from '../kernel/result.js';

/** One problem in a document: its path, the value found, the values allowed. */
export interface Problem {
  /** `tiers[1].thresholdFen`; empty for the document itself. */
  readonly path: string;
  /** The value found, shortened; secrets are hidden. */
  readonly value: string;
  readonly allowed: string;
  /** A registry code, where the problem is more than an invalid value. */
  readonly code?: string;
}

/** The result of checking everything that a configuration refers to. */
export interface Findings {
  /** Any of these prevents the start. */
  readonly problems: readonly Problem[];
  /** The program starts with these, but something won't work. */
  readonly warnings: readonly Problem[];
}

/** One line per problem, for the terminal. */
export const describeProblem = ({ path, value, allowed, code }: Problem): string =>
  `${code === undefined ? '' : `${code}: `}${path === '' ? '' : `${path}: `}${value === '' ? '' : `${value} - `}${allowed}`;

const SECRET = /pass|secret|token|key/i;
/** Words that look like secrets and aren't. */
const PUBLIC: ReadonlySet<string> = new Set(['keyId']);
const isSecret = (key: PropertyKey): boolean => SECRET.test(String(key)) && !PUBLIC.has(String(key));

/** Values that people invent and may put a # into. */
const PASSWORD = /pass|secret|token/i;
const CUT_SHORT = 'the whole value in quotes: a blank and # begin a comment, and what follows is not part of it';

const MAX_SHOWN = 60;

/**
 * A configuration value in the form in which a message may show it. Lists and objects are never shown, because anything may
 * be inside; neither are values under a secret's name, keys, or the password in an address. `expected`: the expected type;
 * a text in place of a mapping may be a secret.
 */
export function shownValue(data: unknown, path: readonly PropertyKey[], expected?: string): string {
  const value = valueAt(data, path);
  if (value === undefined) return 'missing';
  if (path.some(isSecret)) return '(not shown)';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'names and values';
  if (typeof value === 'string' && (expected === 'object' || expected === 'array' || expected === 'record'))
    return 'a text';
  if (typeof value === 'string' && /PRIVATE KEY/.test(value)) return '(not shown)';
  const json = (JSON.stringify(value) ?? typeof value).replace(/\/\/[^/@]*@/g, '//…@');
  return json.length > MAX_SHOWN ? `${json.slice(0, MAX_SHOWN)}…` : json;
}

/** The value at this path of an unparsed document; undefined where there is none. */
export function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  let value = data;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

/** `source`: the file's path, for the message. */
export function readYaml(
  yaml: string,
  { source, maxChars }: { readonly source: string; readonly maxChars: number },
): Result<object, readonly Problem[]> {
  const whole = (value: string, allowed: string): Result<never, Problem[]> => err([{ path: '', value, allowed }]);
  if (yaml.length > maxChars) return whole(`${yaml.length} characters`, `a file of at most ${maxChars}`);
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines, prettyErrors: false });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    return err(
      faults.map((fault) => {
        const { line, col } = lines.linePos(fault.pos[0]);
        return { path: '', value: `line ${line}, column ${col}`, allowed: `YAML: ${fault.message}` };
      }),
    );
  }
  const cut: Problem[] = [];
  visit(document, {
    Pair(_, { key, value }, above) {
      if (!isScalar(key) || !isScalar(value) || !PASSWORD.test(String(key.value))) return;
      const { type, comment } = value;
      if (type !== Scalar.PLAIN || comment === undefined || comment === null) return;
      const path = [
        ...above.flatMap((node) => (isPair(node) && isScalar(node.key) ? [String(node.key.value)] : [])),
        key.value,
      ];
      cut.push({ path: path.join('.'), value: '(not shown)', allowed: CUT_SHORT });
    },
  });
  let data: unknown;
  try {
    // 100 aliases are plenty, and stop an alias bomb.
    data = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return whole(source, error instanceof Error ? error.message : 'YAML');
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    return whole(source, 'a file of `name: value` lines; `codeplate init DIR` writes one');
  return cut.length > 0 ? err(cut) : ok(data);
}
