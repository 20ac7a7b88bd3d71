/** All printer models, by their configuration name. Another model is one file and one line here. */
import type { PrinterModel } from '../printer.js';
import { epsonTmT82 } from './epson-tm-t82.js';
import { generic58 } from './generic-58.js';
import { generic80 } from './generic-80.js';
import { mute58 } from './mute-58.js';
import { xprinter80 } from './xprinter-80.js';

export const PRINTER_MODELS = {
  'generic-58': generic58,
  'xprinter-80': xprinter80,
  'epson-tm-t82': epsonTmT82,
  'mute-58': mute58,
  'generic-80': generic80,
} as const satisfies Record<string, PrinterModel>;

export type PrinterModelName = keyof typeof PRINTER_MODELS;
export const PRINTER_MODEL_NAMES = Object.keys(PRINTER_MODELS) as [PrinterModelName, ...PrinterModelName[]];

export const printerModels: ReadonlyMap<string, PrinterModel> = new Map(Object.entries<PrinterModel>(PRINTER_MODELS));
