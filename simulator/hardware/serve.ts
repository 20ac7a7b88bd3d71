/**
 * The inside of a hardware process. Simulated devices live in a process of their own, as real ones do: a long print job
 * or a stuck agent never stops their clock. It ends, and takes its ports with it, when its parent does.
 */
import { createInterface } from 'node:readline';
import { ZodError, z } from 'zod';
import { DeviceManager } from './device-manager.js';
import { fromText, type News, orderSchema, toText } from './messages.js';

export async function serveHardware(): Promise<void> {
  const tell = (news: News): void => {
    if (process.send === undefined) process.stdout.write(`${toText(news)}\n`);
    else if (process.connected) process.send(toText(news), () => {}); // a parent that is gone hears nothing
  };
  const devices = new DeviceManager((device, event) => tell({ device, at: machineMs(), event: { ...event } }));
  let turn: Promise<void> = Promise.resolve();
  const take = (text: unknown): void => {
    // Orders are carried out one after the other: "unplug, replug" means that.
    turn = turn.then(() => carryOut(devices, text)).then(tell);
  };
  const gone = new Promise<void>((resolve) => {
    if (process.send === undefined) {
      const lines = createInterface({ input: process.stdin });
      lines.on('line', (line) => (line.trim() === '' ? undefined : take(line)));
      lines.on('close', resolve);
    } else {
      process.on('message', take);
      process.on('disconnect', resolve);
    }
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  tell({ ready: true });
  await gone;
  await turn;
  await devices.close();
  process.removeAllListeners('message');
  if (process.connected) process.disconnect();
  process.stdin.destroy();
}

/** `process.hrtime` counts from the machine's boot on Linux and macOS: times of two processes can be subtracted. */
export const machineMs = (): number => Number(process.hrtime.bigint()) / 1e6;

async function carryOut(devices: DeviceManager, text: unknown): Promise<News> {
  let id: number | null = null;
  try {
    const message = fromText(z.string().parse(text));
    id = z.looseObject({ id: z.int() }).parse(message).id;
    return { id, ok: true, value: (await devices.carryOut(orderSchema.parse(message))) ?? null };
  } catch (error) {
    const sentence = error instanceof ZodError ? z.prettifyError(error) : String(error);
    return { id, ok: false, error: sentence };
  }
}
