/** The faults that there are. A new one: its file, and a line here; each seed turns some of them fully off. */
import { agentKilled } from './agent-killed.js';
import { blackHole } from './black-hole.js';
import { clockJump } from './clock-jump.js';
import { diskError } from './disk-error.js';
import { diskStall } from './disk-stall.js';
import { disorderedLine } from './disordered-line.js';
import type { Fault } from './fault.js';
import { flippedBit } from './flipped-bit.js';
import { gatewayCrash } from './gateway-crash.js';
import { halfOpen } from './half-open.js';
import { ledgerTrouble } from './ledger-trouble.js';
import { lineDown } from './line-down.js';
import { lineReset } from './line-reset.js';
import { looseCable } from './loose-cable.js';
import { lossyBroker } from './lossy-broker.js';
import { olderJournal } from './older-journal.js';
import { powerCut } from './power-cut.js';
import { printerTrouble } from './printer-trouble.js';
import { readerLine } from './reader-line.js';
import { readerPower } from './reader-power.js';
import { sessionTakenOver } from './session-taken-over.js';
import { voiceTrouble } from './voice-trouble.js';

export const FAULTS: readonly Fault[] = [
  powerCut,
  agentKilled,
  diskStall,
  diskError,
  flippedBit,
  olderJournal,
  clockJump,
  lineReset,
  lineDown,
  blackHole,
  halfOpen,
  lossyBroker,
  disorderedLine,
  sessionTakenOver,
  gatewayCrash,
  ledgerTrouble,
  readerLine,
  readerPower,
  looseCable,
  printerTrouble,
  voiceTrouble,
];
