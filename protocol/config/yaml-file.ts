/**
 * A configuration file as text becomes one object, or says what is wrong with it. What may stand in the object is its
 * own schema's business; here only that it is YAML, of a sane size, and made of names and values.
 */
import { isPair, isScalar, LineCounter, parseDocument, Scalar, visit } from 'yaml';
import { err, ok, type Result } from '../kernel/result.js';

/** One thing that is wrong with a document: where, what stands there, and what may stand there instead. */
export interface Problem {
  /** `tiers[1].thresholdFen`; empty for the document itself. */
  readonly path: string;
  /** What stands there, shortened; secrets are not shown. */
  readonly value: string;
  readonly allowed: string;
  /** In the registry, where it is more than a value that may not stand there. */
  readonly code?: string;
}

/** What a look at all that a configuration names has shown. */
export interface Findings {
  /** With one of these, nothing is started. */
  readonly problems: readonly Problem[];
  /** With one of these it is, and something will not work. */
  readonly warnings: readonly Problem[];
}

/** One line a problem, for the terminal. */
export const describeProblem = ({ path, value, allowed, code }: Problem): string =>
  `${code === undefined ? '' : `${code}: `}${path === '' ? '' : `${path}: `}${value === '' ? '' : `${value} - `}${allowed}`;

const SECRET = /pass|secret|token|key/i;
/** Words of that kind that are no secrets. */
const PUBLIC: ReadonlySet<string> = new Set(['keyId']);
const isSecret = (key: PropertyKey): boolean => SECRET.test(String(key)) && !PUBLIC.has(String(key));

/** What a person makes up, and may put a # into. */
const PASSWORD = /pass|secret|token/i;
const CUT_SHORT = 'the whole value in quotes: a blank and # begin a comment, and what follows is not part of it';

const MAX_SHOWN = 60;

/**
 * A value of a configuration as a message may show it. Lists and objects never are, since anything may stand in them; neither is
 * what stands under a name that speaks of a secret, nor a key or the password in an address. `expected`: the type that should stand
 * there; a text in the place of names and values may be one of them.
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

/** What stands at this path of a document of which nothing is known yet; undefined where nothing does. */
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
    // 100 aliases are plenty, and stop a file whose aliases multiply.
    data = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return whole(source, error instanceof Error ? error.message : 'YAML');
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    return whole(source, 'a file of `name: value` lines; `codeplate init DIR` writes one');
  return cut.length > 0 ? err(cut) : ok(data);
}
