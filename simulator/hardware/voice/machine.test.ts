import { describe, expect, it } from 'vitest';
import { monoMs } from '#protocol/kernel/time.js';
import { type VoiceEffect, type VoiceInput, voiceModule } from './machine.js';

/** The datasheet's own example: 宇音天下. */
const EXAMPLE = Buffer.from('FD000B0101D3EED2F4CCECCFC2C0', 'hex');

class Bench {
  readonly #machine = voiceModule({ msPerCharacter: 100 });
  #state = this.#machine.initial;
  readonly replies: number[] = [];
  readonly events: string[] = [];
  now = 0;

  get state() {
    return this.#state;
  }

  input(input: VoiceInput): this {
    const done = this.#machine.step(this.#state, input, { mono: monoMs(this.now), wall: undefined });
    this.#state = done.state;
    for (const effect of done.effects) this.#note(effect);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    return this.input({ kind: 'bytes', bytes });
  }

  after(ms: number): this {
    const until = this.now + ms;
    for (
      let w = this.#machine.wakeAt(this.#state);
      w !== undefined && w <= until;
      w = this.#machine.wakeAt(this.#state)
    ) {
      this.now = w;
      this.input({ kind: 'wake' });
    }
    this.now = until;
    return this;
  }

  #note(effect: VoiceEffect): void {
    if (effect.kind === 'send') this.replies.push(...effect.bytes);
    if (effect.kind === 'speaks') this.events.push(`speaks ${effect.text}`);
    if (effect.kind === 'spoke') this.events.push(`${effect.whole ? 'spoke' : 'cut off'} ${effect.text}`);
  }
}

describe('a virtual SYN6288', () => {
  it('speaks the example of the datasheet, wherever its bytes are cut, and says when it is idle again', () => {
    for (let cut = 0; cut <= EXAMPLE.length; cut++) {
      const bench = new Bench().bytes(EXAMPLE.subarray(0, cut)).bytes(EXAMPLE.subarray(cut));
      expect(bench.replies).toEqual([0x41]);
      bench.after(399).bytes(Buffer.from('FD000221DE', 'hex'));
      bench.after(2);
      expect(bench.events).toEqual(['speaks 宇音天下', 'spoke 宇音天下']);
      expect(bench.replies).toEqual([0x41, 0x4e, 0x4f]);
      expect(bench.state.complaints).toEqual([]);
    }
  });

  it('cuts off what it was saying when the next text comes too early', () => {
    const bench = new Bench().bytes(EXAMPLE).after(100).bytes(EXAMPLE).after(1000);
    expect(bench.state.utterances.map(({ end }) => end)).toEqual(['cut', 'whole']);
  });

  it.each([
    ['a wrong check byte', 'FD000B0101D3EED2F4CCECCFC2C1'],
    ['a text that is too long', 'FD0100'],
    ['an unknown command', 'FD00027788'],
    ['an unknown encoding', 'FD00050107C4FAC1'],
  ])('rejects %s, and speaks the next frame', (_, hex) => {
    const bench = new Bench().bytes(Buffer.from(hex, 'hex')).bytes(EXAMPLE);
    expect(bench.replies).toEqual([0x45, 0x41]);
    expect(bench.state.complaints).toHaveLength(1);
  });

  it('forgets what it was saying when its power goes, and says that it is ready when it comes', () => {
    const bench = new Bench().bytes(EXAMPLE).input({ kind: 'power', on: false }).bytes(EXAMPLE).after(1000);
    bench.input({ kind: 'power', on: true });
    expect(bench.events).toEqual(['speaks 宇音天下', 'cut off 宇音天下']);
    expect(bench.replies).toEqual([0x41, 0x4a]);
  });
});
