import { describe, expect, it } from 'vitest';
import type { Broker, BrokerEvents } from '../ports/broker.js';
import { lateBroker } from './late-broker.js';

const events = (heard: string[] = []): BrokerEvents => ({
  onUp: () => heard.push('up'),
  onDown: ({ what }) => heard.push(what),
  onMessage: () => {},
});

/** A broker that records its calls, and a loader for it. */
function setUp() {
  const connected: BrokerEvents[] = [];
  const did: string[] = [];
  let arrive: (broker: Broker) => void = () => {};
  let fail: (error: Error) => void = () => {};
  let loads = 0;
  const loaded: Broker = {
    connect: (given) => connected.push(given),
    publish: (topic) => did.push(topic) > 0,
    discard: () => did.push('discard'),
  };
  const late = lateBroker(() => {
    loads += 1;
    return new Promise<Broker>((resolve, reject) => {
      arrive = resolve;
      fail = reject;
    });
  });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    late,
    connected,
    did,
    loads: () => loads,
    arrive: () => {
      arrive(loaded);
      return turn();
    },
    fail: () => {
      fail(new Error('no such module'));
      return turn();
    },
  };
}

describe('a broker that is loaded late', () => {
  it('is not loaded before the line is wanted, and connects once it is there', async () => {
    const { late, connected, did, loads, arrive } = setUp();
    expect(loads()).toBe(0);
    const mine = events();
    late.connect(mine);
    expect(late.publish('up', '{}', false)).toBe(false);
    await arrive();
    expect(connected).toEqual([mine]);
    expect(late.publish('up', '{}', false)).toBe(true);
    late.connect(events());
    expect(connected).toHaveLength(2);
    expect([loads(), did]).toEqual([1, ['up']]);
  });

  it('connects nobody who has given up meanwhile, and the newest of those who have not', async () => {
    const given = setUp();
    given.late.connect(events());
    given.late.discard();
    await given.arrive();
    expect(given.connected).toEqual([]);

    const { late, connected, loads, arrive } = setUp();
    const second = events();
    late.connect(events());
    late.connect(second);
    await arrive();
    expect([connected, loads()]).toEqual([[second], 1]);
  });

  it('connects once where the line was given up and wanted again while it was loading', async () => {
    const { late, connected, loads, arrive } = setUp();
    const again = events();
    late.connect(events());
    late.discard();
    late.connect(again);
    await arrive();
    expect([connected, loads()]).toEqual([[again], 1]);
  });

  it('says why there is no line when it cannot be loaded, and tries anew with the next attempt', async () => {
    const { late, connected, loads, fail, arrive } = setUp();
    const heard: string[] = [];
    late.connect(events(heard));
    await fail();
    expect(heard).toEqual(['no such module']);
    late.connect(events());
    await arrive();
    expect([connected.length, loads()]).toEqual([1, 2]);
  });
});
