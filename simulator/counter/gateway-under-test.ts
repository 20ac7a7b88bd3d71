/** The real gateway on free ports and a folder of its own: a process that can be killed, or in this one, with its own clock. */
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pino } from 'pino';
import { stringify } from 'yaml';
import { z } from 'zod';
import { checkGatewayConfig } from '#gateway/config/config.js';
import { type RunningGateway, startGateway } from '#gateway/main.js';
import { wallMs } from '#protocol/kernel/time.js';
import { Child } from '../processes/child.js';
import type { LedgerSums } from './reconcile.js';

const ASK_MS = 10_000;
const MANY = 1_000_000;

export interface GatewayOptions {
  readonly folder: string;
  /** A campaign's parsed JSON. */
  readonly campaign: unknown;
  readonly mqttPort: number;
  readonly httpPort: number;
  readonly devices: readonly { readonly id: string; readonly password: string; readonly merchant: string }[];
  /** Public key of the server that says who claims. */
  readonly walletKey: string;
  readonly as: 'process' | 'here';
  /** What is added to the system's clock; only for a gateway in this process. */
  readonly clockOffsetMs: number;
}

export class GatewayUnderTest {
  readonly url: string;
  readonly mqttPort: number;
  readonly #tokenFile: string;
  readonly #child: Child | undefined;
  readonly #begin: () => Promise<RunningGateway>;
  #here: RunningGateway | undefined;

  constructor(options: GatewayOptions) {
    const { folder, mqttPort, httpPort, devices, clockOffsetMs } = options;
    this.mqttPort = mqttPort;
    this.url = `http://127.0.0.1:${httpPort}`;
    this.#tokenFile = path.join(folder, 'data', 'operator-token');
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'campaign.json'), JSON.stringify(options.campaign, null, 2));
    const config = {
      campaign: 'campaign.json',
      data: 'data',
      mqtt: { port: mqttPort },
      http: { port: httpPort },
      // All phones of a bench come from one address.
      claims: { identity: 'wallet', walletKeys: [options.walletKey], perAddressPerMinute: 1_000_000 },
      // A bench sells as fast as it can.
      coupons: { devicePerHour: MANY, devicePerDay: MANY, merchantPerHour: MANY, merchantPerDay: MANY },
      devices,
      log: 'info',
    };
    const file = path.join(folder, 'gateway.yaml');
    writeFileSync(file, stringify(config));
    const logFile = path.join(folder, 'gateway.log');
    this.#begin = async () => {
      const checked = checkGatewayConfig(config, folder);
      if (!checked.ok) throw new Error(`the rig wrote a bad configuration: ${JSON.stringify(checked.fault)}`);
      return startGateway(checked.value, {
        logger: pino({ base: null }, createWriteStream(logFile, { flags: 'a' })),
        clock: {
          now: () => wallMs(Date.now() + clockOffsetMs),
          wakeAfter(afterMs, ring) {
            const timer = setTimeout(ring, afterMs);
            return () => clearTimeout(timer);
          },
        },
      });
    };
    if (options.as === 'process')
      this.#child = new Child({ arguments: ['gateway', '--config', file, '--json'], logFile });
    else if (clockOffsetMs !== 0 && options.as !== 'here')
      throw new Error('only a gateway in this process can have another clock');
  }

  get died(): string | undefined {
    return this.#child?.died;
  }

  get isRunning(): boolean {
    return this.#child?.isRunning ?? this.#here !== undefined;
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) await this.#child.start();
    else this.#here ??= await this.#begin();
  }

  async kill(): Promise<void> {
    if (this.#child === undefined) throw new Error('a gateway in this process cannot be killed');
    await this.#child.kill();
  }

  async stop(): Promise<void> {
    await this.#child?.stop();
    const here = this.#here;
    this.#here = undefined;
    await here?.stop();
  }

  /** The public keys that it signs with, as a device's configuration names them. */
  async issuerKeys(): Promise<Readonly<Record<string, string>>> {
    const answer = await this.#get('/v1/campaign');
    return z.object({ issuerKeys: z.record(z.string(), z.string()) }).parse(answer).issuerKeys;
  }

  /** What its ledger adds up to; undefined while it is down. */
  async sums(): Promise<LedgerSums | undefined> {
    try {
      const sums = sumsSchema.parse(await this.#get('/v1/reconciliation'));
      return {
        sales: sums.settledSales,
        netFen: sums.reportedNetFen,
        // A coupon taken twice was taken off both bills: the books at the counters have both.
        redeemed: sums.redeemed + sums.conflicts,
        faceFen: sums.grossFen + sums.conflictFen,
        refunded: sums.refunded,
        refundedFen: sums.reportedRefundedFen,
        reserved: sums.reserved,
        postingsFen: sums.postingsFen,
      };
    } catch (error) {
      if (error instanceof z.ZodError) throw error;
      return undefined;
    }
  }

  /** What an operator's program sends along with each question; there once the gateway has been started. */
  get asOperator(): { readonly authorization: string } {
    return { authorization: `Bearer ${readFileSync(this.#tokenFile, 'utf8').trim()}` };
  }

  /** Every piece of evidence, whole. */
  async evidence(): Promise<readonly unknown[]> {
    const { evidence } = z
      .object({ evidence: z.array(z.object({ id: z.int() })) })
      .parse(await this.#get('/v1/evidence'));
    return Promise.all(evidence.map(({ id }) => this.#get(`/v1/evidence/${id}`)));
  }

  async #get(address: string): Promise<unknown> {
    const response = await fetch(`${this.url}${address}`, {
      headers: { ...this.asOperator, connection: 'close' },
      signal: AbortSignal.timeout(ASK_MS),
    });
    return response.json();
  }
}

const count = z.int().min(0);
const sumsSchema = z.object({
  settledSales: count,
  reportedNetFen: count,
  redeemed: count,
  grossFen: count,
  conflicts: count,
  conflictFen: count,
  refunded: count,
  reportedRefundedFen: count,
  reserved: count,
  postingsFen: z.int(),
});
