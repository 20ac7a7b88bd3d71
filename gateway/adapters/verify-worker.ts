/** One thread of `worker-verifier.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import { es256Verifier } from '#protocol/node-crypto.js';
import { createPresentationChecker } from '../core/presentations.js';
import type { PresentationJob } from '../ports/verifier.js';
import type { FromWorker, ToWorker, WorkerSetting } from './worker-verifier.js';

const { campaign, issuerKeys, cachedKeys } = workerData as WorkerSetting;
const checker = createPresentationChecker({ campaign, issuerKeys, verifier: es256Verifier(cachedKeys) });

parentPort?.on('message', (message: ToWorker) => {
  if (message.kind === 'issued') return checker.issued(message.grant);
  const reply: FromWorker = message.jobs.map((job: PresentationJob) => checker.check(job));
  parentPort?.postMessage(reply);
});
