/** A campaign in a thread of its own, which has more room for what is soon forgotten, and leaves this one free for its bar. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Campaign } from '#protocol/campaign/schema.js';
import { YOUNG_MB } from '../explore/threads.js';
import { type CampaignCourse, runCampaign } from './campaign.js';

type Said =
  | { readonly kind: 'tell'; readonly done: number; readonly words: string }
  | { readonly kind: 'over'; readonly course: CampaignCourse };

/** There is no built worker beside sources: they run here. */
const WORKER = new URL('./campaign-worker.js', import.meta.url);

export async function runCampaignApart(
  campaign: Campaign,
  seed: number,
  tell: (done: number, words: string) => void,
): Promise<CampaignCourse> {
  if (!existsSync(fileURLToPath(WORKER))) return runCampaign(campaign, seed, tell);
  const worker = new Worker(WORKER, {
    workerData: { campaign, seed },
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  return new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('message', (said: Said) => {
      if (said.kind === 'tell') tell(said.done, said.words);
      else resolve(said.course);
    });
  });
}
