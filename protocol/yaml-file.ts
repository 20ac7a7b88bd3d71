/**
 * A configuration file as text becomes one object, or says what is wrong with it. What may stand in the object is its
 * own schema's business; here only that it is YAML, of a sane size, and made of names and values.
 */
import { LineCounter, parseDocument } from 'yaml';
import { err, ok, type Result } from './result.js';

/** One thing that is wrong with a document: where, what stands there, and what may stand there instead. */
export interface Problem {
  /** `tiers[1].thresholdFen`; empty for the document itself. */
  readonly path: string;
  /** What stands there, shortened; secrets are not shown. */
  readonly value: string;
  readonly allowed: string;
}

/** One line a problem, for the terminal. */
export const describeProblem = ({ path, value, allowed }: Problem): string =>
  `${path === '' ? '' : `${path}: `}${value === '' ? '' : `${value} - `}${allowed}`;

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
  let data: unknown;
  try {
    // 100 aliases are plenty, and stop a file whose aliases multiply.
    data = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return whole(source, error instanceof Error ? error.message : 'YAML');
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    return whole(source, 'a file of `name: value` lines; `codeplate init DIR` writes one');
  return ok(data);
}
