import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { monoMs } from '#protocol/kernel/time.js';
import { DriverBench, expectTranscript } from '../../../test/doubles/driver-bench.js';
import { MAX_TEXT_BYTES, queryFrame, speakFrame } from './frame.js';
import { VOICES, type VoiceName } from './index.js';
import { FRAME_GAP_MS, MAX_WAITING, QUERY_MS, SPEAKING_MS, voiceMachine } from './machine.js';
import { SYN6288 } from './syn6288.js';
import { encodeText } from './text.js';
import type { VoiceDriver, VoiceEffect, VoiceInput } from './voice.js';
import { XFS5152 } from './xfs5152.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const gb = new TextDecoder('gb18030');
const bytes = (...data: number[]): VoiceInput => ({ kind: 'bytes', bytes: Uint8Array.from(data) });
const say = (id: string, text = '收款五十一元', staleAt = 1e9, replay = false): VoiceInput => ({
  kind: 'say',
  id,
  text,
  staleAt: monoMs(staleAt),
  replay,
});
const told = (effects: readonly VoiceEffect[]): string[] =>
  effects.map((effect) => {
    if (effect.kind === 'write')
      return effect.bytes[3] === 0x21 ? '> query' : `> ${gb.decode(effect.bytes.slice(5, -1))}`;
    if (effect.kind === 'noise') return effect.code;
    return `${effect.id} ${effect.kind}${effect.kind === 'dropped' ? ` ${effect.why}` : ''}`;
  });
function open() {
  const on = new DriverBench(voiceMachine(SYN6288), { kind: 'wake' } as VoiceInput);
  on.put({ kind: 'link-up' });
  on.pass(FRAME_GAP_MS);
  return on;
}
const DONE = bytes(0x41, 0x4e, 0x4f);

describe('a voice frame', () => {
  it('of SYN6288 is as in the datasheet, xor at the end', () => {
    const text = Uint8Array.of(0xd3, 0xee, 0xd2, 0xf4, 0xcc, 0xec, 0xcf, 0xc2);
    expect(gb.decode(text)).toBe('宇音天下');
    expect(hex(speakFrame(SYN6288, 'gbk', text))).toBe('fd000b0101d3eed2f4cceccfc2c0');
    expect(hex(queryFrame(SYN6288))).toBe('fd000221de');
  });

  it('of XFS5152 has no xor, and says so in its length', () => {
    expect(hex(speakFrame(XFS5152, 'gbk', Uint8Array.of(0xd2, 0xbb)))).toBe('fd00040101d2bb');
    expect(hex(queryFrame(XFS5152))).toBe('fd000121');
  });
});

describe('a text for a voice', () => {
  it('is GBK where its characters are ours, and UTF-16BE where one is not', () => {
    expect(encodeText('收款1元')).toEqual([
      { encoding: 'gbk', bytes: Uint8Array.of(0xca, 0xd5, 0xbf, 0xee, 0x31, 0xd4, 0xaa) },
    ]);
    expect(encodeText('好')).toEqual([{ encoding: 'utf16be', bytes: Uint8Array.of(0x59, 0x7d) }]);
  });

  it('fits its frames, loses no character, and is split after punctuation where there is some (law)', () => {
    const text = fc.array(fc.constantFrom('收', '款', '，', '元', 'a', '。', '七'), { minLength: 1, maxLength: 400 });
    fc.assert(
      fc.property(text, (chars) => {
        const pieces = encodeText(chars.join(''));
        for (const piece of pieces) expect(piece.bytes.length).toBeLessThanOrEqual(MAX_TEXT_BYTES);
        expect(pieces.map((piece) => gb.decode(piece.bytes)).join('')).toBe(chars.join(''));
      }),
    );
    const long = `${'收'.repeat(60)}，${'款'.repeat(60)}`;
    expect(encodeText(long).map((piece) => piece.bytes.length)).toEqual([122, 120]);
  });

  it('carries no control bytes, and may be nothing', () => {
    expect(encodeText('收\n\x1b款').map((piece) => gb.decode(piece.bytes))).toEqual(['收  款']);
    expect(encodeText(' \r\n')).toEqual([]);
  });
});

