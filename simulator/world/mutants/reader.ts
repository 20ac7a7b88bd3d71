/** The conversation about money is led wrongly. */
import type { ReaderAnswer, ReaderEffect } from '#device/drivers/readers/reader.js';
import type { SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import type { Sabotage } from '../sabotage.js';
import type { Mutant } from './mutant.js';
import { readerWith } from './wrap.js';

const NOT_CHARGED: ReaderAnswer = { kind: 'not-charged', outcome: 'timeout', code: 'GUESSED' };
const alias = (ref: SaleId): SaleId => `${ref}-2` as SaleId;
const original = (ref: SaleId): SaleId => (ref.endsWith('-2') ? (ref.slice(0, -2) as SaleId) : ref);
const underItsOwnName = (effect: ReaderEffect): ReaderEffect =>
  'ref' in effect ? { ...effect, ref: original(effect.ref) } : effect;

const mutant = (id: string, words: string, reader: NonNullable<Sabotage['reader']>): Mutant => ({
  id,
  words,
  profile: 'hell',
  sabotage: () => ({ reader }),
});

export const readerMutants: readonly Mutant[] = [
  mutant('idempotency-key-forgotten', 'charges under a reference that is nowhere written down', (driver) =>
    readerWith(driver, {
      input: (input) => (input.kind === 'charge' ? { ...input, ref: alias(input.ref) } : input),
      effect: underItsOwnName,
    }),
  ),
  mutant('second-reference', 'charges again under a second reference when the reader stays silent', (driver) => {
    const commanded = new Map<SaleId, { readonly timeoutS: number }>();
    return readerWith(driver, {
      input(input) {
        if (input.kind === 'charge') commanded.set(input.ref, input);
        const first = input.kind === 'ask' ? commanded.get(input.ref) : undefined;
        return input.kind === 'ask' && first !== undefined
          ? { kind: 'charge', ref: alias(input.ref), netFen: input.netFen, timeoutS: first.timeoutS }
          : input;
      },
      effect: underItsOwnName,
    });
  }),
  mutant('wrong-amount', 'asks the reader for another amount than the journal permits', (driver) =>
    readerWith(driver, {
      input: (input) => (input.kind === 'charge' ? { ...input, netFen: fen(input.netFen + 100) } : input),
    }),
  ),
  mutant('unknown-is-declined', 'releases the coupon when the reader cannot say', (driver) =>
    readerWith(driver, {
      effect: (effect) =>
        effect.kind === 'answer' && effect.answer.kind === 'cannot-say' ? { ...effect, answer: NOT_CHARGED } : effect,
    }),
  ),
  mutant('silence-is-declined', 'takes the reader’s silence for a no', (driver) =>
    readerWith(driver, {
      effect: (effect) =>
        effect.kind === 'silent' ? { kind: 'answer', ref: effect.ref, answer: NOT_CHARGED } : effect,
    }),
  ),
  mutant('running-is-declined', 'takes a payment that is still running for one that was not made', (driver) =>
    readerWith(driver, {
      effect: (effect) =>
        effect.kind === 'answer' && effect.answer.kind === 'running' ? { ...effect, answer: NOT_CHARGED } : effect,
    }),
  ),
  mutant('cancel-is-believed', 'thinks a charge cancelled because it asked for that', (driver) =>
    readerWith(driver, {
      answers: (input) =>
        input.kind === 'cancel'
          ? [{ kind: 'answer', ref: input.ref, answer: { kind: 'not-charged', outcome: 'cancelled', code: 'ASKED' } }]
          : [],
    }),
  ),
  mutant('command-is-approval', 'redeems the coupon before the charge has a result', (driver) =>
    readerWith(driver, {
      effect: (effect) =>
        effect.kind === 'accepted'
          ? { kind: 'answer', ref: effect.ref, answer: { kind: 'approved', slip: NO_SLIP } }
          : effect,
    }),
  ),
  mutant('stored-before-journal', 'tells the reader that a result is stored as soon as it comes', (driver) => ({
    ...driver,
    create(options) {
      const machine = driver.create(options);
      return {
        initial: machine.initial,
        wakeAt: (state) => machine.wakeAt(state),
        step(state, input, at) {
          const first = machine.step(state, input, at);
          const result = first.effects.find((effect) => effect.kind === 'answer' && isFinal(effect.answer));
          if (result === undefined || !('ref' in result)) return first;
          const second = machine.step(first.state, { kind: 'stored', ref: result.ref }, at);
          return { state: second.state, effects: [...first.effects, ...second.effects] };
        },
      };
    },
  })),
];

const isFinal = ({ kind }: ReaderAnswer): boolean => kind === 'approved' || kind === 'not-charged';
const NO_SLIP = { auth: '', rrn: '', last4: '', scheme: '', readerTime: '' };
