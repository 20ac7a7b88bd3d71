/** XPrinter-like 80 mm printers: GBK font, `DLE EOT` answered, older firmware without `GS ( k`, so the QR code is a picture. */
import type { PrinterModel } from '../printer.js';

export const xprinter80: PrinterModel = {
  name: 'xprinter-80',
  charset: 'gbk',
  columns: 48,
  qr: 'raster',
  status: 'dle-eot',
  baudRate: 19200,
  cutFeedDots: 0,
  cutter: true,
  dots: 576,
};
