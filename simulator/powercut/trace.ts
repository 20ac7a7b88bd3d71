/**
 * What strace saw, as data. Every string in it is hex (`-xx`), every descriptor names its file (`-y`), and every line
 * begins with its thread (`-f`), so a line is read without guessing:
 *
 *     17235 pwrite64(19<\x2f\x74...>, "\x37\x7f...", 32, 0) = 32
 *     17235 fsync(19<\x2f\x74...> <unfinished ...>
 *     17235 <... fsync resumed>) = 0
 *
 * A call that changes a file in a way that isn't understood here is an error: a write that was overlooked would let a
 * lost record pass for a kept one. Output format: strace(1), sections "Output format" and "-f".
 */

/** The calls to ask strace for; `?` leaves out those that a machine hasn't (arm64 knows no `unlink`). */
export const TRACED_CALLS = [
  'openat',
  '?open',
  '?creat',
  'close',
  'write',
  'writev',
  'pwrite64',
  'pwritev',
  '?pwritev2',
  'ftruncate',
  'truncate',
  'fallocate',
  'fsync',
  'fdatasync',
  '?sync_file_range',
  '?unlink',
  'unlinkat',
  '?rename',
  '?renameat',
  '?renameat2',
  '?link',
  'linkat',
  '?mkdir',
  'mkdirat',
  '?rmdir',
  '?copy_file_range',
  'sendfile',
];

/** What happened to files, in its order. A sync is two events: what was written before its start is safe after its end. */
export type TraceEvent =
  | {
      readonly kind: 'open';
      readonly fd: number;
      readonly path: string;
      readonly create: boolean;
      readonly empty: boolean;
    }
  | { readonly kind: 'close'; readonly fd: number }
  | { readonly kind: 'write'; readonly fd: number; readonly data: Uint8Array; readonly offset: number | undefined }
  | { readonly kind: 'resize'; readonly fd: number; readonly size: number }
  | { readonly kind: 'sync-begun'; readonly fd: number; readonly sync: number }
  | { readonly kind: 'sync-ended'; readonly fd: number; readonly sync: number; readonly failed: boolean }
  | { readonly kind: 'unlink'; readonly path: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'mkdir'; readonly path: string }
  /** Changed a file in a way that this recorder doesn't follow. */
  | { readonly kind: 'other'; readonly call: string; readonly path: string };

interface Call {
  readonly name: string;
  readonly rest: string;
}

const LINE = /^(\d+) +(.*)$/;
const BEGUN = /^(\w+)\((.*)$/;
const RESUMED = /^<\.\.\. (\w+) resumed>(.*)$/;
const UNFINISHED = / <unfinished \.\.\.>$/;

/** `lines` of one run. Gives the events of every file; who wants some only looks at paths. */
export function* readTrace(lines: Iterable<string>): Generator<TraceEvent> {
  const unfinished = new Map<string, Call & { readonly sync: number }>();
  let syncs = 0;
  for (const line of lines) {
    const [, thread, text] = LINE.exec(line) ?? [];
    if (thread === undefined || text === undefined) continue;
    const resumed = RESUMED.exec(text);
    if (resumed !== null) {
      const begun = unfinished.get(thread);
      unfinished.delete(thread);
      if (begun !== undefined) yield* ended({ name: begun.name, rest: begun.rest + (resumed[2] ?? '') }, begun.sync);
      continue;
    }
    const [, name, rest] = BEGUN.exec(text) ?? [];
    if (name === undefined || rest === undefined) continue; // signals and exits
    syncs += 1;
    if (SYNCS.has(name)) yield { kind: 'sync-begun', fd: Number.parseInt(rest, 10), sync: syncs };
    if (UNFINISHED.test(rest)) {
      const call = { name, rest: rest.replace(UNFINISHED, ''), sync: syncs };
      // A write may reach the disk as soon as it has begun; what it will answer doesn't matter for that.
      if (WRITES.has(name)) yield* ended({ name, rest: `${call.rest}) = ${Number.MAX_SAFE_INTEGER}` }, syncs);
      else unfinished.set(thread, call);
    } else yield* ended({ name, rest }, syncs);
  }
}

const SYNCS: ReadonlySet<string> = new Set(['fsync', 'fdatasync']);
const WRITES: ReadonlySet<string> = new Set(['write', 'pwrite64']);
const RESULT = /\) += (-?\d+|\?)/;

function* ended({ name, rest }: Call, sync: number): Generator<TraceEvent> {
  const result = Number(RESULT.exec(rest.slice(rest.lastIndexOf(') ')))?.[1] ?? -1);
  const failed = !(result >= 0);
  const fd = Number.parseInt(rest, 10);
  const [path = '', second = ''] = stringsOf(rest);
  if (SYNCS.has(name)) {
    yield { kind: 'sync-ended', fd, sync, failed };
    return;
  }
  if (failed) return;
  switch (name) {
    case 'openat':
    case 'open':
    case 'creat': {
      const flags = rest.slice(rest.lastIndexOf('"'));
      const create = name === 'creat' || flags.includes('O_CREAT');
      yield {
        kind: 'open',
        fd: result,
        path: textOf(path),
        create,
        empty: name === 'creat' || flags.includes('O_TRUNC'),
      };
      return;
    }
    case 'close':
      yield { kind: 'close', fd };
      return;
    case 'write':
    case 'pwrite64': {
      const data = bytesOf(path).subarray(0, result);
      if (rest.includes('"...')) throw new Error('strace cut a write short: its -s is too small');
      yield { kind: 'write', fd, data, offset: name === 'write' ? undefined : offsetOf(rest) };
      return;
    }
    case 'ftruncate':
      yield { kind: 'resize', fd, size: offsetOf(rest) };
      return;
    case 'unlink':
      yield { kind: 'unlink', path: textOf(path) };
      return;
    case 'unlinkat':
      if (rest.includes('AT_REMOVEDIR')) yield { kind: 'other', call: name, path: textOf(path) };
      else yield { kind: 'unlink', path: textOf(path) };
      return;
    case 'rename':
    case 'renameat':
    case 'renameat2':
      yield { kind: 'rename', from: textOf(path), to: textOf(second) };
      return;
    case 'mkdir':
    case 'mkdirat':
      yield { kind: 'mkdir', path: textOf(path) };
      return;
    default:
      yield { kind: 'other', call: name, path: descriptorPath(rest) ?? textOf(path) };
  }
}

const STRING = /"((?:\\x[0-9a-f]{2})*)"/g;
const stringsOf = (text: string): string[] => [...text.matchAll(STRING)].map(([, hex]) => hex ?? '');
const bytesOf = (escaped: string): Uint8Array => Buffer.from(escaped.replaceAll('\\x', ''), 'hex');
const textOf = (escaped: string): string => Buffer.from(bytesOf(escaped)).toString('utf8');
/** The last argument of a call. */
const offsetOf = (rest: string): number => Number(/, (\d+)\) += /.exec(rest)?.[1] ?? Number.NaN);

function descriptorPath(rest: string): string | undefined {
  const [, hex] = /^\d+<((?:\\x[0-9a-f]{2})*)>/.exec(rest) ?? [];
  return hex === undefined ? undefined : textOf(hex);
}
