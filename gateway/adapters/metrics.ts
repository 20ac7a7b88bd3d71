/** Prometheus metrics of one gateway, in a registry of its own, because one process may run several gateways. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { GatewayLoop } from '../app/gateway-loop.js';
import type { Uploads } from '../app/uploads.js';
import { onlineCount } from '../core/presence.js';
import type { Finding } from '../ledger/report/findings.js';
import type { WatchedClock } from './watched-clock.js';

/** Seconds, from one fsync of a good disk to the longest acceptable commit. */
const COMMIT_BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2];

export interface Metrics {
  readonly registry: Registry;
  committed(operations: number, tookMs: number): void;
  rejected(code: string): void;
  alert(code: string): void;
  claimed(result: string): void;
  found(finding: Finding): void;
  watch(loop: GatewayLoop, clock: WatchedClock, uploads: Uploads): void;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const operations = new Counter({
    name: 'codeplate_gateway_operations_total',
    help: 'Operations committed to the ledger',
    registers,
  });
  const commits = new Histogram({
    name: 'codeplate_gateway_commit_seconds',
    help: 'Duration of a commit, one batch each',
    buckets: COMMIT_BUCKETS,
    registers,
  });
  const rejected = new Counter({
    name: 'codeplate_gateway_rejected_total',
    help: 'Rejected messages and connections',
    labelNames: ['code'] as const,
    registers,
  });
  const alerts = new Counter({
    name: 'codeplate_gateway_alarms_total',
    help: 'Alerts for a person',
    labelNames: ['code'] as const,
    registers,
  });
  const claims = new Counter({
    name: 'codeplate_gateway_claims_total',
    help: 'Coupons asked for, by what became of it',
    labelNames: ['result'] as const,
    registers,
  });
  const findings = new Counter({
    name: 'codeplate_gateway_findings_total',
    help: 'Sales for a person to examine, by kind of finding',
    labelNames: ['kind'] as const,
    registers,
  });
  const doubts = new Counter({
    name: 'codeplate_gateway_doubts_total',
    help: 'Doubts about sales, by doubt',
    labelNames: ['doubt'] as const,
    registers,
  });
  const held = new Counter({
    name: 'codeplate_gateway_findings_fen_total',
    help: 'Money of such sales when they were booked, in fen',
    labelNames: ['kind'] as const,
    registers,
  });
  return {
    registry,
    committed(count, tookMs) {
      operations.inc(count);
      commits.observe(tookMs / 1000);
    },
    rejected: (code) => rejected.inc({ code }),
    alert: (code) => alerts.inc({ code }),
    claimed: (result) => claims.inc({ result }),
    found(finding) {
      const { kind, fen } = finding;
      findings.inc({ kind });
      held.inc({ kind }, fen);
      for (const doubt of finding.doubts) doubts.inc({ doubt });
    },
    watch(loop, clock, uploads) {
      new Gauge({
        name: 'codeplate_gateway_disk_free_bytes',
        help: "Free space on the ledger's disk",
        registers,
        collect() {
          if (uploads.freeBytes !== undefined) this.set(uploads.freeBytes);
        },
      });
      new Gauge({
        name: 'codeplate_gateway_clock_right',
        help: '1: the clock is where it ought to be; 0: it leapt or is behind the ledger, and nothing is signed',
        registers,
        collect() {
          this.set(clock.fault === undefined ? 1 : 0);
        },
      });
      new Gauge({
        name: 'codeplate_gateway_waiting',
        help: 'Operations waiting for a commit',
        registers,
        collect() {
          this.set(loop.waiting);
        },
      });
      new Gauge({
        name: 'codeplate_gateway_devices_online',
        help: 'Connected devices',
        registers,
        collect() {
          this.set(onlineCount(loop.presence));
        },
      });
    },
  };
}
