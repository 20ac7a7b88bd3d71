/**
 * The gateway over HTTP: claims from phones, a holder's own coupons, the campaign, and what an operator looks at. Nothing
 * personal is ever logged or given back.
 */
import { isUtf8 } from 'node:buffer';
import { ECDH } from 'node:crypto';
import { createServer, type Server as HttpServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { base64url } from '#protocol/codes/bit-text.js';
import { PUBLIC_KEY_BYTES } from '#protocol/codes/presentation.js';
import type { DeviceId, HolderId } from '#protocol/ids.js';
import { type ClaimRequest, claimRequestSchema } from '#protocol/messages/claim.js';
import { readJson } from '#protocol/strict-json.js';
import { answerClaim, type KeyedHash, prepareClaim } from '../core/claims.js';
import type { Issuer } from '../core/issuer.js';
import type { PaymentCodes } from '../core/payment-codes.js';
import type { Rules } from '../core/rules.js';
import type { GatewayLoop } from '../loop.js';
import type { Clock } from '../ports/clock.js';
import type { ClaimOp, Ledger, Outcome } from '../ports/ledger.js';
import type { Verifier } from '../ports/verifier.js';
import type { Certificate } from './certificates.js';
import { createDoor, type Door } from './door.js';
import { bearer, operatorRoutes } from './http-operators.js';
import {
  MAX_BODY_BYTES,
  NotStrictJson,
  NotUtf8,
  REQUEST_TIMEOUT_MS,
  refuse,
  refuseUnread,
  refuseUnstored,
  wrongWith,
} from './http-refusals.js';
import type { Metrics } from './metrics.js';
import { promised } from './promised.js';
import { isSameSecret } from './secrets.js';

export interface HttpOptions {
  readonly rules: Rules;
  readonly ledger: Ledger;
  readonly loop: GatewayLoop;
  readonly verifier: Verifier;
  readonly issuer: Issuer;
  readonly clock: Clock;
  readonly keyedHash: KeyedHash;
  readonly paymentCodes: PaymentCodes;
  readonly metrics: Metrics;
  /** Those that may connect just now. */
  readonly devices: () => readonly DeviceId[];
  /** Why this gateway isn't well, as a code; undefined: it is. */
  fault(): string | undefined;
  /** Why it takes no claim just now. After a failed commit the next one is tried all the same. */
  claimFault(): string | undefined;
  /** Without it nobody sees sums, metrics or evidence, wherever they ask from. */
  readonly operatorToken: string;
  /** With it, phones and operators say `https://`. */
  readonly tls?: Certificate | undefined;
  /** Addresses that ask for many. */
  readonly proxies?: readonly string[];
  /** For tests: how long a handshake may take. */
  readonly handshakeTimeoutMs?: number;
  /** A connection was closed before it asked anything, or an operator's request was turned away. */
  refused(code: string): void;
  /** Ends a device's connection. */
  cutOff(device: DeviceId): void;
  /** Someone should look: a request failed in here. */
  alarm(code: string, what: string): void;
}

/** Whoever dawdles is looked for this often. */
const DAWDLERS_MS = 2_000;
const LIMITS = {
  requestTimeout: REQUEST_TIMEOUT_MS,
  headersTimeout: REQUEST_TIMEOUT_MS,
  connectionsCheckingInterval: DAWDLERS_MS,
  // Node would refuse such a request without a word; here it is one like those that come under a strange name.
  requireHostHeader: false,
};
const HOLDER_ID = /^[0-9a-f]{66}$/;

export interface HttpDoor {
  readonly app: FastifyInstance;
  /** Ends every connection, also those that never began to ask. */
  closeSockets(): void;
}

export function httpServer(options: HttpOptions): HttpDoor {
  const { rules, ledger, loop, issuer } = options;
  const door = createDoor({
    proxies: options.proxies ?? [],
    onRefused: (why) => options.refused(why === 'crowded' ? 'DOOR_CROWDED' : 'HTTP_TLS_FAILED'),
  });
  const app = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    serverFactory: (onRequest) => nodeServer(options, door, onRequest),
    // Whoever dawdles must not keep the gateway from stopping; a claim whose answer is cut off is asked again.
    forceCloseConnections: true,
    // The server itself has one: fastify would give it to the first of two that `localhost` may be.
    clientErrorHandler: () => undefined,
    // An address that cannot be decoded comes to no handler of ours otherwise, and would be answered with fastify's own code.
    frameworkErrors: (_error, _request, reply) => {
      refuse(reply, 400, 'REQUEST_MALFORMED', 'the address is not percent-encoded UTF-8');
    },
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
    options.alarm('HTTP_FAILED', error instanceof Error ? error.message : 'no error');
    return refuse(reply, 500, 'HTTP_FAILED', 'it went wrong here; ask again');
  });
  takeJsonOnly(app);

  app.post('/v1/claims', async (request, reply) => {
    const parsed = claimRequestSchema.safeParse(request.body);
    if (!parsed.success) {
      const what = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; ');
      return refuse(reply, 400, 'REQUEST_MALFORMED', what.slice(0, 400));
    }
    const publicKey = pointOf(parsed.data.publicKey);
    if (publicKey === undefined) {
      return refuse(reply, 400, 'PUBLIC_KEY_UNUSABLE', 'publicKey: a compressed P-256 point, 33 bytes in base64url');
    }
    return claim(options, parsed.data, publicKey, reply);
  });

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
function nodeServer({ tls, handshakeTimeoutMs }: HttpOptions, door: Door, onRequest: RequestListener): HttpServer {
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

async function claim(options: HttpOptions, request: ClaimRequest, publicKey: Uint8Array, reply: FastifyReply) {
  const { rules, loop, issuer, verifier, clock, keyedHash, paymentCodes, metrics } = options;
  const fault = options.claimFault();
  if (fault !== undefined) return refuseUnstored(reply, fault);
  const prepared = prepareClaim({
    rules,
    request,
    publicKey,
    now: clock.now(),
    keyedHash,
    paymentCodes,
  });
  const outcome = prepared.op === undefined ? undefined : await asked(loop, prepared.op);
  if (typeof outcome === 'string') return refuseUnstored(reply, outcome);
  const { answer, grants } = answerClaim({ request, prepared, outcome, issuer, rules, paymentCodes });
  for (const grant of grants) verifier.issued(grant);
  for (const result of answer.results) metrics.claimed(result.ok ? 'given' : result.reason);
  // Whose key it is, only the ledger knows: a question that it wasn't asked, or a stranger's, opens no holder's page.
  const holder = outcome?.holder ?? null;
  return reply.send({
    ...answer,
    grants: grants.map((grant) => base64url.encode(grant)),
    holder,
    token: holder === null ? null : holderToken(keyedHash, holder),
  });
}

/** The code of the fault, where it was not stored. */
const asked = (loop: GatewayLoop, op: ClaimOp): Promise<Extract<Outcome, { kind: 'claimed' }> | string> =>
  new Promise((resolve) => {
    loop.claim(op, (fault, outcome) => {
      resolve(outcome?.kind === 'claimed' ? outcome : (fault?.code ?? 'TOO_MANY_REQUESTS'));
    });
  });

const holderToken = (keyedHash: KeyedHash, holder: string): string => keyedHash(`holder token\n${holder}`);

function pointOf(text: string): Uint8Array | undefined {
  const bytes = base64url.decode(text);
  if (!bytes.ok || bytes.value.length !== PUBLIC_KEY_BYTES) return undefined;
  try {
    ECDH.convertKey(bytes.value, 'prime256v1', undefined, undefined, 'uncompressed');
    return bytes.value;
  } catch {
    return undefined;
  }
}
