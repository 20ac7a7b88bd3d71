/**
 * The gateway over HTTP: claims from phones, a holder's own coupons, the campaign, and what an operator looks at. Nothing
 * personal is ever logged or given back.
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
  /** Those that may connect just now. */
  readonly devices: () => readonly DeviceId[];
  /** Why this gateway isn't well, as a code; undefined: it is. */
  fault(): string | undefined;
  /** Without it nobody sees sums, metrics or evidence, wherever they ask from. */
  readonly operatorToken: string;
  /** With it, phones and operators say `https://`. */
  readonly tls?: Certificate | undefined;
  /** Addresses that ask for many. */
  readonly proxies?: readonly string[];
  /** Of these, those that say in X-Forwarded-For whom they ask for: that one's budget is spent. */
  readonly trustedProxies: readonly string[];
  /** For tests: how long a handshake may take. */
  readonly handshakeTimeoutMs?: number;
  /** A connection was closed before it asked anything, or an operator's request was turned away. */
  refused(code: string, from?: RefusedFrom): void;
  /** Ends a device's connection. */
  cutOff(device: DeviceId): void;
}

/** Whoever dawdles is looked for this often. */
const DAWDLERS_MS = 2_000;
const LIMITS = {
  requestTimeout: REQUEST_TIMEOUT_MS,
  headersTimeout: REQUEST_TIMEOUT_MS,
  connectionsCheckingInterval: DAWDLERS_MS,
  // Node would refuse such a request without a word; here it hears what is wrong (`wrongTarget`).
  requireHostHeader: false,
};
const HOLDER_ID = /^[0-9a-f]{66}$/;

export interface RunningHttpServer {
  readonly app: FastifyInstance;
  /** Ends every connection, also those that never began to ask. */
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
    // Whoever dawdles must not keep the gateway from stopping; a claim whose answer is cut off is asked again.
    forceCloseConnections: true,
    // Only these say whom they speak for; anybody else's word for it is nobody's.
    ...(options.trustedProxies.length > 0 && { trustProxy: [...options.trustedProxies] }),
    // The server itself has one: fastify would give it to the first of two that `localhost` may be.
    clientErrorHandler: () => undefined,
    // An address that cannot be decoded comes to no handler of ours otherwise, and would be answered with fastify's own code.
    frameworkErrors: (_error, _request, reply) => {
      refuse(reply, 400, 'REQUEST_MALFORMED', 'the address is not percent-encoded UTF-8');
    },
  });

  app.addHook('onRequest', async ({ raw }, reply) => {
    const what = wrongTarget(raw);
    return what === undefined ? undefined : refuse(reply, 400, 'REQUEST_MALFORMED', what);
  });
  // While it is answered a socket is no idle one, however many others come from there.
  app.addHook('preHandler', async ({ raw }) => door.proved(raw.socket));
  app.addHook('onResponse', async ({ raw }) => door.waits(raw.socket));
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
  });
  app.setNotFoundHandler((_request, reply) => {
    return refuse(reply, 404, 'NOT_FOUND', 'there is nothing under this path, or not by this method');
  });
  app.setErrorHandler((error, _request, reply) => {
    const wrong = wrongWith(error);
    if (wrong !== undefined) return refuse(reply, ...wrong);
    // A full disk is no failure of this door, and has a name.
    if (error instanceof NotAnswered && error.code === 'LEDGER_DISK_FULL') return refuseUnstored(reply, error.code);
    options.alert('HTTP_FAILED', error instanceof Error ? error.message : 'no error');
    return refuse(reply, 500, 'HTTP_FAILED', 'it went wrong here; ask again');
  });
  takeJsonOnly(app);

  claimRoutes(app, options);

  app.get<{ Params: { id: string } }>('/v1/holders/:id/coupons', async (request, reply) => {
    const { id } = request.params;
    const token = bearer(request);
    if (!HOLDER_ID.test(id) || !isSameSecret(options.keyedHash, token, holderToken(options.keyedHash, id))) {
      return refuse(reply, 401, 'NOT_AUTHORISED', 'the token that came with the claim is needed, as Bearer');
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

  // A ledger that has stopped takes nothing until the gateway is started anew: whoever watches must not see it well.
  app.get('/healthz', async (_request, reply) => {
    const { waiting } = loop;
    const code = options.fault();
    if (code === undefined) return reply.send({ ok: true, waiting });
    return reply.code(503).send({ ok: false, waiting, code });
  });

  operatorRoutes(app, { ...options, issuerKeys: publicKeys(issuer) });

  return { app, closeSockets: () => door.closeAll() };
}

/** Made here, so that each socket is watched from its opening on, by whatever name this machine is listened on. */
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

/** fastify would take text as well, and put boxes where bytes are not UTF-8: a GBK name would be told it is no name. */
function takeJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body: Buffer, done) => {
    if (!isUtf8(body)) return done(new NotUtf8());
    const read = readJson(body.toString());
    return read.ok ? done(null, read.value) : done(new NotStrictJson(read.fault.what));
  });
}

/** The issuer's public keys as documents carry them. */
const publicKeys = (issuer: Issuer): Readonly<Record<string, string>> =>
  Object.fromEntries([...issuer.issuerKeys].map(([id, key]) => [String(id), base64url.encode(key)]));
