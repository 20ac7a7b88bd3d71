/** The ledger that a test has open, and what all of them ask it. */
import type { Evidence } from '#gateway/ledger/book/book.js';
import type { Rules } from '#gateway/ledger/decide/rules.js';
import type { Ledger, Outcome, Reconciliation } from '#gateway/ports/ledger.js';
import type { SaleId } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import {
  asked,
  authorised,
  Counter,
  charging,
  commitOne,
  greet,
  LEASE_MS,
  MORNING,
  settled,
  testCampaign,
  testRules,
} from '../ledger-fixture.js';

export const HOUR = 3_600_000;
export const LATER = MORNING + LEASE_MS + 10_000;

export interface LedgerUnderTest {
  /** Opens it; a second time, what was committed before is there. */
  open(rules: Rules): Promise<Ledger>;
  /** Whether it outlives its object. */
  readonly isDurable: boolean;
  cleanUp(): void;
}

export class LedgerInTest {
  readonly #make: () => LedgerUnderTest;
  #opened: { readonly under: LedgerUnderTest; readonly ledger: Ledger } | undefined;

  constructor(make: () => LedgerUnderTest) {
    this.#make = make;
  }

  get ledger(): Ledger {
    return this.#now.ledger;
  }
  get isDurable(): boolean {
    return this.#now.under.isDurable;
  }

  /** As it is before a test changes it. */
  readonly campaign = testCampaign();

  async open(
    change: Parameters<typeof testRules>[0] = {},
    of: Partial<Pick<Rules, 'isEnrolled' | 'pace'>> = {},
  ): Promise<void> {
    const under = this.#make();
    const ledger = await under.open({ ...testRules(change), ...of });
    this.#opened = { under, ledger };
    await greet(ledger, ...['d1', 'd2', 'd3', 'd4'].map((device) => new Counter(device)));
  }

  async close(): Promise<void> {
    await close(this.ledger);
    this.#now.under.cleanUp();
  }

  /** A fresh one, of a campaign that differs. */
  async reopen(
    change: Parameters<typeof testRules>[0],
    of: Partial<Pick<Rules, 'isEnrolled' | 'pace'>> = {},
  ): Promise<void> {
    await this.close();
    await this.open(change, of);
  }

  async reopenAsItWas(
    of: Partial<Pick<Rules, 'isEnrolled' | 'pace'>> = {},
    change: Parameters<typeof testRules>[0] = {},
  ): Promise<void> {
    const { under, ledger } = this.#now;
    await close(ledger);
    this.#opened = { under, ledger: await under.open({ ...testRules(change), ...of }) };
  }

  sums(): Promise<Reconciliation> {
    return asked((done) => this.ledger.reconciliation(done));
  }

  evidence(): Promise<readonly Evidence[]> {
    return asked((done) => this.ledger.evidence(done));
  }

  async spent(now: number = MORNING): Promise<readonly number[]> {
    const { serials } = await asked<{ readonly serials: readonly number[] }>((done) =>
      this.ledger.spent(wallMs(now), done),
    );
    return serials;
  }

  saleOf(counter: Counter, sale: string) {
    return asked<{ readonly state: string; readonly flags: readonly string[]; readonly booking: string } | undefined>(
      (done) => this.ledger.sale(counter.device, sale as SaleId, done),
    );
  }

  /** A whole sale, charged and acknowledged. */
  async sell(counter: Counter, sale: string, who: string, amountFen: number, now: number = MORNING): Promise<Outcome> {
    const serial = await authorised(this.ledger, counter.asks(sale, who, amountFen), now);
    const taken = typeof serial === 'number' ? serial : null;
    await commitOne(this.ledger, counter.sends([charging({ sale, amountFen, serial: taken })]), now);
    return commitOne(this.ledger, counter.sends([settled({ sale, amountFen, serial: taken })]), now);
  }

  get #now(): { readonly under: LedgerUnderTest; readonly ledger: Ledger } {
    if (this.#opened === undefined) throw new Error('the ledger is not open');
    return this.#opened;
  }
}

const close = (ledger: Ledger): Promise<void> => new Promise((closed) => ledger.close(closed));
