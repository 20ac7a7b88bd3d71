/** The printer models, by the name that the configuration gives. Another model is one file and one line here. */
import type { PrinterModel } from '../printer.js';
import { epsonTmT82 } from './epson-tm-t82.js';
import { generic58 } from './generic-58.js';
import { generic80 } from './generic-80.js';
import { mute58 } from './mute-58.js';
import { xprinter80 } from './xprinter-80.js';

const ALL: readonly PrinterModel[] = [generic58, generic80, mute58, xprinter80, epsonTmT82];

export const printerModels: ReadonlyMap<string, PrinterModel> = new Map(ALL.map((model) => [model.name, model]));
