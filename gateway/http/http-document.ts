/**
 * Generates `docs/openapi.yaml`: every request that the gateway answers over HTTP.
 *
 * Request bodies come from the schemas that parse them. Answers come from the schemas beside the route or from those here;
 * a test compares these with a real gateway's answers.
 */
import { stringify } from 'yaml';
import { z } from 'zod';
import type { ErrorCode } from '#protocol/faults/errors.js';
import { REASONS } from '#protocol/faults/reasons.js';
import {
  challengeAnswerSchema,
  challengeRequestSchema,
  claimAnswerSchema,
  claimSchema,
  signedClaimSchema,
} from '#protocol/messages/claim-request.js';
import { stateSchema } from '#protocol/messages/state.js';
import type { Reconciliation } from '../ports/ledger.js';
import { actRequestSchema } from './case-routes.js';
import type { HttpRefusal } from './refusals.js';

/** The ledger can't write now (`refuseUnstored`). */
type Unstored = Extract<ErrorCode, 'LEDGER_DISK_FULL' | 'LEDGER_WRITE_FAILED'>;

export interface ApiRoute {
  readonly method: 'get' | 'post';
  /** In fastify's notation: `/v1/cases/:id`. */
  readonly path: string;
  readonly summary: string;
  /** The bearer token required; none: public. */
  readonly token?: 'operator' | 'holder';
  readonly body?: z.ZodType;
  readonly answer: z.ZodType | 'text/plain';
  readonly refusals: Readonly<Partial<Record<number, readonly (HttpRefusal | Unstored)[]>>>;
}

const count = z.int().min(0);
const fen = z.int();
const wall = z.int().min(0).describe('milliseconds since 1970');
const campaign = z.looseObject({ id: z.string() }).describe('the campaign document: docs/campaigns.md');
const issuerKeys = z
  .record(z.string(), z.string())
  .describe('public keys by number, base64url of the compressed point');

const reconciliation = z.strictObject({
  redeemed: count,
  redeemedFen: fen,
  grossFen: fen,
  refunded: count,
  conflicts: count,
  conflictFen: fen,
  disputed: count,
  disputedFen: fen.describe('total of the suspense accounts'),
  settledSales: count,
  reportedNetFen: fen.describe('card payments as counters report them; nobody is paid by this'),
  reportedRefundedFen: fen,
  held: count,
  reserved: count,
  used: count,
  postingsFen: fen.describe('0, or the book is broken'),
  accounts: z.record(z.string(), fen),
  flags: z.record(z.string(), count),
  merchants: z.record(
    z.string(),
    z.strictObject({
      redeemed: count,
      redeemedFen: fen.describe('refunds taken off'),
      grossFen: fen,
      refundedFen: fen,
      confirmedFen: fen.describe('this may be paid out'),
      unboundFen: fen.describe("of confirmedFen: bound by a counter's word alone"),
    }),
  ),
  devices: z.record(z.string(), z.strictObject({ disputed: count, disputedFen: fen })),
}) satisfies z.ZodType<Reconciliation>;

const sale = z.strictObject({
  device: z.string(),
  sale: z.string(),
  order: z.string().nullable(),
  merchant: z.string().nullable(),
  state: z.string(),
  booking: z.string().nullable(),
  amountFen: fen,
  netFen: fen,
  faceFen: fen,
  serial: z.int().nullable(),
  at: wall,
  rrn: z.string().nullable(),
  auth: z.string().nullable(),
  last4: z.string().nullable(),
  ruling: z.unknown(),
  flags: z.array(z.string()),
  decisions: z.array(z.unknown()),
});
const openCase = z.strictObject({
  id: z.string(),
  kind: z.enum(['stuck', 'disputed', 'conflict', 'fork', 'reference']),
  since: wall,
  device: z.string().nullable(),
  sales: z.array(sale),
  fork: z.strictObject({ seq: z.int(), hash: z.string(), haveSeq: z.int() }).nullable(),
  confirmedFen: fen.nullable(),
  evidence: z.array(z.int()).describe('numbers in /v1/evidence'),
  acts: z.array(z.string()).describe('what is allowed: docs/operators.md'),
});