describe('a voice module', () => {
  it('speaks one sentence after the other, the next only when it is idle and 8 ms have passed', () => {
    const on = open();
    on.put(say('a', '收款一元'));
    on.put(say('b', '收款二元'));
    expect(told(on.effects)).toEqual(['> 收款一元']);
    expect(told(on.put(DONE))).toEqual(['a spoken']);
    expect(told(on.pass(FRAME_GAP_MS - 1))).toEqual([]);
    expect(told(on.pass(1))).toEqual(['> 收款二元']);
  });

  it('is not believed idle before it has accepted the sentence', () => {
    const on = open();
    on.put(say('a'));
    expect(told(on.put(bytes(0x4f)))).toEqual([]);
    expect(told(on.put(DONE))).toEqual(['a spoken']);
  });

  it('says each id once, however often it is asked, and again on replay', () => {
    const on = open();
    for (let i = 0; i < 3; i++) on.put(say('a'));
    on.put(DONE);
    on.pass(10);
    on.put(say('a'));
    on.pass(10);
    expect(told(on.effects)).toEqual(['> 收款五十一元', 'a spoken']);
    on.put(say('a', '收款五十一元', 1e9, true));
    on.put(DONE);
    expect(told(on.effects).slice(2)).toEqual(['> 收款五十一元', 'a spoken']);
  });

  it('leaves out what waited past its time, with and without a port', () => {
    const on = open();
    on.put(say('a'));
    on.put(say('b', '收款二元', on.now + 2_000));
    on.pass(3_000);
    on.put(DONE);
    expect(told(on.effects)).toEqual(['> 收款五十一元', 'b dropped stale', 'a spoken']);
    const shut = new DriverBench(voiceMachine(SYN6288), { kind: 'wake' } as VoiceInput);
    shut.put(say('c', '收款二元', shut.now + 2_000));
    expect(told(shut.pass(2_000))).toEqual(['c dropped stale']);
  });

  it('is asked after 15 s, waited for while it plays, and given up on when it does not answer', () => {
    const on = open();
    on.put(say('a'));
    expect(told(on.pass(SPEAKING_MS))).toEqual(['> query']);
    on.put(bytes(0x4e));
    expect(told(on.pass(1_000))).toEqual(['> query']);
    expect(told(on.put(bytes(0x4f)))).toEqual(['a spoken']);
    on.pass(10);
    on.put(say('b'));
    expect(told(on.pass(SPEAKING_MS + QUERY_MS))).toEqual(['> query', 'b dropped no-voice']);
    on.pass(10);
    expect(told(on.put(say('c')))).toEqual(['> 收款五十一元']);
  });

  it('says so when a sentence is rejected, when the module restarts and when the port is lost, and repeats none of them', () => {
    const on = open();
    on.put(say('a'));
    expect(told(on.put(bytes(0x45)))).toEqual(['a dropped rejected']);
    on.pass(10);
    on.put(say('b'));
    expect(told(on.put(bytes(0x4a)))).toEqual(['b dropped no-voice']);
    on.pass(10);
    on.put(say('c'));
    expect(told(on.put({ kind: 'link-lost', why: 'unplugged' }))).toEqual(['c dropped no-voice']);
    on.put({ kind: 'link-up' });
    for (const id of ['a', 'b', 'c']) on.put(say(id));
    expect(told(on.pass(60_000))).toEqual([]);
  });

  it('keeps eight sentences waiting at most, and leaves out the oldest', () => {
    const on = open();
    on.put(say('now'));
    for (let i = 0; i <= MAX_WAITING; i++) on.put(say(`s${i}`));
    expect(told(on.effects).slice(1)).toEqual(['s0 dropped stale']);
  });

  it('speaks a long sentence piece by piece, before all others', () => {
    const on = open();
    on.put(say('a', `${'收'.repeat(90)}，${'款'.repeat(90)}`));
    on.put(say('b'));
    on.put(DONE);
    on.pass(10);
    expect(told(on.put(DONE))).toEqual(['a spoken']);
  });

  it('takes any bytes and times, and never sends two frames within 8 ms (law)', () => {
    const input = fc.oneof(
      fc.constantFrom(0x41, 0x45, 0x4a, 0x4e, 0x4f, 0xff).map((byte) => bytes(byte)),
      fc.constantFrom('a', 'b', 'c', 'd').map((id) => say(id)),
      fc.constantFrom<VoiceInput>({ kind: 'link-up' }, { kind: 'link-lost', why: 'test' }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(input, fc.oneof(fc.nat(9), fc.nat(20_000))), { maxLength: 40 }), (inputs) => {
        const on = open();
        let last = Number.NEGATIVE_INFINITY;
        const check = (effects: readonly VoiceEffect[]) => {
          const frames = effects.filter((effect) => effect.kind === 'write');
          expect(frames.length).toBeLessThanOrEqual(1);
          if (frames.length === 0) return;
          expect(on.now - last).toBeGreaterThanOrEqual(FRAME_GAP_MS);
          last = on.now;
        };
        for (const [one, ms] of inputs) {
          check(on.put(one));
          for (let i = 0; i < Math.min(ms, 50); i++) check(on.pass(Math.ceil(ms / 50)));
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('the table of voices', () => {
  it.each(Object.keys(VOICES) as VoiceName[])('knows %s by its own name', (name) => {
    expect(VOICES[name].name).toBe(name);
  });

  it.each(Object.keys(VOICES) as VoiceName[])('has examples of %s, and it does what they say', (name) => {
    const driver: VoiceDriver = VOICES[name];
    for (const example of driver.examples)
      expectTranscript(
        () => driver.create(),
        example,
        (did, does) => expect(did).toEqual(does),
      );
    const spoken = driver.examples.some(({ does }) => does.some(({ kind }) => kind === 'spoken'));
    expect(spoken ? [] : [`${name}: write an example of a sentence that is spoken`]).toEqual([]);
  });
});
