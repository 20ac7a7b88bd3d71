import { decodePresentation, holderIdOf } from '#protocol/codes/presentation.js';
import type { Checker } from './books.js';

interface Taken {
  readonly faceFen: number;
  readonly holder: string;
}

/** A record may stand in a stalled disk's queue for so long after it was decided, in ms. */
export const STALL_SLACK_MS = 120_000;

/** Counted from the journal's tape against what the gateway signed. */
export const allowanceKept: Checker = {
  name: 'allowance',
  promise: 'no counter takes more offline than its allowance permits, nor after it has ended',
  watch() {
    const taken = new Map<string, Map<string, Taken>>();
    const shown = new Set<string>();
    return {
      seen(event) {
        if (event.kind !== 'journalled' || event.counter.isForged) return undefined;
        const { counter, row } = event;
        const { record } = row;
        if (record.kind === 'not-charged') {
          for (const sales of taken.values()) sales.delete(`${counter.device}/${record.sale}`);
          return undefined;
        }
        if (record.kind !== 'charging' || record.coupon?.by.kind !== 'offline') return undefined;
        const { coupon } = record;
        const { allowance: id, presentation } = record.coupon.by;
        const allowance = counter.allowances.get(id);
        if (allowance === undefined) return `${counter.device} counts on allowance ${id}, which nobody issued to it`;
        const name = `${counter.device} ${id}`;
        const sales = taken.get(name) ?? new Map<string, Taken>();
        taken.set(name, sales);
        const decoded = decodePresentation(presentation);
        const holder = decoded.ok ? holderIdOf(decoded.value.grant.holderKey) : 'nobody';
        sales.set(`${counter.device}/${record.sale}`, { faceFen: coupon.faceFen, holder });
        const all = [...sales.values()];
        const faceFen = all.reduce((sum, sale) => sum + sale.faceFen, 0);
        const ofHolder = all.filter((sale) => sale.holder === holder).length;
        if (all.length > allowance.maxCoupons) return `${name}: ${all.length} coupons of ${allowance.maxCoupons}`;
        if (faceFen > allowance.maxFaceFen) return `${name}: ${faceFen} fen of ${allowance.maxFaceFen}`;
        if (ofHolder > allowance.maxPerHolder) return `${name}: ${ofHolder} coupons of one holder`;
        const latest = Math.min(allowance.expiresAt, allowance.issuedAt + allowance.maxSyncAgeMs);
        if (row.at > latest + STALL_SLACK_MS) return `${name} had ended ${row.at - latest} ms before`;
        const code = `${counter.device} ${presentation}`;
        if (shown.has(code)) return `${counter.device} took one and the same presentation twice`;
        shown.add(code);
        return undefined;
      },
    };
  },
};
