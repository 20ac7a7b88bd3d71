/** Whose fault: a mistake of this program, the other side of the line, a device on the counter, or whoever runs it. */
export type Blame = 'ours' | 'peer' | 'hardware' | 'operator';

/** Whether the same thing, done again without a change, may succeed. */
export type Retry = 'again' | 'never';

/** whose fault · worth retrying · what happened · what to do about it */
export type ErrorRow = readonly [blame: Blame, retry: Retry, what: string, remedy: string];
