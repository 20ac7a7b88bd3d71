/** Lies around a reservation: asked for as it should be, and then something else is written down. */
import type { CouponSerial } from '#protocol/kernel/ids.js';
import {
  type Body,
  byReservation,
  freshCoupon,
  type Lie,
  offline,
  type Reserved,
  type Scene,
  saleRecords,
  tierOf,
} from '../scene.js';

interface Asked {
  readonly sale: string;
  readonly amountFen: number;
  readonly code: string;
}

/** Somebody shows a code, mostly somebody honest: there is no lie without a customer. */
function codeOf(scene: Scene): { readonly code: string; readonly kind: 'opaque' | 'verifiable' } | undefined {
  const { chance } = scene;
  if (chance.happens(0.4)) {
    const found = freshCoupon(scene);
    if (found !== undefined) return { code: found.partner.present(scene.now), kind: 'verifiable' };
  }
  const kind = chance.happens(0.5) ? 'opaque' : 'verifiable';
  const code = scene.customer(kind);
  return code === undefined ? undefined : { code, kind: code.startsWith('CP1:') ? 'verifiable' : 'opaque' };
}

const lie = (
  id: string,
  words: string,
  then: (scene: Scene, reserved: Reserved, asked: Asked) => void,
  question: (scene: Scene) => { readonly merchant?: string } = () => ({}),
  often = 1,
): Lie => ({
  id,
  words,
  often,
  tell(scene) {
    const shown = codeOf(scene);
    if (shown === undefined) return false;
    const { code, kind } = shown;
    const sale = scene.newSale();
    const amountFen = 30_000 + scene.chance.below(10_000);
    const asked = { sale, amountFen, code };
    const { merchant = scene.merchant } = question(scene);
    scene.ask(
      { sale, order: `L-${sale}`, merchant, amountFen, mode: 'customer-code', presented: { kind, code } },
      (answer) => {
        if (answer.kind !== 'reserved') return;
        scene.gang.spend(answer.serial);
        scene.later(scene.chance.between(10, 4_000), () => then(scene, answer, asked));
      },
    );
    return true;
  },
});

/** The records that would be true. */
function truth(scene: Scene, { serial }: Reserved, { sale, amountFen }: Asked): [Body, Body, Body] {
  const tier = tierOf(scene.tiers, serial);
  if (tier === undefined) throw new Error(`reserved a coupon of no tier: ${serial}`);
  return saleRecords(scene, { sale, serial, tier, amountFen, by: byReservation });
}

const changed = (
  id: string,
  words: string,
  change: {
    readonly charging?: (reserved: Reserved, scene: Scene) => Body;
    readonly settled?: (reserved: Reserved, scene: Scene) => Body;
  },
): Lie =>
  lie(id, words, (scene, reserved, asked) => {
    const [opened, charging, settled] = truth(scene, reserved, asked);
    scene.write([
      opened,
      { ...charging, ...change.charging?.(reserved, scene) },
      { ...settled, ...change.settled?.(reserved, scene) },
    ]);
  });

const MUCH = 99_999_999;
const couponFor = ({ serial, tier, thresholdFen }: Reserved, faceFen: number): Body => ({
  coupon: { serial, tier, faceFen, thresholdFen, by: byReservation },
});

