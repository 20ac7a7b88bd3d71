import { describe, expect, it } from 'vitest';
import { Stepper } from './stepper.js';

/** The lines after which the person was asked, who says this each time. */
function asked(lines: readonly string[], says: readonly (string | undefined)[]): string[] {
  const answers = [...says];
  const at: string[] = [];
  let current = '';
  const stepper = new Stepper(() => {
    at.push(current);
    return answers.shift();
  });
  for (const line of lines) {
    current = line;
    if (stepper.pause(line) === 'enough') break;
  }
  return at;
}

const LINES = ['00:00:01.000  c1 a', '00:00:02.500  c1 b', '00:10:00.000  c2 c', '1d 00:00:00.000  c1 d'];

describe('stepping through a seed', () => {
  it('waits after each line', () => {
    expect(asked(LINES, ['', '', '', ''])).toEqual(LINES);
  });

  it('goes on to a time that is given, over days as well', () => {
    expect(asked(LINES, ['00:05:00', ''])).toEqual([LINES[0], LINES[2], LINES[3]]);
    expect(asked(LINES, ['1d 00:00:00'])).toEqual([LINES[0], LINES[3]]);
  });

  it('ends once the person has had enough, or is gone', () => {
    expect(asked(LINES, ['q'])).toEqual([LINES[0]]);
    expect(asked(LINES, [undefined])).toEqual([LINES[0]]);
  });
});
