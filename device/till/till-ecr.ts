/** A till on a serial line: connects ECR/1 (its rules are in drivers/ecr/ecr.ts) on a port with the counter. */

import { type MonoMs, monoMs } from '#protocol/kernel/time.js';
import { EMPTY_ECR_BUFFER, encodeEcrError, encodeEcrHere, encodeEcrSale, feedEcr } from '../drivers/ecr/ecr.js';
import type { Log } from '../ports/log.js';
import type { LinkState, SerialLink } from '../ports/serial-link.js';
import type { Counter, SaleView } from '../ports/till.js';

export interface TillEcr {
  stop(): void;
}

/** Our own echoed lines, and late answers. */
const UNANSWERED: ReadonlySet<string> = new Set(['ECR_OWN_LINE', 'ECR_HALF_LINE']);

export function startTillEcr(options: {
  readonly link: SerialLink;
  readonly counter: Counter;
  readonly log: Log;
  /** For tests. */
  readonly now?: () => MonoMs;
}): TillEcr {
  const { link, counter, log, now = () => monoMs(performance.now()) } = options;
  const saleLine = (sale: SaleView, again: boolean): Uint8Array =>
    encodeEcrSale(sale, { again, clock: (at) => counter.wallClock(at) });
  let state: LinkState = 'opening';
  let buffer = EMPTY_ECR_BUFFER;
  let last = '';
  /** Number of unsolicited lines sent. */
  let news = 0;

  // The answer to a request and the notice of the change that it made are one line, whichever comes first.
  const tell = (line: Uint8Array): void => {
    if (String(line) === last) return;
    news += 1;
    send(line);
  };
  const answer = (line: Uint8Array, newsBefore: number): void => {
    if (String(line) !== last || news === newsBefore) send(line);
  };
  const send = (line: Uint8Array): void => {
    if (state !== 'open') return;
    last = String(line);
    link.write(line, (fault) => fault !== undefined && log('warn', fault, { port: 'till' }));
  };

  link.start({
    onState(next, why) {
      if (next !== state)
        log(next === 'open' ? 'info' : 'warn', next === 'open' ? 'PORT_OPEN' : 'PORT_LOST', { port: 'till', why });
      state = next;
      // The rest of a line belongs to a connection that is gone.
      buffer = EMPTY_ECR_BUFFER;
    },
    onBytes(bytes) {
      const step = feedEcr(buffer, bytes, now());
      buffer = step.buffer;
      for (const request of step.requests) {
        if (!request.ok) {
          log('warn', request.fault.code, { port: 'till', order: request.fault.order });
          if (!UNANSWERED.has(request.fault.code)) send(encodeEcrError(request.fault.order, request.fault.code));
          continue;
        }
        const { value } = request;
        if (value.kind === 'hello') {
          send(encodeEcrHere(counter.health()));
          continue;
        }
        const before = news;
        counter.request(value, (reply) =>
          answer(reply.ok ? saleLine(reply.sale, reply.again) : encodeEcrError(value.order, reply.fault), before),
        );
      }
    },
  });
  const unwatch = counter.watch((sale) => tell(saleLine(sale, false)));

  return {
    stop() {
      unwatch();
      link.stop();
    },
  };
}
