/** The doors through which tills hand amounts in: loopback HTTP and a serial ECR line, whichever are configured. */
import { ConfigError } from '#protocol/faults/errors.js';
import { serialLink } from './adapters/serial-link.js';
import { startTillEcr } from './adapters/till-ecr.js';
import { startTillHttp } from './adapters/till-http.js';
import type { DeviceConfig } from './config.js';
import type { Log } from './ports/log.js';
import type { Counter } from './ports/till.js';

/** What tills on a serial line usually speak; the configuration may say otherwise. */
const ECR_BAUD = 9_600;

export interface TillDoors {
  readonly httpPort: number | null;
  stop(): Promise<void>;
}

/** Rejects with ConfigError when the HTTP port is taken. */
export async function openTillDoors(config: DeviceConfig, counter: Counter, log: Log): Promise<TillDoors> {
  const { http, ecr } = config.till;
  const web =
    http === undefined
      ? undefined
      : await startTillHttp({ port: http.port, counter, language: config.language, log }).catch((error: unknown) => {
          throw portFault(error, http.port);
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

function portFault(error: unknown, port: number): unknown {
  const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  return isTaken ? new ConfigError('ADDRESS_IN_USE', { detail: `till.http: 127.0.0.1:${port}.`, cause: error }) : error;
}
