import { describe, expect, it } from 'vitest';
import {
  CodeplateError,
  ConfigError,
  ERRORS,
  ERRORS_BY_FAMILY,
  isErrorCode,
  JournalError,
  worthRetrying,
} from './errors.js';
import { renderErrorsDocument } from './errors-document.js';
import { REASON_CODES, REASONS, type Reason } from './reasons.js';
import { sentence } from './sentence.js';

const placesIn = (text: string): string[] => [...text.matchAll(/\{[^}]*\}/g)].map(([place]) => place).sort();

describe('every reason', () => {
  it.each(Object.entries<Reason>(REASONS))(
    '%s is said in Chinese and in English, with the same places to fill',
    (_code, reason) => {
      expect(reason.zh).toMatch(/\p{Script=Han}/u);
      expect(reason.zh).not.toMatch(/[\p{Cc}]/u);
      expect(reason.en).toMatch(/^[A-Z]/);
      expect(placesIn(reason.zh)).toEqual(placesIn(reason.en));
      for (const place of placesIn(reason.zh)) expect(['{closes}', '{face}', '{missing}', '{opens}']).toContain(place);
      expect(reason.bare !== undefined).toBe(placesIn(reason.zh).length > 0);
      expect(placesIn(`${reason.bare?.zh}${reason.bare?.en}`)).toEqual([]);
    },
  );
});

describe('what the cashier can do', () => {
  // Shown on a phone to the person who claims; all other reasons are shown at a counter.
  const AT_A_PHONE = /^(claim-|invalid-|tier-gone|unknown-tier|already-claimed|outside-area|position-|budget-|wallet-)/;
  it.each(REASON_CODES.filter((code) => !AT_A_PHONE.test(code)))('is said with %s, in both languages', (code) => {
    const { zh, en, bare }: Reason = REASONS[code];
    for (const text of [zh, bare?.zh ?? zh]) expect(text).toMatch(/按原价收款|请|再买/);
    for (const text of [en, bare?.en ?? en])
      expect(text).toMatch(/full price|ask|[Pp]lease|refresh|restore|call|scan|more takes/);
  });
});

describe('what somebody who claims can do', () => {
  const AT_A_PHONE = REASON_CODES.filter((code) =>
    /^(claim-not|invalid-|tier-|unknown-tier|already-claimed|outside-area|position-|budget-|wallet-)/.test(code),
  );
  it.each(AT_A_PHONE)('is said with %s, in both languages', (code) => {
    const { zh, en, bare }: Reason = REASONS[code];
    for (const text of [zh, bare?.zh ?? zh]) expect(text).toMatch(/请/);
    for (const text of [en, bare?.en ?? en]) expect(text).toMatch(/: (try|come|claim|let|look|check|refresh|give)/);
  });
});

describe('a sentence', () => {
  it('is filled with what is missing to the coupon', () => {
    const params = { missing: '40.1', face: '80' };
    expect(sentence('below-threshold', params, 'zh')).toBe('未达到消费券门槛，再买40.1元可减80元');
    expect(sentence('below-threshold', params, 'en')).toBe('Below the threshold: 40.1 yuan more takes 80 yuan off');
  });

  it('is said without its places where something is not known', () => {
    expect(sentence('below-threshold', { missing: '5' }, 'zh')).toBe('未达到消费券门槛，按原价收款');
    expect(sentence('outside-hours', { opens: '', closes: '22:00' }, 'en')).toBe(
      'Outside the hours in which coupons are taken; full price',
    );
  });

  it('takes a value for text only: no braces, no commands, no length gets through it', () => {
    const params = { missing: '{face}\u001bp\u0000$&', face: `1${'0'.repeat(99)}` };
    expect(sentence('below-threshold', params, 'zh')).toBe(
      '未达到消费券门槛，再买{face}p$&元可减10000000000000000000元',
    );
  });

  it('ignores what it has no place for', () => {
    expect(sentence('plate-cap', { face: '20' }, 'zh')).toBe(REASONS['plate-cap'].zh);
  });
});

describe('every error', () => {
  it('has one family, one code in capitals, a sentence and a remedy', () => {
    const rows = Object.values(ERRORS_BY_FAMILY).flatMap((family) => Object.keys(family));
    expect(rows.length).toBe(ERRORS.size);
    for (const [code, { what, remedy }] of ERRORS) {
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)+$/);
      expect(what, code).toMatch(/^[A-Z].*\.$/);
      expect(remedy, code).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('says what happened, where, and what to do about it', () => {
    const cause = new Error('ENOSPC');
    const error = new JournalError('JOURNAL_FULL', { detail: '0 bytes left on /var.', cause });
    expect(error).toBeInstanceOf(CodeplateError);
    expect(error).toMatchObject({ name: 'JournalError', code: 'JOURNAL_FULL', cause });
    expect(error.message).toBe(
      'The disk is full. 0 bytes left on /var. Free space on the card and start the agent again; never delete the journal.',
    );
    expect(new ConfigError('CONFIG_INVALID').remedy).toBe('Correct all of them and start again.');
  });

  it('says whether trying again is worth it', () => {
    expect(worthRetrying('PORT_LOST')).toBe(true);
    expect(worthRetrying('JOURNAL_CORRUPT')).toBe(false);
  });

  it('is not one because some object has a field of that name', () => {
    expect(isErrorCode('JOURNAL_FULL')).toBe(true);
    for (const name of ['__proto__', 'constructor', 'toString', '']) expect(isErrorCode(name)).toBe(false);
  });
});

it('docs/errors.md lists every error and reason, and no other (run with -u to write it anew)', async () => {
  await expect(renderErrorsDocument()).toMatchFileSnapshot('../../docs/errors.md');
});
