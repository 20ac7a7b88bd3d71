import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUNDLE_EXAMPLE, DOWN_EXAMPLES, SPENT_EXAMPLES, STATE_EXAMPLE, UP_EXAMPLES } from './examples.js';
import {
  DOWN_TYPES,
  encode,
  logForm,
  parseBundle,
  parseDown,
  parseSpent,
  parseState,
  parseUp,
  UP_TYPES,
} from './index.js';
import { MAX_PAYLOAD_BYTES } from './topics.js';

const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe('every message', () => {
  it.each(UP_TYPES)('%s goes up as its example says', (type) => {
    const example = UP_EXAMPLES[type];
    expect(parseUp(bytesOf(example))).toEqual({ ok: true, value: example });
  });

  it.each(DOWN_TYPES)('%s comes down as its example says', (type) => {
    const example = DOWN_EXAMPLES[type];
    expect(parseDown(bytesOf(example))).toEqual({ ok: true, value: example });
  });

  it('of the retained kind is read as its example says', () => {
    expect(parseState(bytesOf(STATE_EXAMPLE))).toEqual({ ok: true, value: STATE_EXAMPLE });
    expect(parseBundle(bytesOf(BUNDLE_EXAMPLE))).toEqual({ ok: true, value: BUNDLE_EXAMPLE });
    for (const example of Object.values(SPENT_EXAMPLES)) {
      expect(parseSpent(bytesOf(example))).toEqual({ ok: true, value: example });
    }
  });

  it('is read back as it was encoded', () => {
    const parsed = parseUp(bytesOf(UP_EXAMPLES.authorise));
    if (!parsed.ok) throw new Error(parsed.fault.what);
    expect(parseUp(text(encode(parsed.value)))).toEqual(parsed);
  });

  it.each(['no-coupon-on-mondays', '__proto__', 'constructor', ''])(
    'is refused where a later version says why: %s',
    (reason) => {
      const { authorised } = DOWN_EXAMPLES;
      const refused = { ...authorised, answer: { kind: 'refused', reason, next: null } };
      const understood = { ...refused, answer: { ...refused.answer, reason: 'other-reason' } };
      expect(parseDown(bytesOf(refused))).toEqual({ ok: true, value: understood });
    },
  );

  it('keeps the last will short: a device that is gone says so and no more', () => {
    const { device, merchant, agent, boot } = STATE_EXAMPLE;
    const will = { v: 1, type: 'state', device, merchant, agent, boot, online: false };
    expect(parseState(bytesOf(will))).toEqual({ ok: true, value: will });
  });
});

