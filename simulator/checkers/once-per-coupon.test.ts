import { describe, expect, it } from 'vitest';
import { saleKey } from '#gateway/ledger/book/book.js';
import { MemoryBook } from '#gateway/ledger/book/memory-book.js';
import type { CouponSerial, DeviceId, SaleId } from '#protocol/kernel/ids.js';
import { oncePerCoupon } from './once-per-coupon.js';
import { Street } from './street.js';

const SERIAL = 28 as CouponSerial;
const LEASE_MS = 120_000;

/** One coupon, two counters that reserve it online; what the ledger hears, and when. */
function world() {
  let now = 0;
  const ledger = new MemoryBook(3);
  const names = ['c1', 'c2'].map((name) => name as DeviceId);
  const counters = names.map((device) => ({ device, tape: [], isForged: false }));
  const street = new Street({ liars: new Map(), isCalm: false, leaseMs: 120_000 });
  const check = oncePerCoupon.watch({ now: () => now, campaign: {}, counters, ledger, postings: [], street } as never);
  const keyOf = (at: number) => saleKey(names[at] ?? ('c1' as DeviceId), `s00000${at}-abcdef` as SaleId);
  const booked = (changes: { coupons?: unknown[]; sales?: unknown[] }) =>
    check.seen?.({ kind: 'booked', changes: { coupons: [], sales: [], ...changes } } as never);
  return {
    pass(ms: number) {
      now += ms;
    },
    reserved: (at: number) =>
      booked({ coupons: [{ serial: SERIAL, sale: keyOf(at), state: 'reserved', leaseEnds: now + LEASE_MS }] }),
    charging: (at: number) =>
      booked({ coupons: [{ serial: SERIAL, sale: keyOf(at), state: 'reserved', leaseEnds: null }] }),
    settled(at: number, booking: 'kept' | 'conflict') {
      const sale = { key: keyOf(at), device: names[at], serial: SERIAL, state: 'settled', booking, holder: null };
      ledger.putSale(sale as never);
      const used = { serial: SERIAL, sale: keyOf(at), state: 'used', leaseEnds: null };
      return booked({ sales: [sale], ...(booking === 'kept' && { coupons: [used] }) });
    },
  };
}

describe('a coupon that two counters had online', () => {
  it('may be a conflict where one lost its line, and its lease ran out before the ledger heard of the charge', () => {
    const { pass, reserved, charging, settled } = world();
    reserved(0);
    pass(LEASE_MS + 100_000);
    reserved(1);
    charging(1);
    pass(5_000);
    expect(settled(0, 'kept')).toBeUndefined();
    expect(settled(1, 'conflict')).toBeUndefined();
  });

  it('must not be one where the ledger had heard of the first charge in time', () => {
    const { pass, reserved, charging, settled } = world();
    reserved(0);
    pass(1_000);
    charging(0);
    pass(LEASE_MS + 100_000);
    reserved(1);
    charging(1);
    expect(settled(0, 'kept')).toBeUndefined();
    expect(settled(1, 'conflict')).toContain('charged for online');
  });

  it('must not be kept twice', () => {
    const { reserved, settled } = world();
    reserved(0);
    expect(settled(0, 'kept')).toBeUndefined();
    expect(settled(1, 'kept')).toContain('is kept by');
  });
});