const OPERATOR = { 401: ['NOT_AUTHORISED'], 429: ['OPERATOR_BACK_OFF'] } as const;

export const API: readonly ApiRoute[] = [
  {
    method: 'post',
    path: '/v1/claims',
    summary: 'Claim coupons: docs/wallets.md. The same claim again is answered again.',
    body: signedClaimSchema.describe('payload: the JSON text of a Claim'),
    answer: claimAnswerSchema.extend({
      grants: z.array(z.string()),
      holder: z.string().nullable(),
      token: z.string().nullable(),
    }),
    refusals: {
      400: ['REQUEST_MALFORMED', 'PUBLIC_KEY_UNUSABLE'],
      401: ['CLAIM_UNSIGNED', 'CLAIM_STALE'],
      403: ['IDENTITY_UNPROVED'],
      413: ['REQUEST_TOO_LARGE'],
      429: ['TOO_MANY_REQUESTS'],
      503: ['CLAIMS_CLOSED', 'TOO_MANY_REQUESTS', 'LEDGER_DISK_FULL', 'LEDGER_WRITE_FAILED'],
    },
  },
  {
    method: 'post',
    path: '/v1/claims/challenge',
    summary: 'Send a one-time code to the phone, whether it is known or not.',
    body: challengeRequestSchema,
    answer: challengeAnswerSchema,
    refusals: {
      400: ['REQUEST_MALFORMED', 'PUBLIC_KEY_UNUSABLE'],
      404: ['NOT_FOUND'],
      429: ['TOO_MANY_REQUESTS'],
      503: ['CLAIMS_CLOSED', 'SMS_NOT_SENT', 'TOO_MANY_REQUESTS'],
    },
  },
  {
    method: 'get',
    path: '/v1/holders/:id/coupons',
    summary: "A holder's own coupons, with the token that came with the claim.",
    token: 'holder',
    answer: z.strictObject({
      coupons: z.array(
        z.strictObject({
          serial: z.int(),
          tier: z.string().nullable(),
          faceFen: fen.nullable(),
          thresholdFen: fen.nullable(),
          state: z.string(),
          usableFrom: wall,
        }),
      ),
    }),
    refusals: { 401: ['NOT_AUTHORISED'] },
  },
  {
    method: 'get',
    path: '/v1/campaign',
    summary: 'The campaign in force and the keys that sign for it.',
    answer: z.strictObject({ campaign, issuerKeys }),
    refusals: {},
  },
  {
    method: 'get',
    path: '/healthz',
    summary: "The gateway's health; 503 with a code of docs/errors.md if it is not healthy.",
    answer: z.strictObject({ ok: z.literal(true), waiting: count.describe('operations in the queue') }),
    refusals: {},
  },
  {
    method: 'get',
    path: '/metrics',
    summary: 'Prometheus metrics.',
    token: 'operator',
    answer: 'text/plain',
    refusals: OPERATOR,
  },
  {
    method: 'get',
    path: '/v1/reconciliation',
    summary: 'Sums of postings, by account, merchant and device.',
    token: 'operator',
    answer: reconciliation,
    refusals: OPERATOR,
  },
  {
    method: 'get',
    path: '/v1/devices',
    summary: 'Devices that may connect, and the last reported state of each.',
    token: 'operator',
    answer: z.strictObject({
      devices: z.array(
        z.strictObject({
          device: z.string(),
          online: z.boolean(),
          since: wall.nullable(),
          lastMessage: wall.nullable(),
          state: z.strictObject({ at: wall, said: stateSchema }).nullable(),
        }),
      ),
    }),
    refusals: OPERATOR,
  },
  {
    method: 'get',
    path: '/v1/evidence',
    summary: 'Numbers of the evidence kept.',
    token: 'operator',
    answer: z.strictObject({
      evidence: z.array(z.strictObject({ id: z.int(), kind: z.string(), device: z.string(), at: wall })),
    }),
    refusals: OPERATOR,
  },
  {
    method: 'get',
    path: '/v1/evidence/:id',
    summary: 'One piece of evidence, for `codeplate evidence`.',
    token: 'operator',
    answer: z.looseObject({ format: z.int(), id: z.int(), kind: z.string(), campaign: z.string(), issuerKeys }),
    refusals: { ...OPERATOR, 404: ['NOT_FOUND'] },
  },
  {
    method: 'get',
    path: '/v1/cases',
    summary: 'Open cases, oldest first.',
    token: 'operator',
    answer: z.strictObject({ cases: z.array(openCase) }),
    refusals: OPERATOR,
  },
  {
    method: 'get',
    path: '/v1/cases/:id',
    summary: 'One open case.',
    token: 'operator',
    answer: z.strictObject({ case: openCase }),
    refusals: { ...OPERATOR, 404: ['CASE_UNKNOWN'] },
  },
  {
    method: 'post',
    path: '/v1/acts',
    summary: 'Decide a case: done once however often it is sent.',
    token: 'operator',
    body: actRequestSchema,
    answer: z.strictObject({ id: z.string(), again: z.boolean(), result: z.unknown() }),
    refusals: {
      400: ['REQUEST_MALFORMED'],
      ...OPERATOR,
      404: ['CASE_UNKNOWN'],
      409: ['ACT_NOT_ALLOWED', 'ACT_DIFFERS', 'ACT_BEYOND_BUDGET'],
      503: ['TOO_MANY_REQUESTS', 'LEDGER_DISK_FULL', 'LEDGER_WRITE_FAILED'],
    },
  },
];

