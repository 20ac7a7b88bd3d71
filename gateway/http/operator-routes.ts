/**
 * The operator's HTTP routes: sums, devices, evidence, metrics.
 *
 * Every request needs the token, even from this machine, because a local proxy may forward requests from anywhere.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { DeviceId } from '#protocol/kernel/ids.js';
import type { Metrics } from '../adapters/metrics.js';
import type { KeyedHash } from '../core/claims/claim-handling.js';
import { operatorBackoff } from '../core/operator-backoff.js';
import type { Rules } from '../ledger/decide/rules.js';
import { promised } from '../ledger/store/promised.js';
import type { RefusedFrom } from '../ports/broker.js';
import { isSameSecret } from '../secrets/secrets.js';
import { type CaseRoutesOptions, caseRoutes } from './case-routes.js';
import { refuse } from './refusals.js';

export interface OperatorRoutesOptions extends CaseRoutesOptions {
  readonly rules: Rules;
  readonly keyedHash: KeyedHash;
  readonly metrics: Metrics;
  /** The devices that may connect now. */
  readonly devices: () => readonly DeviceId[];
  readonly operatorToken: string;
  /** The issuer's public keys in their document form. */
  readonly issuerKeys: Readonly<Record<string, string>>;
  alert(code: string, what: string): void;
  /** A request was rejected: for the log, within its budget, and for the metrics. */
  refused(code: string, from?: RefusedFrom): void;
}

/** Since this gateway started: reported states are not stored. */
const NEVER_SEEN = { online: false, since: null, lastMessage: null, state: null };

export function operatorRoutes(app: FastifyInstance, options: OperatorRoutesOptions): void {
  void app.register(async (operators) => {
    // Before the body is read: a stranger's body never is.
    operators.addHook('onRequest', operatorsOnly(options));
    routes(operators, options);
    caseRoutes(operators, options);
  });
}

function routes(operators: FastifyInstance, { rules, ledger, loop, metrics, ...options }: OperatorRoutesOptions): void {
  operators.get('/metrics', async (_request, reply) => {
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });

  operators.get('/v1/reconciliation', async (_request, reply) => {
    return reply.send(await promised(ledger.reconciliation.bind(ledger)));
  });

  operators.get('/v1/devices', async (_request, reply) => {
    return reply.send({
      devices: options.devices().map((device) => ({ device, ...(loop.presence.get(device) ?? NEVER_SEEN) })),
    });
  });

  operators.get('/v1/evidence', async (_request, reply) => {
    const all = await promised(ledger.evidence.bind(ledger));
    return reply.send({ evidence: all.map(({ id, kind, device, at }) => ({ id, kind, device, at })) });
  });

  operators.get<{ Params: { id: string } }>('/v1/evidence/:id', async (request, reply) => {
    const found = (await promised(ledger.evidence.bind(ledger))).find(({ id }) => String(id) === request.params.id);
    if (found === undefined) return refuse(reply, 404, 'NOT_FOUND', 'no evidence with this number');
    return reply.send({ format: 1, ...found, campaign: rules.campaign.id, issuerKeys: options.issuerKeys });
  });
}

function operatorsOnly({ operatorToken, keyedHash, clock, alert, refused }: OperatorRoutesOptions) {
  const door = operatorBackoff();
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const { ip } = request;
    const now = clock.now();
    const waitMs = door.waitMs(ip, now);
    if (waitMs > 0) {
      refused('OPERATOR_BACK_OFF', { address: ip });
      const seconds = Math.ceil(waitMs / 1_000);
      reply.header('retry-after', seconds);
      return refuse(reply, 429, 'OPERATOR_BACK_OFF', `too many wrong tokens came from this address: wait ${seconds} s`);
    }
    const token = bearer(request);
    if (isSameSecret(keyedHash, token, operatorToken)) {
      door.right(ip);
      return undefined;
    }
    refused('NOT_AUTHORISED', { address: ip });
    // A request without any token guesses nothing: a misconfigured monitor must not lock its neighbours out.
    if (token !== '' && door.wrong(ip, now)) alert('OPERATOR_BACK_OFF', `wrong operator tokens keep coming from ${ip}`);
    const what = 'operator token required: send http.operatorToken, or the content of data/operator-token, as Bearer';
    return refuse(reply, 401, 'NOT_AUTHORISED', what);
  };
}

export const bearer = ({ headers }: FastifyRequest): string =>
  /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