describe('what is not a message', () => {
  const { authorise, hello } = UP_EXAMPLES;
  const rows: readonly [string, Uint8Array, string][] = [
    ['nothing', new Uint8Array(), 'MESSAGE_NOT_JSON'],
    ['over 64 KiB', new Uint8Array(MAX_PAYLOAD_BYTES + 1).fill(32), 'MESSAGE_TOO_LARGE'],
    ['half a character', new Uint8Array([0x22, 0xe5, 0x8f, 0x22]), 'MESSAGE_NOT_TEXT'],
    ['GBK', new Uint8Array([0x22, 0xd3, 0xd1, 0xba, 0xc3, 0x22]), 'MESSAGE_NOT_TEXT'],
    ['half a JSON', text('{"v":1,"type":"hello"'), 'MESSAGE_NOT_JSON'],
    ['a list', text('[]'), 'MESSAGE_MALFORMED'],
    ['null', text('null'), 'MESSAGE_MALFORMED'],
    ['a number', text('1'), 'MESSAGE_MALFORMED'],
    ['64 KiB of brackets', new Uint8Array(MAX_PAYLOAD_BYTES).fill(0x5b), 'MESSAGE_NOT_JSON'],
    ['version 2', bytesOf({ ...hello, v: 2 }), 'MESSAGE_VERSION_UNKNOWN'],
    ['version 2 of an unknown type', bytesOf({ v: 2, type: 'x' }), 'MESSAGE_VERSION_UNKNOWN'],
    ['no version', bytesOf({ ...hello, v: undefined }), 'MESSAGE_MALFORMED'],
    ['a version that is text', bytesOf({ ...hello, v: '1' }), 'MESSAGE_MALFORMED'],
    ['an unknown type', bytesOf({ v: 1, type: 'gift' }), 'MESSAGE_TYPE_UNKNOWN'],
    ['the type __proto__', bytesOf({ v: 1, type: '__proto__' }), 'MESSAGE_TYPE_UNKNOWN'],
    ['the type constructor', bytesOf({ v: 1, type: 'constructor' }), 'MESSAGE_TYPE_UNKNOWN'],
    ['a zero amount', bytesOf({ ...authorise, amountFen: 0 }), 'MESSAGE_MALFORMED'],
    ['a negative amount', bytesOf({ ...authorise, amountFen: -1 }), 'MESSAGE_MALFORMED'],
    ['a fractional amount', bytesOf({ ...authorise, amountFen: 0.5 }), 'MESSAGE_MALFORMED'],
    ['an amount as text', bytesOf({ ...authorise, amountFen: '100' }), 'MESSAGE_MALFORMED'],
    [
      'a payment code as a number',
      bytesOf({ ...authorise, presented: { kind: 'opaque', code: 62e17 } }),
      'MESSAGE_MALFORMED',
    ],
    ['an id too long', bytesOf({ ...hello, id: 'x'.repeat(25) }), 'MESSAGE_MALFORMED'],
    ['a head with a strange key', bytesOf({ ...hello, head: { ...hello.head, x: 1 } }), 'MESSAGE_MALFORMED'],
    [
      'a number beyond 2^53',
      text(JSON.stringify(hello).replace('"boot":3', '"boot":9007199254740993')),
      'MESSAGE_MALFORMED',
    ],
    [
      'an amount twice',
      text(JSON.stringify(authorise).replace('"amountFen":', '"amountFen":1,"amountFen":')),
      'MESSAGE_MALFORMED',
    ],
    [
      'an amount twice, once in disguise',
      text(JSON.stringify(authorise).replace('"amountFen":', '"amountF\\u0065n":1,"amountFen":')),
      'MESSAGE_MALFORMED',
    ],
    [
      'an amount twice behind what is skipped',
      text(JSON.stringify(authorise).replace('"amountFen":', '"__proto__":{},"amountFen":1,"amountFen":')),
      'MESSAGE_MALFORMED',
    ],
    ['two places in one head', text(JSON.stringify(hello).replace('"seq":', '"seq":1,"seq":')), 'MESSAGE_MALFORMED'],
    ['an infinite number', text(JSON.stringify(hello).replace('"boot":3', '"boot":1e400')), 'MESSAGE_MALFORMED'],
  ];

  it.each(rows)('%s is refused with its code', (_name, bytes, code) => {
    const parsed = parseUp(bytes);
    if (parsed.ok) throw new Error('taken');
    expect(parsed.fault.code).toBe(code);
    expect(parsed.fault.what).not.toBe('');
    expect(parsed.fault.what.length).toBeLessThanOrEqual(200);
  });

  it('says which name stands twice', () => {
    const twice = JSON.stringify(authorise).replace('"amountFen":', '"amountFen":1,"amountFen":');
    expect(parseUp(text(twice))).toMatchObject({
      fault: { re: authorise.id, what: expect.stringMatching(/^amountFen is there twice/) },
    });
  });

  it('names the request that it was, and the field that is wrong', () => {
    expect(parseUp(bytesOf({ ...authorise, amountFen: -1 }))).toMatchObject({
      ok: false,
      fault: { re: authorise.id, what: expect.stringContaining('amountFen') },
    });
    expect(parseUp(bytesOf({ ...authorise, v: 9 }))).toMatchObject({ ok: false, fault: { re: authorise.id } });
  });

  it('is counted before thirty thousand things that are wrong with it are written down', () => {
    const records = { v: 1, type: 'records', id: 'x', from: 1, prev: '0'.repeat(64) };
    for (const bodies of [Array(30_000).fill(1), Array(501).fill(''), [], 'none'])
      expect(parseUp(bytesOf({ ...records, bodies }))).toMatchObject({
        fault: { code: 'MESSAGE_MALFORMED', what: 'bodies: a list of 1 to 500 is expected' },
      });
    expect(parseUp(bytesOf({ ...records, bodies: [''] }))).toMatchObject({ ok: true });
  });

  it('never repeats a payment code, however it was misplaced', () => {
    const code = '6212345678901234567';
    for (const wrong of [
      { ...authorise, type: code },
      { ...hello, head: { ...hello.head, [code]: 1 } },
      { ...authorise, presented: { kind: 'opaque', code: `${code}1` } },
    ]) {
      const parsed = parseUp(bytesOf(wrong));
      expect(parsed.ok).toBe(false);
      expect(JSON.stringify(parsed)).not.toContain('345678901234');
    }
  });

  it('never repeats the half of a payment code that a long message is cut in', () => {
    for (let before = 120; before < 200; before++) {
      const parsed = parseUp(
        bytesOf({ ...hello, head: { ...hello.head, [`${'x'.repeat(before)} 6212345678901234567`]: 1 } }),
      );
      expect(JSON.stringify(parsed)).not.toContain('62123456');
    }
  });

  it('is never an exception, whatever the bytes', () => {
    const anyMessage = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map(text),
      fc
        .record({ v: fc.constantFrom(1, 2, '1'), type: fc.constantFrom(...UP_TYPES, 'x'), id: fc.jsonValue() })
        .map(bytesOf),
    );
    fc.assert(
      fc.property(anyMessage, (bytes) => {
        for (const parse of [parseUp, parseDown, parseState, parseBundle, parseSpent]) parse(bytes);
      }),
    );
  });
});

describe('a message with something more in it', () => {
  it('is taken, and what is unknown is left out', () => {
    const parsed = parseUp(bytesOf({ ...UP_EXAMPLES.hello, future: { x: 1 } }));
    expect(parsed).toEqual({ ok: true, value: UP_EXAMPLES.hello });
  });

  it('changes no prototype through __proto__', () => {
    const hostile = JSON.stringify(UP_EXAMPLES.hello).replace('{', '{"__proto__":{"polluted":true},"constructor":1,');
    const parsed = parseUp(text(hostile));
    expect(parsed).toEqual({ ok: true, value: UP_EXAMPLES.hello });
    expect(Object.getPrototypeOf(parsed.ok ? parsed.value : null)).toBe(Object.prototype);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    const ports = JSON.stringify(STATE_EXAMPLE).replace('"ports":{', '"ports":{"__proto__":{"polluted":true},');
    const state = parseState(text(ports));
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    if (state.ok && state.value.online) expect(Reflect.get(state.value.ports, 'polluted')).toBeUndefined();
  });
});

describe('the log form', () => {
  it('masks what the customer showed and counts what is long', () => {
    const authorise = parseUp(bytesOf(UP_EXAMPLES.authorise));
    const records = parseUp(bytesOf(UP_EXAMPLES.records));
    if (!authorise.ok || !records.ok) throw new Error('refused');
    expect(logForm(authorise.value)).toMatchObject({ presented: { code: '62*************4567' } });
    expect(logForm(records.value)).toMatchObject({ bodies: 1 });
  });
});
