/** Waiting for something real: by its event where there is one, by looking again where there is none, never without a bound. */

/** How often a standing that no event announces is looked at: below what a person notices, above what costs anything. */
const LOOK_EVERY_MS = 25;

export class TooLate extends Error {
  override readonly name = 'TooLate';
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Looks until `look` brings something; says what was missing where it doesn't. `now` adds how it stands instead. */
export async function until<T>(
  what: string,
  withinMs: number,
  look: () => T | undefined | Promise<T | undefined>,
  now: () => string | Promise<string> = () => '',
): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() >= end) {
      const standing = await now();
      throw new TooLate(`${what}: not within ${withinMs} ms${standing === '' ? '' : ` (${standing})`}`);
    }
    await pause(LOOK_EVERY_MS);
  }
}

export async function bounded<T>(what: string, withinMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooLate(`${what}: not within ${withinMs} ms`)), withinMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
