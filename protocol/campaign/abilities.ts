/**
 * What a counter must be able to do to take coupons by itself. Counters are updated after their gateway, or never: a field
 * that an older one doesn't know is dropped there. Where that would make it decide wrongly, the bundle names the ability
 * that the field needs (`needs`), and a counter without it takes coupons online only, where the gateway decides.
 */

/** What counters of this version can do beyond those of release 0.1.0. */
export const ABILITIES: ReadonlySet<string> = new Set();

/**
 * The fields of a campaign document that release 0.1.0 didn't know, as `tiers[].weekdays`, and the ability that each needs;
 * null where a counter decides the same without it. `test/releases` finds a field that isn't here.
 */
export type AddedFields = Readonly<Record<string, string | null>>;
export const ADDED_FIELDS: AddedFields = {};

/** The abilities that this document needs. Empty for one that release 0.1.0 could have been given. */
export function needsOf(campaign: object, added: AddedFields = ADDED_FIELDS): readonly string[] {
  const needed = Object.entries(added).flatMap(([path, ability]) =>
    ability !== null && isSaid(campaign, path.split('.')) ? [ability] : [],
  );
  return [...new Set(needed)];
}

export const lacking = (needs: readonly string[], abilities: ReadonlySet<string> = ABILITIES): readonly string[] =>
  needs.filter((ability) => !abilities.has(ability));

function isSaid(value: unknown, [step, ...rest]: readonly string[]): boolean {
  if (step === undefined) return value !== undefined && value !== null;
  const name = step.replace(/\[\]$/, '');
  const found: unknown = Object.getOwnPropertyDescriptor(Object(value), name)?.value;
  if (name === step) return isSaid(found, rest);
  return Array.isArray(found) && found.some((item) => isSaid(item, rest));
}
