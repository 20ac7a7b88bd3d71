/** A CRP/1 reader's lines and the driver on a bench, for tests of their conversation. */

import { joinBytes, latin1Text } from '#device/drivers/bytes.js';
import { encodeLine } from '#device/drivers/readers/crp1/frame.js';
import { crp1Reader } from '#device/drivers/readers/crp1.js';
import type { ReaderEffect, ReaderInput } from '#device/drivers/readers/reader.js';
import type { SaleId } from '#protocol/kernel/ids.js';
import { unreachable } from '#protocol/kernel/machine.js';
import { fen } from '#protocol/kernel/money.js';
import { DriverBench } from './driver-bench.js';

export const id = (text: string) => text as SaleId;
export const REF = id('T20261123-0001');
export const SLIP = { auth: 'A1', rrn: '000000000042', last4: '4242', scheme: 'UPI', readerTime: '20261123093000' };

export const line = (text: string): Uint8Array => encodeLine(text.split('|'));
export const rslt = (seq: string, state: string, ref: string = REF, amount = '5100', ccy = '156'): Uint8Array =>
  state === 'APPROVED'
    ? line(`RSLT|${seq}|${ref}|${state}|${amount}|${ccy}|00|A1|000000000042|4242|UPI|20261123093000`)
    : line(`RSLT|${seq}|${ref}|${state}|${amount}|${ccy}|||||||`.slice(0, -1));

export const from = (...lines: Uint8Array[]): ReaderInput => ({ kind: 'bytes', bytes: joinBytes(...lines) });
export const charge = (ref: SaleId = REF, netFen = 5100): ReaderInput => ({
  kind: 'charge',
  ref,
  netFen: fen(netFen),
  timeoutS: 60,
});
export const ask = (ref: SaleId = REF, netFen = 5100): ReaderInput => ({
  kind: 'ask',
  ref,
  netFen: fen(netFen),
  mark: null,
});
/** What happened, in short: our lines as text without checksum, the rest as words. */
export const told = (effects: readonly ReaderEffect[]): string[] =>
  effects.map((effect) => {
    switch (effect.kind) {
      case 'write':
        return latin1Text(effect.bytes).replace(/^\$(.*)\*....\r\n$/, '> $1');
      case 'answer': {
        const { answer } = effect;
        return `${effect.ref} ${answer.kind === 'not-charged' ? `${answer.outcome} ${answer.code}` : answer.kind}`;
      }
      case 'ready':
        return `ready ${effect.model}`;
      case 'away':
        return 'away';
      case 'refused':
        return `${effect.ref} refused ${effect.code}`;
      case 'progress':
        return `${effect.ref} ${effect.step}`;
      case 'accepted':
      case 'silent':
        return `${effect.ref} ${effect.kind}`;
      case 'alert':
      case 'noise':
        return `${effect.kind} ${effect.code}`;
      default:
        return unreachable(effect);
    }
  });

export const fresh = (baudRate = 115_200) =>
  new DriverBench(crp1Reader.create({ agent: 'agent-1.0', baudRate }), { kind: 'wake' } as ReaderInput);
export function ready() {
  const on = fresh();
  on.put({ kind: 'link-up' });
  on.put(from(line('ACK|01'), line('HELO|01|1|PX-7|SN1|12|16')));
  on.effects.length = 0;
  return on;
}
export function charging() {
  const on = ready();
  on.put(charge());
  on.put(from(line('ACK|02')));
  on.effects.length = 0;
  return on;
}
