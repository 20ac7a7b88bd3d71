/** A thread that reads the gateway's configuration: 10,000 devices take YAML two seconds, in which no counter is to wait. */
import { parentPort, workerData } from 'node:worker_threads';
import { parseGatewayConfig } from '#gateway/config/config.js';
import { readConfigFile } from './files/config-file.js';

try {
  parentPort?.postMessage({ config: readConfigFile(String(workerData), parseGatewayConfig) });
} catch (error) {
  parentPort?.postMessage({ problem: error instanceof Error ? error.message : String(error) });
}
