import { expect, it } from 'vitest';
import type { DeviceId } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import { BYTES, LOW_BYTES, NONE_BYTES, RECORDS } from '../core/upload-budget.js';
import { Uploads } from './uploads.js';

const [LOUD, QUIET] = ['d1' as DeviceId, 'd2' as DeviceId];
const NOW = wallMs(1_700_000_000_000);
const DAY = 86_400_000;

function made() {
  const alerts: [string, DeviceId | undefined][] = [];
  const uploads = new Uploads((code, _what, device) => alerts.push([code, device]));
  const send = (device: DeviceId, records: number, days = 0): string | undefined =>
    uploads.refusal(device, { records, bytes: records * 700 }, wallMs(NOW + days * DAY))?.code;
  return { uploads, alerts, send };
}

it('a device that floods is stopped with one alarm, comes through again day by day, and stops nobody else', () => {
  const { alerts, send } = made();
  let taken = 0;
  while (send(LOUD, 500) === undefined) taken += 500;
  expect(taken).toBe(RECORDS.full);
  for (let n = 0; n < 100; n += 1) expect(send(LOUD, 500)).toBe('TOO_MANY_REQUESTS');
  expect(alerts).toEqual([['DEVICE_OVER_BUDGET', LOUD]]);
  expect(send(QUIET, 500)).toBeUndefined();
  expect(send(LOUD, 500, 1)).toBeUndefined();
});

it('records without sense count by their bytes', () => {
  const { uploads } = made();
  const junk = { records: 15, bytes: 60_000 };
  let taken = 0;
  while (uploads.refusal(LOUD, junk, NOW) === undefined) taken += junk.bytes;
  expect(taken).toBeLessThanOrEqual(BYTES.full);
});

it('a disk that fills up stops first who sent most, then everybody, and lets all go on when there is room', () => {
  const { uploads, alerts, send } = made();
  for (let n = 0; n < 20; n += 1) send(LOUD, 500);
  send(QUIET, 500);
  uploads.freeBytesAre(LOW_BYTES - 1);
  expect([send(LOUD, 500), send(LOUD, 0), send(QUIET, 500)]).toEqual(['LEDGER_DISK_FULL', undefined, undefined]);
  uploads.freeBytesAre(LOW_BYTES - 2);
  uploads.freeBytesAre(NONE_BYTES - 1);
  expect([send(LOUD, 0), send(QUIET, 500)]).toEqual(['LEDGER_DISK_FULL', 'LEDGER_DISK_FULL']);
  uploads.freeBytesAre(2 * LOW_BYTES);
  expect([send(LOUD, 500), send(QUIET, 500)]).toEqual([undefined, undefined]);
  expect(alerts).toEqual([
    ['LEDGER_DISK_FULL', undefined],
    ['LEDGER_DISK_FULL', undefined],
  ]);
});
