/**
 * A batch's read set: the keys, by kind, that one set-based read has to load before the batch can be decided.
 */
import type { DeviceId } from '#protocol/kernel/ids.js';
import { unreachable } from '#protocol/kernel/machine.js';
import type { Op } from '../../ports/ledger.js';
import { subjectOf } from '../report/cases.js';
import type { Act } from './acts.js';
import { IDENTIFIERS, saleKey } from './book.js';
import { couponsAt, couponsOf, type TallyName, wrongCodesOf } from './tally.js';

export interface ReadSet {
  readonly devices: readonly string[];
  readonly sales: readonly string[];
  /** Coupons by serial; the coupons of the sales and holders come along. */
  readonly serials: readonly number[];
  readonly holders: readonly string[];
  readonly codes: readonly string[];
  /** `<nonce> <holder>`: the sales that took a coupon by that presentation. */
  readonly showings: readonly string[];
  /** `<kind> <hash>`. */
  readonly identities: readonly string[];
  /** By name. */
  readonly tallies: readonly TallyName[];
  readonly acts: readonly string[];
  /** Card payments that an acquirer has confirmed. */
  readonly references: readonly string[];
  /** Comparisons of a device's hash at a seq that we have. */
  readonly probes: readonly Probe[];
}

export interface Probe {
  readonly device: DeviceId;
  readonly seq: number;
}

export function readSetOf(ops: readonly Op[]): ReadSet {
  const devices = new Set<string>();
  const sales = new Set<string>();
  const serials = new Set<number>();
  const holders = new Set<string>();
  const codes = new Set<string>();
  const identities = new Set<string>();
  const showings = new Set<string>();
  const tallies = new Set<TallyName>();
  const acts = new Set<string>();
  const references = new Set<string>();
  for (const op of ops) {
    switch (op.kind) {
      case 'authorise':
        devices.add(op.device);
        sales.add(saleKey(op.device, op.sale));
        tallies.add(couponsAt(op.device)).add(couponsOf(op.merchant));
        switch (op.presented.kind) {
          case 'opaque':
            codes.add(op.presented.readCode.number).add(op.presented.code);
            tallies.add(wrongCodesOf(op.device));
            break;
          case 'verified':
            holders.add(op.presented.holder);
            break;
          case 'refused':
            break;
          default:
            unreachable(op.presented);
        }
        break;
      case 'records':
        devices.add(op.device);
        for (const verdict of op.verdicts.values()) {
          if (!verdict.ok) continue;
          holders.add(verdict.holder);
          showings.add(`${verdict.nonce} ${verdict.holder}`);
        }
        for (const record of op.records) {
          if (record === undefined) continue;
          if ('sale' in record) sales.add(saleKey(op.device, record.sale));
          if (record.kind === 'charging' && record.coupon !== null) {
            serials.add(record.coupon.serial);
            if (record.coupon.by.kind === 'offline') tallies.add(couponsAt(op.device)).add(couponsOf(record.merchant));
          }
          if (record.kind === 'settled' && record.serial !== null) serials.add(record.serial);
        }
        break;
      case 'hello':
        devices.add(op.device);
        tallies.add(couponsAt(op.device));
        break;
      case 'act':
        acts.add(op.id);
        addSubject(op.act, { devices, sales, references });
        break;
      case 'claim':
        holders.add(op.holder);
        for (const number of op.numbers) codes.add(number);
        for (const kind of IDENTIFIERS) identities.add(`${kind} ${op.identity[kind]}`);
        break;
      default:
        // A new operation does not compile until somebody has said what has to be loaded for it.
        unreachable(op);
    }
  }
  return {
    devices: [...devices],
    sales: [...sales],
    serials: [...serials],
    holders: [...holders],
    codes: [...codes],
    identities: [...identities],
    showings: [...showings],
    tallies: [...tallies],
    acts: [...acts],
    references: [...references],
    probes: probesOf(ops),
  };
}

function addSubject(
  act: Act,
  to: { readonly devices: Set<string>; readonly sales: Set<string>; readonly references: Set<string> },
): void {
  switch (act.kind) {
    case 'release':
    case 'free':
    case 'decide':
    case 'assign':
    case 'disown':
      to.sales.add(saleKey(act.device, act.sale));
      break;
    case 'unfork':
      to.devices.add(act.device);
      break;
    case 'close': {
      const subject = subjectOf(act.about);
      if (subject.sale !== undefined) to.sales.add(saleKey(subject.device, subject.sale));
      else if (subject.device !== undefined) to.devices.add(subject.device);
      break;
    }
    case 'confirm':
      for (const { rrn } of act.references) to.references.add(rrn);
      break;
    default:
      unreachable(act);
  }
}

/** Needed even if all other rows are cached, because journals are not kept in memory. */
export function probesOf(ops: readonly Op[]): readonly Probe[] {
  const probes: Probe[] = [];
  for (const op of ops) {
    switch (op.kind) {
      case 'records':
        probes.push({ device: op.device, seq: op.from + op.bodies.length - 1 });
        break;
      case 'hello':
        probes.push({ device: op.device, seq: op.head.seq });
        break;
      case 'act':
        if (op.act.kind === 'unfork' && op.act.seq !== undefined)
          probes.push({ device: op.act.device, seq: op.act.seq });
        break;
      case 'authorise':
      case 'claim':
        break;
      default:
        unreachable(op);
    }
  }
  return probes;
}
