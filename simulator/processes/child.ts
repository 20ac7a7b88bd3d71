/** A `codeplate` command as a child process: started, waited for until it says where it listens, killed as a power cut kills. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { atTheEnd } from './at-the-end.js';
import { programFile } from './package-folder.js';
import { bounded } from './waiting.js';

/** A start takes half a second on an idle machine; a busy one is patient. */
const START_MS = 30_000;
/** A stop that takes longer hangs, and is ended the hard way. */
const STOP_MS = 10_000;
/** What is shown of a child that did not start. */
const LAST_LINES = 12;

export class Child {
  readonly #arguments: readonly string[];
  readonly #logFile: string;
  readonly #onLine: (line: string) => void;
  /** A command that runs it in trouble: its words stand before the program's own. */
  under: readonly string[] = [];
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #log: WriteStream | undefined;
  #last: string[] = [];
  #died: string | undefined;

  constructor(options: {
    readonly arguments: readonly string[];
    /** Everything that it says, over all its lives. */
    readonly logFile: string;
    readonly onLine?: (line: string) => void;
  }) {
    this.#arguments = options.arguments;
    this.#logFile = options.logFile;
    this.#onLine = options.onLine ?? (() => {});
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** How it ended without having been asked to; undefined where it didn't. */
  get died(): string | undefined {
    return this.#died;
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    this.#log ??= createWriteStream(this.#logFile, { flags: 'a' });
    // Its own group: Ctrl-C is for the parent, which then stops its children in order.
    const [program = '', ...words] = [...this.under, process.execPath, programFile(), ...this.#arguments];
    const child = spawn(program, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    const endsToo = atTheEnd(() => child.kill('SIGKILL'));
    const ready = new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stderr }).on('line', (line) => this.#take(line));
      // Standard output stays empty until the command has what it answers with: where it listens.
      createInterface({ input: child.stdout }).on('line', (line) => {
        this.#take(line);
        resolve();
      });
      child.once('error', reject);
      child.once('exit', (code, signal) =>
        reject(new Error(`codeplate ${this.#arguments[0]} ended with ${signal ?? code}:\n${this.#last.join('\n')}`)),
      );
    });
    ready.catch(() => {}); // after the start nobody waits for this any more
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        endsToo();
        if (this.#child === child) {
          this.#child = undefined;
          this.#died = `codeplate ${this.#arguments[0]} ended by itself with ${signal ?? code}: ${this.#last.at(-1) ?? ''}`;
        }
        resolve();
      });
    });
    try {
      await bounded(`the start of codeplate ${this.#arguments[0]}`, START_MS, ready);
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  /** `kill -9`: what a power cut leaves of a process. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    child?.kill('SIGKILL');
    await this.#exited;
  }

  /** SIGTERM, as a service manager stops it. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    child?.kill('SIGTERM');
    try {
      await bounded('a stop', STOP_MS, this.#exited);
    } catch {
      child?.kill('SIGKILL');
      await this.#exited;
    }
    const log = this.#log;
    this.#log = undefined;
    if (log !== undefined) await new Promise<void>((resolve) => log.end(resolve));
  }

  #take(line: string): void {
    this.#last = [...this.#last.slice(1 - LAST_LINES), line];
    this.#log?.write(`${line}\n`);
    this.#onLine(line);
  }
}
