/** The virtual receipt printer: bytes in, paper out. */

export {
  type Cell,
  hex,
  type Item,
  isLine,
  isText,
  type LineItem,
  type PaperDocument,
  type Pulse,
  type QrItem,
  sentText,
  type TextCell,
  type Unknown,
} from './document.js';
export { feed, type InterpreterState, newInterpreter, tear } from './interpreter.js';
export { documentJson, renderingJson } from './json.js';
export {
  type PrinterKnob,
  type PrinterUnderTest,
  paperSoFar,
  printerMachine,
  type VirtualPrinterEffect,
  type VirtualPrinterInput,
  type VirtualPrinterState,
} from './machine.js';
export type { PrinterEvent } from './parameters.js';
export { PAPER_58, PAPER_80, type PrinterCharset, type VirtualPrinterProfile } from './profile.js';
export { LONGEST_PAPER_M, type Rendering, render } from './rendering.js';
export type { Condition } from './status.js';
export { paperSvg, type SvgOptions } from './svg.js';
export { linesOfText, paperText, type TextOptions, terminalWidth } from './text.js';
