import { describe, expect, it } from 'vitest';
import { expectTranscript } from '../../../test/doubles/driver-bench.js';
import { READERS, type ReaderName } from './index.js';
import type { ReaderDriver } from './reader.js';

describe.each(Object.keys(READERS) as ReaderName[])('a %s reader', (name) => {
  const driver: ReaderDriver = READERS[name];
  const create = () => driver.create({ agent: 'example-1.0', baudRate: driver.baudRate });

  it('stands in the table under its own name', () => {
    expect(driver.name).toBe(name);
  });

  it.each(driver.examples.map((example) => [example.shows, example] as const))(
    'does what its example says, however it is cut: %s',
    (_, example) => expectTranscript(create, example, (did, does) => expect(did).toEqual(does)),
  );

  it('has examples of a charge that moves money and of one that does not', () => {
    const answers = new Set(
      driver.examples.flatMap(({ does }) => does.flatMap((one) => (one.kind === 'answer' ? [one.answer.kind] : []))),
    );
    const missing = (['approved', 'not-charged'] as const).filter((kind) => !answers.has(kind));
    expect(missing.map((kind) => `${name}: write an example of a charge that ends "${kind}"`)).toEqual([]);
  });
});
