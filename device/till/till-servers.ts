/**
 * Opens the till's two servers, loopback HTTP and serial ECR, as the configuration asks.
 */
import { addressFault } from '#protocol/faults/address-fault.js';
import { serialLink } from '../adapters/serial-link.js';
import type { DeviceConfig } from '../config/config.js';
import type { Log } from '../ports/log.js';
import type { Counter } from '../ports/till.js';
import { startTillEcr } from './till-ecr.js';
import { startTillHttp } from './till-http.js';

/** The usual speed of tills on a serial line; the configuration may override it. */
const ECR_BAUD = 9_600;

export interface TillServers {
  readonly httpPort: number | null;
  stop(): Promise<void>;
}

/** Rejects with ConfigError if the HTTP port is taken or not permitted. */
export async function openTillServers(config: DeviceConfig, counter: Counter, log: Log): Promise<TillServers> {
  const { http, ecr } = config.till;
  const web =
    http === undefined
      ? undefined
      : await startTillHttp({ port: http.port, counter, language: config.language, log }).catch((error: unknown) => {
          throw addressFault(error, `till.http: 127.0.0.1:${http.port}`);
        });
  const line =
    ecr === undefined
      ? undefined
      : startTillEcr({ link: serialLink({ path: ecr.path, baudRate: ecr.baud ?? ECR_BAUD }), counter, log });
  return {
    httpPort: web?.port ?? null,
    stop: async () => {
      line?.stop();
      await web?.stop();
    },
  };
}
