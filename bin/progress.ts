/** A bar that says how far a long command is. */

/** On a terminal only: elsewhere it would be a file full of carriage returns. */
export function progress(isJson: boolean): (done: number | undefined, words: string) => void {
  if (isJson || !process.stderr.isTTY) return () => {};
  return (done, words) => {
    const width = 30;
    const full = Math.min(width, Math.round((done ?? 0) * width));
    const bar = done === undefined ? '' : `[${'#'.repeat(full)}${'.'.repeat(width - full)}] ${words}`;
    process.stderr.write(`\r\u001b[K${bar}`);
  };
}
