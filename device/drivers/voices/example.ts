/** The conversation of every module of this family for one sentence, byte for byte. */
import { monoMs } from '#protocol/kernel/time.js';
import type { VoiceExample } from './voice.js';

/** `frame`: 收款51元 in hexadecimal. */
export const oneSentence = (frame: string): VoiceExample => ({
  shows: 'one sentence, accepted, playing, done',
  told: [
    { kind: 'link-up' },
    { kind: 'pass', ms: 10 },
    { kind: 'say', id: 's1', text: '收款51元', staleAt: monoMs(1e9), replay: false },
    { kind: 'bytes', bytes: Uint8Array.of(0x41, 0x4e, 0x4f) },
    { kind: 'pass', ms: 60_000 },
  ],
  does: [
    { kind: 'write', bytes: Uint8Array.from(frame.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)) },
    { kind: 'spoken', id: 's1' },
  ],
});
