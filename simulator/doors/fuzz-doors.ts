/**
 * Ten thousand conversations that nobody ought to have, at the real gateway over TLS and plain: afterwards its descriptors are
 * where they were, its memory is flat, and no answer was a 5xx.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as connectPlain, type Socket } from 'node:net';
import path from 'node:path';
import { connect as connectTls } from 'node:tls';
import { exampleCampaign } from '#protocol/campaign/example-campaign.js';
import { diceOf } from '../counter/dice.js';
import { pairOf } from '../network/tls-pair.js';
import { temporaryFolder } from '../processes/at-the-end.js';
import { Child } from '../processes/child.js';
import { pause } from '../processes/waiting.js';
import { type Conversation, conversationOf, FUZZ_DEVICES, FUZZ_PASSWORD } from './conversations.js';

export interface FuzzReport {
  readonly cases: number;
  readonly seed: number;
  readonly answered: number;
  readonly serverErrors: number;
  readonly descriptors: { readonly before: number; readonly after: number };
  readonly memoryMiB: { readonly before: number; readonly after: number };
  /** How a gateway ended by itself; it ought not to. */
  readonly died: readonly string[];
}

/** A machine with two cores gains nothing by more, and the gateway has all of them open at once. */
const AT_ONCE = 24;
/** A peer that waits: longer than any answer takes, shorter than the gateway's own patience of 10 s, which some have to meet. */
const WAITS_MS = 400;
const SOME_WAIT_MS = 12_000;
const ONE_IN = 200;
/** The first conversations fill caches and pools, which then stay. */
const WARM_UP = 200;
/** The gateway's own deadlines are 10 s. */
const SETTLE_MS = 20_000;
const LOOK_MS = 200;
/** Node's heap breathes by some tens of MiB. */
export const MOST_GROWTH_MIB = 120;

export const isSound = ({ serverErrors, descriptors, memoryMiB, died }: FuzzReport): boolean =>
  serverErrors === 0 &&
  died.length === 0 &&
  descriptors.after <= descriptors.before &&
  memoryMiB.after - memoryMiB.before <= MOST_GROWTH_MIB;

/** P-256's own base point: anybody's key. */
const WALLET_KEY = 'A2sX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKW';

interface Doors {
  readonly child: Child;
  readonly mqttPort: number;
  readonly httpPort: number;
  readonly isTls: boolean;
}

export async function fuzzDoors({
  cases,
  seed,
}: {
  readonly cases: number;
  readonly seed: number;
}): Promise<FuzzReport> {
  const folder = temporaryFolder('codeplate-fuzz-');
  const gateways = [await startDoors(folder.path, false), await startDoors(folder.path, true)];
  try {
    const sum = (of: (pid: number) => number): number =>
      gateways.reduce((all, { child }) => all + of(child.pid ?? 0), 0);
    await converse(gateways, Math.min(WARM_UP, cases), seed ^ 0x5eed);
    await settled(() => sum(descriptorsOf));
    const before = { descriptors: sum(descriptorsOf), memory: sum(memoryOf) };
    const heard = await converse(gateways, cases, seed);
    const after = { descriptors: await settled(() => sum(descriptorsOf), before.descriptors), memory: sum(memoryOf) };
    return {
      cases,
      seed,
      ...heard,
      descriptors: { before: before.descriptors, after: after.descriptors },
      memoryMiB: { before: before.memory, after: after.memory },
      died: gateways.flatMap(({ child }) => child.died ?? []),
    };
  } finally {
    for (const { child } of gateways) await child.stop();
    folder.remove();
  }
}

async function startDoors(folder: string, isTls: boolean): Promise<Doors> {
  const name = isTls ? 'tls' : 'plain';
  const { cert, key } = await pairOf('gateway');
  writeFileSync(path.join(folder, 'gateway.pem'), cert);
  writeFileSync(path.join(folder, 'gateway.key'), key);
  writeFileSync(path.join(folder, 'campaign.json'), JSON.stringify(exampleCampaign()));
  const door = { port: 0, ...(isTls && { tls: { cert: 'gateway.pem', key: 'gateway.key' } }) };
  const devices = FUZZ_DEVICES.map((id) => ({ id, password: FUZZ_PASSWORD }));
  const file = path.join(folder, `${name}.yaml`);
  // A gateway that takes claims, and from a wallet: nobody here can prove anything.
  const claims = { identity: 'wallet', walletKeys: [WALLET_KEY] };
  const all = { campaign: 'campaign.json', data: `data-${name}`, mqtt: door, http: door, devices, claims };
  writeFileSync(file, JSON.stringify(all));
  let [mqttPort, httpPort] = [0, 0];
  const child = new Child({
    arguments: ['gateway', '--config', file, '--json'],
    logFile: path.join(folder, `${name}.log`),
    onLine(line) {
      const said = JSON.parse(line) as { readonly mqttPort?: number; readonly httpPort?: number };
      mqttPort = said.mqttPort ?? mqttPort;
      httpPort = said.httpPort ?? httpPort;
    },
  });
  await child.start();
  return { child, mqttPort, httpPort, isTls };
}

async function converse(gateways: readonly Doors[], cases: number, seed: number) {
  let [next, answered, serverErrors] = [0, 0, 0];
  const lane = async (): Promise<void> => {
    while (next < cases) {
      const number = next;
      next += 1;
      const dice = diceOf(seed + number);
      const gateway = gateways[dice.between(0, gateways.length - 1)];
      if (gateway === undefined) continue;
      const heard = await have(gateway, conversationOf(dice), number % ONE_IN === 0 ? SOME_WAIT_MS : WAITS_MS);
      if (heard !== '') answered += 1;
      serverErrors += [...heard.matchAll(/HTTP\/1\.[01] 5\d\d/g)].length;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return { answered, serverErrors };
}

/** All that came back. */
function have(
  { mqttPort, httpPort, isTls }: Doors,
  { door, pieces, end }: Conversation,
  waitMs: number,
): Promise<string> {
  const port = door === 'mqtt' ? mqttPort : httpPort;
  return new Promise((resolve) => {
    let heard = '';
    const socket: Socket = isTls
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      : connectPlain(port, '127.0.0.1');
    const timer = setTimeout(() => socket.destroy(), waitMs);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
    });
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(heard);
    });
    socket.once(isTls ? 'secureConnect' : 'connect', async () => {
      for (const piece of pieces) {
        if (socket.destroyed) return;
        await new Promise((sent) => socket.write(piece, sent));
      }
      if (end === 'close') socket.end();
      else if (end === 'reset' && isTls) socket.destroy();
      else if (end === 'reset') socket.resetAndDestroy();
    });
  });
}

/** The least that it comes to within the time, or `goal`. */
async function settled(look: () => number, goal = 0): Promise<number> {
  let least = look();
  for (const end = performance.now() + SETTLE_MS; performance.now() < end && least > goal; ) {
    await pause(LOOK_MS);
    least = Math.min(least, look());
    if (goal === 0 && performance.now() > end - SETTLE_MS / 2) break;
  }
  return least;
}

const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

const memoryOf = (pid: number): number => {
  const [, kib = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kib) / 1024);
};
