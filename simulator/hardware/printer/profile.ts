/** What differs between virtual printers. Its own copy of the facts: it shares nothing with the driver it stands against. */

export type PrinterCharset = 'gb2312' | 'gbk' | 'gb18030';

export interface VirtualPrinterProfile {
  /** Font A columns: 12 dots each. */
  readonly columns: 32 | 48;
  readonly charset: PrinterCharset;
  /** none: a printer of which nothing was ever heard. dle-eot: answers when asked. asb: also speaks by itself once told to. */
  readonly status: 'none' | 'dle-eot' | 'asb';
  readonly cutter: boolean;
  /** false: a model that comes up, and out of `ESC @`, without Chinese mode. True where it isn't said. */
  readonly startsInChinese?: boolean | undefined;
  /** Without the QR firmware, GS ( k is swallowed and nothing is drawn. */
  readonly nativeQr: boolean;
}

export const DOTS_PER_COLUMN = 12;
/** 58 mm paper has 384 dots, 80 mm paper 576, at 8 dots a millimetre. */
export const printableDots = (profile: VirtualPrinterProfile): number => profile.columns * DOTS_PER_COLUMN;

export const PAPER_58: VirtualPrinterProfile = {
  columns: 32,
  charset: 'gb18030',
  status: 'asb',
  cutter: true,
  nativeQr: true,
};
export const PAPER_80: VirtualPrinterProfile = { ...PAPER_58, columns: 48 };
