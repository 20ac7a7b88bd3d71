import { expect, it } from 'vitest';
import type { DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import { DeviceRegister } from './device-register.js';

const D1 = { id: 'd1' as DeviceId, password: 'password-1', merchant: 'm1' as MerchantId };
const D2 = { id: 'd2' as DeviceId, password: 'password-2' };

it('lets in who stands in it, by its own password', () => {
  const register = new DeviceRegister([D1, D2]);
  expect(register.admits(D1.id, Buffer.from('password-1'))).toBe(true);
  expect(register.admits(D1.id, Buffer.from('password-2'))).toBe(false);
  expect(register.admits('d3' as DeviceId, Buffer.from(''))).toBe(false);
});

it('knows where a device stood that was taken out, since what it had sent before is still to be decided', () => {
  const register = new DeviceRegister([D1, D2]);
  expect(register.replace([D2])).toEqual({ added: [], removed: [D1.id], changed: [] });
  expect(register.devices).toEqual([D2.id]);
  expect(register.merchantOf(D1.id)).toBe('m1');
  register.replace([{ id: D1.id, password: 'password-3' }]);
  expect(register.merchantOf(D1.id)).toBeUndefined();
});
