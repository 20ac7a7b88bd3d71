/** Any 80 mm printer with a cutter that speaks ESC/POS with the GB18030 font and answers `DLE EOT`. */
import type { PrinterModel } from '../printer.js';

export const generic80: PrinterModel = {
  name: 'generic-80',
  charset: 'gb18030',
  columns: 48,
  qr: 'native',
  status: 'dle-eot',
  baudRate: 19200,
  cutFeedDots: 0, // GS V 66 feeds to the blade by itself
  cutter: true,
  dots: 576,
};
