/**
 * Frames of the voice modules, as data per model.
 *
 * `FD | length | command | parameter | text`, where length covers everything after it. SYN6288 adds the xor of all bytes
 * before (SYN6288 datasheet, 2016-03-09); XFS5152 and its relatives don't.
 */
import { joinBytes } from '../bytes.js';

export interface VoiceModel {
  readonly name: string;
  readonly baudRate: number;
  readonly xor: boolean;
  /** GB2312 text is sent as GBK, its superset, as in the datasheet's own example. */
  readonly encodings: { readonly gbk: number; readonly utf16be: number };
}

/** The datasheet's limit for one frame's text. */
export const MAX_TEXT_BYTES = 200;

const HEAD = 0xfd;
const SPEAK = 0x01;
const QUERY = 0x21;

/** The low three bits of the parameter are the encoding, the rest the background music, which we never use. */
const MUSIC_OFF = 0 << 3;

export function speakFrame(model: VoiceModel, encoding: keyof VoiceModel['encodings'], text: Uint8Array): Uint8Array {
  return frame(model, joinBytes([SPEAK, MUSIC_OFF | model.encodings[encoding]], text));
}

export const queryFrame = (model: VoiceModel): Uint8Array => frame(model, Uint8Array.of(QUERY));

function frame(model: VoiceModel, body: Uint8Array): Uint8Array {
  const length = body.length + (model.xor ? 1 : 0);
  const bytes = joinBytes([HEAD, length >> 8, length & 0xff], body);
  return model.xor ? joinBytes(bytes, [bytes.reduce((xor, byte) => xor ^ byte, 0)]) : bytes;
}
