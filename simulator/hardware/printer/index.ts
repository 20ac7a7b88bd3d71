/** The virtual receipt printer: bytes in, paper out. */

export type { PrinterKnob } from './machine.js';
export { hex, isLine, type PaperDocument, sentText } from './paper/document.js';
export { renderingJson } from './paper/json.js';
export { LONGEST_PAPER_M, type Rendering, render } from './paper/rendering.js';
export { paperSvg } from './paper/svg.js';
export { linesOfText, paperText, terminalWidth } from './paper/text.js';
export { PAPER_58, PAPER_80 } from './profile.js';
