/**
 * A device's request ids: `<boot>.<count>`. The boot is a random number that tells one life of the agent from another; the
 * count rises with each message that it sends.
 */
const REQUEST_ID = /^(\d+)\.(\d+)$/;

export const requestIdOf = (boot: number, count: number): string => `${boot}.${count}`;

/** Sent earlier in the same life of the device. Of ids of another form, or of two lives, neither is older. */
export function isOlderRequest(id: string, than: string): boolean {
  const [, boot, count] = REQUEST_ID.exec(id) ?? [];
  const [, otherBoot, otherCount] = REQUEST_ID.exec(than) ?? [];
  return boot !== undefined && boot === otherBoot && Number(count) < Number(otherCount);
}
