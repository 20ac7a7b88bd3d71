/**
 * Ctrl-Z at a readline prompt, and `fg` after it. In raw mode the terminal sends no signal, and readline's own answer stops
 * only this process, so that under `npm start` no shell comes back, and it leaves the input paused after `fg`.
 */
import type { Interface } from 'node:readline';

/** A signal that stops the group is there within microseconds; a group without a shell above it never stops and goes on. */
const STOPPED_BY_MS = 50;

/** Returns what ends it. */
export function obeyJobControl(lines: Interface): () => void {
  const setRaw = (raw: boolean): void => {
    if (process.stdin.isTTY) process.stdin.setRawMode(raw);
  };
  const takeBack = (): void => {
    // Off first: the shell has changed the terminal meanwhile, and libuv sets no mode that it believes to be set.
    setRaw(false);
    setRaw(true);
    lines.prompt(true);
  };
  let timer: NodeJS.Timeout | undefined;
  lines.on('SIGTSTP', () => {
    setRaw(false);
    // As the terminal does in cooked mode: to the whole group, npm and its shell included.
    process.kill(0, 'SIGTSTP');
    timer = setTimeout(takeBack, STOPPED_BY_MS);
  });
  process.on('SIGCONT', takeBack);
  return () => {
    clearTimeout(timer);
    process.off('SIGCONT', takeBack);
  };
}
