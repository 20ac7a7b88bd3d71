/** Epson TM-T82 (Chinese model) and relatives: 80 mm, reports every status change by itself (`GS a`). */
import type { PrinterModel } from '../printer.js';

export const epsonTmT82: PrinterModel = {
  name: 'epson-tm-t82',
  charset: 'gb18030',
  columns: 48,
  qr: 'native',
  status: 'asb',
  baudRate: 38400, // the serial model's factory setting
  cutFeedDots: 0,
  cutter: true,
  dots: 576,
};
