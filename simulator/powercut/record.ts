/**
 * Runs a workload in a process of its own under strace, and hands back what it did to its files, in order, with the marks
 * that it made in between: what it had asked for, and what it had been told was safe.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createReadStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { programFile } from '../processes/package-folder.js';
import { readTrace, TRACED_CALLS, type TraceEvent } from './trace.js';

/** A page is 4 KiB and a bulk write some of them; a longer one ends the recording rather than being cut short. */
const LONGEST_WRITE = 1_048_576;
/** A workload takes a second under strace on an idle machine. */
const RUN_MS = 120_000;

export const INSTALL_STRACE = 'Install strace (Debian, Raspberry Pi OS: sudo apt-get install strace) and run it again.';

/** Why nothing can be recorded here; undefined where all is well. */
export function recordingProblem(): string | undefined {
  if (process.platform !== 'linux') return 'Writes are recorded with strace, which exists on Linux only.';
  try {
    execFileSync('strace', ['-o', '/dev/null', 'true'], { stdio: ['ignore', 'ignore', 'pipe'] });
    return undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return `Writes are recorded with strace, which is not installed. ${INSTALL_STRACE}`;
    }
    return 'strace may not trace processes here. In a container, allow it with --cap-add=SYS_PTRACE.';
  }
}

export interface Run {
  readonly workload: string;
  /** Which of the workload's lives this is, from 1. */
  readonly life: number;
  /** The fsync, counted from 1, that fails with EIO; of this life only. */
  readonly failSync?: number | undefined;
  /** And with it every one after it. */
  readonly failsOn?: boolean;
}

export type Recorded =
  | TraceEvent
  /** The workload said so at this moment. */
  | { readonly kind: 'mark'; readonly text: string }
  | { readonly kind: 'new-process' };

/** Runs one life and gives its events. `folder` is what is watched; the trace and the marks lie in `beside`. */
export async function record(run: Run, folder: string, beside: string): Promise<Recorded[]> {
  mkdirSync(beside, { recursive: true });
  const trace = path.join(beside, `trace-${run.life}`);
  const marks = path.join(beside, `marks-${run.life}`);
  await underStrace(run, { folder, trace, marks });
  const events: Recorded[] = [{ kind: 'new-process' }];
  const lines: string[] = [];
  for await (const line of createInterface({ input: createReadStream(trace, 'latin1') })) lines.push(line);
  let marksFd: number | undefined;
  for (const event of readTrace(lines)) {
    if (event.kind === 'open' && event.path === marks) marksFd = event.fd;
    else if (event.kind === 'write' && event.fd === marksFd) {
      for (const text of Buffer.from(event.data).toString('utf8').split('\n'))
        if (text !== '') events.push({ kind: 'mark', text });
    } else events.push(event);
  }
  return events;
}

interface Places {
  readonly folder: string;
  readonly trace: string;
  readonly marks: string;
}

function underStrace(run: Run, { folder, trace, marks }: Places): Promise<void> {
  const workload = JSON.stringify({ workload: run.workload, life: run.life, folder, marks });
  const which = `${run.failSync}${run.failsOn === true ? '+' : ''}`;
  const inject = run.failSync === undefined ? [] : ['-e', `inject=fsync,fdatasync:error=EIO:when=${which}`];
  const child = spawn(
    'strace',
    [
      ...['-f', '-y', '-xx', '-s', String(LONGEST_WRITE), '-e', 'signal=none'],
      ...['-e', `trace=${TRACED_CALLS.join(',')}`, ...inject, '-o', trace],
      ...[process.execPath, programFile(), 'powercut', '--workload', workload],
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: RUN_MS,
      killSignal: 'SIGKILL',
      // strace counts a thread's calls by themselves: with one thread the N-th fsync is the N-th. No write may pass it by.
      env: { ...process.env, UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' },
    },
  );
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString('utf8')}`.slice(-4_000);
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      // A life that ends by kill -9 ends strace the same way.
      if (code === 0 || signal === 'SIGKILL' || code === 137) resolve();
      else reject(new Error(`the workload ${run.workload} ended with ${signal ?? code}: ${said}`));
    });
  });
}
