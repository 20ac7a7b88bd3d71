/** Goes through a long list of lines at a person's pace: Enter for the next one, a time to go on to it, q to have enough. */
import { readSync } from 'node:fs';

/** `3d 04:05:06.789` as a trace has it; days and milliseconds may be left out. */
const TIME = /^(?:(\d+)d )?(\d\d:\d\d:\d\d(?:\.\d{1,3})?)/;

export class Stepper {
  #until = '';
  readonly #ask: () => string | undefined;

  /** `ask`: the next line that the person types; undefined when there is no more. */
  constructor(ask: () => string | undefined = fromKeyboard) {
    this.#ask = ask;
  }

  /** Waits after this line, unless it is before the time that was asked for. `enough`: the person wants no more, or is gone. */
  pause(line: string): 'next' | 'enough' {
    const now = sortable(line);
    if (now !== undefined && now < this.#until) return 'next';
    const said = this.#ask()?.trim();
    if (said === undefined || said === 'q') return 'enough';
    this.#until = sortable(said) ?? '';
    return 'next';
  }
}

function sortable(text: string): string | undefined {
  const found = TIME.exec(text);
  return found === null ? undefined : `${(found[1] ?? '0').padStart(5, '0')} ${found[2]}`;
}

/** One line of standard input, read on the spot: the world stands still meanwhile. */
function fromKeyboard(): string | undefined {
  const byte = new Uint8Array(1);
  let line = '';
  for (;;) {
    let read = 0;
    try {
      read = readSync(0, byte);
    } catch (error) {
      // A terminal that somebody has made non-blocking has nothing for us yet.
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') continue;
      return undefined;
    }
    if (read === 0) return undefined;
    if (byte[0] === 0x0a) return line;
    line += String.fromCharCode(byte[0] ?? 0);
  }
}
