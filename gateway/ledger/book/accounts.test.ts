import { describe, expect, it } from 'vitest';
import type { CampaignId, DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import { account, isOf, ownerOf } from './accounts.js';

describe('an account', () => {
  it.each([
    [account.sponsor('district'), { kind: 'sponsor', id: 'district' }],
    [account.merchant('m1' as MerchantId), { kind: 'merchant', id: 'm1' }],
    [account.refund('c-2023' as CampaignId), { kind: 'refund', id: 'c-2023' }],
    [account.conflictOfMerchant('m1' as MerchantId), { kind: 'conflict-merchant', id: 'm1' }],
    [account.suspense('d1' as DeviceId), { kind: 'suspense', id: 'd1' }],
    ['conflict:sponsor', { kind: 'conflict-sponsor' }],
    ['conflict:bank', { kind: 'conflict-bank' }],
    ['conflict:beyond-budget', { kind: 'beyond-budget' }],
    ['disputed', { kind: 'disputed' }],
  ])('%s is read as the one that it was made as', (text, owner) => {
    expect(ownerOf(text)).toEqual(owner);
  });

  it.each(['', 'merchant:', 'merchants:m1', 'conflict:sponsor:x', 'constructor'])('%o is none of ours', (text) => {
    expect(ownerOf(text)).toBeUndefined();
    expect(isOf(text, 'merchant')).toBe(false);
  });
});
