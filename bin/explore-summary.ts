/** What `codeplate explore` says at its end: of all worlds together, and of one that broke an invariant. */
import { sha256 } from '#protocol/node/crypto.js';
import type { SeedReport } from '../simulator/world/run-seed.js';

/** What many worlds come to. */
export class Summary {
  readonly #from: number;
  readonly failures: SeedReport[] = [];
  readonly #strikes = new Map<string, number>();
  readonly #traces: { readonly seed: number; readonly line: string }[] = [];
  seeds = 0;
  /** So many of them with the stores that ship. */
  #stored = 0;
  #simulatedMs = 0;
  #sales = 0;
  #steps = 0;

  constructor(from: number) {
    this.#from = from;
  }

  add(report: SeedReport): void {
    this.seeds += 1;
    if (report.store === 'sqlite') this.#stored += 1;
    this.#traces.push({ seed: report.seed, line: `${report.seed} ${report.profile} ${report.traceHash}\n` });
    this.#simulatedMs += report.simulatedMs;
    this.#sales += report.sales;
    this.#steps += report.steps;
    for (const [id, count] of Object.entries(report.strikes))
      this.#strikes.set(id, (this.#strikes.get(id) ?? 0) + count);
    if (report.violation !== undefined) this.failures.push(report);
  }

  line(): string {
    return `${this.seeds} seeds, ${(this.#simulatedMs / DAY_MS).toFixed(1)} simulated days, ${this.#sales} sales`;
  }

  /** One number for all traces: the same seeds give the same one, on every machine and with any number of threads. */
  get traceDigest(): string {
    const inOrder = this.#traces.toSorted((a, b) => a.seed - b.seed);
    return sha256(inOrder.map(({ line }) => line).join('')).slice(0, 32);
  }

  json(wallMs: number): Readonly<Record<string, unknown>> {
    return {
      from: this.#from,
      seeds: this.seeds,
      stored: this.#stored,
      simulatedDays: this.#simulatedMs / DAY_MS,
      sales: this.#sales,
      steps: this.#steps,
      faults: Object.fromEntries([...this.#strikes].sort()),
      traceDigest: this.traceDigest,
      wallSeconds: wallMs / 1000,
      timesRealTime: Math.round(this.#simulatedMs / Math.max(1, wallMs)),
      violations: this.failures.map(({ seed, profile, store, violation, lastSteps }) => ({
        seed,
        profile,
        store,
        ...violation,
        lastSteps,
      })),
    };
  }

  /** `words`: what each fault is called by a person. */
  text(wallMs: number, words: ReadonlyMap<string, string>): string {
    const faults = [...this.#strikes]
      .sort(([, a], [, b]) => b - a)
      .map(([id, count]) => `  ${String(count).padStart(8)}  ${id.padEnd(20)} ${words.get(id) ?? ''}`);
    return [
      `${this.line()} in ${(wallMs / 1000).toFixed(1)} s: ${Math.round(this.#simulatedMs / Math.max(1, wallMs))} x real time`,
      `with the stores on SQLite: ${this.#stored}`,
      `faults: ${[...this.#strikes.values()].reduce((sum, count) => sum + count, 0)}`,
      ...faults,
      `traces: ${this.traceDigest} (the same for the same seeds, on every machine and version of Node)`,
      this.failures.length === 0 ? 'no invariant was broken' : `${this.failures.length} worlds broke an invariant`,
      '',
    ].join('\n');
  }
}

const DAY_MS = 86_400_000;

export function failureText({ seed, profile, store, violation, lastSteps }: SeedReport): string {
  return [
    '',
    `seed ${seed} (${profile}) broke “${violation?.invariant}”: ${violation?.promise}`,
    `  ${violation?.what}`,
    'the last steps:',
    ...lastSteps.map((line) => `  ${line}`),
    `replay it: codeplate replay ${seed} --profile ${profile} --store ${store}`,
    '',
  ].join('\n');
}
