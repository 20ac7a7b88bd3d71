/**
 * A device's request ids: `<boot>.<count>`. The boot is a random number for each run of the agent; the count rises with
 * each message.
 */
const REQUEST_ID = /^(\d+)\.(\d+)$/;

export const requestIdOf = (boot: number, count: number): string => `${boot}.${count}`;

/** True if the id was sent earlier in the same run. Ids of other forms or runs have no order. */
export function isOlderRequest(id: string, than: string): boolean {
  const [, boot, count] = REQUEST_ID.exec(id) ?? [];
  const [, otherBoot, otherCount] = REQUEST_ID.exec(than) ?? [];
  return boot !== undefined && boot === otherBoot && Number(count) < Number(otherCount);
}
