/** SYN6288: the module in most payment speakers (datasheet of 2016-03-09). */
import { oneSentence } from './example.js';
import type { VoiceModel } from './frame.js';
import { voiceDriver } from './machine.js';

export const SYN6288: VoiceModel = {
  name: 'syn6288',
  baudRate: 9_600,
  xor: true,
  encodings: { gbk: 1, utf16be: 3 },
};

export const syn6288Voice = voiceDriver(SYN6288, [oneSentence('fd000b0101cad5bfee3531d4aac2')]);
