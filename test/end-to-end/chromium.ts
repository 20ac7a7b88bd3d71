/**
 * The browser that is installed, driven over a pipe by the DevTools protocol: nothing is downloaded, and no port is opened.
 * `undefined` where this machine has none: its tests are skipped then.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

const { PATH } = process.env;

export const CHROMIUM: string | undefined = (PATH ?? '')
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

interface Reply {
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

export interface Page {
  size(width: number, height: number): Promise<void>;
  go(url: string): Promise<void>;
  /** The value of an expression, as JSON carries it. */
  value(expression: string): Promise<unknown>;
  /** Until the expression is true in the page. */
  until(expression: string): Promise<void>;
  picture(): Promise<Buffer>;
}

/** Pages are painted and timers ring within this, on a machine that does twenty other things. */
const PATIENCE_MS = 60_000;
const LOOK_AGAIN_MS = 50;

export class Browser {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #ended: Promise<void>;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #requests = 0;
  #heard = '';

  private constructor(file: string) {
    this.#profile = mkdtempSync(join(tmpdir(), 'screen-'));
    const options = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
    this.#process = spawn(file, [...options, `--user-data-dir=${this.#profile}`, '--remote-debugging-pipe'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    this.#ended = new Promise((resolve) => this.#process.once('exit', () => resolve()));
    this.#process.stdio[4]?.on('data', (chunk: Buffer) => this.#hear(chunk.toString()));
  }

  static start(file: string): Browser {
    return new Browser(file);
  }

  async page(): Promise<Page> {
    const { targetId } = await this.#ask('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.#ask('Target.attachToTarget', { targetId, flatten: true });
    const ask = (method: string, params: object = {}) => this.#ask(method, params, String(sessionId));
    const value = async (expression: string): Promise<unknown> => {
      const { result } = await ask('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
      return (result as { readonly value?: unknown } | undefined)?.value;
    };
    return {
      value,
      size: async (width, height) => {
        await ask('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
      },
      go: async (url) => {
        await ask('Page.navigate', { url });
      },
      until: async (expression) => {
        const end = performance.now() + PATIENCE_MS;
        while ((await value(expression)) !== true) {
          if (performance.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${expression}`);
          await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
        }
      },
      picture: async () => {
        const { data } = await ask('Page.captureScreenshot');
        return Buffer.from(String(data), 'base64');
      },
    };
  }

  async close(): Promise<void> {
    this.#process.kill();
    await this.#ended;
    // Its helper processes outlive it by some tenths of a second, and still write.
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }

  #ask(method: string, params: object, sessionId?: string): Promise<Readonly<Record<string, unknown>>> {
    this.#requests += 1;
    const id = this.#requests;
    const pipe = this.#process.stdio[3];
    if (pipe === null || pipe === undefined || !('write' in pipe)) throw new Error('the browser has no pipe');
    pipe.write(`${JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) })}\0`);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => {
        if (result === undefined) reject(new Error(`${method}: ${error?.message ?? 'no result'}`));
        else resolve(result);
      });
    });
  }

  #hear(text: string): void {
    const [rest = '', ...whole] = `${this.#heard}${text}`.split('\0').reverse();
    this.#heard = rest;
    for (const message of whole.reverse()) {
      const reply = JSON.parse(message) as Reply & { readonly id?: number };
      if (reply.id === undefined) continue;
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    }
  }
}
