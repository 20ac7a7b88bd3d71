/** One way of breaking the product on purpose. The world must notice it. */
import type { ProfileName } from '../profiles.js';
import type { StoreName } from '../run-seed.js';
import type { Sabotage } from '../sabotage.js';

export interface Mutant {
  readonly id: string;
  /** What the product does wrong, as a reviewer would say it. */
  readonly words: string;
  /** Where it hurts soonest. */
  readonly profile: ProfileName;
  /** Where the ledger is kept; left out: in memory, since a store that ships would notice another book at once. */
  readonly store?: StoreName;
  /** Made anew for each world, since some remember. */
  sabotage(): Sabotage;
}
