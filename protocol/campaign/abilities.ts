/**
 * Abilities: what a counter must support before it may take coupons by itself.
 *
 * A counter may run an older version than its gateway for ever, and it drops fields that it doesn't know. Where that would
 * lead to a wrong decision, the bundle names the ability behind the field (`needs`). A counter without that ability takes
 * coupons online only, where the gateway decides.
 */

/** The abilities of this version beyond those of release 0.1.0. */
export const ABILITIES: ReadonlySet<string> = new Set();

/**
 * Fields of a campaign document that release 0.1.0 didn't know, such as `tiers[].weekdays`, each with the ability that it
 * needs, or null where an older counter decides the same without it. `test/releases` fails for a new field that is missing
 * here.
 */
export type AddedFields = Readonly<Record<string, string | null>>;
export const ADDED_FIELDS: AddedFields = {};

/** The abilities that this document needs; empty if release 0.1.0 understands all of it. */
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
