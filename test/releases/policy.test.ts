/** A release without its fixtures would be one that nobody holds later versions to. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { RELEASES } from './release.js';

it('has the fixtures of every release that the changelog names', () => {
  const headings = readFileSync('CHANGELOG.md', 'utf8').matchAll(/^## (\d+\.\d+\.\d+)(.*)$/gm);
  const missing = [...headings].flatMap(([, version = '', rest = '']) =>
    rest.includes('not released') || RELEASES.includes(version)
      ? []
      : [`CODEPLATE_RELEASE=${version} npx vitest run test/releases/making.test.ts, on the code of ${version}`],
  );
  expect(missing).toEqual([]);
});
