/** Any 58 mm printer that speaks ESC/POS with the GB18030 font and answers `DLE EOT`. The safe first guess. */
import type { PrinterModel } from '../printer.js';

export const generic58: PrinterModel = {
  name: 'generic-58',
  charset: 'gb18030',
  columns: 32,
  qr: 'native',
  status: 'dle-eot',
  baudRate: 9600,
  cutFeedDots: 80, // 10 mm at 8 dots/mm: hand-torn paper clears the tear bar
  cutter: false,
  dots: 384,
};
