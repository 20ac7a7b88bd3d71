/**
 * What a hardware process is told and what it tells, one JSON object a message, over IPC or as lines. Bytes travel as
 * `{"$bytes":"base64"}`.
 */
import { z } from 'zod';

const ms = z.number().min(0).max(86_400_000);
/** As a message carries them, and as a scenario writes them: `{ $bytes: z/u30civ }`, or YAML's own `!!binary`. */
const bytes = z
  .union([z.instanceof(Uint8Array), z.strictObject({ $bytes: z.base64() }).transform(({ $bytes }) => base64($bytes))], {
    error: 'bytes in base64, as { $bytes: z/u30civ }',
  })
  // A Buffer has a JSON form of its own, which no hardware process would take for bytes.
  .transform((value) => Uint8Array.from(value));
const backAfterMs = ms.optional();

const mischief = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('lose') }),
  z.strictObject({ kind: z.literal('drop-byte'), at: z.int() }),
  z.strictObject({ kind: z.literal('flip-bit'), at: z.int(), bit: z.int().min(0).max(7) }),
  z.strictObject({ kind: z.literal('double') }),
  z.strictObject({ kind: z.literal('late'), ms }),
  z.strictObject({ kind: z.literal('unplug-within'), bytes: z.int().min(0), backAfterMs }),
  z.strictObject({ kind: z.literal('unplug-after'), backAfterMs }),
  z.strictObject({ kind: z.literal('power-cut-after'), backAfterMs: ms }),
  z.strictObject({ kind: z.literal('nak'), code: z.string().max(32) }),
]);

const fault = z.strictObject({
  way: z.enum(['said', 'heard']),
  frame: z.string().min(1).max(64),
  does: mischief,
  skip: z.int().min(0).optional(),
  times: z.union([z.int().min(1), z.literal('always')]).optional(),
});

/** Knobs that every device has. */
const wireKnobs = [
  z.strictObject({ kind: z.literal('power'), on: z.boolean() }),
  z.strictObject({ kind: z.literal('fault'), fault }),
  z.strictObject({ kind: z.literal('mend') }),
] as const;

const code = z.string().max(16).optional();
export const payment = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('approve'), cardMs: ms.optional(), bankMs: ms.optional() }),
  z.strictObject({ kind: z.literal('decline'), cardMs: ms.optional(), bankMs: ms.optional(), code }),
  z.strictObject({ kind: z.literal('cancel'), afterMs: ms.optional() }),
  z.strictObject({ kind: z.literal('walk-away'), afterMs: ms.optional() }),
  z.strictObject({ kind: z.literal('card-error'), afterMs: ms.optional(), code }),
  z.strictObject({
    kind: z.literal('bank-silent'),
    moved: z.boolean(),
    cardMs: ms.optional(),
    giveUpMs: ms.optional(),
    resolvesAfterMs: ms.optional(),
  }),
]);

const pays = z.strictObject({ kind: z.literal('pays'), payments: z.array(payment) });
const usually = z.strictObject({ kind: z.literal('usually'), payment });
const suffix = z.enum(['cr', 'crlf', 'lf', 'tab', 'none']).optional();

/** The printer's own troubles. */
export const printerKnob = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('paper-out'), afterLines: z.int().min(0).optional() }),
  z.strictObject({ kind: z.enum(['paper-near-end', 'paper-in', 'cover-open', 'cover-closed', 'power-cycle']) }),
  z.strictObject({
    kind: z.enum(['offline', 'never-answers', 'stuck', 'cutter-jam', 'power']),
    on: z.boolean(),
  }),
  z.strictObject({ kind: z.literal('baud'), baud: z.int().min(50).optional() }).transform(({ kind, baud }) => ({
    kind,
    baud,
  })),
]);

