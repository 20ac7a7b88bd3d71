import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { campaignProblems, readCampaign } from './campaign-document.js';

const folder = mkdtempSync(join(tmpdir(), 'codeplate-document-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('a document of format 2 is refused by a code that says so, and not by a list of its fields', () => {
  const file = join(folder, 'campaign.json');
  writeFileSync(file, '{"format":2,"id":"autumn"}');
  expect(() => readCampaign(file)).toThrow(expect.objectContaining({ code: 'CAMPAIGN_FORMAT_UNSUPPORTED' }));
  expect(campaignProblems(file)).toEqual([
    expect.objectContaining({ code: 'CAMPAIGN_FORMAT_UNSUPPORTED', value: '2' }),
  ]);
});