const refusal = z.strictObject({
  code: z.string().describe('of docs/errors.md'),
  what: z.string().describe('for the author of the software that asked'),
  zh: z.string().describe('for the person in front of it'),
  en: z.string(),
});

export function renderHttpDocument(version: string): string {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of API) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operationOf(route) };
  }
  const document = {
    openapi: '3.1.0',
    info: {
      title: "Codeplate's gateway",
      version,
      description: `${OPENING} ${Object.keys(REASONS).length} reasons of refused tiers stand in docs/errors.md.`,
    },
    paths,
    components: {
      securitySchemes: {
        operator: { type: 'http', scheme: 'bearer', description: "http.operatorToken, or data/operator-token's text" },
        holder: { type: 'http', scheme: 'bearer', description: 'the token of the answer to a claim' },
      },
      schemas: { Claim: jsonOf(claimSchema), Refusal: jsonOf(refusal) },
    },
  };
  return `# Written from the gateway's routes; after a change there, \`npx vitest run gateway/http/http-document.test.ts -u\`.\n${stringify(document, { aliasDuplicateObjects: false, lineWidth: 140 })}`;
}

const OPENING =
  'JSON in UTF-8; a name that stands twice in an object is refused; bodies of 8 KiB at most (acts: 64 KiB). Every refusal has a code.';

function operationOf({ path, summary, token, body, answer, refusals }: ApiRoute): object {
  const parameters = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const content =
    answer === 'text/plain'
      ? { 'text/plain': { schema: { type: 'string' } } }
      : { 'application/json': { schema: jsonOf(answer) } };
  const refused = Object.entries(refusals).map(([status, codes = []]) => [
    status,
    {
      description: codes.join(', '),
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Refusal' } } },
    },
  ]);
  return {
    summary,
    ...(token !== undefined && { security: [{ [token]: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema: jsonOf(body) } } },
    }),
    responses: { 200: { description: 'done', content }, ...Object.fromEntries(refused) },
  };
}

/** A list whose length is checked first is a check piped into a list; the document shows the list. */
function jsonOf(schema: z.ZodType): object {
  const json = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema instanceof z.ZodPipe && zodSchema.in instanceof z.ZodCustom && zodSchema.out instanceof z.ZodType)
        Object.assign(jsonSchema, jsonOf(zodSchema.out));
    },
  });
  const { $schema: _, '~standard': _standard, ...rest } = json;
  return rest;
}
