/**
 * The gateway's HTTP server: claims, a holder's own coupons, the campaign, and the operator's routes. It never logs or
 * returns anything personal.
 */
import { isUtf8 } from 'node:buffer';
import { createServer, type Server as HttpServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { base64url } from '#protocol/codes/bit-text.js';
import { readJson } from '#protocol/config/strict-json.js';
import type { DeviceId, HolderId } from '#protocol/kernel/ids.js';
import { createSocketWatch, type SocketWatch } from '../adapters/socket-watch.js';
import type { Issuer } from '../core/issuer.js';
import { NotAnswered, promised } from '../ledger/store/promised.js';
import type { RefusedFrom } from '../ports/broker.js';
import type { Ledger } from '../ports/ledger.js';
import type { Certificate } from '../secrets/certificates.js';
import { isSameSecret } from '../secrets/secrets.js';
import { type ClaimRoutesOptions, claimRoutes, holderToken } from './claim-routes.js';
import { bearer, operatorRoutes } from './operator-routes.js';
import {
  MAX_BODY_BYTES,
  NotStrictJson,
  NotUtf8,
  REQUEST_TIMEOUT_MS,
  refuse,
  refuseUnread,
  refuseUnstored,
  wrongTarget,
  wrongWith,
} from './refusals.js';

export interface HttpOptions extends ClaimRoutesOptions {
  readonly ledger: Ledger;
  /** The devices that may connect now. */
  readonly devices: () => readonly DeviceId[];
  /** The code of what is wrong with this gateway; undefined: healthy. */
  fault(): string | undefined;
  /** Without this token sums, metrics and evidence are closed, from any address. */
  readonly operatorToken: string;
  /** With it, clients use `https://`. */
  readonly tls?: Certificate | undefined;
  /** Addresses that many clients share. */
  readonly proxies?: readonly string[];
  /** Those of them whose X-Forwarded-For is believed: the forwarded address's budget is spent. */
  readonly trustedProxies: readonly string[];
  /** For tests: how long a handshake may take. */
  readonly handshakeTimeoutMs?: number;
  /** A connection was closed before a request, or an operator's request was rejected. */
  refused(code: string, from?: RefusedFrom): void;
  /** Ends a device's connection. */
  cutOff(device: DeviceId): void;
}

/** Interval of the check for slow clients. */
const DAWDLERS_MS = 2_000;
const LIMITS = {
  requestTimeout: REQUEST_TIMEOUT_MS,
  headersTimeout: REQUEST_TIMEOUT_MS,
  connectionsCheckingInterval: DAWDLERS_MS,
  // Node would refuse such a request without explanation; here it gets one (`wrongTarget`).
  requireHostHeader: false,
};
const HOLDER_ID = /^[0-9a-f]{66}$/;

export interface RunningHttpServer {
  readonly app: FastifyInstance;
  /** Ends every connection, including those without a request. */
  closeSockets(): void;
}

export function httpServer(options: HttpOptions): RunningHttpServer {
  const { rules, ledger, loop, issuer } = options;
  const door = createSocketWatch({
    proxies: [...(options.proxies ?? []), ...options.trustedProxies],
    onRefused: (why, { remoteAddress: address }, detail) =>
      options.refused(why === 'crowded' ? 'DOOR_CROWDED' : 'HTTP_TLS_FAILED', { address, why: detail }),
  });
  const app = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    serverFactory: (onRequest) => nodeServer(options, door, onRequest),
    // A slow client must not delay the gateway's stop; a claim whose answer is cut off is sent again.
    forceCloseConnections: true,
    // Only these may name the client they forward for; others are ignored.
    ...(options.trustedProxies.length > 0 && { trustProxy: [...options.trustedProxies] }),
    // The server itself has one: fastify would attach it only to the first of the two addresses that `localhost` may have.
    clientErrorHandler: () => undefined,
    // An undecodable URL reaches none of our handlers otherwise and would be answered with fastify's own code.
    frameworkErrors: (_error, _request, reply) => {
      refuse(reply, 400, 'REQUEST_MALFORMED', 'the address is not percent-encoded UTF-8');
    },
  });

  app.addHook('onRequest', async ({ raw }, reply) => {
    const what = wrongTarget(raw);
    return what === undefined ? undefined : refuse(reply, 400, 'REQUEST_MALFORMED', what);
  });
  // While its request is answered a socket isn't idle, however many others its address has.
  app.addHook('preHandler', async ({ raw }) => door.proved(raw.socket));
  app.addHook('onResponse', async ({ raw }) => door.waits(raw.socket));
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
  });
  app.setNotFoundHandler((_request, reply) => {
    return refuse(reply, 404, 'NOT_FOUND', 'no such path, or not with this method');
  });
  app.setErrorHandler((error, _request, reply) => {
    const wrong = wrongWith(error);
    if (wrong !== undefined) return refuse(reply, ...wrong);
    // A full disk isn't a fault of this server, and has its own code.
    if (error instanceof NotAnswered && error.code === 'LEDGER_DISK_FULL') return refuseUnstored(reply, error.code);
    options.alert('HTTP_FAILED', error instanceof Error ? error.message : 'no error');
    return refuse(reply, 500, 'HTTP_FAILED', 'internal error; retry');
  });
  takeJsonOnly(app);

  claimRoutes(app, options);

  app.get<{ Params: { id: string } }>('/v1/holders/:id/coupons', async (request, reply) => {
    const { id } = request.params;
    const token = bearer(request);
    if (!HOLDER_ID.test(id) || !isSameSecret(options.keyedHash, token, holderToken(options.keyedHash, id))) {
      return refuse(reply, 401, 'NOT_AUTHORISED', "token required: send the one from the claim's answer as Bearer");
    }
    const found = await promised(ledger.holder.bind(ledger, id as HolderId));
    const coupons = found?.coupons ?? [];
    return reply.send({
      coupons: coupons.map(({ serial, state, usableFrom }) => {
        const tier = rules.tierOf(serial);
        const { faceFen = null, thresholdFen = null } = tier ?? {};
        return { serial, tier: tier?.id ?? null, faceFen, thresholdFen, state, usableFrom };
      }),
    });
  });

  app.get('/v1/campaign', async (_request, reply) => {
    return reply.send({ campaign: rules.campaign, issuerKeys: publicKeys(issuer) });
  });

  // A stopped ledger accepts nothing until the gateway is restarted, so the health check must fail.
  app.get('/healthz', async (_request, reply) => {
    const { waiting } = loop;
    const code = options.fault();
    if (code === undefined) return reply.send({ ok: true, waiting });
    return reply.code(503).send({ ok: false, waiting, code });
  });

  operatorRoutes(app, { ...options, issuerKeys: publicKeys(issuer) });

  return { app, closeSockets: () => door.closeAll() };
}

/** Created here, so that each socket is watched from its opening on, whichever address it came in by. */
function nodeServer(
  { tls, handshakeTimeoutMs }: HttpOptions,
  door: SocketWatch,
  onRequest: RequestListener,
): HttpServer {
  const handshakeTimeout = handshakeTimeoutMs ?? REQUEST_TIMEOUT_MS;
  const server =
    tls === undefined
      ? createServer(LIMITS, onRequest)
      : createTlsServer({ ...LIMITS, ...tls, minVersion: 'TLSv1.2', handshakeTimeout }, onRequest);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuseUnread(error.code ?? '', socket));
  door.watch(server);
  return server;
}

/**
 * fastify would accept other text too, and put replacement characters where bytes aren't UTF-8: a GBK name would be
 * reported as no name.
 */
function takeJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body: Buffer, done) => {
    if (!isUtf8(body)) return done(new NotUtf8());
    const read = readJson(body.toString());
    return read.ok ? done(null, read.value) : done(new NotStrictJson(read.fault.what));
  });
}

/** The issuer's public keys in their document form. */
const publicKeys = (issuer: Issuer): Readonly<Record<string, string>> =>
  Object.fromEntries([...issuer.issuerKeys].map(([id, key]) => [String(id), base64url.encode(key)]));
