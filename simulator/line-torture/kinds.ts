/**
 * What can happen to a line, one row a kind. A kind strikes, sales go on meanwhile, and then it ends, or it doesn't have
 * to: some leave the device to find out by itself.
 */

import type { Dice } from '../counter/dice.js';
import type { Trigger } from '../network/proxy.js';
import { pause } from '../processes/waiting.js';
import type { Lane } from './lane.js';

export interface Struck {
  /** Puts the world in order again; the device isn't told. */
  end?(): void | Promise<void>;
  /** It goes on until everything has arrived in spite of it. */
  readonly lasts?: boolean;
}

export interface World {
  /** Stops the gateway for so long and starts it on the same port and ledger. One at a time. */
  restartGateway(downMs: number): Promise<void>;
}

export interface Kind {
  readonly words: string;
  strike(lane: Lane, world: World): Struck | Promise<Struck>;
}

/** Real milliseconds; a device's own are as many times as long as its clock is fast. One outage in five is a long one. */
const OUTAGE_MS = 250;
const LONG_OUTAGE_MS = 1_500;
export const outageMs = (dice: Dice): number => dice.between(0, dice.chance(0.2) ? LONG_OUTAGE_MS : OUTAGE_MS);

const back = (lane: Lane): Struck => ({ end: () => lane.proxy.back(lane.dice.chance(0.7) ? 'quietly' : undefined) });

/** The line breaks at exactly this message, before or after it has passed. */
const at = (words: string, direction: Trigger['direction'], text: string): Kind => ({
  words,
  strike(lane) {
    const { dice, proxy } = lane;
    const does = dice.pick(['cut', 'black-hole', 'half-open'] as const);
    void proxy.when({ direction, text, deliver: dice.chance(0.5), does });
    // A welcome comes after a connect only.
    if (text === '"welcome"') proxy.cut();
    return {
      end() {
        proxy.disarm();
        proxy.back(dice.chance(0.7) ? 'quietly' : undefined);
      },
    };
  },
});

export const KINDS = {
  reset: {
    words: 'every connection reset, at once',
    strike(lane) {
      lane.proxy.cut();
      return {};
    },
  },
  'reset-again': {
    words: 'reset again and again while it comes back',
    async strike(lane) {
      for (let times = lane.dice.between(2, 6); times > 0; times -= 1) {
        lane.proxy.cut();
        await pause(lane.dice.between(0, 40));
      }
      return {};
    },
  },
  refused: {
    words: 'nobody listens',
    strike(lane) {
      lane.proxy.refuse();
      return back(lane);
    },
  },
  'black-hole': {
    words: 'connections stand, every byte vanishes',
    strike(lane) {
      lane.proxy.blackHole();
      return back(lane);
    },
  },
  'black-hole-up': {
    words: 'what the device says vanishes, what the gateway says arrives',
    strike(lane) {
      lane.proxy.blackHole('up');
      return back(lane);
    },
  },
  'black-hole-down': {
    words: 'what the gateway says vanishes, what the device says arrives',
    strike(lane) {
      lane.proxy.blackHole('down');
      return back(lane);
    },
  },
  'half-open': {
    words: 'the gateway is gone and nobody tells the device',
    strike(lane) {
      lane.proxy.halfOpen('counter');
      return {};
    },
  },
  'half-open-gateway': {
    words: 'the device is gone and nobody tells the gateway',
    strike(lane) {
      lane.proxy.halfOpen('gateway');
      return {};
    },
  },
  slow: {
    words: 'every byte takes longer than the device has patience',
    strike(lane) {
      lane.proxy.delay(lane.dice.between(20, 400));
      return back(lane);
    },
  },
  'broken-at-hello': at('broken at the greeting', 'down', '"welcome"'),
  'broken-at-records': at('broken at the records', 'up', '"records"'),
  'broken-at-have': at('broken at the acknowledgement', 'down', '"have"'),
  'dns-gone': {
    words: 'the name of the gateway does not resolve',
    strike(lane) {
      lane.broker.dnsGone = true;
      lane.proxy.cut();
      return {
        end() {
          lane.broker.dnsGone = false;
        },
      };
    },
  },
  'broker-gone': {
    words: 'the gateway is stopped and comes back',
    async strike(lane, world) {
      await world.restartGateway(outageMs(lane.dice));
      return {};
    },
  },
  'taken-over': {
    words: 'another client takes the session, once or twice',
    async strike(lane) {
      for (let times = lane.dice.between(1, 2); times > 0; times -= 1) await lane.takenOver(100);
      return {};
    },
  },
  doubled: {
    words: 'messages come twice',
    strike(lane) {
      lane.broker.bend = { doubles: 0.5, overtakes: 0, keeps: 0, drops: 0 };
      lane.proxy.cut();
      return { lasts: true };
    },
  },
  reordered: {
    words: 'messages overtake each other, and some come twice',
    strike(lane) {
      lane.broker.bend = { doubles: 0.2, overtakes: 0.4, keeps: 0, drops: 0 };
      lane.proxy.cut();
      return { lasts: true };
    },
  },
  late: {
    words: 'messages turn up when they are history: those of this outage in the next ones',
    strike(lane) {
      lane.broker.release();
      lane.broker.bend = { doubles: 0.1, overtakes: 0.1, keeps: 0.3, drops: 0 };
      lane.proxy.cut();
      return {
        end() {
          // Some of what was kept comes now, after the line has come back; the rest in a later case.
          if (lane.dice.chance(0.5)) lane.broker.release();
        },
      };
    },
  },
  'drops-a-tenth': {
    words: 'a broker that acknowledges everything and drops a tenth',
    strike(lane) {
      lane.broker.bend = { doubles: 0, overtakes: 0, keeps: 0, drops: 0.1 };
      lane.proxy.cut();
      return { lasts: true };
    },
  },
  'closes-late': {
    words: "mqtt.js's stream says too late that it is closed, with a publish under way",
    async strike(lane) {
      lane.closesLateMs = lane.dice.between(50, 1_500);
      lane.proxy.cut();
      await lane.trade(1, 100);
      lane.proxy.cut();
      return {};
    },
  },
  'agent-restarted': {
    words: 'the agent starts anew on its journal, in the middle of it',
    async strike(lane) {
      lane.proxy.cut();
      await lane.restart();
      return {};
    },
  },
} as const satisfies Readonly<Record<string, Kind>>;

export type KindName = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS).filter((name): name is KindName => name in KINDS);
