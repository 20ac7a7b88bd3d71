/**
 * The lock file serves every machine, also those that it wasn't written on. npm leaves out what the registry at hand
 * doesn't have, and then `npm ci` refuses everywhere: a fresh clone would not even install.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { z } from 'zod';

const named = z.record(z.string(), z.string()).default({});
const lock = z
  .object({ packages: z.record(z.string(), z.object({ dependencies: named, optionalDependencies: named })) })
  .parse(JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')));

/** Every place in which Node would look for `name` from a package at `from`. */
function places(from: string, name: string): string[] {
  const steps = from.split('/node_modules/');
  const above = steps.map(
    (_, at) => `${steps.slice(0, steps.length - at).join('/node_modules/')}/node_modules/${name}`,
  );
  return [...(from === '' ? [] : above), `node_modules/${name}`];
}

it('names a package for each dependency, those of other systems included', () => {
  const missing = Object.entries(lock.packages).flatMap(([from, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => !places(from, name).some((path) => Object.hasOwn(lock.packages, path)))
      .map((name) => `${name}, which ${from} asks for, is not in package-lock.json: npm ci will refuse`),
  );
  expect(missing).toEqual([]);
});
