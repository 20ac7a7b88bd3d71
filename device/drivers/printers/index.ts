/** Receipt printers: the models, the rendering of a receipt for one of them, and the conversation that prints it. */
export { createPrinter, type PrinterOptions } from './escpos.js';
export type { EscposState } from './escpos-state.js';
export { PRINTER_MODEL_NAMES, PRINTER_MODELS, type PrinterModelName, printerModels } from './models/index.js';
export { type Rendered, receiptText, renderReceipt, WARM_UP_ROUNDS, warmUp } from './render.js';
