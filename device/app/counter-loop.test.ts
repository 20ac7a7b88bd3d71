/**
 * The counter as a till, a customer and a cashier see it: the loop on in-memory ports, with the disk as slow as the test
 * wants.
 */
import { describe, expect, it } from 'vitest';
import type { SaleId } from '#protocol/kernel/ids.js';
import type { UpMessage } from '#protocol/messages/up.js';
import { memoryDisk } from '#simulator/doubles/memory-journal.js';
import { counter, SLIP } from '../../test/doubles/counter-bench.js';
import type { SaleView } from '../ports/till.js';

describe('an order that comes again', () => {
  it('is a new sale as soon as the till has been told that the old one was given up, with another amount too', () => {
    const { open, act, synced, sale } = counter();
    open('A-1', 25_990);
    synced();
    const first = sale('A-1');
    expect(act('cancel', 'A-1')).toBe('abandoned');
    // Its record is still on the way to the disk.
    open('A-1', 19_990);
    synced();
    expect(sale('A-1')).not.toBe(first);
    expect(act('look', 'A-1')).toBe('opened');
    expect(act('charge', 'A-1')).toBe('charging');
  });

  it('is the newer sale, whatever the reader still says of the older one', () => {
    const { open, act, synced, sale, hear } = counter();
    open('A-1', 25_990);
    synced();
    const first = sale('A-1');
    act('charge', 'A-1');
    synced();
    const declined = { kind: 'not-charged', outcome: 'declined', code: '51' } as const;
    hear({ kind: 'answer', ref: first, answer: declined });
    synced();
    expect(act('look', 'A-1')).toBe('not-charged');
    open('A-1', 25_990);
    synced();
    act('charge', 'A-1');
    synced();
    hear({ kind: 'answer', ref: first, answer: declined });
    expect(act('look', 'A-1')).toBe('charging');
    hear({ kind: 'answer', ref: sale('A-1'), answer: { kind: 'approved', slip: SLIP } });
    synced();
    expect(act('look', 'A-1')).toBe('settled');
  });
});

describe('a reader that holds a result until it is stored', () => {
  it('is told so once the record is on the disk, and never after the journal has failed', () => {
    const disk = memoryDisk();
    const { loop, open, act, synced, sale, hear, told } = counter(disk);
    const storedRefs = (): readonly SaleId[] => told.flatMap((input) => (input.kind === 'stored' ? [input.ref] : []));
    const approve = (order: string): SaleId => {
      act('charge', order);
      synced();
      const ref = sale(order);
      hear({ kind: 'answer', ref, answer: { kind: 'approved', slip: SLIP } });
      return ref;
    };
    open('A-1', 25_990);
    synced();
    const first = approve('A-1');
    expect(storedRefs()).toEqual([]);
    synced();
    expect(storedRefs()).toEqual([first]);

    disk.failNext = { code: 'JOURNAL_WRITE_FAILED', message: 'no' };
    open('B-1', 5_100);
    synced();
    expect(loop.health().journal).toBe('failed');
    // Sold at full price, without a record: only the reader's own store still knows of it.
    open('C-1', 7_300);
    const unrecorded = approve('C-1');
    synced();
    expect(act('look', 'C-1')).toBe('settled');
    hear({ kind: 'answer', ref: unrecorded, answer: { kind: 'approved', slip: SLIP } });
    expect(storedRefs()).toEqual([first]);
  });
});

describe('a record that ends a claim on a coupon or on money', () => {
  const records = (sent: readonly UpMessage[]): readonly string[] =>
    sent.flatMap((message) => (message.type === 'records' ? message.bodies.map((body) => JSON.parse(body).kind) : []));

  it('goes up at once when the sale is given up', () => {
    const { open, act, synced, sent, goOnline } = counter();
    goOnline();
    open('A-1', 25_990);
    synced();
    expect(records(sent)).toEqual([]); // an opened sale waits for a batch
    act('cancel', 'A-1');
    synced();
    expect(records(sent)).toEqual(['opened', 'abandoned']);
  });

  it('goes up at once when the card was declined or the sale is paid', () => {
    for (const [answer, kind] of [
      [{ kind: 'not-charged', outcome: 'declined', code: '51' }, 'not-charged'],
      [{ kind: 'approved', slip: SLIP }, 'settled'],
    ] as const) {
      const { open, act, synced, sale, hear, sent, goOnline } = counter();
      goOnline();
      open('A-1', 25_990);
      synced();
      act('charge', 'A-1');
      synced();
      expect(records(sent)).toEqual([]);
      hear({ kind: 'answer', ref: sale('A-1'), answer });
      synced();
      expect(records(sent)).toEqual(['opened', 'charging', kind]);
    }
  });
});

describe('a sale that was in a person’s hands', () => {
  it('comes to its end without taking the display from the customer who is at the counter', () => {
    const { open, act, synced, sale, hear, shown } = counter();
    open('A-1', 25_990);
    synced();
    act('charge', 'A-1');
    synced();
    const first = sale('A-1');
    hear({ kind: 'answer', ref: first, answer: { kind: 'cannot-say', why: 'no word from the bank' } });
    hear({ kind: 'answer', ref: first, answer: { kind: 'cannot-say', why: 'no word from the bank' } });
    synced();
    expect(act('look', 'A-1')).toBe('unknown');
    open('B-1', 5_100);
    synced();
    expect(shown.at(-1)).toContain('51.00');
    hear({ kind: 'answer', ref: first, answer: { kind: 'approved', slip: SLIP } });
    synced();
    expect(act('look', 'A-1')).toBe('settled');
    expect(shown.at(-1)).toContain('51.00');
  });
});

describe('a counter without a printer', () => {
  it('waits for none after a restart, however many receipts nobody printed', () => {
    const disk = memoryDisk();
    const { open, act, synced, sale, hear, crash } = counter(disk);
    open('A-1', 25_990);
    synced();
    act('charge', 'A-1');
    synced();
    hear({ kind: 'answer', ref: sale('A-1'), answer: { kind: 'approved', slip: SLIP } });
    synced();
    crash();
    expect(counter(disk).loop.health()).toMatchObject({ jobsWaiting: 0, ports: { printer: 'none' } });
  });
});

describe('a counter without a card reader', () => {
  it('charges nothing and says why, instead of waiting for a result that nobody will tell', () => {
    const { open, act, synced, scan } = counter(memoryDisk(), false);
    open('A-1', 25_990);
    synced();
    expect(act('charge', 'A-1')).toBe('READER_AWAY');
    // Offline it continues at full price by itself.
    scan('6212345678901234567');
    synced();
    synced();
    expect(act('look', 'A-1')).toBe('not-charged');
  });
});

describe('a code that is no text', () => {
  it.each([
    ['the separators of a drug box', '010950110102091721abc\u001d10LOT7'],
    ['more than any code of ours has', 'x'.repeat(5_000)],
  ])('is told to the cashier like any other that is not known: %s', (_, code) => {
    const { open, synced, scan, act, loop } = counter();
    const views: SaleView[] = [];
    loop.watch((view) => void views.push(view));
    open('A-1', 25_990);
    synced();
    scan(code);
    synced();
    expect(views.at(-1)).toMatchObject({ state: 'opened', reason: 'code-unknown' });
    expect(act('charge', 'A-1')).toBe('charging');
  });
});