/** The knobs of each kind of device. */
export const KNOBS = {
  scanner: z.discriminatedUnion('kind', [
    ...wireKnobs,
    z.strictObject({
      kind: z.literal('scan'),
      text: z.string().optional(),
      bytes: bytes.optional(),
      times: z.int().min(1).max(1000).optional(),
      everyMs: ms.optional(),
      suffix,
    }),
  ]),
  'crp-reader': z.discriminatedUnion('kind', [
    ...wireKnobs,
    pays,
    usually,
    z.strictObject({ kind: z.literal('forge'), field: z.enum(['ref', 'amount', 'currency']) }),
  ]),
  'transbank-reader': z.discriminatedUnion('kind', [
    ...wireKnobs,
    pays,
    usually,
    z.strictObject({ kind: z.literal('forge'), field: z.enum(['ref', 'amount']) }),
  ]),
  printer: z.discriminatedUnion('kind', [
    ...wireKnobs,
    z.strictObject({
      kind: z.literal('knob'),
      knob: printerKnob,
    }),
  ]),
  voice: z.discriminatedUnion('kind', [...wireKnobs]),
  display: z.discriminatedUnion('kind', [...wireKnobs]),
} as const;

export const OPTIONS = {
  scanner: z.strictObject({
    model: z.enum(['line', 'gm65']).optional(),
    suffix,
    aimPrefix: z.boolean().optional(),
  }),
  'crp-reader': z.strictObject({
    model: z.string().optional(),
    serial: z.string().optional(),
    slots: z.int().min(16).optional(),
    afterPowerCut: z.enum(['recovers', 'unknown']).optional(),
    bootGarbage: bytes.optional(),
  }),
  'transbank-reader': z.strictObject({
    commerce: z.string().optional(),
    terminal: z.string().optional(),
    answerGapMs: ms.optional(),
    bootGarbage: bytes.optional(),
  }),
  printer: z.strictObject({
    columns: z.union([z.literal(32), z.literal(48)]).default(32),
    charset: z.enum(['gb2312', 'gbk', 'gb18030']).default('gb18030'),
    status: z.enum(['none', 'dle-eot', 'asb']).default('asb'),
    cutter: z.boolean().default(true),
    nativeQr: z.boolean().default(true),
  }),
  voice: z.strictObject({
    checkByte: z.boolean().optional(),
    msPerCharacter: ms.optional(),
    interByteMs: ms.optional(),
  }),
  display: z.strictObject({}),
} as const;

export const lineShape = z.strictObject({
  baud: z.int().min(50).optional(),
  chunkBytes: z.int().min(1).optional(),
  gatherMs: ms.optional(),
});

const id = z.int();
const name = z.string().min(1).max(64);
export const DEVICE_KINDS = ['scanner', 'crp-reader', 'transbank-reader', 'printer', 'voice', 'display'] as const;
export type DeviceKind = (typeof DEVICE_KINDS)[number];

export const orderSchema = z.discriminatedUnion('do', [
  z.strictObject({
    id,
    do: z.literal('create'),
    name,
    device: z.enum(DEVICE_KINDS),
    link: z.string().min(1),
    options: z.unknown().optional(),
    shape: lineShape.optional(),
  }),
  z.strictObject({ id, do: z.literal('knob'), name, knob: z.unknown() }),
  z.strictObject({ id, do: z.literal('shape'), name, shape: lineShape }),
  z.strictObject({ id, do: z.literal('unplug'), name, abrupt: z.boolean().optional() }),
  z.strictObject({ id, do: z.literal('replug'), name }),
  z.strictObject({ id, do: z.literal('report'), name }),
  z.strictObject({ id, do: z.literal('close'), name }),
]);
export type Order = z.infer<typeof orderSchema>;

export const newsSchema = z.union([
  z.object({ ready: z.literal(true) }),
  z.object({ id, ok: z.literal(true), value: z.unknown() }),
  z.object({ id: id.nullable(), ok: z.literal(false), error: z.string() }),
  /** `at`: when it happened, in milliseconds of the machine's monotonic clock, which all its processes share. */
  z.object({ device: name, at: z.number(), event: z.looseObject({ kind: z.string() }) }),
]);
export type News = z.infer<typeof newsSchema>;

export const toText = (message: unknown): string =>
  JSON.stringify(message, (_, value: unknown) =>
    value instanceof Uint8Array ? { $bytes: Buffer.from(value).toString('base64') } : value,
  );

/** Throws SyntaxError where the text isn't JSON. */
export function fromText(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) => {
    const isBytes = typeof value === 'object' && value !== null && Object.keys(value).join() === '$bytes';
    const text = isBytes ? Reflect.get(value, '$bytes') : undefined;
    return typeof text === 'string' ? base64(text) : value;
  });
}

function base64(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'base64'));
}
