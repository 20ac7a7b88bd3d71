/** Not lies but noise: what a device sends that wants to be in the way of others, or to be stopped itself. */
import { around, type Lie, type Scene } from '../scene.js';

const noise = (id: string, words: string, tell: (scene: Scene) => void, often = 0.5): Lie => ({
  id,
  words,
  often,
  tell(scene) {
    tell(scene);
    return true;
  },
});

export const floods: readonly Lie[] = [
  noise('junk', 'records that nobody can read', ({ chance, writeText }) =>
    writeText(Array.from({ length: 5 }, () => `{"kind":"${chance.hex(40)}"}`)),
  ),
  noise('greetings', 'thirty greetings at once', ({ hello }) => {
    for (let n = 0; n < 30; n++) hello();
  }),
  noise('questions', 'forty questions at once, with codes that it makes up', (scene) => {
    for (let n = 0; n < 40; n++) {
      const sale = scene.newSale();
      const code = `62${String(scene.chance.below(1_000_000_000)).padStart(17, '0')}`;
      const presented = { kind: 'opaque', code } as const;
      scene.ask(
        { sale, order: sale, merchant: scene.merchant, amountFen: 35_000, mode: 'customer-code', presented },
        () => {},
      );
    }
  }),
  noise('not-json', 'something that is no message', ({ raw }) => {
    raw('{"v":1,"type":"records"');
    raw('[]');
    raw('{"v":1,"type":"records","id":"1","from":0,"prev":"","bodies":[1]}');
  }),
  noise('sales-without-coupon', 'sales of a million without any coupon', (scene) => {
    for (let n = 0; n < 5; n++) {
      const sale = scene.newSale();
      const at = around(scene.now);
      const money = { sale, order: sale, amountFen: 99_999_999, netFen: 99_999_999, at };
      scene.write([
        { kind: 'charging', ...money, merchant: scene.merchant, coupon: null, reason: null, readerMark: null },
        { kind: 'settled', ...money, serial: null, faceFen: 0, receipt: `${scene.device}-${sale}`, card: NO_CARD },
      ]);
    }
  }),
  noise('face-without-coupon', 'a discount without any coupon', (scene) => {
    const sale = scene.newSale();
    const at = around(scene.now);
    const money = { sale, order: sale, amountFen: 9_000, netFen: 1_000, at };
    scene.write([
      { kind: 'charging', ...money, merchant: scene.merchant, coupon: null, reason: null, readerMark: null },
      { kind: 'settled', ...money, serial: null, faceFen: 8_000, receipt: `${scene.device}-${sale}`, card: NO_CARD },
    ]);
  }),
  // Its own end: rare, so that most lie until the end.
  noise(
    'greets-with-another-past',
    'its journal is another one',
    ({ hello }) => hello({ seq: 1, hash: 'ab'.repeat(32) }),
    0.05,
  ),
];

const NO_CARD = { auth: '', rrn: '', last4: '', scheme: '', readerTime: '' };
