import { beforeEach, describe, expect, it } from 'vitest';
import { type MemoryLedger, openMemoryLedger } from '#simulator/doubles/memory-ledger.js';
import {
  ALLOWANCE,
  Counter,
  charging,
  claimed,
  claimOp,
  commitOne,
  greet,
  holderId,
  notCharged,
  settled,
  signedBy,
  testRules,
} from '../../test/contract/ledger-fixture.js';
import type { SaleKey } from '../ledger/book/book.js';

let ledger: MemoryLedger;
let counter: Counter;

beforeEach(async () => {
  ledger = openMemoryLedger(
    testRules({ offline: { ...testRules().campaign.offline, maxCoupons: 9, maxPerHolder: 1 } }),
  );
  counter = new Counter();
  await greet(ledger, counter);
});

const facts = (sale: string, serial: number) => ({ sale, amountFen: 30_000, serial, presentation: `CP1:${sale}` });

/** Charges offline, each with a new presentation. */
const charge = (who: string, sale: string, serial: number, n = 1) =>
  commitOne(
    ledger,
    counter.sends([charging(facts(sale, serial))], [[`CP1:${sale}`, signedBy(who, [serial], n)] as const]),
  );
const flagsOf = (sale: string) => ledger.book.sale(`d1/${sale}` as SaleKey)?.flags;
const theDevice = () => {
  const chain = ledger.book.device(counter.device);
  if (chain === undefined) throw new Error('no such device');
  return chain;
};

it('the row of a device grows with none of the holders whose coupons it took', async () => {
  for (const [serial, who] of ['ann', 'ben', 'cem', 'dan'].entries()) {
    await claimed(ledger, claimOp(who, ['s20']));
    await charge(who, who, serial);
    await commitOne(ledger, counter.sends([settled(facts(who, serial))]));
    expect(ledger.book.holder(holderId(who))?.takenUnder).toEqual([['d1', ALLOWANCE, 1]]);
  }
  expect(theDevice().allowances).toMatchObject([{ id: ALLOWANCE, coupons: 4, holders: [] }]);
});

/** Rewrites the ledger as earlier versions kept it: all holders of an allowance beside it, in the device's row. */
function countInTheDevicesRow(): void {
  const known = ledger.book.holder(holderId('ann'));
  if (known === undefined) throw new Error('no such holder');
  const { takenUnder = [], ...holder } = known;
  const holders = takenUnder.map(([, , coupons]) => [holder.id, coupons] as const);
  ledger.book.holders.set(holder.id, holder);
  const [issued] = theDevice().allowances ?? [];
  if (issued === undefined) throw new Error('no allowance');
  ledger.book.devices.set(counter.device, { ...theDevice(), allowances: [{ ...issued, holders }] });
}

describe.each([
  ['in the holder’s row', () => undefined],
  ['in the device’s row, as ledgers counted before', countInTheDevicesRow],
])('a coupon that counts %s', (_where, move) => {
  beforeEach(async () => {
    await claimed(ledger, claimOp('ann', ['s20', 's40']));
    await charge('ann', 'a', 0);
    move();
  });

  it('is one of those that the holder may have taken', async () => {
    await charge('ann', 'b', 4, 2);
    expect(flagsOf('b')).toEqual(['holder-limit-exceeded']);
  });

  it('counts no more once its charge came to nothing', async () => {
    await commitOne(ledger, counter.sends([notCharged('a')]));
    await charge('ann', 'b', 4, 2);
    expect(flagsOf('b')).toEqual([]);
    await charge('ann', 'c', 0, 3);
    expect(flagsOf('c')).toEqual(['holder-limit-exceeded']);
  });
});

it('coupons of a holder whom the ledger does not know are counted all the same', async () => {
  await charge('zoe', 'a', 0);
  await charge('zoe', 'b', 4, 2);
  expect([flagsOf('a'), flagsOf('b')]).toEqual([[], ['holder-limit-exceeded']]);
});
