import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TroubleCode } from '../ports/till.js';
import { type Signs, SPENT_OLD_MS, shortened, troublesOf, UNSENT_OLD_MS } from './troubles.js';

const WELL: Signs = {
  journal: undefined,
  forked: false,
  unknown: [],
  readerReady: true,
  ports: { scanner: 'open', reader: 'open', printer: 'open', voice: 'none', display: 'none' },
  paper: 'ok',
  jobsWaiting: 0,
  online: true,
  wasOnline: true,
  why: undefined,
  offline: { zh: '不可离线用券', en: 'No coupons offline' },
  spentSilenceMs: 0,
  unsent: { records: 0, oldestMs: null },
};
const ports = (change: Signs['ports']): Partial<Signs> => ({ ports: change });
const and = (signs: Signs, change: Partial<Signs>): Signs => ({
  ...signs,
  ...change,
  ports: { ...signs.ports, ...change.ports },
});

/** Each trouble alone, the worst first. */
const ALONE: readonly (readonly [TroubleCode, Partial<Signs>, does: RegExp])[] = [
  ['journal-failed', { journal: 'JOURNAL_IO' }, /报修/],
  ['forked', { forked: true }, /联系收单行/],
  ['payment-unknown', { unknown: ['A-1', 'B-2'] }, /A-1 等 2 笔.*再次查询.*勿重复收款/],
  ['reader-away', { readerReady: false }, /检查电源和连线/],
  ['scanner-away', ports({ scanner: 'lost' }), /检查连线/],
  ['printer-away', ports({ printer: 'lost' }), /检查电源和连线/],
  ['paper-out', { paper: 'out', jobsWaiting: 2 }, /换纸后按“继续打印”；2 张小票/],
  ['receipts-waiting', { jobsWaiting: 1 }, /1 张小票等待打印.*继续打印/],
  [
    'line-never-up',
    { online: false, wasOnline: false, why: { zh: '密码错误', en: 'wrong password' } },
    /尚未连上中心（密码错误）.*不可离线用券/,
  ],
  ['line-down', { online: false }, /网络不通，恢复后自动补传。不可离线用券/],
  ['unsent-old', { unsent: { records: 3, oldestMs: UNSENT_OLD_MS } }, /3 条记录 5 分钟未上传/],
  ['spent-set-old', { spentSilenceMs: SPENT_OLD_MS }, /已用券名单过旧/],
  ['paper-near-end', { paper: 'near-end' }, /备好新纸/],
  ['voice-away', ports({ voice: 'lost' }), /看屏幕/],
  ['display-away', ports({ display: 'lost' }), /检查连线/],
];

describe('the troubles of a counter', () => {
  it('are none where all is well', () => expect(troublesOf(WELL)).toEqual([]));

  it.each(ALONE)('has %s, and what to do about it', (code, change, does) => {
    const troubles = troublesOf(and(WELL, change));
    expect(troubles.map((trouble) => trouble.code)).toEqual([code]);
    expect(troubles[0]?.zh).toMatch(does);
    expect(troubles[0]?.en).toMatch(/^[A-Z0-9].{15,}/);
  });

  it('come in the order of their harm, whatever comes together', () => {
    fc.assert(
      fc.property(fc.subarray([...ALONE]), (some) => {
        const signs = some.reduceRight((all, [, change]) => and(all, change), WELL);
        const told = troublesOf(signs).map(({ code }) => code);
        const ranks = told.map((code) => ALONE.findIndex(([known]) => known === code));
        expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
        // The worst present trouble is never suppressed.
        expect(told[0]).toBe(some[0]?.[0]);
      }),
    );
  });

  it('name an order of 64 characters by both its ends', () => {
    expect(shortened('A-1')).toBe('A-1');
    expect(shortened(`head${'x'.repeat(56)}tail`)).toMatch(/^head.*…x*tail$/);
    expect(shortened(`head${'x'.repeat(56)}tail`)).toHaveLength(24);
  });
});
