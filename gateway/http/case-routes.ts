/** Open cases over HTTP, and the acts that close them. They require the operator's token like the rest. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { branded } from '#protocol/kernel/branded.js';
import {
  DEVICE_ID,
  type DeviceId,
  HASH,
  MERCHANT_ID,
  type MerchantId,
  SALE_ID,
  type SaleId,
} from '#protocol/kernel/ids.js';
import type { Fen } from '#protocol/kernel/money.js';
import type { GatewayLoop } from '../app/gateway-loop.js';
import { type ActRefusal, VERDICTS } from '../ledger/book/acts.js';
import { promised } from '../ledger/store/promised.js';
import type { Clock } from '../ports/clock.js';
import type { ActOp, Ledger, Outcome } from '../ports/ledger.js';
import { refuse, refuseUnstored } from './refusals.js';

export interface CaseRoutesOptions {
  readonly ledger: Ledger;
  readonly loop: GatewayLoop;
  readonly clock: Clock;
  /** Ends the device's connection: its next hello tells it the new state. */
  cutOff(device: DeviceId): void;
}

/** 500 references are some 30 KB. */
const MAX_ACT_BYTES = 64 * 1024;
/** The number of acts in one operation: more would delay a sale in the same batch. */
const MAX_REFERENCES = 500;

const text = (most: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(most)
    .regex(/^[^\p{Cc}]*$/u, 'without control characters');
const device = branded<DeviceId>(z.string().regex(DEVICE_ID));
const sale = branded<SaleId>(z.string().regex(SALE_ID));
const merchant = branded<MerchantId>(z.string().regex(MERCHANT_ID));
const rrn = z.string().regex(/^[\x21-\x7e]{1,32}$/);
const netFen = branded<Fen>(z.int().min(0).max(99_999_999));

const actSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('release'), device, sale }),
  z.strictObject({ kind: z.literal('free'), device, sale }),
  z.strictObject({ kind: z.literal('assign'), device, sale }),
  z.strictObject({ kind: z.literal('disown'), device, sale }),
  z.strictObject({ kind: z.literal('decide'), device, sale, verdict: z.enum(VERDICTS), rrn: rrn.optional() }),
  z.strictObject({
    kind: z.literal('unfork'),
    device,
    seq: z.int().min(0).optional(),
    hash: z.string().regex(HASH).optional(),
  }),
  z.strictObject({ kind: z.literal('close'), about: z.string().min(1).max(80) }),
  z.strictObject({
    kind: z.literal('confirm'),
    references: z
      .array(z.strictObject({ rrn, netFen, merchant: merchant.optional(), device: device.optional() }))
      .min(1)
      .max(MAX_REFERENCES),
  }),
]);
export const actRequestSchema = z.strictObject({
  id: z.string().regex(/^[\x21-\x7e]{1,64}$/),
  by: text(40),
  why: text(200),
  act: actSchema,
});

const STATUS = {
  CASE_UNKNOWN: 404,
  ACT_NOT_ALLOWED: 409,
  ACT_DIFFERS: 409,
  ACT_BEYOND_BUDGET: 409,
} as const satisfies Record<ActRefusal, number>;

export function caseRoutes(operators: FastifyInstance, { ledger, loop, clock, cutOff }: CaseRoutesOptions): void {
  const open = () => promised(ledger.cases.bind(ledger, clock.now()));

  operators.get('/v1/cases', async (_request, reply) => reply.send({ cases: await open() }));

  operators.get<{ Params: { id: string } }>('/v1/cases/:id', async (request, reply) => {
    const found = (await open()).find(({ id }) => id === request.params.id);
    if (found === undefined) return refuse(reply, 404, 'CASE_UNKNOWN', 'no open case with this id');
    return reply.send({ case: found });
  });

  operators.post('/v1/acts', { bodyLimit: MAX_ACT_BYTES }, async (request, reply) => {
    const parsed = actRequestSchema.safeParse(request.body);
    if (!parsed.success) {
      const what = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; ');
      return refuse(reply, 400, 'REQUEST_MALFORMED', what.slice(0, 400));
    }
    // Optional fields that zod omits are omitted here too.
    const op = JSON.parse(JSON.stringify({ kind: 'act', ...parsed.data })) as ActOp;
    const outcome = await decided(loop, op);
    if (typeof outcome === 'string') return refuseUnstored(reply, outcome);
    return answered(outcome, op, reply, cutOff);
  });
}

function answered(
  outcome: Outcome,
  { act }: ActOp,
  reply: FastifyReply,
  cutOff: (device: DeviceId) => void,
): FastifyReply {
  if (outcome.kind === 'act-refused') return refuse(reply, STATUS[outcome.code], outcome.code, outcome.what);
  if (outcome.kind !== 'acted') throw new Error(`${outcome.kind} answers no act`);
  if (act.kind === 'unfork' && !outcome.again) cutOff(act.device);
  const { id, again, result } = outcome;
  return reply.send({ id, again, result });
}

/** The fault's code if it wasn't stored. */
const decided = (loop: GatewayLoop, op: ActOp): Promise<Outcome | string> =>
  new Promise((resolve) => {
    loop.act(op, (fault, outcome) => resolve(outcome ?? fault?.code ?? 'TOO_MANY_REQUESTS'));
  });
