/** The scenarios that come with the package, by their bare names. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { packageFolder } from '../processes/package-folder.js';

const folder = (): string => path.join(packageFolder(), 'simulator', 'scenarios', 'shipped');

export const shippedScenarios = (): readonly string[] =>
  readdirSync(folder())
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.replace(/\.yaml$/, ''))
    .sort();

/** A path as it is, a shipped scenario's name as its path; undefined: neither. */
export function scenarioFile(nameOrPath: string): string | undefined {
  if (/^[a-z0-9-]+$/.test(nameOrPath)) {
    const shipped = path.join(folder(), `${nameOrPath}.yaml`);
    if (existsSync(shipped)) return shipped;
  }
  return existsSync(nameOrPath) ? nameOrPath : undefined;
}
