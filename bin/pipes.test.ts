import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const codeplate = fileURLToPath(new URL('codeplate.js', import.meta.url));

it('leaves quietly when whoever reads its output has seen enough', async () => {
  // A seed's story is far longer than a pipe holds, so something is written after the reader has gone.
  const child = spawn(process.execPath, [codeplate, 'replay', '12', '--profile', 'calm']);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(errors).toBe('');
  expect(code).toBe(141);
}, 60_000);
