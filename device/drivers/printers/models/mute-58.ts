/** The cheapest 58 mm mechanism boards: GB2312 font only, no answers at all, so nothing they print is ever confirmed. */
import type { PrinterModel } from '../printer.js';

export const mute58: PrinterModel = {
  name: 'mute-58',
  charset: 'gb2312',
  columns: 32,
  qr: 'raster',
  status: 'none',
  baudRate: 9600,
  cutFeedDots: 80,
  cutter: false,
  dots: 384,
};
