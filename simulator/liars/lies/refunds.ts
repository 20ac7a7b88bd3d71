/** Lies about money that went back. Each begins with a sale that is true. */
import { around, type Body, freshCoupon, type Lie, offline, type Scene, SLIP, saleRecords } from '../scene.js';

const refund = (scene: Scene, sale: string, netFen: number, n = 1): readonly Body[] => {
  const at = around(scene.now);
  const name = `r${n}-${sale}`.slice(0, 32);
  return [
    { kind: 'refunding', refund: name, sale, netFen, readerMark: null, at },
    { kind: 'refunded', refund: name, sale, netFen, receipt: `${scene.device}-${name}`, card: SLIP, at },
  ];
};

const lie = (
  id: string,
  words: string,
  then: (scene: Scene, sale: string, records: readonly [Body, Body, Body]) => void,
): Lie => ({
  id,
  words,
  tell(scene) {
    const found = freshCoupon(scene);
    const allowance = scene.allowance?.id;
    if (found === undefined || allowance === undefined) return false;
    const { partner, serial, tier } = found;
    if (!scene.gang.counts(allowance, tier.faceFen, partner)) return false;
    scene.gang.spend(serial);
    const sale = scene.newSale();
    const by = offline(partner.present(scene.now), allowance);
    then(scene, sale, saleRecords(scene, { sale, serial, tier, by }));
    return true;
  },
});
const net = (record: Body): number => record.netFen ?? 0;

export const refundLies: readonly Lie[] = [
  lie('refund-beyond-paid', 'more went back than was paid', (scene, sale, records) => {
    scene.write([...records, ...refund(scene, sale, 99_999_999)]);
  }),
  lie('refund-in-part', 'one fen went back', (scene, sale, records) => {
    scene.write([...records, ...refund(scene, sale, 1)]);
  }),
  lie('refund-twice', 'it went back twice', (scene, sale, records) => {
    const paid = net(records[2]);
    scene.write([...records, ...refund(scene, sale, paid), ...refund(scene, sale, paid, 2)]);
  }),
  lie('refund-and-settle', 'it went back, and is settled again', (scene, sale, records) => {
    scene.write([...records, ...refund(scene, sale, net(records[2])), records[2], records[1]]);
  }),
  lie('refund-first', 'it went back before it was paid', (scene, sale, records) => {
    scene.write([records[0], ...refund(scene, sale, net(records[2])), records[1], records[2]]);
  }),
  lie('refund-of-disputed', 'a sale that nobody believes goes back', (scene, sale, records) => {
    const [opened, charging, settled] = records;
    scene.write([opened, charging, { ...settled, faceFen: 99_999_999 }, ...refund(scene, sale, net(settled))]);
  }),
  lie('refund-and-again', 'it went back, and its showing is used once more', (scene, sale, records) => {
    const [opened, charging, settled] = records;
    const other = scene.newSale();
    const renamed = (record: Body): Body => ({ ...record, sale: other, order: `L-${other}` });
    scene.write([opened, charging, settled, ...refund(scene, sale, net(settled)), renamed(charging), renamed(settled)]);
  }),
];
