/** What a scenario came to. */
import type { MovedWindow } from '../counter/campaign-copy.js';
import type { Reconciled } from '../counter/reconcile.js';

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  readonly tookMs: number;
  /** What is wrong; null where nothing is. */
  readonly wrong: string | null;
}

export interface ScenarioResult {
  readonly scenario: string;
  readonly seed: number;
  /** The campaign's document says other days and hours: a scenario plays on today's clock. */
  readonly window: MovedWindow;
  /** Settled, and coupons redeemed, by the ledger. */
  readonly sales: number;
  readonly redeemed: number;
  readonly violations: readonly string[];
  readonly checks: readonly Check[];
  /** The steps behind one that could not go on, by name. */
  readonly notReached: readonly string[];
  /** Milliseconds since the epoch. */
  readonly beganAt: number;
  readonly tookMs: number;
  readonly books: Reconciled | null;
  readonly kills: { readonly agent: number; readonly gateway: number };
}

/** JUnit's XML as CI servers read it: a test case for each thing that was looked at. */
export function junitXml(results: readonly ScenarioResult[]): string {
  const suites = results.map(({ scenario, seed, checks, notReached, beganAt, tookMs }) => {
    const failures = checks.filter(({ wrong }) => wrong !== null).length;
    const once = namedOnce();
    const head = (name: string, ms: number): string =>
      `    <testcase classname="${text(scenario)}" name="${text(once(name))}" time="${(ms / 1000).toFixed(3)}"`;
    const cases = checks.map(({ name, tookMs: took, wrong }) =>
      wrong === null ? `${head(name, took)}/>` : `${head(name, took)}><failure message="${text(wrong)}"/></testcase>`,
    );
    const skipped = notReached.map((name) => `${head(name, 0)}><skipped message="not reached"/></testcase>`);
    // ISO 8601 without a zone is what the format has; it is UTC.
    const timestamp = new Date(beganAt).toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length);
    return [
      `  <testsuite name="${text(scenario)} seed ${seed}" tests="${cases.length + skipped.length}" failures="${failures}" errors="0" skipped="${skipped.length}" timestamp="${timestamp}" time="${(tookMs / 1000).toFixed(3)}">`,
      ...cases,
      ...skipped,
      '  </testsuite>',
    ].join('\n');
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('\n')}\n</testsuites>\n`;
}

/** A viewer takes two cases of one name for one: what was looked at again is the second. */
function namedOnce(): (name: string) => string {
  const times = new Map<string, number>();
  return (name) => {
    const time = (times.get(name) ?? 0) + 1;
    times.set(name, time);
    return time === 1 ? name : `${name} (${time})`;
  };
}

/** XML 1.0 has no way to write most control characters, nor half a surrogate pair: they leave a mark. */
export const text = (raw: string): string =>
  raw
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/\n/g, '&#10;');
