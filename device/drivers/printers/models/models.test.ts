import { describe, expect, it } from 'vitest';
import { expectTranscript } from '../../../../test/doubles/driver-bench.js';
import type { Examples, Transcript } from '../../transcript.js';
import { createPrinter } from '../escpos.js';
import { ESCPOS_EXAMPLES } from '../escpos-examples.js';
import type { PrinterEffect, PrinterInput } from '../printer.js';
import { printerModels } from './index.js';

describe.each([...printerModels])('the model %s', (name, model) => {
  it('stands in the table under its own name and fits its paper', () => {
    expect(model.name).toBe(name);
    expect(model.dots).toBe(model.columns * 12); // half-width characters are 12 dots wide
    expect(model.cutFeedDots).toBeGreaterThanOrEqual(0);
    expect(model.cutFeedDots).toBeLessThanOrEqual(255); // GS V 66 n and ESC J n carry one byte
    expect(model.baudRate).toBeGreaterThan(0);
  });

  const examples: Examples<Transcript<PrinterInput, PrinterEffect>> = ESCPOS_EXAMPLES[model.status];
  it.each(examples.map((example) => [example.shows, example] as const))('prints %s', (_, example) => {
    expectTranscript(
      () => createPrinter(model, { mayBeTorn: false }),
      example,
      (did, does) => expect(did).toEqual(does),
    );
  });
});
