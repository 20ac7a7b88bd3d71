/** Runs a campaign in a thread of its own: how far it is, again and again, and in the end its course. */
import { parentPort, workerData } from 'node:worker_threads';
import { runCampaign } from './campaign.js';

const { campaign, seed } = workerData;
const course = runCampaign(campaign, seed, (done, words) => parentPort?.postMessage({ kind: 'tell', done, words }));
parentPort?.postMessage({ kind: 'over', course });
