/**
 * Fixtures of a release can be made at any time, so that the script is there and right when a release needs it. With
 * CODEPLATE_RELEASE=0.2.0 they are kept under test/fixtures/release-0.2.0 (docs/evolution.md).
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeFixtures } from './making.js';

it('makes the fixtures of a release', async () => {
  const { CODEPLATE_RELEASE: release } = process.env;
  const work = mkdtempSync(join(tmpdir(), 'codeplate-release-'));
  try {
    const folder = release === undefined ? join(work, 'made') : join('test/fixtures', `release-${release}`);
    // A release's fixtures are what that release wrote: nobody writes over them.
    if (existsSync(folder)) throw new Error(`${folder} is there already; fixtures of a release never change`);
    await makeFixtures(folder, work);
    expect(readdirSync(folder, { recursive: true }).length).toBeGreaterThan(20);
  } finally {
    rmSync(work, { recursive: true });
  }
});
