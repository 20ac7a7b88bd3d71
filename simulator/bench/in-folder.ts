/** A folder for one measurement, gone afterwards, and with the process where Ctrl-C ends it first. */
import { temporaryFolder } from '../processes/at-the-end.js';

export async function inFolder<Value>(use: (folder: string) => Promise<Value>): Promise<Value> {
  const folder = temporaryFolder('codeplate-bench-');
  try {
    return await use(folder.path);
  } finally {
    folder.remove();
  }
}