export const onlineLies: readonly Lie[] = [
  lie(
    'on-line-truth',
    'nothing: a reserved coupon, charged as it should be',
    (scene, reserved, asked) => scene.write(truth(scene, reserved, asked)),
    undefined,
    3,
  ),
  changed('reserved-million', 'the reserved coupon was worth a million', {
    charging: (reserved) => ({ amountFen: MUCH, netFen: 0, ...couponFor(reserved, MUCH) }),
    settled: () => ({ amountFen: MUCH, netFen: 0, faceFen: MUCH }),
  }),
  changed('reserved-net', 'the customer paid a million on top', {
    charging: () => ({ netFen: MUCH }),
    settled: () => ({ netFen: MUCH }),
  }),
  changed('asked-much-charged-little', 'the sale was of one yuan, after a coupon was asked for with 300', {
    charging: () => ({ amountFen: 100, netFen: 0 }),
    settled: () => ({ amountFen: 100, netFen: 0 }),
  }),
  changed('reserved-face-in-settlement', 'the reserved coupon was worth more, says the settlement', {
    settled: ({ faceFen }) => ({ faceFen: 2 * faceFen }),
  }),
  changed('reserved-tier', 'the reserved coupon was of another tier', {
    charging: (reserved) => couponFor({ ...reserved, tier: 'yuan-900' }, reserved.faceFen),
  }),
  changed('reserved-threshold', 'the reserved coupon asked for no threshold', {
    charging: (reserved) => couponFor({ ...reserved, thresholdFen: 0 }, reserved.faceFen),
  }),
  changed('reserved-merchant', 'the sale that was asked for here was at another merchant’s', {
    charging: (_, { merchants, merchant, chance }) => ({
      merchant: chance.any(merchants.filter((other) => other !== merchant)) ?? 'evil-1',
    }),
  }),
  changed('reserved-serial', 'another coupon came off than the one that was reserved', {
    charging: (reserved) => couponFor({ ...reserved, serial: (reserved.serial + 1) as CouponSerial }, reserved.faceFen),
    settled: ({ serial }) => ({ serial: serial + 1 }),
  }),
  lie(
    'asks-for-another',
    'the question comes from another merchant',
    (scene, reserved, asked) => scene.write(truth(scene, reserved, asked)),
    ({ merchants, merchant, chance }) => ({
      merchant: chance.any(merchants.filter((other) => other !== merchant)) ?? 'm98',
    }),
  ),
  lie('charging-for-ever', 'it charges, and nobody ever hears how that ended', (scene, reserved, asked) =>
    scene.write(truth(scene, reserved, asked).slice(0, 2)),
  ),
  lie(
    'reserved-and-off-line',
    'a reserved coupon, and another one offline with the same showing',
    (scene, reserved, asked) => {
      scene.write(truth(scene, reserved, asked));
      const partner = scene.gang.partners.find(({ serials }) => serials.includes(reserved.serial));
      const other = partner?.serials.find((serial) => serial !== reserved.serial);
      const tier = other === undefined ? undefined : tierOf(scene.tiers, other);
      const allowance = scene.allowance?.id;
      if (other === undefined || tier === undefined || allowance === undefined || !asked.code.startsWith('CP1:'))
        return;
      scene.write(
        saleRecords(scene, { sale: scene.newSale(), serial: other, tier, by: offline(asked.code, allowance) }),
      );
    },
  ),
  lie('settled-after-all', 'it was given up, and is settled after all', (scene, reserved, asked) => {
    const [opened, charging, settled] = truth(scene, reserved, asked);
    scene.write([
      opened,
      charging,
      { kind: 'not-charged', sale: asked.sale, outcome: 'declined', code: '51', at: charging.at },
    ]);
    scene.later(20_000, () => scene.write([settled]));
  }),
  lie('abandoned-and-charged', 'it was abandoned, and charged and settled after all', (scene, reserved, asked) => {
    const [opened, charging, settled] = truth(scene, reserved, asked);
    scene.write([opened, { kind: 'abandoned', sale: asked.sale, why: 'cashier', at: charging.at }, charging, settled]);
  }),
  lie('settled-twice', 'one sale, settled twice', (scene, reserved, asked) => {
    const [opened, charging, settled] = truth(scene, reserved, asked);
    scene.write([opened, charging, settled, { ...settled, receipt: 'again' }]);
  }),
  lie('settled-before-charged', 'it was settled, and charged afterwards', (scene, reserved, asked) => {
    const [opened, charging, settled] = truth(scene, reserved, asked);
    scene.write([opened, settled, charging]);
  }),
  lie('code-kept', 'a customer’s code is asked with once more, without the customer', (scene, reserved, asked) => {
    scene.write(truth(scene, reserved, asked));
    const { code } = asked;
    const kind = code.startsWith('CP1:') ? 'verifiable' : 'opaque';
    // At once, after minutes, and much later: a code that stays good is a password.
    for (const ms of [2_000, 200_000, 900_000])
      scene.later(ms, () => {
        const sale = scene.newSale();
        const again = { sale, amountFen: 35_000, code };
        scene.ask(
          {
            sale,
            order: `L-${sale}`,
            merchant: scene.merchant,
            amountFen: 35_000,
            mode: 'customer-code',
            presented: { kind, code },
          },
          (answer) => {
            if (answer.kind === 'reserved') scene.write(truth(scene, answer, again));
          },
        );
      });
  }),
];
