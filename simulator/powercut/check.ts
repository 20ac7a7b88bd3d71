/**
 * Cuts the power at every point of a recorded workload, in every way that a disk may take it, and has the real adapter
 * open what is left.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { temporaryFolder } from '../processes/at-the-end.js';
import { type CutOptions, cutsAt, digestOf, type Files, filesAfter } from './cuts.js';
import { Disk } from './disk.js';
import { type Recorded, type Run, record } from './record.js';
import type { Subject, Verdict } from './subject.js';

export interface CheckOptions {
  readonly subject: Subject;
  readonly chance: CutOptions['chance'];
  /** States drawn at each sync, beside "nothing" and "everything"; in between there are few. */
  readonly drawsAtSync: number;
  /** The N-th fsync of the first life fails with EIO. */
  readonly failSync?: number;
  /** Breaks the recorder, to see that the check has teeth: the disk then promises what it doesn't keep. */
  readonly dropSyncs?: boolean;
  readonly onProgress?: (done: number, all: number) => void;
}

export interface CheckReport {
  readonly subject: string;
  /** Moments at which the power was cut: after every write, new length, name, and sync. */
  readonly points: number;
  /** Different disks that were opened. */
  readonly states: number;
  readonly lost: number;
  readonly doubled: number;
  readonly corrupt: number;
  readonly syncs: number;
  /** The first few things that were wrong. */
  readonly findings: readonly string[];
}

/** Shown of what went wrong; the counts count all. */
const MAX_FINDINGS = 5;
/** SQLite works on its own threads: some are opened while others are written. */
const AT_ONCE = 4;

interface State {
  readonly point: number;
  readonly files: Files;
  readonly marks: readonly string[];
}

export async function checkPowerCuts(options: CheckOptions): Promise<CheckReport> {
  const { subject, onProgress } = options;
  const temporary = temporaryFolder('codeplate-powercut-');
  const work = temporary.path;
  try {
    const events = await recordLives(options, work);
    const report = { points: 0, states: 0, lost: 0, doubled: 0, corrupt: 0, syncs: 0, findings: [] as string[] };
    report.syncs = events.filter(({ kind }) => kind === 'sync-ended').length;
    const running = new Set<Promise<void>>();
    for (const state of statesOf(events, options, path.join(work, 'watched'), report)) {
      report.states += 1;
      const judged = judge(state, subject, path.join(work, `state-${report.states}`)).then((verdict) => {
        running.delete(judged);
        report.lost += verdict.lost;
        report.doubled += verdict.doubled;
        report.corrupt += verdict.corrupt;
        if (verdict.why !== undefined && report.findings.length < MAX_FINDINGS) {
          report.findings.push(`point ${state.point}: ${verdict.why}`);
        }
      });
      running.add(judged);
      if (running.size >= AT_ONCE) await Promise.race(running);
      if (report.states % 100 === 0) onProgress?.(report.points, report.states);
    }
    await Promise.all(running);
    return { subject: subject.name, ...report };
  } finally {
    temporary.remove();
  }
}

async function recordLives({ subject, failSync, dropSyncs }: CheckOptions, work: string): Promise<Recorded[]> {
  const folder = path.join(work, 'watched');
  mkdirSync(folder);
  const live = (life: number, failing: Pick<Run, 'failSync' | 'failsOn'>): Promise<Recorded[]> =>
    record({ workload: subject.name, life, ...failing }, folder, work);
  const events = await live(1, { failSync });
  if (failSync !== undefined && failedOf(events, folder) === 'folder') {
    // Names are in the file system's own journal. Where ext4, XFS or btrfs can't write that, they take the whole file system
    // out of service: nothing is written any more until the machine has been started again.
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    return live(1, { failSync, failsOn: true });
  }
  for (let life = 2; life <= subject.lives; life++) for (const event of await live(life, {})) events.push(event);
  return dropSyncs === true ? events.filter(({ kind }) => kind !== 'sync-ended') : events;
}

/** What the fsync was of that failed. */
function failedOf(events: readonly Recorded[], folder: string): 'file' | 'folder' | undefined {
  const open = new Map<number, string>();
  const folders = new Set([folder, ...events.flatMap((event) => (event.kind === 'mkdir' ? [event.path] : []))]);
  for (const event of events) {
    if (event.kind === 'open') open.set(event.fd, event.path);
    if (event.kind === 'sync-ended' && event.failed) return folders.has(open.get(event.fd) ?? '') ? 'folder' : 'file';
  }
  return undefined;
}

/** Every point, and at each the cuts; a disk that was seen with the same promises is not opened again. */
function* statesOf(
  events: readonly Recorded[],
  { subject, chance, drawsAtSync }: CheckOptions,
  folder: string,
  report: { points: number },
): Generator<State> {
  const disk = new Disk(folder, (name) => subject.ignores(name));
  const marks: string[] = [];
  const seen = new Set<string>();
  for (const [index, event] of events.entries()) {
    if (event.kind === 'mark') marks.push(event.text);
    else if (event.kind === 'new-process') disk.newProcess();
    // Just before a sync most is undecided; just after, or after a mark, it shows whether it did its work.
    const before = event.kind === 'mark' || event.kind === 'new-process' ? false : disk.apply(event);
    if (!before && event.kind !== 'mark' && event.kind !== 'sync-begun') continue;
    report.points += 1;
    const next = events[index + 1]?.kind;
    const deep = event.kind === 'sync-begun' || event.kind === 'mark' || next === 'mark';
    const draws = deep ? drawsAtSync : Math.min(1, drawsAtSync);
    for (const cut of cutsAt(disk.unkept(), { chance, draws, garbling: subject.outlivesGarbling })) {
      const files = filesAfter(disk, cut, chance);
      const digest = `${marks.length} ${digestOf(files)}`;
      if (seen.has(digest)) continue;
      seen.add(digest);
      yield { point: report.points, files, marks: [...marks] };
    }
  }
}

async function judge({ files, marks }: State, subject: Subject, folder: string): Promise<Verdict> {
  mkdirSync(folder);
  for (const [name, bytes] of files) {
    if (name.endsWith('/')) mkdirSync(path.join(folder, name), { recursive: true });
    else writeFileSync(path.join(folder, name), bytes);
  }
  try {
    return await subject.judge(folder, marks);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
