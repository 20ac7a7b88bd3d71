/** Runs seeds in a thread of its own: jobs in, reports out. */
import { parentPort } from 'node:worker_threads';
import { type Job, runJob } from './explore.js';

parentPort?.on('message', async (job: Job) => parentPort?.postMessage(await runJob(job)));
