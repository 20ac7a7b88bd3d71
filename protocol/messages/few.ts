import { z } from 'zod';

/**
 * A list from outside, counted before any of it is looked at: zod writes down what is wrong with every element first, and
 * 64 KiB hold thirty thousand, which are some 40 ms of a gateway's one thread.
 */
export function few<Item extends z.ZodType>(item: Item, max: number) {
  const isFew = (value: unknown): boolean => Array.isArray(value) && value.length >= 1 && value.length <= max;
  return z.custom<z.input<Item>[]>(isFew, `a list of 1 to ${max} is expected`).pipe(z.array(item));
}
