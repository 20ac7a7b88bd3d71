import { describe, expect, it } from 'vitest';
import { printerModels } from './index.js';

describe.each([...printerModels])('the model %s', (name, model) => {
  it('stands in the table under its own name and fits its paper', () => {
    expect(model.name).toBe(name);
    expect(model.dots).toBe(model.columns * 12); // half-width characters are 12 dots wide
    expect(model.cutFeedDots).toBeGreaterThanOrEqual(0);
    expect(model.cutFeedDots).toBeLessThanOrEqual(255); // GS V 66 n and ESC J n carry one byte
    expect(model.baudRate).toBeGreaterThan(0);
  });
});
