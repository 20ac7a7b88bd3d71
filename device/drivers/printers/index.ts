/** Receipt printers: the models, the rendering of a receipt for a model, and the conversation that prints it. */
export { createPrinter } from './escpos.js';
export { PRINTER_MODEL_NAMES, PRINTER_MODELS, type PrinterModelName, printerModels } from './models/index.js';
export { receiptText, renderReceipt, WARM_UP_ROUNDS, warmUp } from './render.js';
