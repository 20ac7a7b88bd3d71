/**
 * A schema whose values carry a brand. At run time it is the schema itself: `transform` would say the same to the compiler,
 * and make two more schemas and three objects of every field of every message.
 */
import type { z } from 'zod';

export function branded<Brand extends string>(schema: z.ZodType<string, string>): z.ZodType<Brand, string>;
export function branded<Brand extends number>(schema: z.ZodType<number, number>): z.ZodType<Brand, number>;
export function branded(schema: z.ZodType): z.ZodType {
  return schema;
}
