/** Runs streets with a power cut in a thread of its own: cuts in, reports out. */
import { parentPort } from 'node:worker_threads';
import { type Cut, runCut } from './cut-everywhere.js';

parentPort?.on('message', (cut: Cut) => parentPort?.postMessage(runCut(cut)));
