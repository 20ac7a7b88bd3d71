/**
 * A virtual printer for every model that the device knows. The facts stand here a second time, from the makers' manuals: a
 * model whose driver has them wrong prints something else than its twin expects.
 */
import type { PrinterModelName } from '#device/drivers/printers/index.js';
import type { VirtualPrinterProfile } from './profile.js';

export const PRINTER_TWINS = {
  'generic-58': { columns: 32, charset: 'gb18030', status: 'dle-eot', cutter: false, nativeQr: true },
  'generic-80': { columns: 48, charset: 'gb18030', status: 'dle-eot', cutter: true, nativeQr: true },
  'mute-58': { columns: 32, charset: 'gb2312', status: 'none', cutter: false, nativeQr: false },
  'xprinter-80': { columns: 48, charset: 'gbk', status: 'dle-eot', cutter: true, nativeQr: false },
  'epson-tm-t82': { columns: 48, charset: 'gb18030', status: 'asb', cutter: true, nativeQr: true },
} as const satisfies Record<PrinterModelName, VirtualPrinterProfile>;
