/** The worker thread of `signature-worker.ts`: answers its ring, and ends with it. */
import { parentPort, workerData } from 'node:worker_threads';
import { es256Verifier } from '#protocol/node/crypto.js';
import { serveRingBuffer } from './shared-ring-buffer.js';

export interface SignatureThreadData {
  readonly memory: SharedArrayBuffer;
  readonly cachedKeys: number;
}

const { memory, cachedKeys } = workerData as SignatureThreadData;
const { verify } = es256Verifier(cachedKeys);
serveRingBuffer(memory, verify, () => parentPort?.postMessage(undefined));
