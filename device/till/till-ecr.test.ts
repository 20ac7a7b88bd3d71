import { describe, expect, it } from 'vitest';
import { crc16CcittFalse, crcHex } from '#protocol/codes/crc16.js';
import { monoMs } from '#protocol/kernel/time.js';
import { fakeCounter, settledWithCoupon } from '../../test/doubles/fake-counter.js';
import { latin1Bytes, latin1Text } from '../drivers/bytes.js';
import type { SerialLink, SerialLinkEvents } from '../ports/serial-link.js';
import { startTillEcr } from './till-ecr.js';

const seal = (body: string): string => `${body}*${crcHex(crc16CcittFalse(latin1Bytes(body)))}\r\n`;

function tillOnALine() {
  const sent: string[] = [];
  const codes: string[] = [];
  let events: SerialLinkEvents | undefined;
  let stopped = false;
  const link: SerialLink = {
    start: (given) => {
      events = given;
    },
    write: (bytes, done) => {
      sent.push(latin1Text(bytes).replace(/\*....\r\n$/, ''));
      done(undefined);
    },
    stop: () => {
      stopped = true;
    },
  };
  const counter = fakeCounter();
  let time = 1_000;
  const till = startTillEcr({ link, counter, log: (_, code) => codes.push(code), now: () => monoMs(time) });
  return {
    sent,
    codes,
    counter,
    till,
    plug: () => events?.onState('open', undefined),
    unplug: () => events?.onState('lost', 'unplugged'),
    type: (...lines: string[]) => events?.onBytes(latin1Bytes(lines.join(''))),
    pass: (ms: number) => {
      time += ms;
    },
    stopped: () => stopped,
  };
}

describe('a till on a serial line', () => {
  it('opens a sale, hears each change of it once, and has its repeats answered', () => {
    const { counter, plug, type, sent } = tillOnALine();
    plug();
    type(seal('PAY|T-1|25990'));
    expect(sent).toEqual(['SALE|T-1|opened|25990|25990|0|||||||0']);
    counter.change('T-1', settledWithCoupon);
    expect(sent.at(-1)).toBe('SALE|T-1|settled|25990|21990|4000|R-1||||||0');
    const before = sent.length;
    type(seal('PAY|T-1|25990'), seal('LOOK|T-1'));
    expect(sent.slice(before)).toEqual([
      'SALE|T-1|settled|25990|21990|4000|R-1||||||1',
      'SALE|T-1|settled|25990|21990|4000|R-1||||||0',
    ]);
  });

  it('answers what it cannot do with a code, and changes nothing', () => {
    const { counter, plug, type, sent, codes } = tillOnALine();
    plug();
    type('PAY|T-1|100*0000\r\n', seal('PAY|T-1|1.5'), seal('LOOK|T-9'));
    expect(sent).toEqual(['ERR||ECR_CRC', 'ERR|T-1|AMOUNT_NOT_A_WHOLE_NUMBER', 'ERR|T-9|ORDER_UNKNOWN']);
    expect(codes).toContain('ECR_CRC');
    expect(counter.requests).toHaveLength(1);
    counter.refuseNext('COUNTER_BUSY');
    type(seal('PAY|T-2|100'));
    expect(sent.at(-1)).toBe('ERR|T-2|COUNTER_BUSY');
  });

  it('does not answer its own lines on a line that echoes, nor another counter’s: they would never end', () => {
    const { plug, type, sent, codes } = tillOnALine();
    plug();
    type('PAY|T-1|100*0000\r\n', seal('PAY|T-1|1.5'), seal('PAY|T-1|100'));
    const echoed = sent.map(seal);
    const before = sent.length;
    type(...echoed, seal('SALE|T-1|settled|100|100|0|R-1|'));
    expect(sent.slice(before)).toEqual([]);
    expect(codes.filter((code) => code === 'ECR_OWN_LINE')).toHaveLength(4);
  });

  it('writes nothing while its line is unplugged, and forgets half a line', () => {
    const { counter, plug, unplug, type, sent } = tillOnALine();
    plug();
    type(seal('PAY|T-1|100'), 'LOOK|T');
    unplug();
    const before = sent.length;
    counter.change('T-1', { state: 'charging' });
    plug();
    type('-1*0000\r\n', seal('LOOK|T-1'));
    expect(sent.slice(before)).toEqual(['ERR||ECR_CRC', 'SALE|T-1|charging|100|100|0|||||||0']);
  });

  it('lets half a line spoil nothing: after a silence the next one begins anew', () => {
    const { plug, type, pass, sent, codes } = tillOnALine();
    plug();
    type('PAY|T-1|10');
    pass(5_000);
    type(seal('PAY|T-1|100'));
    expect(sent).toEqual(['SALE|T-1|opened|100|100|0|||||||0']);
    expect(codes).toContain('ECR_HALF_LINE');
  });

  it('says that it is there', () => {
    const { plug, type, sent } = tillOnALine();
    plug();
    type(seal('HELLO'));
    expect(sent).toEqual(['HERE|ECR/1|codeplate-test|plate-001']);
  });

  it('listens to nobody once it was stopped', () => {
    const { counter, till, stopped } = tillOnALine();
    expect(counter.watchers()).toBe(1);
    till.stop();
    expect(counter.watchers()).toBe(0);
    expect(stopped()).toBe(true);
  });
});
