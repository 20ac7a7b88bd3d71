import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_JSON_DEPTH, readJson } from './strict-json.js';

const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

describe('JSON from outside', () => {
  it('is what JSON.parse makes of it, whatever a program wrote', () => {
    const values = fc
      .jsonValue({ maxDepth: 8 })
      .filter((value) => !/"(?:__proto__|constructor)"/.test(JSON.stringify(value)));
    fc.assert(
      fc.property(values, fc.constantFrom('', '\ufeff'), fc.constantFrom(0, 2), (value, mark, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(readJson(mark + text)).toEqual({ ok: true, value: JSON.parse(text) });
      }),
    );
  });

  it.each([
    ['{"a":1,"a":1}', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"tiers":[{"faceFen":1},{"faceFen":2000, "faceFen":1000}]}', 'tiers[1].faceFen'],
    ['{"a":{"b":"}","c":"\\"},{","b":0}}', 'a.b'],
    ['[[],{"x":[],"x":{}}]', '[1].x'],
    ['{"":1,"":2}', ''],
  ])('is refused where a name stands twice: %s', (text, path) => {
    expect(readJson(text)).toMatchObject({ ok: false, fault: { kind: 'name-twice', path } });
  });

  it('is refused where any name of any object is put in a second time', () => {
    const objects = fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), fc.jsonValue({ maxDepth: 2 }), {
      minKeys: 1,
    });
    fc.assert(
      fc.property(objects, fc.nat(), fc.array(fc.nat(3), { maxLength: 4 }), (object, which, around) => {
        const names = Object.keys(object);
        const name = JSON.stringify(names[which % names.length]);
        const inner = `${JSON.stringify(object).slice(0, -1)},${name}:0}`;
        const text = around.reduce((within, at) => (at % 2 === 0 ? `[0,${within}]` : `{"in":${within}}`), inner);
        expect(readJson(text).ok).toBe(false);
      }),
    );
  });

  it.each([
    '{"__proto__":{"x":1}}',
    '{"a":[{"__proto__":1}]}',
    '{"\\u005f_proto__":1}',
    '{"constructor":{"prototype":{}}}',
  ])('has no name that means a prototype: %s', (text) => {
    expect(readJson(text)).toMatchObject({ ok: false, fault: { kind: 'forbidden-name' } });
  });

  it('is no deeper than any document of ours', () => {
    expect(readJson(nested(MAX_JSON_DEPTH)).ok).toBe(true);
    expect(readJson(nested(MAX_JSON_DEPTH + 1))).toMatchObject({ ok: false, fault: { kind: 'too-deep' } });
    expect(readJson(nested(100_000))).toMatchObject({ ok: false, fault: { kind: 'too-deep' } });
  });

  it.each([
    ['', 'it is empty'],
    ['{"password":"geheim"', 'it begins like JSON but has a mistake, or ends too early'],
    ['<html>', 'it is not JSON: it begins like HTML or XML'],
    ['order=1', 'it is not JSON'],
    ['\ufeff\ufeff{}', 'it begins like JSON but has a mistake, or ends too early'],
  ])('that is none is refused without quoting it: %j', (text, what) => {
    expect(readJson(text)).toEqual({ ok: false, fault: { kind: 'not-json', path: '', what } });
  });
});
