/** XFS5152, SYN6658 and VTX316: the same frames as SYN6288 without the final xor. */
import { oneSentence } from './example.js';
import type { VoiceModel } from './frame.js';
import { voiceDriver } from './machine.js';

export const XFS5152: VoiceModel = {
  name: 'xfs5152',
  baudRate: 9_600,
  xor: false,
  encodings: { gbk: 1, utf16be: 3 },
};

export const xfs5152Voice = voiceDriver(XFS5152, [oneSentence('fd000a0101cad5bfee3531d4aa')]);
