/** The virtual receipt printer: bytes in, paper out. */

export { hex, isLine, type PaperDocument, sentText } from './document.js';
export { renderingJson } from './json.js';
export type { PrinterKnob } from './machine.js';
export { PAPER_58, PAPER_80 } from './profile.js';
export { LONGEST_PAPER_M, type Rendering, render } from './rendering.js';
export { paperSvg } from './svg.js';
export { linesOfText, paperText, terminalWidth } from './text.js';
